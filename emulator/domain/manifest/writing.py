"""Making the lines of manifests (F-3, F-5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from emulator.domain.manifest.attributes import IMAGE_CLASSIFICATION, METADATA_SUFFIX, OBJECT_DETECTION
from emulator.domain.manifest.findings import Box

Line = dict[str, object]


def now() -> str:
    """The creation date of a label made now: UTC with microseconds (CS-4)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def image_level_pair(attribute: str, label: str, value: int, job: str, created: str) -> Line:
    """An image-level attribute and its metadata (F-3)."""
    return {
        attribute: value,
        attribute + METADATA_SUFFIX: {
            "confidence": 1,
            "job-name": job,
            "class-name": label,
            "human-annotated": "yes",
            "creation-date": created,
            "type": IMAGE_CLASSIFICATION,
        },
    }


def box_pair(attribute: str, boxes: Sequence[Box], size: tuple[int, int], job: str, created: str) -> Line:
    """A box attribute and its metadata (F-5); `size` is (width, height) of the picture in pixels."""
    labels = sorted({box.label for box in boxes})
    annotations = [
        {
            "class_id": labels.index(box.label),
            "left": box.left,
            "top": box.top,
            "width": box.width,
            "height": box.height,
        }
        for box in boxes
    ]
    return {
        attribute: {
            "image_size": [{"width": size[0], "height": size[1], "depth": 3}],
            "annotations": annotations,
        },
        attribute + METADATA_SUFFIX: {
            "objects": [{"confidence": 1} for _ in boxes],
            "class-map": {str(number): label for number, label in enumerate(labels)},
            "type": OBJECT_DETECTION,
            "human-annotated": "yes",
            "creation-date": created,
            "job-name": job,
        },
    }


def line_bytes(line: Line) -> bytes:
    """The line as it stands in a file, with its line feed."""
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
