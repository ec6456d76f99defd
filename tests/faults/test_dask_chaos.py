"""A short run of kills around a Dask cluster. `make chaos TRAININGS=dask` runs it for long."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.faults.dask_chaos import DaskChaos

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are needed"),
]


def test_every_training_ends_with_the_bytes_that_it_has_without_kills(tmp_path: Path) -> None:
    result = DaskChaos(tmp_path, seed=5).run(kills=3)
    assert result.wrong == []
    assert sum(result.kills.values()) == 3 and sum(result.trainings.values()) >= 2
