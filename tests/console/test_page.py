"""The page under /console: deep links, caches, what its origin may run (O-31)."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from emulator.console.page import ConsolePage
from support.console import ConsoleClient

INDEX = "<!doctype html><title>console</title>"
SCRIPT = "console.log(1)"


@pytest.fixture
def built(tmp_path: Path) -> ConsolePage:
    """A page with an index, a script whose name has a hash, and a secret beside its directory."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text(INDEX)
    (static / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (static / "assets" / "index-3f2a.js").write_text(SCRIPT)
    (tmp_path / "secret.txt").write_text("secret")
    return ConsolePage(static)


async def get(page: ConsolePage, path: str, method: str = "GET") -> httpx.Response:
    """One request to the page."""
    transport = httpx.ASGITransport(app=page)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path)


def run(page: ConsolePage, path: str, method: str = "GET") -> httpx.Response:
    """`get`, for tests that are not coroutines."""
    import asyncio

    return asyncio.run(get(page, path, method))


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "/console/index.html", "/console/projects/x", "/console/a.b/c"]
)
def test_every_place_within_the_page_answers_the_page(built: ConsolePage, path: str) -> None:
    answer = run(built, path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["cache-control"] == "no-cache"


def test_files_with_hashed_names_are_kept_for_ever(built: ConsolePage) -> None:
    answer = run(built, "/console/assets/index-3f2a.js")
    assert answer.text == SCRIPT
    assert "immutable" in answer.headers["cache-control"]


def test_a_part_of_an_earlier_build_is_not_answered_by_the_page(built: ConsolePage) -> None:
    answer = run(built, "/console/assets/index-0000.js")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/console/../secret.txt", "/console/%2e%2e/secret.txt", "/console/assets/..%2f..%2fsecret.txt"]
)
def test_nothing_outside_of_the_page_is_given(built: ConsolePage, path: str) -> None:
    assert "secret" not in run(built, path).text


def test_a_name_that_no_file_system_has_is_a_place_within_the_page(built: ConsolePage) -> None:
    assert run(built, "/console/a%00b").text == INDEX


def test_the_page_runs_scripts_and_takes_styles_of_its_own_origin_alone(built: ConsolePage) -> None:
    for path in ("/console", "/console/assets/index-3f2a.js", "/console/favicon.svg"):
        headers = run(built, path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert not any("unsafe" in sources for sources in policy.values())
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_page_is_read_only(built: ConsolePage) -> None:
    assert run(built, "/console", "POST").status_code == 405


def test_without_its_build_the_console_says_so(tmp_path: Path) -> None:
    answer = run(ConsolePage(tmp_path), "/console/projects/x")
    assert answer.status_code == 200
    assert "make console" in answer.text


def test_deep_links_of_a_running_emulator_answer(console: ConsoleClient) -> None:
    answer = console.send("GET", "/console/projects/rooms_1/datasets")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
