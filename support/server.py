"""A running emulator as users have it: `python -m emulator serve` in a process of its own, reached over HTTP only."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import boto3
import botocore.config
import botocore.loaders
import botocore.session

PROJECT_ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 180.0
STOP_SECONDS = 40.0
_FIRST_PAUSE = 0.005
_LEAST_TIMES = tuple(f"CUSTOM_LABELS_{name}_SECONDS" for name in ("STARTING", "STOPPING", "DELETING"))
DEFAULT_ACCOUNT = "111122223333"
DEFAULT_REGION = "us-east-1"
SECRET_KEY = "any-secret"

Result = TypeVar("Result")

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_REQUESTS_IN_PROGRESS = re.compile(r"^custom_labels_requests_in_progress (\d+)$", re.MULTILINE)
_OWN_PREFIXES = ("AWS_", "CUSTOM_LABELS_")
_CLIENT_CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=90, max_pool_connections=32)


def environment_without_settings() -> dict[str, str]:
    """This process's environment without AWS and emulator variables: a developer's own settings change no test."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OWN_PREFIXES)}


@cache
def _loader() -> Any:
    return botocore.loaders.create_loader()


def _session() -> Any:
    """A session with the models of services that this process has read already, which takes as long as ten clients."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    return boto3.session.Session(botocore_session=session)


def wait_until(
    attempt: Callable[[], Result], seconds: float = 120.0, pause: float = 0.1, what: str = "the condition"
) -> Result:
    """The first truthy answer of `attempt`; AssertionError after `seconds`.

    It is asked again at once and then ever more seldom, at last every `pause` seconds: what is quick is seen quickly.
    """
    deadline, soon = time.monotonic() + seconds, _FIRST_PAUSE
    while True:
        answer = attempt()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} was not met within {seconds} s; the last answer was {answer!r}")
        time.sleep(min(soon, pause))
        soon *= 1.5


class EmulatorProcess:
    """One emulator process with its data directory; a context manager that ends it.

    `environment` holds settings (`CUSTOM_LABELS_<NAME>`). Unless it says otherwise, the rate of inference units is
    unlimited, so that tests of something else are not throttled, only the calls of waiters are held, so that tests
    see the states between, and starts, stops and deletions last hardly longer than their work. `data_directory` None
    means `--ephemeral`; `project` is the checkout that is run.
    Output goes to a log file that failing tests print (conftest.py).
    """

    def __init__(
        self,
        data_directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        project: Path = PROJECT_ROOT,
    ) -> None:
        self.data_directory = data_directory
        self.environment = {
            "CUSTOM_LABELS_TPS_PER_UNIT": "0",
            "CUSTOM_LABELS_SETTLE_HOLD": "0",
            **dict.fromkeys(_LEAST_TIMES, "0.05"),
            **(environment or {}),
        }
        self.arguments = list(arguments)
        self._project = project
        self.endpoint = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._process_groups: list[int] = []
        self._log_file = tempfile.NamedTemporaryFile(prefix="emulator-", suffix=".log")  # noqa: SIM115 (closed in close)
        self._session = _session()
        self._clients: dict[tuple[str, str, str], Any] = {}

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process; AssertionError before start."""
        assert self._process is not None, "the emulator was not started"
        return self._process

    def log(self) -> str:
        """All that the emulator printed so far, over all its starts."""
        file = Path(self._log_file.name)
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self, wait_ready: bool = True) -> Self:
        """Start on a free port and wait until it listens and, unless told otherwise, is ready (O-7)."""
        place = ["--ephemeral"] if self.data_directory is None else ["--data-dir", str(self.data_directory)]
        command = [sys.executable, "-m", "emulator", "serve", "--host", "127.0.0.1", "--port", "0", *place]
        printed_before = len(self.log())
        self._process = subprocess.Popen(
            [*command, *self.arguments],
            cwd=self._project,
            env=environment_without_settings() | {"PYTHONUNBUFFERED": "1"} | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._process_groups.append(self._process.pid)
        self._close_clients()
        self.endpoint = self._wait_for_address(printed_before)
        if wait_ready:
            self.wait_ready()
        return self

    def _wait_for_address(self, printed_before: int) -> str:
        def address() -> str | None:
            if self.process.poll() is not None:
                raise AssertionError(f"the emulator ended with {self.process.returncode} at start:\n{self.log()}")
            found = _ADDRESS.search(self.log()[printed_before:])
            return found.group(0) if found else None

        found = wait_until(address, START_SECONDS, pause=0.02, what="the emulator's address line")
        assert found is not None
        return found

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until GET /_emulator/ready answers 200."""

        def ready() -> bool:
            assert self.process.poll() is None, f"the emulator ended with {self.process.returncode}:\n{self.log()}"
            try:
                return self.control("GET", "/_emulator/ready")[0] == 200
            except (urllib.error.URLError, ConnectionError):
                return False

        wait_until(ready, seconds, pause=0.05, what="readiness of the emulator")

    def control(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and parsed JSON (or None) of a call beside the AWS APIs (O-6 to O-15)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.endpoint + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, answer = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, answer = error.code, error.read()
        try:
            return status, json.loads(answer)
        except ValueError:
            return status, None

    def wait_for_requests(self, number: int) -> None:
        """Wait until at least this many requests of Rekognition are in progress: held, delayed or at work."""

        def requests() -> bool:
            with urllib.request.urlopen(f"{self.endpoint}/_emulator/metrics", timeout=30) as response:
                found = _REQUESTS_IN_PROGRESS.search(response.read().decode())
            return found is not None and int(found[1]) >= number

        wait_until(requests, pause=0.02, what=f"{number} requests in progress")

    def client(self, service: str, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> Any:
        """A boto3 client whose access key id is the account (O-20). It never retries, so that every error is seen."""
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=account,
                aws_secret_access_key=SECRET_KEY,
                config=_CLIENT_CONFIG,
            )
        return self._clients[key]

    def client_environment(
        self, directory: Path, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION
    ) -> dict[str, str]:
        """Environment of a client program: the endpoint, the guide's profile (K-1, K-2) and default credentials.

        The two AWS files are written to `directory`.
        """
        config, credentials = directory / "aws-config", directory / "aws-credentials"
        profile = "custom-labels-access"
        config.write_text(f"[default]\nregion = {region}\n[profile {profile}]\nregion = {region}\noutput = json\n")
        keys = f"aws_access_key_id = {account}\naws_secret_access_key = {SECRET_KEY}\n"
        credentials.write_text(f"[default]\n{keys}[{profile}]\n{keys}")
        return environment_without_settings() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def kill(self) -> None:
        """SIGKILL to the server process alone, as in a crash; its worker processes have to notice by themselves."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def terminate(self) -> int:
        """SIGTERM, and the exit code; AssertionError when it takes far longer than O-3 allows (machines are busy)."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"the emulator did not end within {STOP_SECONDS} s:\n{self.log()}") from error

    def restart(self) -> Self:
        """Start again on the same data directory, after kill() or terminate()."""
        assert self.process.poll() is not None, "the emulator still runs"
        return self.start()

    def close(self) -> None:
        """End it for good, with every process that it left."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        for group in self._process_groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)
        self._close_clients()
        self._log_file.close()

    def _close_clients(self) -> None:
        """Close their connections: left to the garbage collector, each is a warning in whatever test runs by then."""
        while self._clients:
            self._clients.popitem()[1].close()
