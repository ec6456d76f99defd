"""Files that are not manifests are named, with what to do about them; manifests with mistakes are not mistaken."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest

from emulator.lint.recognising import recognise
from support.manifests import as_manifest, box_line, image_line
from tests.lint.mistakes import mutants
from tests.lint.test_lint import run

GOOD = as_manifest([image_line(number, "ab"[number % 2]) for number in range(6)])
TEXT = GOOD.decode()
OBJECTS = [json.loads(line) for line in TEXT.splitlines()]
COCO = {
    "info": {},
    "images": [{"id": 1, "width": 100, "height": 80, "file_name": "a.jpg"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}],
    "categories": [{"id": 1, "name": "cat"}],
}
CONVERT_COCO = "custom-labels convert coco"
FIX = "custom-labels lint --fix"

FILES: dict[str, tuple[bytes, str, str]] = {
    "COCO": (json.dumps(COCO).encode(), "COCO annotation file", CONVERT_COCO),
    "COCO, pretty-printed": (json.dumps(COCO, indent=2).encode(), "COCO annotation file", CONVERT_COCO),
    "COCO, very long": (
        json.dumps({**COCO, "annotations": COCO["annotations"] * 9000}).encode(),  # type: ignore[operator]
        "COCO annotation file",
        CONVERT_COCO,
    ),
    "COCO without categories": (
        json.dumps({k: v for k, v in COCO.items() if k != "categories"}).encode(),
        "COCO",
        "coco",
    ),
    "COCO results": (
        json.dumps([{"image_id": 1, "category_id": 1, "bbox": [1], "score": 0.5}]).encode(),
        "COCO results",
        "coco",
    ),
    "Pascal VOC": (
        b"<?xml version='1.0'?>\n<annotation><filename>a.jpg</filename></annotation>",
        "Pascal VOC",
        "convert voc",
    ),
    "CVAT": (
        b"<?xml version='1.0'?><annotations><version>1.1</version></annotations>",
        "CVAT",
        "custom-labels convert cvat",
    ),
    "YOLO": (b"0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.05 0.05\n", "YOLO label file", "convert yolo"),
    "YOLO segments": (b"0 0.5 0.5 0.25 0.25 0.1 0.1 0.2 0.2\n", "YOLO label file", "convert yolo"),
    "YOLO yaml": (b"train: images\nval: images\nnc: 2\nnames: [a, b]\n", "data.yaml", "convert yolo"),
    "CSV": (b"a.jpg,cat\nb.jpg,dog\n", "comma-separated", "convert csv"),
    "CSV with header": (b"filename,label\na.jpg,cat\n", "comma-separated", "convert csv"),
    "CSV with semicolons": (b"filename;label\na.jpg;cat\n", "semicolon-separated", "convert csv"),
    "TSV": (b"filename\tlabel\na.jpg\tcat\n", "tab-separated", "convert csv"),
    "list of images": (b"a.jpg\nb.jpg\n", "list of image files", "convert folders"),
    "JSON array": (json.dumps(OBJECTS).encode(), "one JSON array", FIX),
    "JSON array over lines": (b"[\n" + b",\n".join(GOOD.splitlines()) + b"\n]\n", "JSON array", FIX),
    "JSON array, pretty-printed": (json.dumps(OBJECTS, indent=4).encode(), "one JSON array", FIX),
    "pretty-printed objects": (b"\n".join(json.dumps(o, indent=2).encode() for o in OBJECTS), "several lines", FIX),
    "one pretty-printed object": (json.dumps(OBJECTS[0], indent=2).encode(), "several lines", FIX),
    "ListDatasetEntries": (json.dumps({"DatasetEntries": TEXT.splitlines()}).encode(), "ListDatasetEntries", FIX),
    "ListDatasetEntries, pretty-printed": (
        json.dumps({"DatasetEntries": TEXT.splitlines()}, indent=4).encode(),
        "ListDatasetEntries",
        FIX,
    ),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-16", FIX),
    "UTF-16 without mark": (TEXT.encode("utf-16-be"), "UTF-16", FIX),
    "UTF-32": (TEXT.encode("utf-32"), "UTF-32", FIX),
    "line ends of an old Mac": (GOOD.replace(b"\n", b"\r"), "carriage returns", FIX),
    "line separators": (TEXT.replace("\n", "\u2028").encode(), "U+2028", FIX),
    "record separators": (b"\x1e" + GOOD.replace(b"\n", b"\x1e"), "record separators", FIX),
    "LabelMe": (json.dumps({"version": "5", "shapes": [], "imagePath": "a.jpg"}).encode(), "LabelMe", CONVERT_COCO),
    "VIA": (json.dumps({"a.jpg1": {"filename": "a.jpg", "regions": []}}).encode(), "VIA", "custom-labels convert via"),
    "VIA project": (json.dumps({"_via_img_metadata": {}}).encode(), "VIA", "custom-labels convert via"),
    "Label Studio": (
        json.dumps([{"id": 1, "annotations": [], "data": {"image": "a"}}]).encode(),
        "Label Studio",
        "custom-labels convert labelstudio",
    ),
    "Create ML": (
        json.dumps([{"image": "a.jpg", "annotations": [{"label": "a", "coordinates": {"x": 1}}]}]).encode(),
        "Create ML",
        CONVERT_COCO,
    ),
    "Vertex AI": (
        b'{"imageGcsUri": "gs://b/a.jpg", "classificationAnnotation": {"displayName": "a"}}\n',
        "Vertex AI",
        "source-ref",
    ),
    "Azure": (b'{"image_url": "azureml://a.jpg", "label": "a"}\n', "Azure Machine Learning", "source-ref"),
    "Hugging Face": (b'{"file_name": "a.jpg", "label": "a"}\n', "Hugging Face", "source-ref"),
    "Labelbox": (b'{"data_row": {"id": "1"}, "projects": {}}\n', "Labelbox", "source-ref"),
    "answers": (b'{"CustomLabels": [{"Name": "a", "Confidence": 90.0}]}\n', "DetectCustomLabels", "manifest"),
    "manifest summary": (json.dumps({"statistics": {}, "errors": []}).encode(), "manifest summary", "manifest"),
    "evaluation summary": (
        json.dumps({"Version": 1, "EvaluationDetails": {}}).encode(),
        "evaluation summary",
        "manifest",
    ),
    "an HTML page": (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "HTML page", "again"),
    "an error of S3": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "AccessDenied", "again"),
    "gzip": (gzip.compress(GOOD), "gzip", "JSON Lines"),
    "ZIP": (b"PK\x03\x04" + bytes(40), "ZIP archive", "JSON Lines"),
    "Parquet": (b"PAR1" + bytes(40), "Parquet", "JSON Lines"),
    "a pickle": (pickle.dumps(OBJECTS), "pickle", "JSON Lines"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG image", "JSON Lines"),
    "a program": (b"import json\nprint(1)\n", "a program", "manifest"),
    "YAML": (b"images:\n  - a.jpg\n", "YAML", "JSON Lines"),
}


@pytest.mark.parametrize("name", FILES)
def test_another_format_is_named_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    body, told, cure = FILES[name]
    path = tmp_path / "a.manifest"
    path.write_bytes(body)
    assert run(path, "--no-images") == 1
    shown = capsys.readouterr().out
    first = "\n".join(shown.splitlines()[:8])
    assert told in first and cure in first
    assert "a.manifest:1:" in first or "a.manifest:2:" in first
    assert all(letter.isprintable() or letter == "\n" for letter in shown)


def test_a_manifest_is_not_taken_for_something_else() -> None:
    """A good one, an empty one, and every mistake that is left to the check of its lines."""
    good = [GOOD, as_manifest([box_line()]), b"", b"\n\n", b"{", as_manifest([{"source-ref": "s3://b/a.jpg"}])]
    assert [recognise(body) for body in good] == [None] * len(good)
    whole = ("over several lines", "other text", "a number")
    taken = {m.kind.name for m in mutants() if m.variant == "one line" and recognise(m.body) is not None}
    assert taken - set(whole) == set()


def test_bytes_of_any_kind_are_looked_at(tmp_path: Path) -> None:
    for body in (
        b"\xff",
        b"\x00" * 9,
        b"\xef\xbb\xbf",
        b"[",
        b"{",
        b'"',
        b"\xff\xfe",
        b"<",
        b",",
        b"\x1e\x1e",
        b"a: b",
    ):
        path = tmp_path / "a.manifest"
        path.write_bytes(body)
        assert run(path, "--no-images") == 1
