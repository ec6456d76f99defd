"""Lines with boxes, made from what other formats say of an image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.domain.manifest.attributes import METADATA_SUFFIX, OBJECT_DETECTION
from emulator.domain.manifest.writing import Line, now

ATTRIBUTE = "bounding-box"


class LabelledBox(NamedTuple):
    """A box in pixels from the top left."""

    label: str
    left: float
    top: float
    width: float
    height: float


@dataclass(slots=True)
class BoxLines:
    """Makes the lines of one manifest: every label keeps its class id from line to line. `labels` counts boxes."""

    job: str
    labels: Counter[str] = field(default_factory=Counter)
    _ids: dict[str, int] = field(default_factory=dict)
    _created: str = field(default_factory=now)

    def line(self, source_ref: str, width: float, height: float, boxes: list[LabelledBox]) -> Line:
        """The line of an image of this size in pixels."""
        self.labels.update(box.label for box in boxes)
        ids = [self._ids.setdefault(box.label, len(self._ids)) for box in boxes]
        return {
            "source-ref": source_ref,
            ATTRIBUTE: {
                "image_size": [{"width": width, "height": height, "depth": 3}],
                "annotations": [
                    {
                        "class_id": number,
                        "left": _plain(box.left),
                        "top": _plain(box.top),
                        "width": _plain(box.width),
                        "height": _plain(box.height),
                    }
                    for number, box in zip(ids, boxes, strict=True)
                ],
            },
            ATTRIBUTE + METADATA_SUFFIX: {
                "objects": [{"confidence": 1} for _ in boxes],
                "class-map": {str(number): box.label for number, box in zip(ids, boxes, strict=True)},
                "type": OBJECT_DETECTION,
                "human-annotated": "yes",
                "creation-date": self._created,
                "job-name": self.job,
            },
        }


def _plain(value: float) -> float:
    """A whole number without a point, others to a thousandth of a pixel."""
    return int(value) if value == int(value) else round(value, 3)
