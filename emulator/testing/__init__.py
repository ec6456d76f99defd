"""Custom Labels for the tests of an application: a pytest plugin, and the same as a context manager for unittest.

    from emulator.testing import running_emulator, trained_model

    with running_emulator() as custom_labels:
        model = trained_model(custom_labels, "tests/photographs")

The names are imported with their first use: pytest imports this package in every run.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.testing.client import CustomLabels, running_emulator
    from emulator.testing.models import TrainedModel, trained_model
    from emulator.testing.pictures import ModelForTestsError

_HOMES = {
    "CustomLabels": "client",
    "running_emulator": "client",
    "TrainedModel": "models",
    "trained_model": "models",
    "ModelForTestsError": "pictures",
}
__all__ = ["CustomLabels", "ModelForTestsError", "TrainedModel", "running_emulator", "trained_model"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
