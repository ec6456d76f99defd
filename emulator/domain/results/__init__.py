"""The six result files of a training: where they lie (`keys`) and what is in them (`summary`, `snapshots`).

The manifest summary and the validation manifests come from `emulator.domain.manifest.training`.
"""

from emulator.domain.results.keys import ResultKind, result_keys
from emulator.domain.results.snapshots import (
    PredictedBox,
    classification_snapshot_line,
    detection_snapshot_line,
    training_snapshot_line,
)
from emulator.domain.results.summary import evaluation_summary

__all__ = [
    "PredictedBox",
    "ResultKind",
    "classification_snapshot_line",
    "detection_snapshot_line",
    "evaluation_summary",
    "result_keys",
    "training_snapshot_line",
]
