"""What a person should look at where a rule of the catalogue applies: a likelier cause, a nearer cure."""

from __future__ import annotations

import re
from difflib import get_close_matches

from emulator.domain.json_values import JsonValue
from emulator.domain.manifest.attributes import IMAGE_CLASSIFICATION, METADATA_SUFFIX, OBJECT_DETECTION
from emulator.domain.manifest.findings import Document, Finding
from emulator.domain.manifest.rules import line_rules
from emulator.lint.dates import as_manifest_date
from emulator.lint.wording import FIX

_KEYS = (
    *("confidence", "class-name", "human-annotated", "creation-date", "type", "objects", "class-map", "job-name"),
    *("image_size", "annotations", "class_id", "left", "top", "width", "height", "depth"),
)
Hint = tuple[str, str, bool]
"""The cause in a sentence, the cure (with `{file}` for the file's name), and whether `lint --fix` mends it."""


def hint_of(finding: Finding, document: Document | None) -> Hint:
    """The sentence and the cure for a finding; the catalogue's own where there is nothing better to say."""
    detail = finding.detail or finding.message.rstrip(".")
    if detail.split(" ")[0] in ("the", "a", "an", "no", "not", "nothing", "more", "there"):
        detail = detail[0].upper() + detail[1:]
    title, cure = detail + ".", finding.rule.cure
    if document is None:
        return title, cure, False
    if finding.rule is line_rules.MISSING_BOUNDING_BOX_CONFIDENCE:
        return f"The number of objects does not fit the number of annotations: {finding.detail}.", cure, False
    if finding.rule is line_rules.MISSING_SOURCE_REF:
        return _missing_source_ref(cure, document)
    if finding.rule is line_rules.INVALID_SOURCE_REF_FORMAT:
        return _source_ref(title, cure, document.get("source-ref"))
    if finding.rule is line_rules.NO_LABEL_ATTRIBUTES:
        return _no_attributes(title, cure, document)
    if finding.rule is line_rules.UNSUPPORTED_USE_CASE_TYPE:
        return _type(title, cure, _value_at(document, finding.fault))
    if finding.rule in (line_rules.BOUNDING_BOX_TOO_SMALL, line_rules.INVALID_BOUNDING_BOX):
        return _box(title, cure, _value_at(document, finding.fault[:3]))
    if finding.rule is line_rules.MISSING_CLASS_MAP_ID:
        return _class_map(title, cure, document, str(finding.attribute))
    return _format(title, cure, _value_at(document, finding.fault), finding)


def _value_at(document: JsonValue, path: tuple[str | int, ...]) -> JsonValue:
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _missing_source_ref(cure: str, document: Document) -> Hint:
    near = get_close_matches("source-ref", [key for key in document if key != "source-ref"], 1, 0.6)
    named = near or [
        key for key in document if isinstance(document[key], str) and str(document[key]).startswith("s3://")
    ]
    if named:
        return f"The key source-ref is missing; there is {named[0]!r} instead.", f"Call {named[0]!r} source-ref.", False
    if "source" in document:
        return (
            "The key source-ref is missing: source holds data in the line itself, as in Ground Truth jobs about text.",
            "Give an image by its s3:// address in source-ref.",
            False,
        )
    return "The key source-ref is missing.", cure, False


