"""The checks of bounding boxes against their frame (J-11 to J-13, J-16, J-17)."""

from __future__ import annotations

from emulator.domain.image_limits import is_side_allowed
from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.attributes import LabelAttribute
from emulator.domain.manifest.findings import Box, Finding, ImageSize, LineInspection, Place
from emulator.domain.manifest.limits import (
    MAXIMUM_BOXES_PER_IMAGE,
    MINIMUM_BOX_SIDE,
    TRAINING_IMAGE_SIDE,
)
from emulator.domain.manifest.rules import line_rules
from emulator.domain.manifest.rules.rule import Rule

_ROUNDING = 1e-6
"""Pixels that fractional boxes may exceed their frame by: left + width is not exact in binary."""


def check_boxes(inspection: LineInspection, attribute: LabelAttribute) -> bool:
    """Check a box attribute that has annotations, add its findings and its good boxes; whether any box was good.

    Boxes of a second attribute with another image_size are scaled to the first one's frame.
    """
    findings = inspection.findings
    inspection.box_attributes.append(attribute.name)
    size = attribute.image_size
    if not is_side_allowed(size.width) or not is_side_allowed(size.height):
        findings.append(image_dimension_finding(attribute.name, f"image_size is {size.width:g} x {size.height:g}"))
    total = len(inspection.boxes) + len(attribute.annotations)
    if total > MAXIMUM_BOXES_PER_IMAGE:
        overflow = (attribute.name, "annotations", max(0, MAXIMUM_BOXES_PER_IMAGE - len(inspection.boxes)))
        detail = f"{total} boxes"
        findings.append(
            Finding(line_rules.TOO_MANY_BOUNDING_BOXES, Place.ATTRIBUTE, attribute.name, fault=overflow, detail=detail)
        )
    if inspection.image_size is None:
        inspection.image_size = size
    good = 0
    for index, annotation in enumerate(attribute.annotations):
        problem = _box_problem(annotation, size)
        if problem is None:
            good += 1
            inspection.boxes.append(_box(attribute.class_names[index], annotation, size, inspection.image_size))
        else:
            rule, detail, field = problem
            path: tuple[str | int, ...] = (attribute.name, "annotations", index, *field)
            findings.append(Finding(rule, Place.ANNOTATION, attribute.name, index, path, detail))
    if not good:
        whole = (attribute.name, "annotations")
        findings.append(Finding(line_rules.NO_VALID_ANNOTATIONS, Place.ATTRIBUTE, attribute.name, fault=whole))
    return good > 0


def training_scale(width: float, height: float) -> float:
    """The factor by which a training reduces an image of this size, 1 where it does not (T-7)."""
    return min(1.0, TRAINING_IMAGE_SIDE / max(width, height, 1))


def image_dimension_finding(attribute: str, detail: str) -> Finding:
    """J-11 on a box attribute."""
    path = (attribute, "image_size")
    return Finding(line_rules.INVALID_IMAGE_DIMENSION, Place.ATTRIBUTE, attribute, fault=path, detail=detail)


def _box_problem(annotation: JsonObject, size: ImageSize) -> tuple[Rule, str, tuple[str, ...]] | None:
    left, top, width, height = annotation["left"], annotation["top"], annotation["width"], annotation["height"]
    for field in ("left", "top", "width", "height"):
        if annotation[field] < 0:
            return line_rules.INVALID_BOUNDING_BOX, f"a value is negative: {field} is {annotation[field]:g}", (field,)
    if left + width > size.width + _ROUNDING:
        detail = f"left + width is {left + width:g}, the image is {size.width:g} wide"
        return line_rules.INVALID_BOUNDING_BOX, detail, ("width",)
    if top + height > size.height + _ROUNDING:
        detail = f"top + height is {top + height:g}, the image is {size.height:g} high"
        return line_rules.INVALID_BOUNDING_BOX, detail, ("height",)
    scale = training_scale(*size)
    if width * scale <= MINIMUM_BOX_SIDE or height * scale <= MINIMUM_BOX_SIDE:
        reduced = " after reduction to 1280 px" if scale < 1 else ""
        field = "width" if width * scale <= MINIMUM_BOX_SIDE else "height"
        detail = f"the box has {width * scale:g} x {height * scale:g} px{reduced}"
        return line_rules.BOUNDING_BOX_TOO_SMALL, detail, (field,)
    return None


def _box(label: str, annotation: JsonObject, size: ImageSize, frame: ImageSize) -> Box:
    across, down = frame.width / size.width, frame.height / size.height
    return Box(
        label,
        float(annotation["left"] * across),
        float(annotation["top"] * down),
        float(annotation["width"] * across),
        float(annotation["height"] * down),
    )
