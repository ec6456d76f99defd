"""The console's API as its page calls it: JSON over HTTP, signed as for rekognition; pictures by presigned URLs."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.server import DEFAULT_REGION, SECRET_KEY, EmulatorProcess, wait_until

ROOT = "/console/api"
Query = Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.json["error"]["code"])


class ConsoleClient:
    """What the page of one account and region does."""

    def __init__(self, emulator: EmulatorProcess, account: str, region: str = DEFAULT_REGION) -> None:
        self.emulator = emulator
        self.account = account
        self.region = region

    def get(self, path: str, **query: object) -> Any:
        """The JSON of a call that succeeds."""
        return self._success("GET", path, query)

    def post(self, path: str, body: object) -> Any:
        """The JSON of a call that succeeds."""
        return self._success("POST", path, {}, body)

    def refused(self, method: str, path: str, body: object = None, **query: object) -> tuple[int, str]:
        """Status and code of a call that fails."""
        answer = self.call(method, path, body, query)
        assert answer.status >= 400, answer
        return answer.status, answer.code

    def task(self, task: Mapping[str, Any], seconds: float = 120.0) -> Any:
        """A task once it has ended."""

        def ended() -> Any:
            found = self.get("/task", id=task["id"])
            return found if found["state"] != "running" else None

        return wait_until(ended, seconds, what=f"the end of the task {task['kind']}")

    def _success(self, method: str, path: str, query: Query, body: object = None) -> Any:
        answer = self.call(method, path, body, query)
        assert answer.status in (200, 202, 204), (answer.status, answer.body)
        return answer.json if answer.body else None

    def call(
        self, method: str, path: str, body: object = None, query: Query = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Any signed call."""
        data = None if body is None else json.dumps(body).encode()
        request = self._request(method, path, query, data)
        SigV4Auth(self._credentials(), "rekognition", self.region).add_auth(request)
        return self.send(method, request.url, data, {**dict(request.headers.items()), **(headers or {})})

    def presigned(self, path: str, query: Query = None, seconds: int = 7200) -> str:
        """A URL that an `<img>` may have."""
        request = self._request("GET", path, query, None)
        del request.headers["Content-Type"]
        SigV4QueryAuth(self._credentials(), "rekognition", self.region, expires=seconds).add_auth(request)
        return str(request.url)

    def send(
        self, method: str, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request as it is; `url` may be a path."""
        with self.stream(method, url, data, headers) as response:
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())

    @contextmanager
    def stream(
        self, method: str, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer to a request before its body was read."""
        address = urlsplit(self.emulator.endpoint)
        target = url.removeprefix(self.emulator.endpoint)
        with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
            connection.request(method, target, data, dict(headers or {}))
            opened = connection.sock  # the answer takes it over if it ends with the connection
            try:
                yield connection.getresponse()
            finally:
                # Else a thread that reads a stream of events would hold up the end until the next of them.
                with suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)

    def signed_headers(self, method: str, path: str, query: Query = None) -> tuple[str, dict[str, str]]:
        """URL and headers of a signed call, for those who send it themselves."""
        request = self._request(method, path, query, None)
        SigV4Auth(self._credentials(), "rekognition", self.region).add_auth(request)
        return str(request.url), dict(request.headers.items())

    def _request(self, method: str, path: str, query: Query, data: bytes | None) -> AWSRequest:
        given = urlencode({name: value for name, value in (query or {}).items() if value is not None}, doseq=True)
        url = f"{self.emulator.endpoint}{ROOT}{path}" + (f"?{given}" if given else "")
        return AWSRequest(method, url, headers={"Content-Type": "application/json"}, data=data)

    def _credentials(self) -> Credentials:
        return Credentials(self.account, SECRET_KEY)
