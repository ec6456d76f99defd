"""A link to PostgreSQL that loses what it is told to lose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy.engine import make_url

PIECE = 65536


class LossyLink:
    """A port that leads to a server's socket. A connection is cut once `cuts` says so of what the client sends.

    The server gets that piece all the same, and its answer is lost.
    """

    def __init__(self, url: str, cuts: Callable[[bytes], bool]) -> None:
        """`url` of a server that listens on a socket of this machine."""
        self._target = f"{make_url(url).query['host']}/.s.PGSQL.{make_url(url).port or 5432}"
        self._cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        without_host = {name: value for name, value in make_url(url).query.items() if name != "host"}
        led = make_url(url).set(host="127.0.0.1", port=port, query=without_host)
        self.url = led.render_as_string(hide_password=False)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            threading.Thread(target=self._lead, args=(client, server), daemon=True).start()
            threading.Thread(target=self._lead_back, args=(server, client), daemon=True).start()

    def _lead(self, client: socket.socket, server: socket.socket) -> None:
        while piece := _received(client):
            if self._cuts(piece):
                client.shutdown(socket.SHUT_RDWR)
                server.sendall(piece)
                break
            server.sendall(piece)
        _end(server, socket.SHUT_WR)

    def _lead_back(self, server: socket.socket, client: socket.socket) -> None:
        while piece := _received(server):
            try:
                client.sendall(piece)
            except OSError:  # it was cut: what the server says is heard to its end, so that it ends in order
                continue
        _end(client, socket.SHUT_RDWR)
        client.close()
        server.close()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(PIECE)
    except OSError:
        return b""


def _end(end: socket.socket, how: int) -> None:
    try:
        end.shutdown(how)
    except OSError:
        return
