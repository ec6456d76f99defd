"""A Dask cluster behind TLS, and one whose workers lie in networks of their own whose links are cut."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from support.dask_cluster import DaskCluster, impatient
from support.server import wait_until

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are needed"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

if importlib.util.find_spec("distributed") is not None:
    from distributed import Future

    from emulator.jobs.cluster import sending
    from emulator.jobs.cluster.blocks import BLOCK, DaskWorkers
    from emulator.jobs.cluster.connection import Cluster
    from emulator.jobs.cluster.settings import ClusterSettings, Spread

ITEMS = range(60 * BLOCK)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")
def test_work_goes_over_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cluster.pem", tmp_path / "cluster.key"
    subject = ("-subj", "/CN=cluster", "-addext", "subjectAltName=IP:127.0.0.1")
    asked = ("-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2")
    _run("openssl", "req", "-x509", *asked, *subject)
    files = ["--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key)]
    with DaskCluster(tmp_path, files, scheduler=["--protocol", "tls"]) as cluster:
        assert cluster.address.startswith("tls://")
        cluster.add_worker("first")
        pem = str(certificate)
        settings = ClusterSettings(cluster.address, Spread.STAGES, tls_ca=pem, tls_cert=pem, tls_key=str(key))
        with Cluster(settings, impatient()) as client:
            workers = DaskWorkers(client, 2)
            assert list(workers.in_order(abs, range(-300, 0), lambda number: number)) == list(range(300, 0, -1))
            data, [worker] = np.arange(200, dtype=np.uint8), client.workers()
            sent = client.send(data, worker)
            assert isinstance(sent, Future), "it went by the scheduler"
            assert sent.result().tolist() == data.tolist()


class Networks:
    """A bridge of this machine, and a network namespace for each worker with a link to it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._number = os.getpid() % 200 + 20
        self.address = f"10.213.{self._number}.1"
        self._bridge = f"dask{self._number}"
        self._begin("link", ("link", "add", self._bridge, "type", "bridge"), ("link", "del", self._bridge))
        _run("ip", "addr", "add", f"{self.address}/24", "dev", self._bridge)
        _run("ip", "link", "set", self._bridge, "up")

    def address_of(self, number: int) -> str:
        """Of a namespace, as the others see it."""
        return f"10.213.{self._number}.{number + 10}"

    def add(self, number: int) -> Sequence[str]:
        """What comes before a command that runs in a new namespace."""
        space, link, inner = f"dask{self._number}-{number}", f"d{self._number}o{number}", f"d{self._number}i{number}"
        self._begin("netns", ("netns", "add", space), ("netns", "del", space))
        _run("ip", "link", "add", link, "type", "veth", "peer", "name", inner)
        _run("ip", "link", "set", inner, "netns", space)
        _run("ip", "link", "set", link, "master", self._bridge, "up")
        inside = ("ip", "netns", "exec", space)
        _run(*inside, "ip", "addr", "add", f"{self.address_of(number)}/24", "dev", inner)
        _run(*inside, "ip", "link", "set", inner, "up")
        _run(*inside, "ip", "link", "set", "lo", "up")
        return inside

    def cut(self, number: int) -> None:
        """From now on nothing passes, and nobody is told."""
        _run("ip", "link", "set", f"d{self._number}o{number}", "down")

    def hide(self, number: int) -> None:
        """From now on this machine cannot reach it, and the others can."""
        route = "unreachable", self.address_of(number)
        self._begin("route", ("route", "add", *route), ("route", "del", *route))

    def _begin(self, what: str, begin: Sequence[str], end: Sequence[str]) -> None:
        try:
            _run("ip", *begin)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip(f"this machine gives no {what} to tests")
        self._stack.callback(subprocess.run, ["ip", *end], capture_output=True, timeout=60, check=False)


@pytest.fixture
def networks() -> Iterator[Networks]:
    if shutil.which("ip") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("network namespaces need ip and root")
    with ExitStack() as stack:
        yield Networks(stack)


def test_what_a_worker_behind_a_cut_link_was_to_do_is_done_by_another(networks: Networks, tmp_path: Path) -> None:
    inside = {"worker first": networks.add(1), "worker second": networks.add(2)}
    with DaskCluster(tmp_path, inside=inside, host=networks.address) as cluster:
        for name in ("first", "second"):
            cluster.add_worker(name)
        with Cluster(ClusterSettings(cluster.address, Spread.STAGES), impatient()) as client:
            wait_until(lambda: len(client.workers()) == 2, what="two workers")
            results = DaskWorkers(client, 2).in_order(abs, ITEMS, lambda number: number)
            found = [next(results) for _ in range(5 * BLOCK)]
            networks.cut(1)
            found += results
            assert found == list(ITEMS)
            wait_until(lambda: len(client.workers()) == 1, what="the end of the worker that is cut off")


def test_workers_that_only_the_scheduler_reaches_get_their_data_from_it(
    networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sending, "_SECONDS", 0.5)
    inside = {"scheduler": networks.add(4), "worker first": networks.add(5), "worker second": networks.add(6)}
    with DaskCluster(tmp_path, inside=inside, host=networks.address_of(4)) as cluster:
        for number, name in ((5, "first"), (6, "second")):
            cluster.add_worker(name)
            networks.hide(number)
        with (
            caplog.at_level("INFO", "emulator.jobs.cluster.sending"),
            Cluster(ClusterSettings(cluster.address, Spread.STAGES), impatient()) as client,
        ):
            wait_until(lambda: len(client.workers()) == 2, what="two workers")
            assert list(DaskWorkers(client, 2).in_order(abs, ITEMS, lambda number: number)) == list(ITEMS)
    [told] = [record.getMessage() for record in caplog.records if "by the scheduler" in record.getMessage()]
    assert f"tcp://{networks.address_of(5)[:-2]}" in told
