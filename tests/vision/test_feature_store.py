"""Features in a file: what was written is taken up again, what is damaged is not."""

import os
from pathlib import Path

import numpy as np
import pytest

from emulator.vision import feature_store
from emulator.vision.feature_store import FeatureStore, store_path

ROWS = np.arange(10 * 3).reshape(10, 3).astype(np.float16)
BYTES_OF_A_BLOCK = 4 * 3 * 2 + 4


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "BLOCK_ROWS", 4)


def fill(store: FeatureStore, blocks: int) -> None:
    while store.blocks < blocks:
        store.append(ROWS[store.rows_of(store.blocks)])


def content(store: FeatureStore) -> np.ndarray:
    return np.concatenate([store.block(number) for number in range(store.blocks)])


def test_a_store_without_a_path_keeps_what_it_is_given() -> None:
    with FeatureStore(None, 10, 3) as store:
        fill(store, 3)
        np.testing.assert_array_equal(content(store), ROWS)
        assert store.rows_of(2) == slice(8, 10)


@pytest.mark.parametrize("blocks", [0, 1, 2, 3])
def test_a_store_is_taken_up_where_it_ends(tmp_path: Path, blocks: int) -> None:
    path = store_path(tmp_path, "one")
    with FeatureStore(path, 10, 3) as store:
        fill(store, blocks)
    with FeatureStore(path, 10, 3) as store:
        assert store.blocks == blocks
        fill(store, 3)
        np.testing.assert_array_equal(content(store), ROWS)
        store.remove()
    assert not path.exists()


@pytest.mark.parametrize("place", [3, BYTES_OF_A_BLOCK - 1, BYTES_OF_A_BLOCK + 5, 2 * BYTES_OF_A_BLOCK + 2])
@pytest.mark.parametrize("cut", [True, False])
def test_what_is_damaged_is_written_again(tmp_path: Path, place: int, cut: bool) -> None:
    path = store_path(tmp_path, "one")
    with FeatureStore(path, 10, 3) as store:
        fill(store, 3)
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 0x55
    path.write_bytes(damaged[:place] if cut else damaged)
    with FeatureStore(path, 10, 3) as store:
        assert store.blocks == place // BYTES_OF_A_BLOCK
        fill(store, 3)
        np.testing.assert_array_equal(content(store), ROWS)


def test_only_the_latest_files_of_trainings_that_did_not_end_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "older", "oldest")):
        with FeatureStore(store_path(tmp_path, name), 10, 3):
            os.utime(store_path(tmp_path, name), (1e9 - age, 1e9 - age))
    with FeatureStore(store_path(tmp_path, "now"), 10, 3):
        assert {path.stem for path in store_path(tmp_path, "now").parent.iterdir()} == {"now", "new"}
