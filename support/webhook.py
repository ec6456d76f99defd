"""A webhook that keeps what it is sent, and refuses what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.server import wait_until


class Webhook:
    """Its `url`, and the JSON documents that it has taken, in the order in which they came.

    `requests` has path and headers of all, refused ones too.
    """

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[dict[str, Any]] = []
        self.destinations: list[str] = []
        self.requests: list[tuple[str, Message]] = []
        self.refused = 0
        self.status_for: Callable[[dict[str, Any]], int] = lambda _: 200
        self._lock = threading.Lock()

    def take(self, document: dict[str, Any], destination: str) -> int:
        """The status of the answer; below 300 the document is taken."""
        with self._lock:
            status = self.status_for(document)
            if status < 300:
                self.taken.append(document)
                self.destinations.append(destination)
            else:
                self.refused += 1
            return status

    @property
    def records(self) -> list[dict[str, Any]]:
        """The events of objects, test events left out."""
        with self._lock:
            return [record for document in self.taken for record in document.get("Records", [])]

    def names(self) -> list[tuple[str, str]]:
        """Event name and key of each."""
        return [(record["eventName"], record["s3"]["object"]["key"]) for record in self.records]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The events, once there are so many."""
        wait_until(lambda: len(self.records) >= count, pause=0.01, what=f"the {count}th event")
        return self.records


@contextmanager
def running_webhook() -> Iterator[Webhook]:
    """A webhook on a free port."""
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            webhook.requests.append((self.path, self.headers))
            status = webhook.take(document, self.headers.get("x-custom-labels-destination", ""))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Nothing on the test's standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    webhook.url = f"http://127.0.0.1:{server.server_address[1]}/events?from=s3"
    try:
        yield webhook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
