"""Files that are not manifests at all, recognised by name from their first bytes: other formats, other encodings."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.domain.json_values import JsonObject
from emulator.lint.wording import FIX

HEAD_BYTES = 256 * 1024
"""How much of a file is looked at; enough for several lines, however long."""

_S3 = "--s3 s3://BUCKET/PREFIX"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a file is instead of a manifest.

    `title` says it in a sentence, `cure` what to do about it (with `{file}` for the file's name), `line` and `column`
    (from 1) where it shows. `is_fixable` says that `lint --fix` makes a manifest of it.
    """

    key: str
    title: str
    cure: str
    line: int = 1
    column: int = 1
    is_fixable: bool = False


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip file: unpack it first (gunzip)"),
    (b"PK\x03\x04", "a ZIP archive (or an Excel workbook): unpack or export it first"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"BZh", "a bzip2 file: unpack it first (bunzip2)"),
    (b"\xfd7zXZ\x00", "an xz file: unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file: unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word document: export it first"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PAR1", "an Apache Parquet file: write its rows as JSON Lines"),
    (b"ORC", "an Apache ORC file: write its rows as JSON Lines"),
    (b"Obj\x01", "an Apache Avro file: write its rows as JSON Lines"),
    (b"SQLite format 3\x00", "an SQLite database: write its rows as JSON Lines"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"ARROW1", "an Arrow file: write its rows as JSON Lines"),
    (b"\x80\x03", "a Python pickle: write its objects as JSON Lines"),
    (b"\x80\x04", "a Python pickle: write its objects as JSON Lines"),
    (b"\x80\x05", "a Python pickle: write its objects as JSON Lines"),
    (b"\xce\xfa\xed\xfe", "a program"),
    (b"\x7fELF", "a program"),
)


