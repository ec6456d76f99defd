"""Manifests with one mistake each: of many kinds, in one line, in the first line or in all lines."""

from __future__ import annotations

import base64
import copy
import json
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from support.manifests import Line, box_line, image_line

LINES = 12
BASES: dict[str, list[Line]] = {
    "image-level": [image_line(number, "ab"[number % 2]) for number in range(LINES)],
    "boxes": [box_line(number, [("ab"[number % 2], 10, 20, 100, 80), ("c", 5, 5, 60, 60)]) for number in range(LINES)],
}
VARIANTS: dict[str, tuple[int, ...]] = {"one line": (6,), "first line": (0,), "all lines": tuple(range(LINES))}


@dataclass(frozen=True)
class Kind:
    """A mistake: how a line gets it, what the first screen must say of it, and which bases can have it."""

    name: str
    change: Callable[[Line], bytes]
    told: tuple[str, ...]
    bases: tuple[str, ...] = ("image-level", "boxes")
    variants: tuple[str, ...] = tuple(VARIANTS)


@dataclass(frozen=True)
class Mutant:
    """A manifest with one mistake, and the lines (from 1) that have it."""

    kind: Kind
    base: str
    variant: str
    body: bytes
    lines: tuple[int, ...]


def dump(line: Line) -> bytes:
    return json.dumps(line).encode()


def text(change: Callable[[str], str]) -> Callable[[Line], bytes]:
    """A change of the written line."""
    return lambda line: change(json.dumps(line)).encode()


def data(change: Callable[[Any], object]) -> Callable[[Line], bytes]:
    """A change of the line's members."""

    def changed(line: Line) -> bytes:
        result = copy.deepcopy(line)
        change(result)
        return dump(result)

    return changed


def metadata(change: Callable[[Any], object]) -> Callable[[Line], bytes]:
    return data(lambda line: change(next(value for key, value in line.items() if key.endswith("-metadata"))))


def boxes(change: Callable[[Any], object]) -> Callable[[Line], bytes]:
    return data(lambda line: change(line["boxes"]))


def renamed(old: str, new: str) -> Callable[[Line], bytes]:
    return text(lambda line: line.replace(f'"{old}"', f'"{new}"', 1))


def put(key: str, value: Any) -> Callable[[Any], object]:
    return lambda holder: holder.update({key: value})


def without(key: str) -> Callable[[Any], object]:
    return lambda holder: holder.pop(key)


def box(key: str, value: Any) -> Callable[[Line], bytes]:
    return boxes(lambda value_: value_["annotations"][0].update({key: value}))


IMAGE, BOX = ("image-level",), ("boxes",)
ONE_OR_FIRST = ("one line", "first line")

