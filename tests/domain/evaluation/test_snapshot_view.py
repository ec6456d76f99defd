"""What is shown of a snapshot's line is what the evaluation said (C-20)."""

from __future__ import annotations

import json
from typing import Any

from emulator.domain.evaluation.snapshot_view import Result, SnapshotView, Truth, view_line
from emulator.domain.manifest.findings import Box, ImageSize


def details(**flags: bool) -> dict[str, Any]:
    names = ("true-positive", "true-negative", "false-positive", "false-negative")
    given = {f"is-{name}": flags.get(name.replace("-", "_"), False) for name in names}
    return {"rekognition-custom-labels-evaluation-details": {"version": 1, **given}}


def image_level(label: str, confidence: float, **flags: bool) -> dict[str, Any]:
    found = {"type": "groundtruth/image-classification", "class-name": label, "confidence": confidence}
    return found | (details(**flags) if flags else {})


def boxes(kind: str, *found: tuple[Box, float, dict[str, bool]]) -> dict[str, Any]:
    labels = sorted({box.label for box, _, _ in found})
    name = f"rekognition-custom-labels-{kind}"
    return {
        name: {
            "image_size": [{"width": 200, "height": 100, "depth": 3}],
            "annotations": [
                {"class_id": labels.index(b.label), "left": b.left, "top": b.top, "width": b.width, "height": b.height}
                for b, _, _ in found
            ],
        },
        f"{name}-metadata": {
            "type": "groundtruth/object-detection",
            "class-map": {str(number): label for number, label in enumerate(labels)},
            "objects": [
                {"confidence": confidence, **(details(**flags) if flags else {})} for _, confidence, flags in found
            ],
        },
    }


def view(**document: Any) -> SnapshotView:
    return view_line(json.dumps({"source-ref": "s3://b/a.png", **document}).encode())


def test_the_guides_picture_of_a_wrong_answer() -> None:
    """`front_yard (False positive) 30.3%, backyard (False negative)`: nothing was told of backyard."""
    shown = view(
        **{
            "rekognition-custom-labels-training-0": 1,
            "rekognition-custom-labels-training-0-metadata": image_level("backyard", 1.0),
            "rekognition-custom-labels-evaluation-0": 1,
            "rekognition-custom-labels-evaluation-0-metadata": image_level("front_yard", 0.303, false_positive=True),
        }
    )
    assert [(one.label, one.result, one.confidence) for one in shown.results] == [
        ("front_yard", Result.FALSE_POSITIVE, 0.303),
        ("backyard", Result.FALSE_NEGATIVE, None),
    ]
    assert shown.truth == [Truth("backyard", None)]


def test_true_negatives_are_not_shown() -> None:
    shown = view(
        **{
            "rekognition-custom-labels-training-0": 1,
            "rekognition-custom-labels-training-0-metadata": image_level("a", 1.0),
            "rekognition-custom-labels-evaluation-0": 1,
            "rekognition-custom-labels-evaluation-0-metadata": image_level("a", 0.9, true_positive=True),
            "rekognition-custom-labels-evaluation-1": 1,
            "rekognition-custom-labels-evaluation-1-metadata": image_level("b", 0.1, true_negative=True),
        }
    )
    assert [(one.label, one.result) for one in shown.results] == [("a", Result.TRUE_POSITIVE)]


def test_boxes_of_truth_and_answers() -> None:
    found, missed, wrong = Box("led", 1, 2, 30, 40), Box("pot", 50, 2, 30, 40), Box("led", 100, 2, 30, 40)
    shown = view(
        **boxes("training-0", (found, 1.0, {}), (missed, 1.0, {})),
        **boxes(
            "evaluation",
            (found, 0.8, {"true_positive": True}),
            (missed, 0.0, {"false_negative": True}),
            (wrong, 0.6, {"false_positive": True}),
        ),
    )
    assert shown.image_size == ImageSize(200, 100)
    assert [(one.label, one.result, one.confidence, one.box) for one in shown.results] == [
        ("led", Result.TRUE_POSITIVE, 0.8, found),
        ("pot", Result.FALSE_NEGATIVE, None, missed),
        ("led", Result.FALSE_POSITIVE, 0.6, wrong),
    ]
    assert shown.truth == [Truth("led", found), Truth("pot", missed)]


def test_a_training_snapshot_has_truth_alone() -> None:
    shown = view(**boxes("training-0", (Box("led", 1, 2, 30, 40), 1.0, {})))
    assert (shown.results, len(shown.truth)) == ([], 1)
