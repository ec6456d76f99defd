"""A link to PostgreSQL on which nothing comes through any more, in a network of its own.

Nobody is told that such a link is lost: both ends find out by themselves.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from support import postgresql
from support.database_cluster import DatabaseCluster
from support.server import PROJECT_ROOT, SECRET_KEY, EmulatorProcess, environment_without_settings, wait_until

ACCOUNT = "111122223333"
LONGEST_SECONDS = 60.0


def _can_make_networks() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("iptables")):
        return False
    return subprocess.run(["unshare", "--net", "iptables", "--list"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(
    not postgresql.can_run() or not _can_make_networks(), reason="it needs root, network namespaces and PostgreSQL"
)


@dataclass(frozen=True)
class Network:
    """A namespace with one cable to this machine's own network."""

    name: str
    outside: str
    inside: str

    def run(self, *command: str) -> None:
        """Run a command in it."""
        subprocess.run(["ip", "netns", "exec", self.name, *command], check=True, capture_output=True)

    @contextmanager
    def lost_link(self, port: int) -> Iterator[None]:
        """Whatever is for a port outside, or from it, disappears."""
        ways = (("OUTPUT", "--dport"), ("INPUT", "--sport"))
        for chain, which in ways:
            self.run("iptables", "--append", chain, "--protocol", "tcp", which, str(port), "--jump", "DROP")
        try:
            yield
        finally:
            self.run("iptables", "--flush")


@pytest.fixture
def network() -> Iterator[Network]:
    """A network, and its end."""
    token = secrets.token_hex(3)
    block = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(250)}"
    made = Network(f"emulator-{token}", f"{block}.1", f"{block}.2")
    outside, inside = f"out{token}", f"in{token}"
    commands = (
        f"ip netns add {made.name}",
        f"ip link add {outside} type veth peer name {inside} netns {made.name}",
        f"ip address add {made.outside}/30 dev {outside}",
        f"ip link set {outside} up",
        f"ip -n {made.name} address add {made.inside}/30 dev {inside}",
        f"ip -n {made.name} link set {inside} up",
        f"ip -n {made.name} link set lo up",
    )
    try:
        for command in commands:
            subprocess.run(command.split(), check=True, capture_output=True)
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", made.name], capture_output=True)
        subprocess.run(["ip", "link", "delete", outside], capture_output=True)


@pytest.fixture
def cluster() -> Iterator[DatabaseCluster]:
    """A server of its own."""
    with closing(DatabaseCluster()) as made:
        yield made


class EmulatorInNetwork:
    """An emulator behind the cable."""

    def __init__(self, network: Network, directory: Path, url: str) -> None:
        self._log = directory / "log-in-network"
        port_file = directory / "port"
        command = ["ip", "netns", "exec", network.name, sys.executable, "-m", "emulator", "serve"]
        place = ["--host", network.inside, "--port", "0", "--port-file", str(port_file)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *place, "--data-dir", str(directory / "data"), "--database-url", url],
                cwd=PROJECT_ROOT,
                env=environment_without_settings(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: port_file.exists() or self.process.poll() is not None, 90, what="that it is ready")
        assert self.process.poll() is None, self.log()
        self.endpoint = f"http://{network.inside}:{port_file.read_text().strip()}"

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def client(self) -> Any:
        return boto3.session.Session().client(
            "rekognition",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=SECRET_KEY,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=LONGEST_SECONDS),
        )

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def is_answered(client: Any, name: str) -> str:
    """What a call comes to, which is something: the code of an error, or that the connection was closed."""
    began = time.monotonic()
    try:
        client.create_project(ProjectName=name)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        assert time.monotonic() - began < LONGEST_SECONDS, "it hung"
        return type(error).__name__
    return "OK"


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1].split("/")[0])


def test_without_another_emulator_it_goes_on_when_the_link_is_back(
    tmp_path: Path, network: Network, cluster: DatabaseCluster
) -> None:
    url = cluster.listen(network.outside)
    with closing(EmulatorInNetwork(network, tmp_path, url)) as running:
        assert is_answered(running.client(), "before") == "OK"
        with network.lost_link(port_of(url)):
            assert is_answered(running.client(), "meanwhile") == "InternalServerError"
            wait_until(lambda: "the session with the database is lost" in running.log(), what="that it is noticed")
        wait_until(lambda: is_answered(running.client(), f"p{time.monotonic_ns()}") == "OK", what="that it goes on")
        names = [one["ProjectArn"].split("/")[1] for one in running.client().describe_projects()["ProjectDescriptions"]]
        assert "before" in names
        assert running.process.poll() is None


def test_another_emulator_takes_over_when_the_link_of_the_first_is_lost(
    tmp_path: Path, network: Network, cluster: DatabaseCluster, record_property: Callable[[str, object], None]
) -> None:
    url = cluster.listen(network.outside)
    with closing(EmulatorInNetwork(network, tmp_path, url)) as first, ThreadPoolExecutor(1) as thread:
        second = EmulatorProcess(tmp_path / "data", {"CUSTOM_LABELS_DATABASE_URL": url})
        assert is_answered(first.client(), "kept") == "OK"
        starting = thread.submit(second.start)
        with closing(second):
            wait_until(lambda: "waits and takes over" in second.log(), what="that the second emulator waits")
            time.sleep(1)  # so that the first one knows
            began = time.monotonic()
            with network.lost_link(port_of(url)):
                assert is_answered(first.client(), "meanwhile") in {"InternalServerError", "ConnectionClosedError"}
                starting.result(60)
                record_property("seconds_until_taken_over", time.monotonic() - began)
                assert first.process.wait(30) == 1
                [project] = second.client("rekognition", ACCOUNT).describe_projects()["ProjectDescriptions"]
                assert "/kept/" in project["ProjectArn"]