def _source_ref(title: str, cure: str, value: object) -> Hint:
    if not isinstance(value, str):
        return f"The value of source-ref is not a text but {value!r:.40}.", cure, False
    form = re.fullmatch(r"https?://([\w.-]+)\.s3[.-][\w.-]*amazonaws\.com/(.+)", value)
    path_form = re.fullmatch(r"https?://s3[.-][\w.-]*amazonaws\.com/([^/]+)/(.+)", value)
    if found := form or path_form:
        address = f"s3://{found[1]}/{found[2].partition('?')[0]}"
        return "The value of source-ref is a web address of S3.", f"Write {address}", False
    kinds = (
        (r"https?://", "a web address", "Put the image into S3, and write s3://BUCKET/KEY."),
        (r"gs://", "an address of Google Cloud Storage", "Put the image into S3, and write s3://BUCKET/KEY."),
        (r"(?:abfss?|wasbs?|azureml)://", "an address of Azure", "Put the image into S3, and write s3://BUCKET/KEY."),
        (r"arn:aws[\w-]*:s3", "an ARN", "Write s3://BUCKET/KEY."),
        (r"s3[an]://", "an address of Hadoop", "Write s3:// in front."),
        (r"S3://", "written with a capital S", "Write s3:// in small letters."),
        (r"s3://", "not in the form s3://BUCKET/KEY", cure),
        (r"s3:/[^/]", "an address with one slash", "Write two slashes: s3://BUCKET/KEY."),
        (
            r"file:|/|[A-Za-z]:\\|\.{1,2}[/\\]|~",
            "a path on a computer",
            "Put the image into S3, write s3://BUCKET/KEY.",
        ),
        (r"data:", "the image itself", "Put the image into S3, and write s3://BUCKET/KEY."),
    )
    if value != value.strip():
        return "Blanks stand before or behind the address in source-ref.", "Remove them.", False
    if not value:
        return "The value of source-ref is empty.", cure, False
    for pattern, name, better in kinds:
        if re.match(pattern, value):
            return (title if "form" in name else f"The value of source-ref is {name}."), better, False
    if re.fullmatch(r"[^:]+\.(?:jpe?g|png)", value, re.IGNORECASE):
        return "The value of source-ref is a file name without its bucket.", "Write s3://BUCKET/ in front.", False
    return title, cure, False


def _no_attributes(title: str, cure: str, document: Document) -> Hint:
    failed = [key for key, value in document.items() if isinstance(value, dict) and "failure-reason" in value]
    if failed:
        return (
            f"Labelling failed for this image: Ground Truth wrote failure-reason into {failed[0]}, and no label.",
            "Label the image again, or remove the line; the others are used.",
            False,
        )
    names = [key for key in document if key != "source-ref"]
    for name in names:
        for end in ("_metadata", "-meta", "_meta", "-Metadata", "-metdata", " metadata", "metadata", "-meta-data"):
            if name.endswith(end) and not name.endswith(METADATA_SUFFIX):
                better = name.removesuffix(end).rstrip("-_ ") + METADATA_SUFFIX
                return f"The name of the metadata ends in {end!r}, not in '-metadata'.", f"Call it {better}.", False
    lone = [name for name in names if name.endswith(METADATA_SUFFIX)]
    if lone:
        attribute = lone[0].removesuffix(METADATA_SUFFIX)
        near = get_close_matches(attribute, [name for name in names if name not in lone], 1, 0.5)
        told = f"; {near[0]!r} is another name" if near else ""
        return (
            f"{lone[0]} has no label attribute {attribute!r} beside it{told}.",
            f"Give the attribute the name {attribute}, or the metadata the name of the attribute with -metadata "
            f"behind it.",
            False,
        )
    if names:
        return f"The attribute {names[0]!r} has no {names[0]}-metadata beside it.", cure, False
    return title, cure, False


def _type(title: str, cure: str, value: object) -> Hint:
    known = {"multilabel": "groundtruth/image-classification-multilabel"}
    if value == known["multilabel"]:
        return (
            "The type is that of a Ground Truth multi-label job.",
            "Turn the manifest: custom-labels convert multilabel {file}",
            False,
        )
    others = {
        "semantic-segmentation": "of a semantic segmentation job",
        "label-verification": "of a label verification job",
        "text-classification": "of a text job",
        "video-object-detection": "of a video job",
        "point-cloud": "of a point cloud job",
        "named-entity": "of a text job",
    }
    for part, name in others.items():
        if part in str(value):
            return (
                f"The type {value!r} is {name}; Custom Labels takes image classification and bounding boxes.",
                "Label the images in one of these two kinds of job.",
                False,
            )
    near = get_close_matches(
        str(value).strip().lower().replace("_", "-"), [IMAGE_CLASSIFICATION, OBJECT_DETECTION], 1, 0.5
    )
    if near:
        return f"The type is {value!r}, not {near[0]!r}.", f"Write {near[0]}", False
    return title, cure, False


