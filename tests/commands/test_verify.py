"""Altered bytes are noticed: by readers of an object, and by `custom-labels verify`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from support.calls import BUCKET, create_project, put_object, store
from support.in_process import ACCOUNT, REGION, InProcessEmulator
from support.server import PROJECT_ROOT

CREDENTIAL = f"{ACCOUNT}/20200101/{REGION}/s3/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature=00"}
SMALL, LARGE = b"small " * 10, b"large " * 500_000


def verify(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", "verify", str(directory)]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=180, check=False)


def blob_with(directory: Path, content: bytes) -> Path:
    [found] = [
        path
        for path in (directory / "objects" / "blobs").rglob("*")
        if path.is_file() and path.read_bytes()[:6] == content[:6]
    ]
    return found


async def filled(emulator: InProcessEmulator) -> None:
    await put_object(emulator, "small", SMALL)
    await put_object(emulator, "large", LARGE)


def test_readers_of_altered_bytes_get_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path) as emulator:
            await filled(emulator)
            for content in (SMALL, LARGE):
                path = blob_with(tmp_path, content)
                path.write_bytes(content[:-1] + b"?")
            small = await emulator.http.get(f"/{BUCKET}/small", headers=SIGNED)
            assert (small.status_code, b"InternalError" in small.content) == (500, True)
            with pytest.raises(AssertionError):  # httpx's transport: the answer is not complete
                await emulator.http.get(f"/{BUCKET}/large", headers=SIGNED)
            part = await emulator.http.get(f"/{BUCKET}/large", headers=SIGNED | {"Range": "bytes=0-9"})
            assert part.content == LARGE[:10], "what is not read whole is not compared"

    asyncio.run(story())
    assert caplog.text.count("has other bytes than were stored") == 2


def test_verify_names_what_is_not_as_it_was_stored(tmp_path: Path) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path) as emulator:
            await filled(emulator)
            store(emulator, await create_project(emulator))

    asyncio.run(story())
    ended = verify(tmp_path)
    assert ended.returncode == 1 and "first.stored.onnx is not a model of this emulator" in ended.stdout
    blob_with(tmp_path, SMALL).write_bytes(b"small?" * 10)
    blob_with(tmp_path, LARGE).unlink()
    (tmp_path / "models" / "first.stored.onnx").unlink()
    ended = verify(tmp_path)
    assert ended.returncode == 1 and "3 problems" in ended.stdout
    for expected in (
        f"{BUCKET}/small: the file",
        "has other bytes than were stored",
        f"{BUCKET}/large: the file",
        "the model file first.stored.onnx is missing",
    ):
        assert expected in ended.stdout


def test_verify_of_a_whole_directory_and_of_another_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            await filled(emulator)

    asyncio.run(story())
    ended = verify(tmp_path / "data")
    assert (ended.returncode, ended.stdout) == (0, "Looked at 0 models and 2 files of objects: no problems.\n")
    ended = verify(tmp_path)
    assert ended.returncode == 1 and "is not a data directory" in ended.stderr