KINDS = (
    # the text of the line
    Kind("a comma behind the object", lambda line: dump(line) + b",", ("A comma stands behind the object",)),
    Kind("a semicolon behind the object", lambda line: dump(line) + b";", ("A semicolon stands behind the object",)),
    Kind("a trailing comma", text(lambda s: s[:-1] + ",}"), ("A comma stands before the closing brace",)),
    Kind("two objects in a line", lambda line: dump(line) + dump(line), ("The line holds several objects",)),
    Kind("a Python dict", lambda line: str(line).encode(), ("Python dict", "json.dumps")),
    Kind(
        "True in place of true",
        text(lambda s: s[:-1] + ', "extra": True}'),
        ("True is not JSON", "Python dict"),
    ),
    Kind("single quotes", text(lambda s: s[:-1].replace('"', "'") + ", 'x': true}"), ("single quotation marks",)),
    Kind("curly quotes", text(lambda s: s.replace('"source-ref"', "\u201csource-ref\u201d")), ("not JSON", "plain")),
    Kind(
        "a name without quotes", text(lambda s: s.replace('"source-ref"', "source-ref")), ("without quotation marks",)
    ),
    Kind("a missing comma", text(lambda s: s.replace('.jpg", ', '.jpg" ', 1)), ("A comma is missing",)),
    Kind("a missing colon", text(lambda s: s.replace('"source-ref": ', '"source-ref" ', 1)), ("A colon is missing",)),
    Kind(
        "a missing quote", text(lambda s: s.replace('.jpg", ', ".jpg, ", 1)), ("A closing quotation mark is missing",)
    ),
    Kind("a missing brace", lambda line: dump(line)[:-1], ("closing bracket is missing",)),
    Kind("cut off", lambda line: dump(line)[:-40], ("cut off",)),
    Kind("a brace too many", lambda line: dump(line) + b"}", ("one closing brace too many",)),
    Kind("NaN", text(lambda s: s.replace('"confidence": 1', '"confidence": NaN', 1)), ("confidence is NaN",)),
    Kind("Infinity", text(lambda s: s[:-1] + ', "x": Infinity}'), ("is Infinity",)),
    Kind("None", text(lambda s: s[:-1] + ', "x": None}'), ("None is not JSON", "Python dict")),
    Kind("undefined", text(lambda s: s[:-1] + ', "x": undefined}'), ("undefined is not JSON",)),
    Kind("a leading zero", text(lambda s: s[:-1] + ', "x": 007}'), ("begins with a zero",)),
    Kind("a comment behind", lambda line: dump(line) + b" # sport", ("A comment",)),
    Kind("a comment within", text(lambda s: s[:-1] + " /* no */}"), ("A comment",)),
    Kind("a tab in a text", text(lambda s: s.replace("images/", "images\t/", 1)), ("a tab within a text",)),
    Kind("a bad escape", text(lambda s: s.replace("images/", "images\\d", 1)), ("is not an escape",)),
    Kind("a blank line", lambda _line: b"", ("The line is blank",)),
    Kind("a byte order mark", lambda line: b"\xef\xbb\xbf" + dump(line), ("byte order mark",), variants=("one line",)),
    Kind("Latin-1", text(lambda s: s[:-1] + ', "x": "@"}'), ("Latin-1", "0xFC")),
    Kind("a no-break space", text(lambda s: s.replace(", ", ",\u00a0", 1)), ("no-break space",)),
    Kind("a zero-width space", text(lambda s: s.replace(", ", ",\u200b", 1)), ("zero-width space",)),
    Kind("a null character", lambda line: dump(line) + b"\0", ("null character",)),
    Kind("a line too long", data(put("pad", "x" * 100_000)), ("The line is too long",)),
    Kind("an array around it", lambda line: b"[" + dump(line) + b"]", ("JSON array",)),
    Kind("JSON in a text", lambda line: json.dumps(json.dumps(line)).encode(), ("made JSON twice",)),
    Kind("a number", lambda _line: b"17", ("not a JSON object",), variants=ONE_OR_FIRST),
    Kind("other text", lambda _line: b"image;label", ("The line is not JSON",), variants=ONE_OR_FIRST),
    Kind(
        "over several lines",
        lambda line: json.dumps(line, indent=1).encode(),
        ("over several lines",),
        variants=("one line", "first line", "all lines"),
    ),
    Kind("text before the object", lambda line: b"2026-01-01 INFO " + dump(line), ("Before the object stands",)),
    Kind("HTML entities", text(lambda s: s.replace('"', "&quot;")), ("HTML's entities",)),
    Kind("URL encoding", text(urllib.parse.quote), ("URL encoding",)),
    Kind("Base64", lambda line: base64.b64encode(dump(line)), ("Base64",)),
    Kind("escaped quotes", text(lambda s: s.replace('"', '\\"')), ("backslashes before the quotation marks",)),
    Kind("a brace missing in front", lambda line: dump(line)[1:], ("The opening brace is missing",)),
    Kind(
        "a decimal comma",
        text(lambda s: s.replace('"confidence": 1', '"confidence": 0,9', 1)),
        ("comma in the number",),
    ),
    Kind("a percent sign", text(lambda s: s.replace('"confidence": 1', '"confidence": 95%', 1)), ("A percent sign",)),
    Kind("two commas", text(lambda s: s.replace(", ", ",, ", 1)), ("a comma too many",)),
    Kind("a hash of Ruby", text(lambda s: s.replace('": ', '" => ', 1)), ("where a colon is due",)),
    Kind("Python with calls", lambda line: str(line).replace("'yes'", "np.str_('yes')").encode(), ("print as calls",)),
    # source-ref
    Kind("S3 in capitals", data(put("source-ref", "S3://bucket/a.jpg")), ("capital S",)),
    Kind("an ARN", data(put("source-ref", "arn:aws:s3:::bucket/a.jpg")), ("an ARN",)),
    Kind("source_ref", renamed("source-ref", "source_ref"), ("source-ref is missing", "'source_ref'")),
    Kind("sourceRef", renamed("source-ref", "sourceRef"), ("source-ref is missing", "'sourceRef'")),
    Kind("image_path", renamed("source-ref", "image_path"), ("source-ref is missing", "'image_path'")),
    Kind("no source-ref", data(without("source-ref")), ("source-ref is missing",)),
    Kind("https", data(put("source-ref", "https://b.s3.eu-west-1.amazonaws.com/a.jpg")), ("web address of S3",)),
    Kind("a local path", data(put("source-ref", "/home/me/a.jpg")), ("a path on a computer",)),
    Kind("a file name alone", data(put("source-ref", "a.jpg")), ("file name without its bucket",)),
    Kind("gs", data(put("source-ref", "gs://bucket/a.jpg")), ("Google Cloud Storage",)),
    Kind("a bucket alone", data(put("source-ref", "s3://bucket")), ("s3://bucket/path",)),
    Kind("source-ref null", data(put("source-ref", None)), ("source-ref is not a text",)),
    # attributes and metadata
    Kind("_metadata", text(lambda s: s.replace('-metadata"', '_metadata"')), ("'_metadata'", "not in '-metadata'")),
    Kind(
        "another attribute", text(lambda s: s.replace('"kind":', '"sort":').replace('"boxes":', '"sort":')), ("sort",)
    ),
    Kind(
        "no metadata", text(lambda s: json.dumps({k: v for k, v in json.loads(s).items() if "meta" not in k})), ("no ",)
    ),
    Kind("failure-reason", data(lambda line: _fail(line)), ("Labelling failed",)),
    Kind("no confidence", metadata(without("confidence")), ("confidence is missing",), IMAGE),
    Kind("confidence 95", metadata(put("confidence", 95)), ("confidence is not a number from 0 to 1",), IMAGE),
    Kind(
        "confidence as text", metadata(put("confidence", "1")), ("confidence is not", "without quotation marks"), IMAGE
    ),
    Kind("no class-name", metadata(without("class-name")), ("class-name is missing",), IMAGE),
    Kind("class_name", renamed("class-name", "class_name"), ("class-name is missing", "'class_name'"), IMAGE),
    Kind("class-name empty", metadata(put("class-name", "")), ("class-name is empty",), IMAGE),
    Kind("class-name a list", metadata(put("class-name", ["a"])), ("class-name is not text",), IMAGE),
    Kind("label too long", metadata(put("class-name", "x" * 257)), ("257 characters",), IMAGE),
    Kind("no human-annotated", metadata(without("human-annotated")), ("human-annotated is missing",)),
    Kind("human-annotated true", metadata(put("human-annotated", True)), ("human-annotated is True",)),
    Kind("no creation-date", metadata(without("creation-date")), ("creation-date is missing",)),
    Kind("a date alone", metadata(put("creation-date", "2020-03-06")), ("creation-date '2020-03-06'", "2020-03-06T00")),
    Kind("an epoch", metadata(put("creation-date", 1583516799)), ("creation-date 1583516799", "2020-03-06T17:46:39")),
    Kind("an American date", metadata(put("creation-date", "03/06/2020 5pm")), ("creation-date '03/06/2020 5pm'",)),
    Kind("no type", metadata(without("type")), ("type is missing",)),
    Kind("type misspelt", metadata(put("type", "groundtruth/object_detection")), ("'groundtruth/object-detection'",)),
    Kind("segmentation", metadata(put("type", "groundtruth/semantic-segmentation")), ("semantic segmentation job",)),
    Kind("multi-label", metadata(put("type", "groundtruth/image-classification-multilabel")), ("convert multilabel",)),
    Kind("value a list", data(put("kind", [1])), ("neither integer nor text",), IMAGE),
    Kind(
        "repeated key",
        text(lambda s: s[:-1] + ', "kind-metadata": ' + s.split('"kind-metadata": ')[1]),
        ("twice",),
        IMAGE,
    ),
    # boxes
    Kind("image_size an object", boxes(put("image_size", {"width": 640, "height": 480, "depth": 3})), ("[{…}]",), BOX),
    Kind("no image_size", boxes(without("image_size")), ("image_size is missing",), BOX),
    Kind("no depth", boxes(lambda b: b["image_size"][0].pop("depth")), ("depth is missing",), BOX),
    Kind("corners", boxes(lambda b: _corners(b["annotations"][0])), ("Pascal VOC",), BOX),
    Kind("a bbox", boxes(lambda b: _bbox(b["annotations"][0])), ("COCO has it",), BOX),
    Kind("no class_id", boxes(lambda b: b["annotations"][0].pop("class_id")), ("class_id is missing",), BOX),
    Kind("class_id as text", box("class_id", "0"), ("class_id is not an integer", "'0'"), BOX),
    Kind("width as text", box("width", "100"), ("width is not a number", "'100'"), BOX),
    Kind("class id unknown", box("class_id", 9), ("class_id 9 is not a key of class-map",), BOX),
    Kind("class-map turned", metadata(lambda m: m.update({"class-map": {"a": 0, "c": 1}})), ("wrong way round",), BOX),
    Kind("class-map a list", metadata(put("class-map", ["a", "c"])), ("class-map is not an object",), BOX),
    Kind("objects missing", metadata(without("objects")), ("objects is missing",), BOX),
    Kind("objects too few", metadata(lambda m: m["objects"].pop()), ("number of objects does not fit",), BOX),
    Kind("objects too many", metadata(lambda m: m["objects"].append({"confidence": 1})), ("does not fit",), BOX),
    Kind("both kinds", metadata(lambda m: m.update({"confidence": 1, "class-name": "a"})), ("of both kinds",), BOX),
    Kind("negative left", box("left", -4), ("value is negative: left is -4",), BOX),
    Kind("out of the frame", box("width", 900), ("left + width is 910, the image is 640 wide",), BOX),
    Kind("one pixel", box("width", 1), ("1 x 80 px",), BOX),
    Kind("fractions", boxes(lambda b: _fractions(b)), ("fractions of the image",), BOX),
    Kind("51 boxes", data(lambda line: _many(line)), ("52 boxes",), BOX),
    Kind(
        "too small an image",
        boxes(lambda b: b["image_size"][0].update({"width": 60})),
        ("image_size is 60 x 480",),
        BOX,
    ),
)


