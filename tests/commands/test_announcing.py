"""What a program that starts the emulator is told, and when (O-35, O-39)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from emulator import __version__
from support.command_line import COMMAND, command_environment, custom_labels
from support.server import wait_until


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`serve --port 0 --port-file port --ready-json` of a folder, as a program starts it; killed at the end."""
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--data-dir", "data", "--port-file", "port", "--ready-json", *arguments],
        cwd=folder,
        env=command_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        log.close()


def ready_line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    told: dict[str, object] = json.loads(process.stdout.readline())
    return told


def test_port_file_and_ready_line(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        told = ready_line(process)
        port = int((tmp_path / "port").read_text())
        assert told == {"endpoint": f"http://127.0.0.1:{port}", "pid": process.pid, "version": __version__}
        assert httpx.get(f"http://127.0.0.1:{port}/_emulator/ready").status_code == 200
        process.terminate()
        assert process.wait(60) == 0
        assert process.stdout is not None and process.stdout.read() == "", "one line alone"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "log"]


def test_file_of_a_killed_emulator_is_never_taken_for_that_of_the_next(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    with serving(tmp_path) as killed:
        ready_line(killed)
        killed.send_signal(signal.SIGKILL)
        killed.wait(60)
    assert (tmp_path / "port").is_file()
    (scripts / "look.sh").write_text(
        "until test ! -f ../port; do sleep 0.05; done; until test -f go; do sleep 0.05; done"
    )
    with serving(tmp_path, "--init-dir", str(scripts)) as process:
        wait_until(lambda: not (tmp_path / "port").exists(), what="the removal of the old file")
        assert not (tmp_path / "port").exists(), "it is not ready before its init scripts ran"
        (scripts / "go").touch()
        assert ready_line(process)["pid"] == process.pid
        assert (tmp_path / "port").is_file()


def test_states_in_the_form_of_localstack(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    script = (
        'curl -sf "$AWS_ENDPOINT_URL/_localstack/init" > while.json; curl -sf "$AWS_ENDPOINT_URL/_localstack/health"'
    )
    (scripts / "first.sh").write_text(script)
    with serving(tmp_path, "--init-dir", str(scripts), "--control", "off") as process:
        address = f"{ready_line(process)['endpoint']}/_localstack"
        during = json.loads((scripts / "while.json").read_text())
        assert during["completed"] == {"BOOT": True, "START": True, "READY": False, "SHUTDOWN": False}
        assert during["scripts"] == [{"stage": "READY", "name": "first.sh", "state": "RUNNING"}]
        health = httpx.get(f"{address}/health").json()
        assert health["version"] == __version__ and health["edition"] == "community"
        assert health["services"]["rekognition"] == health["services"]["s3"] == "running"
        assert httpx.head(f"{address}/health").status_code == 200
        done = {"stage": "READY", "name": "first.sh", "state": "SUCCESSFUL"}
        assert httpx.get(f"{address}/init/ready").json() == {"completed": True, "scripts": [done]}
        assert httpx.get(f"{address}/init/BOOT").json() == {"completed": True, "scripts": []}
        assert httpx.get(f"{address}/init/late").status_code == 404
        assert httpx.get(f"{address}/info").json()["error"]["code"] == "NotFound"
        refused = httpx.post(f"{address}/health", json={"action": "kill"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (405, "MethodNotAllowed")
        assert process.poll() is None


@pytest.mark.parametrize("name", ["missing/port", "."])
def test_port_file_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    ended = custom_labels("serve", "--port", "0", "--ephemeral", "--port-file", name, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "PORT_FILE" in ended.stderr and ended.stderr.count("\n") == 1


def test_exit_codes(tmp_path: Path) -> None:
    """2 for a flag that does not exist, 1 for an init script that fails; neither leaves a port file."""
    assert custom_labels("serve", "--prot", "0", folder=tmp_path).returncode == 2
    (tmp_path / "broken.sh").write_text("exit 7")
    with serving(tmp_path, "--init-dir", os.fspath(tmp_path)) as process:
        assert process.wait(60) == 1
    assert "broken.sh" in (tmp_path / "log").read_text()
    assert not (tmp_path / "port").exists()
