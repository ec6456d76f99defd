"""An emulator whose starts cost little: a process with everything imported forks a child for each.

`python -m tests.faults.forked_server` reads one JSON list of arguments of `custom-labels serve` a line and answers the
process id of the child that serves; the child's output goes to standard error. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.server import PROJECT_ROOT, environment_without_settings

SABOTAGES: dict[str, Callable[[], None]] = {}
"""What breaks a promise on purpose, so that the oracle can be seen to notice, by name."""


class ForkedServer:
    """Forks emulators on one data directory."""

    def __init__(self, log: Path, sabotage: str | None = None) -> None:
        self._log = log.open("ab")
        command = [sys.executable, "-m", "tests.faults.forked_server", *([sabotage] if sabotage else [])]
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=environment_without_settings() | {"CUSTOM_LABELS_TPS_PER_UNIT": "0", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def start(self, *arguments: str) -> int:
        """The process id of a new emulator."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(["serve", *arguments]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it; the emulators are the caller's to end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()


def kill(process: int) -> None:
    """SIGKILL to one emulator, as in a crash."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
    while Path(f"/proc/{process}").exists() or _is_there(process):
        signal.sigtimedwait([], 0.005)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _sabotage(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(function: Callable[[], None]) -> Callable[[], None]:
        SABOTAGES[name] = function
        return function

    return register


@_sabotage("objects-not-committed")
def _roll_objects_back() -> None:
    """One of eight changes of objects is answered and rolled back."""
    from emulator.s3.index.database import Database

    writing = Database.writing

    @contextmanager
    def sometimes(self: Database) -> Iterator[sqlite3.Connection]:
        class Undone(Exception):  # noqa: N818
            pass

        try:
            with writing(self) as connection:
                yield connection
                if random.random() < 1 / 8:
                    raise Undone
        except Undone:
            pass

    Database.writing = sometimes  # type: ignore[method-assign]


@_sabotage("state-not-committed")
def _roll_state_back() -> None:
    """One of eight changes of the state is answered and rolled back."""
    from emulator.storage.engine import Database

    write: Any = Database._write_in_turn

    def sometimes(self: Database, function: Callable[[Any], Any], *, of_request: bool) -> Any:
        if random.random() >= 1 / 8:
            return write(self, function, of_request=of_request)
        with self.engine.connect().execution_options(immediate=True) as connection:
            transaction = connection.begin()
            result = function(connection)
            transaction.rollback()
            return result

    committed: Any = Database._committed

    def quickly(self: Database, connection: Any, function: Callable[[Any], Any]) -> Any:
        if random.random() >= 1 / 8:
            return committed(self, connection, function)
        transaction = connection.begin()
        result = function(connection)
        transaction.rollback()
        return result

    Database._write_in_turn = sometimes  # type: ignore[method-assign]
    Database._committed = quickly  # type: ignore[method-assign]


@_sabotage("bytes-altered")
def _alter_bytes() -> None:
    """One of five files has another first byte than was sent."""
    from emulator.s3.files import BlobFiles

    place = BlobFiles.place

    def sometimes(self: BlobFiles, name: str) -> None:
        place(self, name)
        path = self._place(name)
        if random.random() < 1 / 5 and path.stat().st_size:
            with path.open("r+b") as file:
                file.write(b"?")

    BlobFiles.place = sometimes  # type: ignore[method-assign]


@_sabotage("events-forgotten")
def _forget_events() -> None:
    """One of eight events is not kept with the write that it tells of."""
    from emulator.s3.index import events

    add: Any = events.add

    def sometimes(*arguments: Any) -> None:
        if random.random() >= 1 / 8:
            add(*arguments)

    events.add = sometimes  # type: ignore[assignment]


def _serve(arguments: list[str]) -> None:
    from emulator.cli import main

    random.seed()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    code = 1
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def _fork_for_each_line() -> None:
    import botocore.session
    import uvicorn
    import uvloop  # noqa: F401

    import emulator.server.app
    from emulator.wire.service_model import load_service_model

    load_service_model()
    assert botocore.session and uvicorn and emulator.server.app
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel takes dead children away
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(json.loads(line))
        print(child, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SABOTAGES[sys.argv[1]]()
    _fork_for_each_line()
