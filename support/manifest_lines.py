"""Short lines for tests that need a dataset and do not care about its content."""

from __future__ import annotations

import json
from typing import Any


def line(name: str, *labels: str, bucket: str = "pictures") -> str:
    """A good line about the image `name`.jpg, with an attribute for each label."""
    entry: dict[str, Any] = {"source-ref": f"s3://{bucket}/{name}.jpg"}
    for number, label in enumerate(labels):
        entry[f"l{number}"] = 1
        entry[f"l{number}-metadata"] = {
            "confidence": 1,
            "class-name": label,
            "human-annotated": "yes",
            "creation-date": "2020-03-06T17:46:39.176",
            "type": "groundtruth/image-classification",
        }
    return json.dumps(entry)


def manifest(*lines: str) -> bytes:
    """The lines as the bytes of a file."""
    return "".join(f"{text}\n" for text in lines).encode()
