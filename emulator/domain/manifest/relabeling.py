"""Renaming labels in a line of a dataset, and taking them out of it (L-2, L-3)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from emulator.domain.json_values import JsonObject, JsonValue
from emulator.domain.manifest.attributes import IMAGE_CLASSIFICATION, METADATA_SUFFIX, OBJECT_DETECTION
from emulator.domain.manifest.dataset import original_line
from emulator.domain.manifest.decoding import encode_document

_JOB_PREFIX = "labeling-job/"


def relabeled_line(entry_line: str, rename: Mapping[str, str], remove: Collection[str]) -> str:
    """An entry's line, without what the service added to it, with labels renamed and others gone.

    An image-level attribute goes with its label; of a box attribute its boxes, with their items of `objects` and their
    entry of `class-map`. What cannot be read as a label stays as it is.
    """
    document: JsonObject = json.loads(original_line(entry_line))
    for name in list(document):
        metadata = document.get(name + METADATA_SUFFIX)
        if not isinstance(metadata, dict):
            continue
        if metadata.get("type") == IMAGE_CLASSIFICATION:
            _relabel_image(document, name, metadata, rename, remove)
        elif metadata.get("type") == OBJECT_DETECTION and isinstance(metadata.get("class-map"), dict):
            _relabel_boxes(document[name], metadata, rename, remove)
    return encode_document(document)


def _relabel_image(
    document: JsonObject, name: str, metadata: JsonObject, rename: Mapping[str, str], remove: Collection[str]
) -> None:
    label = metadata.get("class-name")
    if not isinstance(label, str):
        return
    if label in remove:
        del document[name], document[name + METADATA_SUFFIX]
    elif label in rename:
        metadata["class-name"] = rename[label]
        # The console names the job after the label (F-3); any other job keeps its name.
        if metadata.get("job-name") == _JOB_PREFIX + label:
            metadata["job-name"] = _JOB_PREFIX + rename[label]


def _relabel_boxes(value: JsonValue, metadata: JsonObject, rename: Mapping[str, str], remove: Collection[str]) -> None:
    class_map = metadata["class-map"]
    gone = {key for key, label in class_map.items() if isinstance(label, str) and label in remove}
    metadata["class-map"] = {
        key: rename.get(label, label) if isinstance(label, str) else label
        for key, label in class_map.items()
        if key not in gone
    }
    annotations = value.get("annotations") if isinstance(value, dict) else None
    if not gone or not isinstance(annotations, list):
        return
    stays = [not (isinstance(item, dict) and str(item.get("class_id")) in gone) for item in annotations]
    value["annotations"] = [item for item, stay in zip(annotations, stays, strict=True) if stay]
    objects = metadata.get("objects")
    if isinstance(objects, list):
        stays += [True] * (len(objects) - len(stays))
        metadata["objects"] = [item for item, stay in zip(objects, stays, strict=False) if stay]
