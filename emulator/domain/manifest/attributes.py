"""The format of one label attribute and its metadata (F-3, F-5): the checks of the group J-23, and the values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeGuard

from emulator.domain.json_values import JsonObject, JsonValue
from emulator.domain.manifest.findings import Finding, ImageSize, Place
from emulator.domain.manifest.rules.line_rules import (
    INVALID_LABEL_ATTRIBUTE_FORMAT,
    INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT,
    MISSING_BOUNDING_BOX_CONFIDENCE,
    MISSING_CLASS_MAP_ID,
)

IMAGE_CLASSIFICATION = "groundtruth/image-classification"
OBJECT_DETECTION = "groundtruth/object-detection"
METADATA_SUFFIX = "-metadata"

_CREATION_DATE = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_CLASS_MAP_KEY = re.compile(r"[0-9]+")
_LARGEST_NUMBER = 1e12
_BOX_FIELDS = ("left", "top", "width", "height")

NO_SIZE = ImageSize(0, 0)

Fault = tuple[tuple[str | int, ...], str]
"""Path below the attribute or the metadata to the offending field, and what is wrong with it."""


@dataclass(slots=True)
class LabelAttribute:
    """One label attribute of a line.

    `kind` is its metadata's type (IMAGE_CLASSIFICATION, OBJECT_DETECTION or any other string). An image-level attribute
    has one class name; a box attribute has `class_names` and the decoded `annotations` in parallel, and a frame.
    """

    name: str
    kind: str
    human_annotated: bool = True
    creation_date: str = ""
    class_names: list[str] = field(default_factory=list)
    annotations: list[JsonObject] = field(default_factory=list)
    image_size: ImageSize = NO_SIZE
    class_map: dict[str, str] = field(default_factory=dict)


def read_attribute(name: str, value: JsonValue, metadata: JsonValue) -> LabelAttribute | list[Finding]:
    """The attribute, or what is wrong with its format (J-4, J-5, J-7, J-8).

    An attribute of an unsupported type is returned unchecked: only its kind is known (J-21 is not a matter of format).
    """
    kind = metadata.get("type") if isinstance(metadata, dict) else None
    if kind == IMAGE_CLASSIFICATION:
        faults, metadata_faults = _image_level_faults(value), _image_level_metadata_faults(metadata)
    elif kind == OBJECT_DETECTION:
        faults, metadata_faults = _box_faults(value), _box_metadata_faults(metadata)
    elif isinstance(kind, str):
        return LabelAttribute(name, kind)
    else:
        faults, metadata_faults = [], [_type_fault(metadata)]
    if faults or metadata_faults:
        return _format_findings(name, faults, metadata_faults)
    attribute = LabelAttribute(name, str(kind), metadata["human-annotated"] == "yes", metadata["creation-date"])
    if kind == IMAGE_CLASSIFICATION:
        attribute.class_names = [metadata["class-name"]]
        return attribute
    return _box_attribute(attribute, value, metadata)


def _format_findings(name: str, faults: list[Fault], metadata_faults: list[Fault]) -> list[Finding]:
    findings = []
    if faults:
        fault, detail = faults[0]
        findings.append(
            Finding(
                INVALID_LABEL_ATTRIBUTE_FORMAT, Place.ATTRIBUTE, name, None, (name, *fault), detail, message_value=name
            )
        )
    if metadata_faults:
        fault, detail = metadata_faults[0]
        path = (name + METADATA_SUFFIX, *fault)
        findings.append(Finding(INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT, Place.METADATA, name, None, path, detail))
    return findings


def _box_attribute(attribute: LabelAttribute, value: JsonValue, metadata: JsonValue) -> LabelAttribute | list[Finding]:
    annotations = value.get("annotations", [])
    findings = []
    objects = metadata["objects"]
    with_confidence = sum("confidence" in item for item in objects)
    if not len(objects) == with_confidence == len(annotations):
        path = (attribute.name + METADATA_SUFFIX, "objects")
        detail = f"{len(annotations)} annotations, but {len(objects)} objects"
        if with_confidence < len(objects):
            detail = f"{len(annotations)} annotations, {with_confidence} of {len(objects)} objects with a confidence"
        findings.append(Finding(MISSING_BOUNDING_BOX_CONFIDENCE, Place.METADATA, attribute.name, None, path, detail))
    attribute.class_map = class_map = metadata["class-map"]
    class_names = [class_map.get(str(annotation["class_id"])) for annotation in annotations]
    if None in class_names:
        index = class_names.index(None)
        fault = (attribute.name, "annotations", index, "class_id")
        detail = f"class_id {annotations[index]['class_id']} is not a key of class-map"
        findings.append(Finding(MISSING_CLASS_MAP_ID, Place.METADATA, attribute.name, None, fault, detail))
    if findings:
        return findings
    size = value["image_size"][0]
    attribute.image_size = ImageSize(size["width"], size["height"])
    attribute.annotations = annotations
    attribute.class_names = [name for name in class_names if name is not None]
    return attribute


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """A JSON number that pixels and confidences can be: no boolean, and not astronomically large."""
    return (type(value) is int or type(value) is float) and -_LARGEST_NUMBER < value < _LARGEST_NUMBER


def is_whole_number(value: JsonValue) -> TypeGuard[int | float]:
    """An integer as JSON Schema has it: 1.0 is one, true is not."""
    return is_number(value) and value == int(value)


def is_manifest_date(value: JsonValue) -> bool:
    """Whether a creation-date has the form of a manifest (F-3)."""
    return isinstance(value, str) and _CREATION_DATE.fullmatch(value) is not None


def _type_fault(metadata: JsonValue) -> Fault:
    if not isinstance(metadata, dict):
        return (), "the metadata is not an object"
    return (("type",), "type is not text") if "type" in metadata else ((), "type is missing")


def _image_level_faults(value: JsonValue) -> list[Fault]:
    return [] if isinstance(value, str) or is_whole_number(value) else [((), "the value is neither integer nor text")]


def _image_level_metadata_faults(metadata: JsonObject) -> list[Fault]:
    faults = [*_common_metadata_faults(metadata), *_image_level_members(metadata, ("confidence", "class-name"))]
    if "objects" in metadata:
        faults.extend(_objects_faults(metadata))
    if "class-map" in metadata:
        faults.extend(_class_map_faults(metadata))
    return faults


def _image_level_members(metadata: JsonObject, required: tuple[str, ...]) -> list[Fault]:
    """What is wrong with confidence and class-name, which metadata of boxes may have too, one of them."""
    faults: list[Fault] = []
    if "confidence" in metadata or "confidence" in required:
        faults.extend(_confidence_faults(metadata))
    class_name = metadata.get("class-name")
    if ("class-name" in metadata or "class-name" in required) and not (isinstance(class_name, str) and class_name):
        faults.append(_missing_or("class-name", metadata, "is empty" if class_name == "" else "is not text"))
    return faults


def _confidence_faults(holder: JsonObject) -> list[Fault]:
    confidence = holder.get("confidence")
    if is_number(confidence) and 0 <= confidence <= 1:
        return []
    return [_missing_or("confidence", holder, "is not a number from 0 to 1")]


def _common_metadata_faults(metadata: JsonObject) -> list[Fault]:
    """What is wrong with the members that both kinds have, and with the members of the other kind beside them.

    job-name has no rule (F-3: not required and not used).
    """
    faults: list[Fault] = []
    if metadata.get("human-annotated") not in ("yes", "no"):
        faults.append(_missing_or("human-annotated", metadata, 'is neither "yes" nor "no"'))
    if not is_manifest_date(metadata.get("creation-date")):
        faults.append(_missing_or("creation-date", metadata, "is not a date and time like 2020-03-06T17:46:39"))
    if metadata.keys() >= {"confidence", "class-name", "class-map", "objects"}:
        key = "class-name" if metadata.get("type") == OBJECT_DETECTION else "objects"
        faults.append(((key,), "the metadata is of both kinds: confidence and class-name, objects and class-map"))
    return faults


def _missing_or(key: str, holder: JsonObject, problem: str) -> Fault:
    return ((key,), f"{key} {problem}") if key in holder else ((), f"{key} is missing")


def _box_faults(value: JsonValue) -> list[Fault]:
    if not isinstance(value, dict):
        return [((), "the value is not an object with image_size and annotations")]
    size = value.get("image_size")
    if not (isinstance(size, list) and len(size) == 1 and isinstance(size[0], dict)):
        return [_missing_or("image_size", value, "is not a list of one object")]
    for key in ("width", "height", "depth"):
        if not is_number(size[0].get(key)) or size[0][key] < 1:
            fault, detail = _missing_or(key, size[0], "is not a number of at least 1")
            return [(("image_size", 0, *fault), detail)]
    annotations = value.get("annotations", [])
    if not isinstance(annotations, list):
        return [(("annotations",), "annotations is not a list")]
    for index, annotation in enumerate(annotations):
        if problem := _annotation_fault(annotation):
            fault, detail = problem
            return [(("annotations", index, *fault), detail)]
    return []


def _annotation_fault(annotation: object) -> Fault | None:
    if not isinstance(annotation, dict):
        return (), "the annotation is not an object"
    if not is_whole_number(annotation.get("class_id")):
        return _missing_or("class_id", annotation, "is not an integer")
    for key in _BOX_FIELDS:
        if not is_number(annotation.get(key)):
            return _missing_or(key, annotation, "is not a number")
    return None


def _box_metadata_faults(metadata: JsonObject) -> list[Fault]:
    faults = [*_common_metadata_faults(metadata), *_image_level_members(metadata, ())]
    faults.extend(_objects_faults(metadata))
    faults.extend(_class_map_faults(metadata))
    return faults


def _objects_faults(metadata: JsonObject) -> list[Fault]:
    """An object without confidence is J-7, not a matter of format."""
    objects = metadata.get("objects")
    if not isinstance(objects, list):
        return [_missing_or("objects", metadata, "is not a list")]
    faults: list[Fault] = []
    for index, item in enumerate(objects):
        if not isinstance(item, dict):
            faults.append((("objects", index), "the item of objects is not an object"))
        else:
            found = _image_level_members(item, ())
            faults.extend((("objects", index, *fault), detail) for fault, detail in found)
    return faults


def _class_map_faults(metadata: JsonObject) -> list[Fault]:
    class_map = metadata.get("class-map")
    if not isinstance(class_map, dict):
        return [_missing_or("class-map", metadata, "is not an object")]
    faults: list[Fault] = []
    for key, label in class_map.items():
        if not _CLASS_MAP_KEY.match(key):
            faults.append((("class-map", key), f"the key {key!r} of class-map is not a class id"))
        elif not isinstance(label, str) or not label:
            faults.append((("class-map", key), "the class name is not text"))
    return faults
