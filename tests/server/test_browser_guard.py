"""Which pages a browser may send requests from, and under which names (O-38)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from support.calls import BUCKET, put_object
from support.in_process import ACCOUNT, REGION, InProcessEmulator

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0"
PAGE = "https://page.example"
CORS = (
    f"<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>{PAGE}</AllowedOrigin>"
    "</CORSRule></CORSConfiguration>"
)


def signed(service: str) -> dict[str, str]:
    credential = f"{ACCOUNT}/20200101/{REGION}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"}


def ask_rekognition(client: httpx.AsyncClient, **headers: str) -> object:
    named = {"X-Amz-Target": "RekognitionService.DescribeProjects", "Content-Type": "application/x-amz-json-1.1"}
    return client.post("/", content="{}", headers=named | signed("rekognition") | headers)


def status(directory: Path, headers: dict[str, str], path: str = "", **settings: str) -> int:
    """The status of a call with these headers: of Rekognition's edge, or a GET of a path."""

    async def asked() -> int:
        async with InProcessEmulator(directory, **settings) as emulator:
            if path:
                answer = await emulator.http.get(path, headers=headers)
            else:
                answer = await ask_rekognition(emulator.http, **headers)  # type: ignore[misc]
        assert answer.status_code in (200, 400, 403), answer.text
        return int(answer.status_code)

    return asyncio.run(asked())


def test_a_page_that_names_another_user_agent_is_still_a_browser(tmp_path: Path) -> None:
    """Firefox lets a page set it in reads of its own host, which DNS may have pointed here, and sends no Origin."""
    program = {"User-Agent": "a program", "Host": "evil.example:4598"}
    assert status(tmp_path / "1", program | {"Accept-Language": "*"}, "/_emulator/metrics") == 403
    assert status(tmp_path / "2", program, "/_emulator/metrics") == 200


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("127.0.0.1:4598", None, 200),
        ("[::1]:4598", None, 200),
        ("localhost:4598", "http://localhost:3000", 200),
        ("photos.localhost:4598", "http://127.0.0.1:3000", 200),
        ("custom-labels:4598", "http://application", 200),
        ("emulator.internal:4598", None, 200),
        ("photos.emulator.internal", None, 200),
        ("labels.example", None, 200),
        ("labels.example", "http://labels.example", 200),
        ("localhost:4598", "https://app.example", 200),
        ("evil.example:4598", None, 403),
        ("evil.example:4598", "http://evil.example:4598", 403),
        ("notemulator.internal.evil.example", None, 403),
        ("localhost:4598", PAGE, 403),
        ("localhost:4598", "null", 403),
        ("localhost:4598", "https://app.example.evil.example", 403),
        ("localhost:4598", "http://[x", 403),
        ("[::1", None, 403),
        ("localhost:x", None, 403),
        ("", None, 403),
    ],
)
def test_what_a_browser_sends(tmp_path: Path, host: str, origin: str | None, expected: int) -> None:
    headers = {"Host": host, "User-Agent": BROWSER} | ({} if origin is None else {"Origin": origin})
    settings = {
        "virtual_host_domain": "emulator.internal",
        "hosts": "labels.example,other.example",
        "cors_origins": "https://app.example",
    }
    assert status(tmp_path, headers, **settings) == expected


def test_programs_may_use_any_name(tmp_path: Path) -> None:
    assert status(tmp_path, {"Host": "emulator.example", "User-Agent": "Boto3/1.40"}) == 200


@pytest.mark.parametrize(
    ("host", "origin"), [("[::1", None), ("localhost", "http://[x"), ("localhost", "null"), ("evil.example", None)]
)
@pytest.mark.parametrize("path", ["/_emulator/clock", "/console/api/about", "/", f"/{BUCKET}"])
def test_no_part_answers_what_is_foreign(tmp_path: Path, path: str, host: str, origin: str | None) -> None:
    headers = {"Host": host, "User-Agent": BROWSER} | ({} if origin is None else {"Origin": origin})
    assert status(tmp_path, headers, path) == 403


def test_two_hosts_are_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path) as emulator:
            answer = await emulator.http.get("/_emulator/health", headers=[("Host", "localhost"), ("Host", "other")])
            assert answer.status_code == 400

    asyncio.run(story())


def test_a_bucket_lets_pages_in_by_its_rules(tmp_path: Path) -> None:
    """A page of another site writes nothing by a simple request, and reads what the bucket's rules let it read."""

    async def story() -> None:
        async with InProcessEmulator(tmp_path) as emulator:
            await put_object(emulator, "key", b"body")
            s3 = signed("s3")
            put = await emulator.http.put(f"/{BUCKET}?cors", content=CORS, headers=s3)
            assert put.status_code == 200
            browser = {"User-Agent": BROWSER, "Origin": PAGE}
            read = await emulator.http.get(f"/{BUCKET}/key", headers=browser | s3)
            assert (read.content, read.headers["access-control-allow-origin"]) == (b"body", PAGE)
            for origin, method in ((PAGE, "PUT"), (PAGE, "DELETE"), ("https://other.example", "GET"), ("null", "POST")):
                refused = await emulator.http.request(
                    method, f"/{BUCKET}/key", headers=browser | s3 | {"Origin": origin}
                )
                assert refused.status_code == 403 and b"CORSForbidden" in refused.content
            local = await emulator.http.put(
                f"/{BUCKET}/key", content=b"new", headers=browser | s3 | {"Origin": "http://localhost:3000"}
            )
            assert local.status_code == 200

    asyncio.run(story())
