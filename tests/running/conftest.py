"""One emulator with inference units in force, and a trained model on it, for all tests of running models."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from support.running import RunningLab
from support.server import EmulatorProcess


@pytest.fixture(scope="session")
def trained_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Trained once for each worker."""
    directory = tmp_path_factory.mktemp("running") / "data"
    with EmulatorProcess(
        directory, {"CUSTOM_LABELS_TPS_PER_UNIT": "5", "CUSTOM_LABELS_TRAINING_EFFORT": "fast"}
    ) as emulator:
        yield RunningLab.create(emulator, str(secrets.randbelow(9 * 10**11) + 10**11))


@pytest.fixture
def lab(trained_lab: RunningLab) -> Iterator[RunningLab]:
    """The lab with all knobs as after the start."""
    trained_lab.restore_knobs()
    yield trained_lab
    trained_lab.restore_knobs()
