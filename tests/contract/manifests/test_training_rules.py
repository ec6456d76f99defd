"""Every manifest error of trainings, provoked over the API: status, message, result files (chapters TE, J, VR, MS).

The trainings fail, or are meant to: nothing is learnt here, so they are quick.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from support.manifests import BUCKET, LINE_CASES, Line, as_bytes, box_line, image_line, image_pair
from support.projects import Project, new_project, unique_name
from support.server import EmulatorProcess

Lines = Sequence[Line | bytes]


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    return new_project(emulator, account)


def encoded(kind: str, width: int = 640, height: int = 480) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "olive").save(stream, kind)
    return stream.getvalue()


GOOD_IMAGE = encoded("JPEG")


def put(project: Project, key: str, body: bytes, bucket: str | None = None) -> None:
    project.s3.upload_fileobj(io.BytesIO(body), bucket or project.bucket, key)


def put_images(project: Project, lines: Lines, bucket: str | None = None) -> None:
    """A good image for every line that names one in the tests' bucket."""
    for line in lines:
        source_ref = line.get("source-ref") if isinstance(line, dict) else None
        if isinstance(source_ref, str) and source_ref.startswith(f"s3://{BUCKET}/"):
            put(project, source_ref.removeprefix(f"s3://{BUCKET}/"), GOOD_IMAGE, bucket)


def manifest(lines: Lines, bucket: str) -> bytes:
    """The lines with the real bucket in place of the one that the tests' lines name."""
    theirs, ours = f"s3://{BUCKET}/".encode(), f"s3://{bucket}/".encode()
    return b"".join(as_bytes(line).replace(theirs, ours) + b"\n" for line in lines)


def asset(project: Project, key: str) -> dict[str, Any]:
    return {"Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": key}}}]}


def failed(project: Project, training: Lines | bytes, testing: Lines | None, **parameters: Any) -> dict[str, Any]:
    """The description of a training from external manifests, after it has failed; None for testing means AutoCreate."""
    body = training if isinstance(training, bytes) else manifest(training, project.bucket)
    put(project, "train.manifest", body)
    if testing is not None:
        put(project, "test.manifest", manifest(testing, project.bucket))
    given = {
        "TrainingData": asset(project, "train.manifest"),
        "TestingData": {"AutoCreate": True} if testing is None else asset(project, "test.manifest"),
    }
    project.start_training(**given | parameters)
    description = project.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert description["Status"] == "TRAINING_FAILED"
    assert "EvaluationResult" not in description
    return description


def read(project: Project, location: dict[str, Any]) -> bytes:
    body: bytes = project.s3.get_object(Bucket=location["Bucket"], Key=location["Name"])["Body"].read()
    return body


def summary_of(project: Project, description: dict[str, Any]) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(read(project, description["ManifestSummary"]["S3Object"]))
    return summary


def validation_lines(project: Project, description: dict[str, Any], side: str) -> list[bytes]:
    [found] = description[f"{side}DataResult"]["Validation"]["Assets"]
    return read(project, found["GroundTruthManifest"]["S3Object"]).splitlines(keepends=True)


def labelled(count: int, start: int = 0, labels: str = "ab") -> list[Line | bytes]:
    return [image_line(start + number, labels[number % len(labels)]) for number in range(count)]


def boxed(count: int, start: int = 0, labels: str = "ab") -> list[Line | bytes]:
    return [box_line(start + number, [(labels[number % len(labels)], 1, 1, 50, 50)]) for number in range(count)]


def with_labels(count: int) -> Line:
    """One line with so many image-level labels."""
    line: Line = {"source-ref": f"s3://{BUCKET}/many.jpg"}
    for number in range(count):
        line |= image_pair(f"kind{number}", f"label {number}")
    return line


def own_image(line: Line | bytes, number: int) -> Line | bytes:
    if isinstance(line, bytes) or not str(line.get("source-ref", "")).startswith(f"s3://{BUCKET}/"):
        return line
    return {**line, "source-ref": f"s3://{BUCKET}/cases/{number:03}.jpg"}


PNG = encoded("PNG")
EMPTY_TEXT = b"\0\0\0\2tEXta\0" + zlib.crc32(b"tEXta\0").to_bytes(4, "big")
BAD_IMAGES = {
    "cut off": GOOD_IMAGE[:-200],
    "no image": b"hello",
    "a GIF": encoded("GIF"),
    "too narrow": encoded("PNG", 63, 100),
    "too wide": encoded("PNG", 4097, 300),
    "20:1": encoded("PNG", 1280, 64),
    "over 15 MB": GOOD_IMAGE + b"\0" * (15 * 1024 * 1024),
    "a PNG whose header is late": PNG[:8] + EMPTY_TEXT + PNG[8:],
    "missing": b"",
}


