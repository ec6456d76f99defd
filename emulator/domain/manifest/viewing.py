"""What an entry of a dataset shows: its labels, boxes and errors, read from the line as it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.annotating import CL_METADATA, DATASET_KEYS
from emulator.domain.manifest.attributes import METADATA_SUFFIX, OBJECT_DETECTION, LabelAttribute, read_attribute
from emulator.domain.manifest.findings import Box, ImageSize

_CL_ERRORS = DATASET_KEYS[0]


class ShownError(NamedTuple):
    """An error of a line (J-24): about the whole line, one label attribute, or one annotation of it (from 0)."""

    code: str
    message: str
    attribute: str | None = None
    annotation: int | None = None


@dataclass(slots=True)
class EntryView:
    """One entry. Boxes with errors are among `boxes`, in pixels of the frame of their own attribute."""

    image_labels: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    image_size: ImageSize | None = None
    errors: list[ShownError] = field(default_factory=list)


def view_entry(line: str) -> EntryView:
    """What a stored line shows. Attributes whose format is wrong show their errors alone."""
    document: JsonObject = json.loads(line)
    view = EntryView(errors=list(_errors(document)))
    for name, metadata in document.items():
        if name.endswith(METADATA_SUFFIX) and isinstance(metadata, dict) and name != CL_METADATA:
            _add_attribute(view, name.removesuffix(METADATA_SUFFIX), document, metadata)
    return view


def _add_attribute(view: EntryView, name: str, document: JsonObject, metadata: JsonObject) -> None:
    value = document.get(name)
    view.errors += _errors_of_attribute(name, value, metadata)
    attribute = read_attribute(name, value, metadata)
    if not isinstance(attribute, LabelAttribute):
        return
    if attribute.kind != OBJECT_DETECTION:
        view.image_labels += [label for label in attribute.class_names if label not in view.image_labels]
        return
    view.image_size = view.image_size or attribute.image_size
    for label, annotation in zip(attribute.class_names, attribute.annotations, strict=True):
        place = (float(annotation[side]) for side in ("left", "top", "width", "height"))
        view.boxes.append(Box(label, *place))


def _errors(holder: object, attribute: str | None = None, annotation: int | None = None) -> Iterator[ShownError]:
    items = holder.get(_CL_ERRORS) if isinstance(holder, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield ShownError(str(item.get("code", "")), str(item.get("message", "")), attribute, annotation)


def _errors_of_attribute(name: str, value: object, metadata: object) -> Iterator[ShownError]:
    yield from _errors(metadata, name)
    yield from _errors(value, name)
    annotations = value.get("annotations") if isinstance(value, dict) else None
    for number, annotation in enumerate(annotations if isinstance(annotations, list) else ()):
        yield from _errors(annotation, name, number)