def encoding_of(head: bytes) -> str:
    """The encoding that a file is in, by its first bytes: a codec's name, `utf-8` where nothing speaks against it."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF8, "utf-8-sig"),
    ):
        if head.startswith(mark):
            return name
    if len(head) >= 4 and head[:4].count(0) == 3:
        return "utf-32-be" if head[0] == 0 else "utf-32-le"
    start = head[:400]
    if start and start.count(0) >= len(start) * 0.35:
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def recognise(head: bytes) -> Recognition | None:
    """What the file with these first bytes is, if it is not a manifest; None if it may be one.

    A manifest with mistakes in it is not recognised: a file in which any line holds an object with a source-ref is left
    to the check of its lines.
    """
    if not head.strip(b" \t\r\n\0"):
        return None
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return Recognition("binary", f"The file is {name}.", "Give a manifest: a text file of JSON Lines.")
    encoding = encoding_of(head)
    if encoding.startswith(("utf-16", "utf-32")):
        name = encoding.upper()[:6]
        return Recognition(
            "encoding-" + name.lower(),
            f"The file is written in {name}; a manifest is written in UTF-8.",
            f"Save it as UTF-8 without byte order mark: {FIX}",
            is_fixable=True,
        )
    text = head.decode("utf-8" if encoding == "utf-8" else encoding, "replace").removeprefix("\ufeff")
    lines = text.splitlines()
    is_array = text.lstrip().startswith("[") and not _is_whole(text.lstrip().partition("\n")[0])
    if _has_manifest_line(lines) and not is_array:
        return _separated(text)
    if head[:2048].count(0) > 8:
        return Recognition("binary", "The file is binary, not text.", "Give a manifest: a text file of JSON Lines.")
    for look in (_markup, _whole_json, _json_lines_of_others, _separated, _python, _rows_of_numbers, _table, _yaml):
        if found := look(text):
            return found
    return None


def _has_manifest_line(lines: list[str]) -> bool:
    for line in lines[:50]:
        try:
            value = json.loads(line.strip().rstrip(",;"))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and any(key.lower().startswith("source") for key in value):
            return True
    return False


def _separated(text: str) -> Recognition | None:
    """Objects that something else than line feeds stands between."""
    kinds = {
        "\r": ("carriage returns alone (an old Mac's line ends)", "separator-cr"),
        "\u2028": ("Unicode line separators (U+2028)", "separator-u2028"),
        "\u2029": ("Unicode paragraph separators (U+2029)", "separator-u2029"),
        "\u0085": ("next-line characters (U+0085)", "separator-nel"),
        "\x1e": ("record separators (a JSON text sequence, RFC 7464)", "separator-rs"),
        "\x0b": ("vertical tabs", "separator-vt"),
        "\x0c": ("form feeds", "separator-ff"),
    }
    for separator, (name, key) in kinds.items():
        found = re.search(re.escape(separator) + r"+\s*\{", text)
        if found and '"source-ref"' in text and "}\n{" not in text and "}\r\n{" not in text:
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
            cure = f"Write a line feed behind each object: {FIX}"
            return Recognition(
                key, f"The objects are separated by {name}, not by line feeds.", cure, line, column, True
            )
    return None


def _markup(text: str) -> Recognition | None:
    start = text.lstrip()[:4096]
    if not start.startswith("<"):
        return None
    lowered = start.lower()
    if re.search(r"<annotation[\s>]", lowered):
        command = f"custom-labels convert voc FOLDER {_S3}"
        return Recognition(
            "pascal-voc",
            "The file is a Pascal VOC annotation (XML), one file an image.",
            f"Convert the folder: {command}",
        )
    if re.search(r"<annotations[\s>]", lowered):
        return Recognition(
            "cvat",
            "The file is a CVAT annotation file (XML).",
            f"Convert it: custom-labels convert cvat {{file}} {_S3}",
        )
    if "<html" in lowered or "<!doctype html" in lowered:
        return Recognition("html", "The file is an HTML page, perhaps an error page.", "Download the manifest again.")
    if "<error>" in lowered and "<code>" in lowered:
        code = re.search(r"<code>([^<]+)", start, re.IGNORECASE)
        said = f" ({code[1]})" if code else ""
        return Recognition("s3-error", f"The file is an error of S3{said}, not the manifest.", "Download it again.")
    return Recognition("xml", "The file is XML.", "Write JSON Lines: one JSON object a line, one line an image.")


def _whole_json(text: str) -> Recognition | None:
    """One JSON document: an array or an object over the whole file, perhaps longer than the head."""
    start = text.lstrip()
    if start.startswith("["):
        return None if _is_whole(start.partition("\n")[0]) and "\n" in start.strip() else _array(start)
    if not start.startswith("{"):
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        value, end = None, len(start)
    if isinstance(value, dict) and start[end:].lstrip().startswith("{"):
        return _pretty(start) if "\n" in start[:end] else None
    is_alone = not start[end:].strip()
    if found := _known_object(start, value if isinstance(value, dict) else None, is_alone):
        return found
    if "\n" in start[:end] and (value is not None or _looks_pretty(start)):
        return _pretty(start)
    return None


def _is_whole(line: str) -> bool:
    try:
        json.loads(line.strip().rstrip(",;"))
    except (ValueError, RecursionError):
        return False
    return True


def _looks_pretty(start: str) -> bool:
    lines = start.splitlines()
    first, second = lines[0].strip(), lines[1].strip() if len(lines) > 1 else ""
    return first == "{" and bool(re.match(r'"[^"]*"\s*:', second))


def _pretty(start: str) -> Recognition | None:
    if '"source-ref"' not in start:
        return None
    return Recognition(
        "pretty-printed",
        "The objects are written over several lines (pretty-printed); a manifest has one object a line.",
        f"Write each object in one line: {FIX}",
        is_fixable=True,
    )


def _array(start: str) -> Recognition | None:
    head = start[:20_000]
    coco = r'"(?:image_id|category_id|bbox|segmentation)"\s*:'
    checks: tuple[tuple[str, bool, str, str], ...] = (
        (
            "coco-results",
            len(set(re.findall(coco, head))) >= 2 and '"source-ref"' not in head,
            "The file is a list of COCO results or annotations, without images and categories.",
            f"Give the whole COCO file: custom-labels convert coco FILE.json {_S3}",
        ),
        (
            "label-studio",
            ('"annotations"' in head and '"data"' in head) or '"rectanglelabels"' in head or '"original_width"' in head,
            "The file is an export of Label Studio (JSON).",
            f"Convert it: custom-labels convert labelstudio {{file}} {_S3}",
        ),
        (
            "createml",
            '"coordinates"' in head and '"label"' in head,
            "The file is an annotation file of Apple's Create ML.",
            f"Export it as COCO, then: custom-labels convert coco FILE.json {_S3}",
        ),
        (
            "json-array",
            '"source-ref"' in head or not head[1:].strip() or head[1:].lstrip().startswith(("{", "]", '"')),
            "The file is one JSON array; a manifest has one object a line, without brackets and commas between them.",
            f"Take the objects out of the array: {FIX}",
        ),
    )
    for key, holds, title, cure in checks:
        if holds:
            return Recognition(key, title, cure, is_fixable=key == "json-array")
    return None


_OBJECTS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    (
        "coco",
        ("images", "annotations", "categories"),
        "The file is a COCO annotation file.",
        f"Convert it: custom-labels convert coco {{file}} {_S3}",
    ),
    (
        "coco",
        ("images", "annotations"),
        "The file looks like a COCO annotation file without categories.",
        f"Export it with its categories, then: custom-labels convert coco {{file}} {_S3}",
    ),
    (
        "labelme",
        ("shapes", "imagePath"),
        "The file is an annotation of LabelMe, one file an image.",
        f"Export the images as COCO (labelme2coco), then: custom-labels convert coco FILE.json {_S3}",
    ),
    (
        "via",
        ("_via_img_metadata",),
        "The file is a project of the VGG Image Annotator (VIA).",
        f"Convert it: custom-labels convert via {{file}} --images DIR {_S3}",
    ),
    (
        "dataset-entries",
        ("DatasetEntries",),
        "The file is the answer of ListDatasetEntries; its entries are the lines of a manifest.",
        f"Take them out: {FIX}",
    ),
    ("detection-answer", ("CustomLabels",), "The file is an answer of DetectCustomLabels.", "Give the manifest."),
    (
        "manifest-summary",
        ("statistics", "errors"),
        "The file is the manifest summary of a training, not the manifest.",
        "Give the manifest, or the validation manifest of the training.",
    ),
    (
        "evaluation-summary",
        ("EvaluationDetails",),
        "The file is the evaluation summary of a training.",
        "Give the manifest.",
    ),
    (
        "dataset-source",
        ("GroundTruthManifest",),
        "The file is a request (DatasetSource).",
        "Give the manifest it names.",
    ),
    (
        "ground-truth-labels",
        ("document-version", "labels"),
        "The file is the label category configuration of a Ground Truth job.",
        "Give the job's manifests/output/output.manifest.",
    ),
    ("notebook", ("cells", "nbformat"), "The file is a Jupyter notebook.", "Give a manifest: JSON Lines."),
    (
        "supervisely",
        ("classTitle",),
        "The file is an annotation of Supervisely.",
        "Export it as COCO and convert that.",
    ),
)


def _known_object(start: str, value: JsonObject | None, is_alone: bool) -> Recognition | None:
    """An object over the whole file that another tool writes; by the names of its keys if it is longer than "
    "the head."""
    if value is None or is_alone:
        names = set(value) if value is not None else set(re.findall(r'"([^"\\]{1,40})"\s*:', start[:50_000]))
        for key, wanted, title, cure in _OBJECTS:
            if names.issuperset(wanted):
                return Recognition(key, title, cure, is_fixable=key == "dataset-entries")
        if value and all(isinstance(item, dict) and {"filename", "regions"} <= set(item) for item in value.values()):
            return Recognition("via", *_named("via"))
    return None