def test_every_line_error_is_in_the_validation_manifest_at_its_place(project: Project) -> None:
    """J-1 to J-22, J-23, VR-1, MS: one training holds a line for every rule; it fails for want of labels."""
    cases = [(own_image(case.line, number), case) for number, case in enumerate(LINE_CASES.values())]
    bad_images = [image_line(900 + number, "a") for number in range(len(BAD_IMAGES))]
    small_boxes = box_line(950, [("a", 1, 1, 50, 50)])
    rest = [*(line for line, _ in cases), *bad_images, small_boxes]
    lines = [*labelled(4 * len(rest), labels="a"), *rest]
    put_images(project, [line for line in lines if line not in bad_images and line is not small_boxes])
    for line, body in zip(bad_images, BAD_IMAGES.values(), strict=True):
        if body:
            put(project, line["source-ref"].removeprefix(f"s3://{BUCKET}/"), body)
    put(project, "images/000950.jpg", encoded("PNG", 63, 100))
    testing = labelled(2, 5000, "a")
    put_images(project, testing)
    description = failed(project, lines, testing)
    assert description["StatusMessage"] == "The manifest file has too few usable labels."
    written = validation_lines(project, description, "Training")
    expected = manifest(lines, project.bucket).splitlines(keepends=True)
    start = len(lines) - len(rest)
    assert written[:start] == expected[:start]
    for validated, (_, case) in zip(written[start:], cases, strict=False):
        check_line(json.loads(validated), case.code, case.message, case.place)
    message = "The image is invalid. Check S3 path and/or image properties."
    for validated in written[start + len(cases) : -1]:
        check_line(json.loads(validated), "ERROR_INVALID_IMAGE", message, ())
    message = "The image dimension(s) do not conform to allowed dimensions."
    check_line(json.loads(written[-1]), "ERROR_INVALID_IMAGE_DIMENSION", message, ("boxes",))
    statistics = summary_of(project, description)["statistics"]["training"]
    verdicts = [case.verdict for _, case in cases] + ["invalid"] * (len(bad_images) + 1)
    assert statistics["total_json_lines"] == len(lines)
    assert statistics["invalid_json_lines"] == verdicts.count("invalid")
    assert statistics["ignored_json_lines"] == verdicts.count("ignored")
    with_errors = [not case.code.startswith("WARNING") for _, case in cases] + [True] * (len(bad_images) + 1)
    numbers = [start + number for number, has_error in enumerate(with_errors, start=1) if has_error]
    assert statistics["error_json_line_indices"] == numbers


def check_line(line: Any, code: str, message: str, place: tuple[str | int, ...] | None) -> None:
    if place is None:
        assert line == {"errors": [{"code": code, "message": message}]}
        return
    for step in place:
        line = line[step]
    assert {"code": code, "message": message} in line["warnings" if code.startswith("WARNING") else "errors"]


@pytest.mark.parametrize(
    ("training", "testing", "code", "message"),
    [
        pytest.param(
            [*labelled(7), b"{", b""],
            labelled(4, 50),
            "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST",
            "The manifest file contains too many invalid rows.",
            id="TE-6",
        ),
        pytest.param(
            [*labelled(9), as_bytes(image_line(99)).replace(BUCKET.encode(), b"elsewhere")],
            labelled(4, 50),
            "ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS",
            "The manifest file contains images from multiple S3 buckets.",
            id="TE-7",
        ),
        pytest.param(
            [*labelled(6), image_line(99, "rare")],
            None,
            "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT",
            "The manifest file contains insufficient labeled images per label to perform auto-split.",
            id="TE-11",
        ),
        pytest.param(
            labelled(6, labels="a"),
            labelled(4, 50, "a"),
            "ERROR_MANIFEST_TOO_FEW_LABELS",
            "The manifest file has too few labels.",
            id="TE-12",
        ),
        pytest.param(
            [with_labels(251)],
            labelled(4, 50),
            "ERROR_MANIFEST_TOO_MANY_LABELS",
            "The manifest file has too many labels.",
            id="TE-13",
        ),
        pytest.param(
            [*labelled(6, labels="a"), *boxed(3, 20, "b")],
            labelled(4, 50),
            "ERROR_MANIFEST_TOO_FEW_USABLE_LABELS",
            "The manifest file has too few usable labels.",
            id="TE-15",
        ),
        pytest.param(
            [*labelled(6), *labelled(2)],
            labelled(4, 50),
            "ERROR_TOO_MANY_RECORDS_IN_ERROR",
            "The manifest file has too many terminal errors.",
            id="TE-17",
        ),
    ],
)
def test_content_errors_of_the_training_manifest(
    project: Project, training: Lines, testing: Lines | None, code: str, message: str
) -> None:
    """With summary and validation manifests, without evaluation (TE-18)."""
    put_images(project, [*training, *(testing or [])])
    description = failed(project, training, testing)
    assert description["StatusMessage"] == message
    summary = summary_of(project, description)
    assert summary["statistics"]["training"]["errors"][0] == {"code": code, "message": message}
    assert summary["statistics"]["training"]["use_case"] == "NOT_DETERMINED"
    assert len(validation_lines(project, description, "Training")) == len(training)


