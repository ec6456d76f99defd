"""One emulator for all processes of a test run: the first that asks starts it, the run's end ends it.

A run is a folder whose name all of its processes know. Whoever can make the folder starts the emulator; the others wait
for what it writes there. The emulator runs below a guard (`python -m emulator.testing.guard`), which ends it when the
process that owns the run is gone, however that died.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 15.0
_LOOK_SECONDS = 0.02

PORT, LOG, GUARD = "port", "log", "guard"

# What tests wait for without learning anything from it; the user's own CUSTOM_LABELS_ variables win.
_QUICK = {
    "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    "CUSTOM_LABELS_TPS_PER_UNIT": "0",
    "CUSTOM_LABELS_STARTING_SECONDS": "0",
    "CUSTOM_LABELS_STOPPING_SECONDS": "0",
    "CUSTOM_LABELS_DELETING_SECONDS": "0",
}
# Said by flags below, or not for an emulator of tests.
_NOT_TAKEN = ("HOST", "PORT", "PORT_FILE", "READY_JSON", "DATA_DIR", "EPHEMERAL", "CONTROL", "CONTROL_TOKEN")


class EmulatorStartError(Exception):
    """The emulator of a test run did not start; the message has its log."""


def setting_of_run(name: str) -> str:
    """What the emulator of a run is told for a setting, empty for its own default; names without CUSTOM_LABELS_."""
    variable = f"CUSTOM_LABELS_{name}"
    return os.environ.get(variable, _QUICK.get(variable, ""))


def new_run() -> Path:
    """A folder's name for a run; the folder is not made."""
    return Path(tempfile.gettempdir()) / f"custom-labels-run-{secrets.token_hex(8)}"


def endpoint_of_run(folder: Path, owner: int) -> str:
    """The address of the run's emulator, started if no process of the run has done so. Raises EmulatorStartError.

    `owner` is the process whose end is the end of the run.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _start(folder, owner)
    deadline = time.monotonic() + START_SECONDS
    while not (folder / PORT).exists():
        if time.monotonic() > deadline or _has_ended(folder):
            raise EmulatorStartError(f"The Custom Labels emulator did not start:\n{_log(folder)}")
        time.sleep(_LOOK_SECONDS)
    return f"http://127.0.0.1:{int((folder / PORT).read_text())}"


def end_run(folder: Path) -> None:
    """End the run's emulator, if one was started, and remove the folder."""
    try:
        guard = int((folder / GUARD).read_text())
    except (OSError, ValueError):
        shutil.rmtree(folder, ignore_errors=True)
        return
    with suppress(ProcessLookupError):
        os.kill(guard, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while not _has_ended(folder) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    with suppress(ChildProcessError):  # another process of the run started it
        os.waitpid(guard, os.WNOHANG)
    shutil.rmtree(folder, ignore_errors=True)


def serve_command(folder: Path) -> list[str]:
    """How the guard starts the emulator."""
    flags = ("--host", "127.0.0.1", "--port", "0", "--ephemeral", "--port-file", str(folder / PORT))
    return [sys.executable, "-m", "emulator", "serve", *flags]


def ended_marker(folder: Path) -> Path:
    """The file that the guard writes last."""
    return folder / "ended"


def _start(folder: Path, owner: int) -> None:
    not_taken = {f"CUSTOM_LABELS_{name}" for name in _NOT_TAKEN}
    environment = _QUICK | {name: value for name, value in os.environ.items() if name not in not_taken}
    with (folder / LOG).open("wb") as log:
        guard = subprocess.Popen(
            [sys.executable, "-m", "emulator.testing.guard", str(owner), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,  # Ctrl-C is for pytest, which ends the run
        )
    (folder / GUARD).write_text(str(guard.pid))
    guard.returncode = 0  # it is not this process that waits for its end: no ResourceWarning


def _has_ended(folder: Path) -> bool:
    return ended_marker(folder).exists()


def _log(folder: Path) -> str:
    with suppress(OSError):
        return (folder / LOG).read_text(errors="replace")
    return "(it left no log)"
