"""All that this application's tests need: a plant with a trained model, from a folder of photographs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.testing import TrainedModel


@pytest.fixture
def plant(trained_model: Callable[..., TrainedModel]) -> TrainedModel:
    """The project `plant`, its bucket and its trained version."""
    return trained_model(Path(os.environ["PHOTOGRAPHS"]), name="plant")
