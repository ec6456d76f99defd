"""`python -m emulator.testing.guard OWNER FOLDER`: runs the emulator of a test run as long as its owner lives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from emulator.testing.server import ended_marker, serve_command

LOOK_SECONDS = 0.5


def main(owner: int, folder: Path) -> None:
    """Serve until SIGTERM, the end of the emulator, or that of the process `owner`; then remove what nobody will."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
    emulator = subprocess.Popen(serve_command(folder))
    while emulator.poll() is None:
        told.wait(LOOK_SECONDS)
        if told.is_set() or not is_alive(owner):
            emulator.terminate()
            emulator.wait()
    if is_alive(owner):
        ended_marker(folder).touch()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def is_alive(process: int) -> bool:
    """Whether a process of this user is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