def _named(key: str) -> tuple[str, str]:
    return next((title, cure) for name, _, title, cure in _OBJECTS if name == key)


_LINES_OF_OTHERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("vertex-ai", ("imageGcsUri",), "an import file of Google Vertex AI (JSON Lines)"),
    ("azure-ml", ("image_url",), "a JSON Lines file of Azure Machine Learning"),
    ("azure-ml", ("imageUrl", "label"), "a JSON Lines file of Azure Machine Learning"),
    ("hugging-face", ("file_name",), "a metadata.jsonl of Hugging Face datasets"),
    (
        "ground-truth-text",
        ("source",),
        "a Ground Truth manifest of text or with data in the line (source, not source-ref)",
    ),
    ("detection-answer", ("CustomLabels",), "a list of answers of DetectCustomLabels"),
    ("coco-line", ("bbox", "image_id"), "a list of COCO annotations, one a line"),
    ("labelbox", ("data_row",), "an export of Labelbox (NDJSON)"),
    ("labelbox", ("Labeled Data",), "an export of Labelbox"),
    ("v7", ("dataset", "image", "annotations"), "an export of V7 Darwin"),
    ("vott", ("asset", "regions"), "an export of VoTT"),
    ("openai", ("messages",), "a file of chat messages for tuning a language model"),
)