@pytest.mark.parametrize(
    ("training", "testing", "code", "message"),
    [
        pytest.param(
            labelled(6, labels="abc"),
            labelled(2, 50, "a"),
            "ERROR_INSUFFICIENT_LABEL_OVERLAP",
            "Less than 50% label overlap between the training and testing manifest files.",
            id="TE-14",
        ),
        pytest.param(
            boxed(6),
            labelled(4, 50),
            "ERROR_INSUFFICIENT_USABLE_LABEL_OVERLAP",
            "Less than 50% usable label overlap between the training and testing manifest files.",
            id="TE-16",
        ),
    ],
)
def test_errors_of_the_pair_are_on_top_of_the_summary(
    project: Project, training: Lines, testing: Lines, code: str, message: str
) -> None:
    """TE-14, TE-16, TE-18."""
    put_images(project, [*training, *testing])
    description = failed(project, training, testing)
    assert description["StatusMessage"] == message
    summary = summary_of(project, description)
    assert summary["errors"] == [{"code": code, "message": message}]
    assert summary["statistics"]["training"]["errors"] == []


def test_no_image_can_be_copied(project: Project) -> None:
    """TE-9."""
    description = failed(project, labelled(6), labelled(4, 50))
    assert description["StatusMessage"] == "Failed to copy images from S3 bucket."
    errors = summary_of(project, description)["statistics"]["training"]["errors"]
    assert errors[0]["code"] == "ERROR_FAILED_IMAGES_S3_COPY"


def test_images_in_the_bucket_of_another_owner(project: Project, emulator: EmulatorProcess) -> None:
    """TE-10."""
    theirs = unique_name("theirs")
    other = emulator.client("s3", "999900001111")
    other.create_bucket(Bucket=theirs)
    lines = [*labelled(6), *labelled(4, 50)]
    for line in lines:
        assert isinstance(line, dict)
        other.upload_fileobj(io.BytesIO(GOOD_IMAGE), theirs, line["source-ref"].removeprefix(f"s3://{BUCKET}/"))
    testing = [json.loads(manifest([line], theirs)) for line in lines[6:]]
    description = failed(project, manifest(lines[:6], theirs), testing)
    assert description["StatusMessage"] == "Invalid owner id for images S3 bucket."
    errors = summary_of(project, description)["statistics"]["training"]["errors"]
    assert errors[0]["code"] == "ERROR_INVALID_IMAGES_S3_BUCKET_OWNER"


@pytest.mark.parametrize(
    ("training", "parameters", "message"),
    [
        pytest.param(b"a,b\n", {}, "The manifest file extension or contents are invalid.", id="TE-1"),
        pytest.param(b"", {}, "The manifest file is empty.", id="TE-2"),
        pytest.param(
            labelled(6),
            {"OutputConfig": {"S3Bucket": "no-such-bucket-anywhere", "S3KeyPrefix": "x"}},
            "Unable to write to output S3 bucket.",
            id="TE-5",
        ),
    ],
)
def test_file_errors_leave_no_result_files(
    project: Project, training: Lines | bytes, parameters: dict[str, Any], message: str
) -> None:
    """TE-1, TE-2, TE-5, VR-2."""
    description = failed(project, training, labelled(4, 50), **parameters)
    assert description["StatusMessage"] == message
    assert "ManifestSummary" not in description
    assert "Validation" not in description.get("TrainingDataResult", {})
    listed = project.s3.list_objects_v2(Bucket=project.bucket, Prefix="results").get("Contents", [])
    assert listed == []


def test_result_files_whose_keys_would_be_too_long(project: Project) -> None:
    """TE-5: S3 takes keys of 1,024 bytes at most."""
    output = {"S3Bucket": project.bucket, "S3KeyPrefix": "x" * 1024}
    description = failed(project, labelled(6), labelled(4, 50), OutputConfig=output)
    assert description["StatusMessage"] == "Unable to write to output S3 bucket."
    assert "ManifestSummary" not in description


def test_a_manifest_without_extension(project: Project) -> None:
    """TE-1, X-7."""
    put(project, "train", manifest(labelled(6), project.bucket))
    given = {"TrainingData": asset(project, "train")}
    description = failed(project, labelled(6), labelled(4, 50), **given)
    assert description["StatusMessage"] == "The manifest file extension or contents are invalid."
