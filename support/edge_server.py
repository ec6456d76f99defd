"""The Rekognition edge alone, on a free port, with a dispatch that the test supplies."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

import uvicorn

from emulator.wire.pipeline import RekognitionEdge
from emulator.wire.request import Call
from emulator.wire.service_model import load_service_model

START_SECONDS = 120.0


class RecordingDispatch:
    """Gives `result` for every call, or raises it if it is an exception, and keeps the calls."""

    def __init__(self, result: Mapping[str, Any] | Exception | None = None) -> None:
        self.result: Mapping[str, Any] | Exception = {} if result is None else result
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> Mapping[str, Any]:
        self.calls.append(call)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class EdgeServer:
    """uvicorn in a thread; use as a context manager. `options` go to RekognitionEdge, `dispatch` may be changed
    later.
    """

    def __init__(self, dispatch: RecordingDispatch, **options: Any) -> None:
        self.dispatch = dispatch
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        edge = RekognitionEdge(load_service_model(), self._dispatch, **options)
        config = uvicorn.Config(edge, lifespan="off", ws="none", log_config=None, access_log=False, server_header=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    async def _dispatch(self, call: Call) -> Mapping[str, Any]:
        return await self.dispatch(call)

    def __enter__(self) -> EdgeServer:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the edge did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._socket.close()
