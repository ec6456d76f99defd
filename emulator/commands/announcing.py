"""How `serve` tells a program that started it that it is ready, and where (O-35)."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from emulator import __version__
from emulator.settings import Settings
from emulator.storage.files import written_file

USUAL_ENDPOINT = f"http://127.0.0.1:{Settings().port}"
"""Where `custom-labels demo` looks by itself."""


class Announcement:
    """Lines on standard output, and a file with the port while the emulator is ready.

    `port_file` None writes no file. Under `ready_json` standard output has one line of JSON alone.
    """

    def __init__(self, endpoint: str, port: int, port_file: Path | None, *, ready_json: bool) -> None:
        self._endpoint = endpoint
        self._port = port
        self._port_file = port_file
        self._ready_json = ready_json
        self._is_written = False

    def begin(self) -> None:
        """Remove the port file of a process that was killed. Raises OSError."""
        if self._port_file is not None:
            self._port_file.unlink(missing_ok=True)

    def withdraw(self) -> None:
        """Remove one's own port file, once: by the second time the file may be that of a successor."""
        if self._port_file is not None and self._is_written:
            self._is_written = False
            with suppress(OSError):  # its folder may be closed or gone by now; nothing that ends waits for it
                self._port_file.unlink()

    def listening(self) -> None:
        """Say where it listens; it may take up work of before yet."""
        if self._ready_json:
            return
        print(f"Custom Labels emulator on {self._endpoint}", flush=True)
        where = "" if self._endpoint == USUAL_ENDPOINT else f" --endpoint-url {self._endpoint}"
        print(f"Try it: {_command()} demo{where}", flush=True)

    def ready(self) -> None:
        """Write the port file, whole or not at all, and the line of JSON. Raises OSError."""
        if self._port_file is not None:
            with written_file(self._port_file) as stream:
                stream.write(f"{self._port}\n".encode())
            self._is_written = True
        if self._ready_json:
            print(json.dumps({"endpoint": self._endpoint, "pid": os.getpid(), "version": __version__}), flush=True)


def _command() -> str:
    """How the reader of the line calls `custom-labels`: by its name, by its path, or through this Python."""
    if shutil.which("custom-labels"):
        return "custom-labels"
    beside = Path(sys.executable).with_name("custom-labels")
    if not beside.is_file():
        return f"{sys.executable} -m emulator"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
