"""What is kept between runs: one training for runs at the same time, also where the first of them dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.testing.keeping import Keeper
from emulator.testing.locking import held
from support.command_line import command_environment

DIES_WHILE_TRAINING = """
import os, signal, sys
from pathlib import Path
from emulator.testing.keeping import Keeper

def train(archive):
    archive.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

Path("first").mkdir()
Keeper(Path("first"), Path("kept")).archive("pictures", train)
"""


def keeper(folder: Path, run: str) -> Keeper:
    (folder / run).mkdir()
    return Keeper(folder / run, folder / "kept")


def test_a_second_run_waits_for_the_training_of_the_first(tmp_path: Path) -> None:
    begun, may_end, asked = threading.Event(), threading.Event(), threading.Event()

    def train(archive: Path) -> None:
        begun.set()
        assert may_end.wait(60)
        archive.write_bytes(b"the first one's")

    def never(_archive: Path) -> None:
        raise AssertionError("the second run trained as well")

    def second() -> Path:
        asked.set()
        return keeper(tmp_path, "second").archive("pictures", never)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(keeper(tmp_path, "first").archive, "pictures", train)
        assert begun.wait(60)
        waiting = pool.submit(second)
        assert asked.wait(60) and not waiting.done()
        may_end.set()
        assert first.result(60) == waiting.result(60)
    assert waiting.result().read_bytes() == b"the first one's"
    assert list((tmp_path / "kept").iterdir()) == [first.result()], "nothing but the archive stays there"


def test_a_run_that_dies_lets_the_next_one_train(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DIES_WHILE_TRAINING], cwd=tmp_path, env=command_environment(), check=False
    )
    assert ended.returncode == -signal.SIGKILL
    [lock] = (tmp_path / "kept").iterdir()
    assert lock.suffix == ".lock"

    def train(archive: Path) -> None:
        archive.write_bytes(b"whole")

    archive = keeper(tmp_path, "second").archive("pictures", train)
    assert archive.read_bytes() == b"whole"
    assert list((tmp_path / "kept").iterdir()) == [archive]


def test_whoever_waits_too_long_is_told(tmp_path: Path) -> None:
    with held(tmp_path / "lock", 1), pytest.raises(TimeoutError, match="has held"), held(tmp_path / "lock", 0):
        pass
    assert list(tmp_path.iterdir()) == []
