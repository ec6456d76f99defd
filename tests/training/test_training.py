"""What a training says when its object store fails it, depending on what was read or written (TE-0, TE-5, TE-9)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

from emulator.console.results import _quality as quality_shown
from emulator.domain.caller import Caller
from emulator.domain.evaluation.result_keys import result_keys
from emulator.domain.jobs import Broke, Done, Outcome
from emulator.domain.object_store import ObjectLocation, ObjectStoreUnavailableError
from emulator.server.model_archive import Quality
from emulator.training.run import run_training
from emulator.training.task import Manifests, TrainingOptions, TrainingTask
from emulator.vision.classifier import data as classification_data
from support.manifests import BUCKET, as_manifest, image_line
from support.memory_store import MemoryObjectStore
from support.pictures import palette_picture_without_palette

CALLER = Caller("111122223333", "us-east-1")


class LaterChangedStore(MemoryObjectStore):
    """Holds good images until the manifest summary is written, that is, until all are checked; then `change` acts."""

    def __init__(self, images: int, change: Callable[[MemoryObjectStore], None]) -> None:
        super().__init__()
        self.change = change
        for number in range(images):
            stream = io.BytesIO()
            Image.effect_noise((80, 80), 20 + number).save(stream, "PNG")
            self.add(BUCKET, f"images/{number:06}.jpg", stream.getvalue())

    def put(self, location: ObjectLocation, body: BinaryIO | bytes, caller: Caller, content_type: str) -> None:
        super().put(location, body, caller, content_type)
        if "ManifestSummary" in location.key:
            self.change(self)


def delete_images(objects: MemoryObjectStore) -> None:
    for place in [place for place in objects.objects if place[0] == BUCKET]:
        del objects.objects[place]


def write_over_a_test_image(objects: MemoryObjectStore) -> None:
    objects.add(BUCKET, "images/000009.jpg", b"no image any more")


def deny_images(objects: MemoryObjectStore) -> None:
    objects.denied.add(BUCKET)


def trained(objects: MemoryObjectStore, directory: Path, bucket: str = "results", effort: str = "fast") -> Outcome:
    """The outcome of a training on twelve images of two labels."""
    lines = [image_line(number, "ab"[number % 2]) for number in range(12)]
    manifests = directory / "train.manifest", directory / "test.manifest"
    for path, side in zip(manifests, (lines[:8], lines[8:]), strict=True):
        path.write_bytes(as_manifest(side))
    task = TrainingTask(
        caller=CALLER,
        version_arn="arn:aws:rekognition:us-east-1:111122223333:project/project/version/first/1",
        manifests=Manifests(*manifests, training_buckets=(), testing_buckets=()),
        options=TrainingOptions(seed=0, effort=effort, threads=1, cache_directory=directory / "cache"),
        bucket=bucket,
        keys={str(kind): key for kind, key in result_keys("out", "project", "first").items()},
        work_directory=directory,
        model_path=directory / "model.onnx",
    )
    return run_training(task, objects, lambda *_: None)


@pytest.mark.parametrize("change", [delete_images, write_over_a_test_image, deny_images])
def test_images_that_are_gone_after_the_check_are_not_blamed_on_the_output(
    tmp_path: Path, change: Callable[[MemoryObjectStore], None], caplog: pytest.LogCaptureFixture
) -> None:
    """TE-9, VR-2: the validation files are there, the message speaks of the images, the log says why."""
    outcome = trained(LaterChangedStore(12, change), tmp_path)
    assert isinstance(outcome, Broke) and outcome.message == "Failed to copy images from S3 bucket."
    assert "ManifestSummary" in outcome.version["result_keys"]
    assert "an image can no longer be read" in caplog.text


def test_a_picture_without_a_palette_does_not_fail_the_training_of_the_others(tmp_path: Path) -> None:
    """J-10: the picture's own line names it in the validation manifest; the model is trained on the rest."""
    objects = LaterChangedStore(12, lambda _: None)
    objects.add(BUCKET, "images/000002.jpg", palette_picture_without_palette())
    outcome = trained(objects, tmp_path)
    assert isinstance(outcome, Done)
    validated = objects.objects["results", outcome.version["result_keys"]["TrainingManifestWithValidation"]]
    lines = [json.loads(line) for line in validated.splitlines()]
    spoilt = [line["source-ref"] for line in lines if "errors" in line]
    assert spoilt == [f"s3://{BUCKET}/images/000002.jpg"]


def test_a_version_says_how_much_of_a_large_set_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification_data, "MOST_IMAGES", 5)
    monkeypatch.setattr(classification_data, "FEWEST_OF_EACH_LABEL", 1)
    outcome = trained(LaterChangedStore(12, lambda _: None), tmp_path, effort="instant")
    assert isinstance(outcome, Done)
    quality = outcome.version["quality"]
    assert quality is not None
    assert quality["training_images"] == {
        "used": 5,
        "labelled": 8,
        "reason": "effort",
        "text": "5 of 8 labelled images were used: this effort uses no more.",
    }
    shown = quality_shown(quality)
    assert shown is not None and shown.training_images is not None
    assert shown.training_images.model_dump() == quality["training_images"]
    assert Quality.model_validate(quality).model_dump(by_alias=True, exclude_none=True) == quality


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    """TE-5."""
    objects = LaterChangedStore(12, delete_images)
    objects.denied.add("locked")
    outcome = trained(objects, tmp_path, "locked")
    assert isinstance(outcome, Broke) and outcome.message == "Unable to write to output S3 bucket."
    assert outcome.version["result_keys"] == {}


def test_a_store_that_does_not_answer_for_images_is_no_fault_of_the_output(tmp_path: Path) -> None:
    """TE-0: the worker ends with the error, and the version fails as the service's fault."""

    class Silent(MemoryObjectStore):
        def get(self, location: ObjectLocation, caller: Caller) -> bytes:  # noqa: ARG002
            raise ObjectStoreUnavailableError(str(location))

    with pytest.raises(ObjectStoreUnavailableError):
        trained(Silent(), tmp_path)
