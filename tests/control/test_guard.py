"""Who may make control calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.control.app import Controls, create_control_app
from emulator.jobs.clock import Clocks
from emulator.jobs.transitions import TransitionPolicies

HOST = "http://testserver"
RESET = "/_emulator/reset"


class Resets:
    """Counts resets."""

    def __init__(self) -> None:
        self.number = 0
        self.accounts: list[str | None] = []

    async def reset(self, account: str | None) -> None:
        self.number += 1
        self.accounts.append(account)

    async def settle(self) -> None:
        """Nothing moves here."""


class Client:
    """Asks an application in process."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(method, path, headers=headers, content=content)

        return asyncio.run(ask())


def client(
    resets: Resets, *, is_enabled: bool = True, token: str = "", account_tokens: dict[str, str] | None = None
) -> Client:
    """The control application alone."""
    controls = Controls(
        version="1",
        is_ready=lambda: True,
        reset=resets.reset,
        settle=resets.settle,
        policies=TransitionPolicies({}),
        clocks=Clocks(),
        is_enabled=is_enabled,
        token=token,
        account_tokens=account_tokens or {},
    )
    return Client(create_control_app(controls))


@pytest.fixture
def resets() -> Iterator[Resets]:
    yield Resets()


@pytest.mark.parametrize(
    ("origin", "status"), [(None, 200), (HOST, 200), ("http://elsewhere.example", 403), ("null", 403)]
)
def test_pages_of_other_sites_are_refused(resets: Resets, origin: str | None, status: int) -> None:
    """A browser says where a page came from."""
    answer = client(resets).ask("POST", RESET, {} if origin is None else {"Origin": origin})
    assert answer.status_code == status
    assert resets.number == (1 if status == 200 else 0)


@pytest.mark.parametrize(("given", "status"), [("Bearer secret", 200), ("Bearer wrong", 401), ("", 401)])
def test_a_token_is_asked_for(resets: Resets, given: str, status: int) -> None:
    """CUSTOM_LABELS_CONTROL_TOKEN; health needs none."""
    guarded = client(resets, token="secret")
    headers = {"Authorization": given, "Origin": "http://elsewhere.example"}
    assert guarded.ask("POST", RESET, headers).status_code == status
    assert guarded.ask("GET", "/_emulator/health").status_code == 200
    assert guarded.ask("HEAD", "/_emulator/health").status_code == 200, "probes ask so"


def test_switched_off(resets: Resets) -> None:
    """CUSTOM_LABELS_CONTROL=off leaves health and ready."""
    closed = client(resets, is_enabled=False)
    assert closed.ask("POST", RESET).json()["error"]["code"] == "ControlDisabled"
    assert [closed.ask("GET", f"/_emulator/{path}").status_code for path in ("health", "ready")] == [200, 200]


def test_errors_have_one_shape(resets: Resets) -> None:
    """{"error": {"code", "message"}} with a 4xx."""
    opened = client(resets)
    wrong = [("GET", "/_emulator/nothing", b""), ("GET", RESET, b""), ("PUT", "/_emulator/clock", b"{")]
    answers = [opened.ask(method, path, content=content) for method, path, content in wrong]
    assert [answer.status_code for answer in answers] == [404, 405, 400]
    assert all(set(answer.json()["error"]) == {"code", "message"} for answer in answers)


def test_a_token_of_an_account_is_for_its_calls_alone(resets: Resets) -> None:
    """O-39."""
    tokens = {"111122223333": "one", "444455556666": "four"}
    guarded = client(resets, token="all", account_tokens=tokens)
    own, other = f"{RESET}?account=111122223333", f"{RESET}?account=444455556666"
    for token, path, status in (
        ("one", own, 200),
        ("one", other, 403),
        ("one", RESET, 403),
        ("one", "/_emulator/clock", 403),
        ("four", other, 200),
        ("all", RESET, 200),
        ("all", own, 200),
        ("three", own, 401),
    ):
        answer = guarded.ask("POST", path, {"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, (token, path)
    assert resets.accounts == ["111122223333", "444455556666", None, "111122223333"]
    arn = "arn:aws:rekognition:us-east-1:111122223333:project/a/version/b/1"
    paths = {f"/_emulator/trainings/{arn}": 404, f"/_emulator/trainings/{arn.replace('1111', '9999')}": 403}
    for path, status in paths.items():
        answer = guarded.ask("DELETE", path, {"Authorization": "Bearer one"})
        assert answer.status_code == status  # this application has no trainings, but the guard let it pass
    alone = client(resets, account_tokens=tokens)
    assert alone.ask("POST", RESET).status_code == 401
    assert alone.ask("POST", f"{RESET}?account=1", {"Authorization": "Bearer one"}).status_code == 403
