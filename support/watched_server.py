"""An emulator in a process of its own whose event loop tells how long each of its callbacks held it.

It runs on asyncio's own loop instead of uvloop, since only that lets its callbacks be timed; what they do is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from support.server import wait_until

START_SECONDS = 180.0
_SECONDS_BETWEEN_LOOKS = 0.002


@dataclass(frozen=True, slots=True)
class Hold:
    """The longest callback of a time, in seconds on the processor and by the clock, and what it was.

    `late`: the most by which a short sleep was overslept, since threads that hold the interpreter hold the loop, too.
    """

    cpu: float = 0.0
    wall: float = 0.0
    late: float = 0.0
    what: str = ""


class WatchedServer:
    """Use as a context manager; `endpoint` is where it listens."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        spawned = get_context("spawn")
        self._pipe, theirs = spawned.Pipe()
        self._process = spawned.Process(target=_serve, args=(directory, dict(settings), theirs))
        self.endpoint = ""

    def __enter__(self) -> Self:
        self._process.start()
        assert self._pipe.poll(START_SECONDS), "the server did not start"
        self.endpoint = f"http://127.0.0.1:{self._pipe.recv()}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join(START_SECONDS)

    def longest(self) -> Hold:
        """The longest hold since this was asked last."""
        self._pipe.send("longest")
        hold: Hold = self._pipe.recv()
        return hold


class _Watch:
    """Times every callback of asyncio's loops."""

    def __init__(self) -> None:
        self._longest = Hold()
        self._late = 0.0
        self._run: Any = asyncio.Handle._run
        asyncio.Handle._run = self._timed()  # type: ignore[method-assign]

    def _timed(self) -> Any:
        run, watch = self._run, self

        def timed(handle: asyncio.Handle) -> None:
            cpu, wall = time.thread_time(), time.perf_counter()
            run(handle)
            cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
            if cpu > watch._longest.cpu:
                watch._longest = Hold(cpu, wall, what=repr(handle)[:300])

        return timed

    def take(self) -> Hold:
        """The longest hold since the last one was taken."""
        found, self._longest = self._longest, Hold()
        late, self._late = self._late, 0.0
        return replace(found, late=late)

    async def look(self) -> None:
        """See how late the loop is, all the time."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _SECONDS_BETWEEN_LOOKS
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            self._late = max(self._late, loop.time() - due)


def _serve(directory: Path, settings: dict[str, str], pipe: Connection) -> None:
    import uvicorn

    from emulator.commands.serve import SWITCH_SECONDS
    from emulator.server.app import create_app
    from emulator.server.garbage import keep_collections_short
    from emulator.server.header_limits import LimitedProtocol
    from emulator.settings import Settings

    listener = socket.create_server(("127.0.0.1", 0))
    watch = _Watch()
    app = create_app(Settings.read({}, settings), directory)
    app.lifecycle.prepare()
    config = uvicorn.Config(app, http=LimitedProtocol, loop="asyncio", log_config=None, lifespan="on")

    app.lifecycle.announce = keep_collections_short

    def answer() -> None:
        wait_until(app.lifecycle.ready.is_set, START_SECONDS, pause=0.02, what="readiness")
        pipe.send(listener.getsockname()[1])
        with contextlib.suppress(EOFError):
            while True:
                pipe.recv()
                pipe.send(watch.take())

    async def serve() -> None:
        looking = asyncio.create_task(watch.look())
        await uvicorn.Server(config).serve(sockets=[listener])
        looking.cancel()

    threading.Thread(target=answer, daemon=True).start()
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.run(serve())
