"""Documents and bodies that are made to take long, and what DeleteObjects asks for."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.s3.errors import S3Error
from emulator.s3.files import BlobFiles
from emulator.s3.http import body as bodies
from emulator.s3.http import xml_reading
from emulator.s3.http.body import Body, MemoryBudget, receive_body
from support.calls import BUCKET, put_object
from support.in_process import ACCOUNT, REGION, InProcessEmulator

CREDENTIAL = f"{ACCOUNT}/20200101/{REGION}/s3/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature=00"}


@pytest.mark.parametrize(
    "document", [b"<a>" * 400_000, b"<a>" * 33 + b"</a>" * 33, b"<a>" + b"<b/>" * 100_001 + b"</a>"]
)
def test_deep_and_endless_documents_are_malformed(document: bytes) -> None:
    with pytest.raises(S3Error) as caught:
        xml_reading.parse(document)
    assert caught.value.code == "MalformedXML"


def test_large_documents_of_s3_are_read() -> None:
    part = b"<Part><PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>c</ChecksumCRC32></Part>"
    root = xml_reading.parse(b'<C xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' + part * 10_000 + b"</C>", "C")
    assert len(root.findall("Part")) == 10_000


@pytest.mark.parametrize("document", [b"", b" ", b"<a>", b"<a/><b/>", b"<a></b>", b"\xff<a/>"])
def test_documents_that_are_not_well_formed(document: bytes) -> None:
    with pytest.raises(S3Error):
        xml_reading.parse(document)


def test_many_small_chunks_are_decoded_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop's thread decodes no message that has more lines than it may."""
    import threading

    decoded_in: list[str] = []
    feed = Body.feed

    def noting(self: Body, data: bytes) -> bool:
        decoded_in.append(threading.current_thread().name)
        return feed(self, data)

    monkeypatch.setattr(Body, "feed", noting)
    files = BlobFiles(tmp_path)
    files.create()
    messages = [b"1\r\na\r\n" * 1000, b"0\r\n\r\n"]

    async def receive() -> dict[str, object]:
        piece = messages.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(messages)}

    async def story() -> Body:
        headers = {"content-encoding": "aws-chunked"}
        body = Body(files, MemoryBudget(), headers)
        with ThreadPoolExecutor(1, thread_name_prefix="s3") as executor:
            await receive_body(body, receive, executor)
        body.finish()
        return body

    body = asyncio.run(story())
    assert body.read() == b"a" * 1000
    assert decoded_in[0].startswith("s3") and decoded_in[1] == threading.main_thread().name
    assert bodies._LINES_ON_THE_LOOP < 1000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Content-MD5": "kL8UMO2pbbaMj8gWgKbUQw=="}, 400),
        ({"x-amz-sdk-checksum-algorithm": "CRC32"}, 200),
    ],
)
def test_delete_objects_asks_for_a_checksum(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path) as emulator:
            await put_object(emulator, "key", b"body")
            body = b"<Delete><Object><Key>key</Key></Object></Delete>"
            answer = await emulator.http.post(f"/{BUCKET}?delete", content=body, headers=SIGNED | headers)
            assert answer.status_code == status, answer.text
            left = await emulator.http.get(f"/{BUCKET}/key", headers=SIGNED)
            assert left.status_code == (404 if status == 200 else 200)

    asyncio.run(story())