def _fail(line: Any) -> None:
    for key in list(line):
        if key.endswith("-metadata"):
            line[key] = {"failure-reason": "ClientError: it took too long", "job-name": "job"}
            del line[key.removesuffix("-metadata")]


def _corners(annotation: Any) -> None:
    left, top, width, height = (annotation.pop(key) for key in ("left", "top", "width", "height"))
    annotation.update({"xmin": left, "ymin": top, "xmax": left + width, "ymax": top + height})


def _bbox(annotation: Any) -> None:
    annotation["bbox"] = [annotation.pop(key) for key in ("left", "top", "width", "height")]


def _fractions(value: Any) -> None:
    for annotation in value["annotations"]:
        annotation.update({"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.25})


def _many(line: Any) -> None:
    line["boxes"]["annotations"] += [dict(line["boxes"]["annotations"][0]) for _ in range(50)]
    line["boxes-metadata"]["objects"] += [{"confidence": 1}] * 50


def mutants() -> Iterator[Mutant]:
    """Every kind in every base and variant that it is made for."""
    for kind in KINDS:
        for base in kind.bases:
            for variant in kind.variants:
                numbers = VARIANTS[variant]
                lines = [kind.change(line) if n in numbers else dump(line) for n, line in enumerate(BASES[base])]
                body = b"\n".join(lines) + b"\n"
                if kind.name == "Latin-1":
                    body = body.replace(b'"@"', b'"\xfc"')
                yield Mutant(kind, base, variant, body, tuple(number + 1 for number in numbers))