def _box(title: str, cure: str, box: object) -> Hint:
    if isinstance(box, dict):
        sides = [box.get(key) for key in ("left", "top", "width", "height")]
        if all(isinstance(side, int | float) and 0 <= side <= 1 for side in sides) and any(
            isinstance(side, float) and side % 1 for side in sides
        ):
            return (
                "The box is in fractions of the image (0 to 1), as DetectCustomLabels and YOLO give it, not in pixels.",
                "Multiply left and width by the image's width, top and height by its height.",
                False,
            )
    return title, cure, False


def _class_map(title: str, cure: str, document: Document, attribute: str) -> Hint:
    value, metadata = document.get(attribute), document.get(attribute + METADATA_SUFFIX)
    if isinstance(value, dict) and "class-map" in value:
        return (
            "class-map stands in the attribute, not in its metadata.",
            f'Move it into {attribute}{METADATA_SUFFIX}, as {{"0": "NAME"}}.'.replace("{file}", ""),
            False,
        )
    if isinstance(metadata, dict) and metadata.get("class-map") == {}:
        return "class-map is empty.", cure, False
    return title, cure, False


def _format(title: str, cure: str, value: object, finding: Finding) -> Hint:
    """Faults of the format of an attribute or its metadata (J-4, J-5)."""
    missing = re.match(r"(\S+) is missing", finding.detail)
    if missing and isinstance(value, dict):
        return _missing(missing[1], title, cure, value)
    last = finding.fault[-1] if finding.fault else ""
    if last == "creation-date":
        told = "is not a date and time like 2020-03-06T17:46:39"
        return f"creation-date {value!r:.40} {told}.", *_date(value)
    if last == "human-annotated":
        return f'human-annotated is {value!r:.20}; it must be "yes" or "no".', 'Write "yes" or "no".', False
    if last == "class-map" and finding.rule is line_rules.INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT:
        return title, 'Write class-map as {"0": "NAME", "1": "OTHER NAME"}.', False
    if "class-map" in finding.fault:
        return (
            f"class-map is the wrong way round or has something else than ids and names: {last!r}: {value!r:.30}.",
            'Write class-map as {"0": "NAME", "1": "OTHER NAME"}: ids in quotation marks, then names.',
            False,
        )
    if isinstance(value, str) and re.fullmatch(r"-?\d+(?:\.\d+)?", value) and "number" in title + "integer":
        return f"{title.rstrip('.')}: it is the text {value!r}.", "Write the number without quotation marks.", False
    if last == "image_size" and isinstance(value, dict):
        return "image_size is an object, not a list of one object.", "Put it into brackets: [{…}].", False
    return title, cure, False


def _missing(key: str, title: str, cure: str, holder: Document) -> Hint:
    if {"xmin", "ymin"} <= holder.keys() or {"x1", "y1"} <= holder.keys() or {"x_min", "y_min"} <= holder.keys():
        return (
            f"{title.rstrip('.')}: the box is given by its corners, as Pascal VOC does.",
            "Write left, top, width (right minus left) and height (bottom minus top).",
            False,
        )
    if "bbox" in holder:
        return f"{title.rstrip('.')}: the box is a bbox, as COCO has it.", "Write left, top, width and height.", False
    if {"x", "y"} <= holder.keys():
        return f"{title.rstrip('.')}: the box has x and y.", "Write left for x and top for y.", False
    if {"Left", "Top"} <= holder.keys():
        return (
            f"{title.rstrip('.')}: Left and Top are written as in answers of DetectCustomLabels.",
            "Write left, top, width and height in pixels.",
            False,
        )
    near = get_close_matches(key, [name for name in holder if name not in _KEYS], 1, 0.6)
    near = near or [name for name in holder if name.lower().replace("_", "-") == key.replace("_", "-") and name != key]
    if near:
        return f"{key} is missing; there is {near[0]!r} instead.", f"Call {near[0]!r} {key}.", False
    return title, f"Add {key}." if cure.startswith("Write the") else cure, False


def _date(value: object) -> tuple[str, bool]:
    better = as_manifest_date(value)
    if better is None:
        return "Write it in this form, in UTC.", False
    return f"Write {better}: {FIX}", True
