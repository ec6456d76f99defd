"""DetectCustomLabels on a running model: order, filters, precision on the wire, errors of images (api-facts §4)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support import results
from support.pictures import SEVERAL_LABELS, draw_picture, palette_picture_without_palette
from support.projects import Project, error_code, error_of, unique_name
from support.server import EmulatorProcess

S3_MESSAGE = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


def detect(project: Project, image: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
    """CustomLabels of an image."""
    arn = project.version_arns["first"]
    answer = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, **parameters)
    labels: list[dict[str, Any]] = answer["CustomLabels"]
    return labels


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def circle_and_cross() -> dict[str, Any]:
    """A picture with two of the three labels."""
    return {"Bytes": draw_picture(["circle", "cross"], seed=950).body}


def test_every_label_is_returned_at_confidence_zero(running_project: Project, circle_and_cross: dict[str, Any]) -> None:
    labels = detect(running_project, circle_and_cross, MinConfidence=0)
    assert sorted(label["Name"] for label in labels) == sorted(SEVERAL_LABELS)
    assert {label["Name"] for label in labels[:2]} == {"circle", "cross"}
    confidences = [label["Confidence"] for label in labels]
    assert confidences == sorted(confidences, reverse=True)
    assert all(set(label) == {"Name", "Confidence"} for label in labels), "no Geometry for image-level models"


def test_confidences_are_single_precision_percentages(
    running_project: Project, circle_and_cross: dict[str, Any]
) -> None:
    """api-facts §4.1: f32(f32(p) · 100) with p of five decimals."""
    for label in detect(running_project, circle_and_cross, MinConfidence=0):
        confidence = label["Confidence"]
        assert float(np.float32(np.float32(round(confidence / 100, 5)) * np.float32(100))) == confidence


def test_without_min_confidence_each_label_has_its_own_threshold(
    running_project: Project, circle_and_cross: dict[str, Any]
) -> None:
    summary = results.result_json(running_project, "EvaluationResultSummary")
    thresholds = {each["Label"]: each["Metrics"]["Threshold"] * 100 for each in summary["LabelEvaluationResults"]}
    every = detect(running_project, circle_and_cross, MinConfidence=0)
    expected = [label for label in every if label["Confidence"] >= thresholds[label["Name"]]]
    assert detect(running_project, circle_and_cross) == expected


def test_min_confidence_and_max_results_limit_the_answer(
    running_project: Project, circle_and_cross: dict[str, Any]
) -> None:
    every = detect(running_project, circle_and_cross, MinConfidence=0)
    bound = every[1]["Confidence"]
    assert detect(running_project, circle_and_cross, MinConfidence=bound) == every[:2], "the bound itself is kept (A-5)"
    assert detect(running_project, circle_and_cross, MinConfidence=0, MaxResults=2) == every[:2]
    assert detect(running_project, circle_and_cross, MinConfidence=100) == [
        label for label in every if label["Confidence"] == 100
    ]


def test_bytes_and_s3_object_give_the_same_answer(running_project: Project) -> None:
    picture = draw_picture(["square"], seed=951, size=(400, 300), kind="JPEG")
    key = "asked/square with blank é.jpg"
    running_project.s3.put_object(Bucket=running_project.bucket, Key=key, Body=picture.body)
    by_object = detect(running_project, {"S3Object": {"Bucket": running_project.bucket, "Name": key}}, MinConfidence=0)
    assert by_object == detect(running_project, {"Bytes": picture.body}, MinConfidence=0)
    assert by_object[0]["Name"] == "square"


def test_s3_objects_that_cannot_be_read(running_project: Project, emulator: EmulatorProcess) -> None:
    """A-8: an object of another Region is not found either."""
    abroad = unique_name("abroad")
    client = emulator.client("s3", running_project.arn.split(":")[4], "eu-west-1")
    client.create_bucket(Bucket=abroad, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_object(Bucket=abroad, Key="there.png", Body=draw_picture(["square"], seed=953).body)
    for bucket, name in (
        (running_project.bucket, "none.png"),
        ("no-such-bucket-anywhere", "none.png"),
        (abroad, "there.png"),
    ):
        image = {"S3Object": {"Bucket": bucket, "Name": name}}
        error = error_of(
            running_project.rekognition.detect_custom_labels,
            ProjectVersionArn=running_project.version_arns["first"],
            Image=image,
        )
        assert (error["Code"], error["Message"], error["HTTPStatusCode"]) == (
            "InvalidS3ObjectException",
            S3_MESSAGE,
            400,
        )


PLAIN = Image.new("RGB", (128, 128), "grey")
NOISE = Image.effect_noise((2200, 2000), 90)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        pytest.param({}, "InvalidParameterException", id="neither member"),
        pytest.param(
            {"Bytes": encoded(PLAIN), "S3Object": {"Bucket": "some-bucket", "Name": "k"}},
            "InvalidParameterException",
            id="both members",
        ),
        pytest.param({"Bytes": b"no picture at all"}, "InvalidImageFormatException", id="text"),
        pytest.param({"Bytes": encoded(PLAIN, "GIF")}, "InvalidImageFormatException", id="GIF"),
        pytest.param({"Bytes": encoded(PLAIN)[:200]}, "InvalidImageFormatException", id="truncated"),
        pytest.param({"Bytes": palette_picture_without_palette()}, "InvalidImageFormatException", id="no palette"),
        pytest.param({"Bytes": encoded(PLAIN.resize((63, 128)))}, "InvalidParameterException", id="too narrow"),
        pytest.param({"Bytes": encoded(PLAIN.resize((4097, 256)))}, "ImageTooLargeException", id="too wide"),
        pytest.param({"Bytes": encoded(NOISE)}, "ImageTooLargeException", id="more than 4 MB"),
        pytest.param({"Bytes": b"\0" * 5_242_881}, "ValidationException", id="more than the model allows"),
        pytest.param({"Bytes": b"\0" * 10_485_761}, "ValidationException", id="more than 10 MB"),
    ],
)
def test_images_that_are_refused(running_project: Project, image: dict[str, Any], code: str) -> None:
    arn = running_project.version_arns["first"]
    assert error_code(running_project.rekognition.detect_custom_labels, ProjectVersionArn=arn, Image=image) == code


def test_every_mode_of_png_and_jpeg_is_read(running_project: Project) -> None:
    picture = Image.open(io.BytesIO(draw_picture(["square"], seed=952).body))
    for mode, kind in (("RGBA", "PNG"), ("L", "PNG"), ("P", "PNG"), ("1", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG")):
        labels = detect(running_project, {"Bytes": encoded(picture.convert(mode), kind)}, MinConfidence=0)
        assert len(labels) == len(SEVERAL_LABELS), (mode, kind)


def test_unknown_and_stopped_models(running_project: Project, single_label_project: Project) -> None:
    image = {"Bytes": encoded(PLAIN)}
    unknown = running_project.version_arns["first"].rpartition("/")[0] + "/1234567890123"
    ask = running_project.rekognition.detect_custom_labels
    assert error_code(ask, ProjectVersionArn=unknown, Image=image) == "ResourceNotFoundException"
    stopped = single_label_project.version_arns["first"]
    ask = single_label_project.rekognition.detect_custom_labels
    assert error_code(ask, ProjectVersionArn=stopped, Image=image) == "ResourceNotReadyException"


def odd_images() -> dict[str, bytes]:
    """Files that cameras and programs write and that readers have been known to refuse."""
    picture = Image.open(io.BytesIO(draw_picture(["square"], seed=953).body)).convert("RGB")
    turned, unknown = Image.Exif(), Image.Exif()
    turned[0x0112], unknown[0x0112] = 6, 99
    frames = [picture, picture.rotate(90)]
    streams = {"APNG": io.BytesIO(), "MPO": io.BytesIO(), "progressive": io.BytesIO()}
    frames[0].save(streams["APNG"], "PNG", save_all=True, append_images=frames[1:])
    frames[0].save(streams["MPO"], "MPO", save_all=True, append_images=frames[1:])
    picture.save(streams["progressive"], "JPEG", progressive=True)
    deep = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    files = {name: stream.getvalue() for name, stream in streams.items()}
    return files | {
        "EXIF 6": encoded(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=turned),
        "EXIF 99": encoded(picture, "JPEG", exif=unknown),
        "16-bit grey": encoded(Image.fromarray(deep), "PNG"),
        "bytes behind the end": encoded(picture, "JPEG") + b"a film" * 100,
    }


def test_odd_but_sound_images_are_answered_from_bytes_and_from_s3(running_project: Project) -> None:
    for name, body in odd_images().items():
        key = f"odd/{name.replace(' ', '-')}"
        running_project.s3.put_object(Bucket=running_project.bucket, Key=key, Body=body)
        given = {"Bytes": body}, {"S3Object": {"Bucket": running_project.bucket, "Name": key}}
        first, second = (detect(running_project, image, MinConfidence=0) for image in given)
        assert first == second, name
        assert len(first) == len(SEVERAL_LABELS), name


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "BMP", "TIFF", "cut off", "a byte in front"])
def test_other_images_are_refused_from_bytes_and_from_s3(running_project: Project, kind: str) -> None:
    good = encoded(PLAIN, "JPEG")
    spoilt = {"cut off": good[: len(good) // 2], "a byte in front": b"\0" + good}
    body = spoilt[kind] if kind in spoilt else encoded(PLAIN, kind)
    running_project.s3.put_object(Bucket=running_project.bucket, Key="odd/refused", Body=body)
    ask = running_project.rekognition.detect_custom_labels
    arn = running_project.version_arns["first"]
    for image in ({"Bytes": body}, {"S3Object": {"Bucket": running_project.bucket, "Name": "odd/refused"}}):
        assert error_code(ask, ProjectVersionArn=arn, Image=image) == "InvalidImageFormatException"