def _json_lines_of_others(text: str) -> Recognition | None:
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or any(key.endswith("-metadata") for key in value):
        return None
    for key, wanted, name in _LINES_OF_OTHERS:
        if set(value).issuperset(wanted):
            return Recognition(
                key,
                f"The file is {name}.",
                "Write for each image a line with source-ref, a label attribute and its -metadata"
                f" (docs/manifests.md), or export it as COCO: custom-labels convert coco FILE.json {_S3}",
            )
    return None


def _python(text: str) -> Recognition | None:
    start = text.lstrip()
    if re.match(r"(?:import|from) \w+|#!/|def \w+\(", start):
        return Recognition("program", "The file is a program, not a manifest.", "Give the manifest that it writes.")
    return None


def _rows_of_numbers(text: str) -> Recognition | None:
    """YOLO: a class number and four fractions a row."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    number = r"-?\d*\.?\d+(?:[eE]-?\d+)?"
    box = re.compile(rf"\s*\d+(?:\s+{number}){{4}}(?:\s+{number})*\s*")
    if lines and all(box.fullmatch(line) for line in lines):
        return Recognition(
            "yolo",
            "The file is a YOLO label file (class and box in fractions), one file an image.",
            f"Convert the folder of images and labels: custom-labels convert yolo FOLDER {_S3}",
        )
    return None


def _table(text: str) -> Recognition | None:
    """Comma-, semicolon- or tab-separated rows; lists of image files."""
    lines = [line for line in text.splitlines()[:30] if line.strip()]
    if "source-ref" in text:
        return None  # lines with something wrong before their objects
    if not lines or any(line.lstrip().startswith(("{", "[", '"{', "}", "]", "<")) for line in lines[:5]):
        return None
    if all(re.fullmatch(r"\S+\.(?:jpe?g|png)", line.strip(), re.IGNORECASE) for line in lines):
        return Recognition(
            "image-list",
            "The file is a list of image files.",
            'Write a line {"source-ref": "s3://BUCKET/NAME"} for each, or sort the images into a folder a label:'
            f" custom-labels convert folders DIR {_S3}",
        )
    for delimiter, name in ((",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")):
        rows = list(_rows(lines, delimiter))
        if rows and min(map(len, rows)) >= 2 and _is_tabular(rows):
            return Recognition(
                "csv",
                f"The file is a table of {name}-separated values (CSV).",
                f"Convert it: custom-labels convert csv {{file}} {_S3}"
                + ("" if delimiter == "," else " (after saving it with commas)"),
            )
    return None


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _is_tabular(rows: list[list[str]]) -> bool:
    has_images = any(re.search(r"\.(?:jpe?g|png)$", cell.strip(), re.IGNORECASE) for row in rows for cell in row)
    return has_images or len({len(row) for row in rows}) == 1


def _yaml(text: str) -> Recognition | None:
    lines = [line for line in text.splitlines()[:20] if line.strip() and not line.lstrip().startswith("#")]
    key = re.compile(r"\s*(?:- )?[\w.-]+\s*:(?:\s.*)?|\s*- .*|---")
    if "source-ref" in text or len(lines) < 2 or not all(key.fullmatch(line) for line in lines):
        return None
    names = {line.split(":")[0].strip() for line in lines}
    if {"names", "nc"} & names:
        return Recognition(
            "yolo-yaml",
            "The file is the description of a YOLO data set (data.yaml).",
            f"Convert the folder of images and labels: custom-labels convert yolo FOLDER {_S3}",
        )
    return Recognition("yaml", "The file is YAML.", "Write JSON Lines: one JSON object a line, one line an image.")
