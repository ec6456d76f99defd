"""Checkpoints survive what a stopped process can do to them."""

import os
from pathlib import Path

import numpy as np
import pytest

from emulator.vision.checkpoint import KEPT_CHECKPOINTS, Checkpoint


def test_a_saved_state_comes_back(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "cache", "training")
    assert checkpoint.load() is None
    checkpoint.save({"step": np.array(7), "store/value/a.weight": np.arange(6.0).reshape(2, 3)})
    state = checkpoint.load()
    assert state is not None
    assert int(state["step"]) == 7
    assert state["store/value/a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["training.checkpoint.npz"]


def test_a_later_state_replaces_the_earlier_one(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "training")
    for step in (1, 2):
        checkpoint.save({"step": np.array(step)})
    state = checkpoint.load()
    assert state is not None
    assert int(state["step"]) == 2
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.load() is None


def test_abandoned_checkpoints_do_not_pile_up(tmp_path: Path) -> None:
    for number in range(KEPT_CHECKPOINTS + 3):
        checkpoint = Checkpoint(tmp_path, f"training {number}")
        checkpoint.save({"step": np.array(number)})
        os.utime(checkpoint.path, (number, number))
    Checkpoint(tmp_path, "latest").save({"step": np.array(0)})
    names = {path.name.removesuffix(".checkpoint.npz") for path in tmp_path.iterdir()}
    assert names == {"latest", *(f"training {number}" for number in range(4, KEPT_CHECKPOINTS + 3))}


def test_a_folder_that_cannot_be_written_does_not_stop_a_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    Checkpoint(tmp_path / "file" / "folder", "training").save({"step": np.array(1)})
    assert "could not be written" in caplog.text


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 cut off"])
def test_a_damaged_file_counts_as_none(content: bytes, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "training")
    checkpoint.path.write_bytes(content)
    assert checkpoint.load() is None


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "training")
    np.savez(checkpoint.path, step=np.array([{"an": "object"}], dtype=object))
    assert checkpoint.load() is None
