"""A data directory that is not whole: one line and exit 1, and nothing of it is deleted (O-3)."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.s3.swept import KEPT_SECONDS
from emulator.s3.vault import MissingIndexError
from support.calls import create_project, put_object, store
from support.in_process import InProcessEmulator
from support.server import PROJECT_ROOT, environment_without_settings


def filled(directory: Path) -> Path:
    """A data directory with a project, a model and an object."""

    async def story() -> None:
        async with InProcessEmulator(directory) as emulator:
            store(emulator, await create_project(emulator))
            await put_object(emulator, "key", b"the bytes")

    asyncio.run(story())
    return directory


async def started_and_stopped(directory: Path) -> None:
    async with InProcessEmulator(directory):
        pass


def files(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def serve(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "emulator", "serve", "--port", "0", "--data-dir", str(directory)],
        cwd=PROJECT_ROOT,
        env=environment_without_settings(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("database", ["state.sqlite", "objects/objects.sqlite3"])
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_database_that_is_missing_while_its_files_are_there(tmp_path: Path, database: str, is_empty: bool) -> None:
    directory = filled(tmp_path / "data")
    for path in (directory / database).parent.glob(f"{Path(database).name}*"):
        path.unlink()
    if is_empty:
        (directory / database).touch()
    before = files(directory)
    with pytest.raises(MissingIndexError, match=Path(database).name):
        InProcessEmulator(directory).app.lifecycle.prepare()
    assert files(directory) == before


def test_it_is_one_line_on_the_command_line(tmp_path: Path) -> None:
    directory = filled(tmp_path / "data")
    (directory / "state.sqlite").unlink()
    ended = serve(directory)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1 and "state.sqlite is missing or empty" in ended.stderr


def test_an_index_with_altered_bytes_is_one_line(tmp_path: Path) -> None:
    """Whatever the bytes: it starts, or says in one line why not."""
    directory = filled(tmp_path / "data")
    moments = random.Random(1)
    for number in range(4):
        damaged = tmp_path / str(number)
        shutil.copytree(directory, damaged)
        path = damaged / ["objects/objects.sqlite3", "state.sqlite"][number % 2]
        content = bytearray(path.read_bytes())
        for _ in range(2000):
            content[moments.randrange(100, len(content))] = moments.randrange(256)
        path.write_bytes(content)
        ended = serve(damaged)
        assert ended.returncode == 1 and "Traceback" not in ended.stderr
        assert ended.stderr.splitlines()[-1].startswith("custom-labels: ")


def test_what_a_start_sweeps_is_kept_for_a_day(tmp_path: Path) -> None:
    """An index restored from an old copy does not know the files of today."""
    directory = filled(tmp_path / "data")
    model, blob = directory / "models" / "unknown.onnx", directory / "objects" / "blobs" / "ab" / ("ab" * 16)
    blob.parent.mkdir(exist_ok=True)
    for path in (model, blob):
        path.write_bytes(b"precious")
    old = directory / "swept" / str(int(time.time()) - KEPT_SECONDS - 10)
    old.mkdir(parents=True)
    asyncio.run(started_and_stopped(directory))
    assert not model.exists() and not blob.exists() and not old.exists()
    [kept_model] = (directory / "swept").rglob("unknown.onnx")
    [kept_blob] = (directory / "objects" / "swept").rglob("ab*")
    assert kept_model.read_bytes() == kept_blob.read_bytes() == b"precious"
