"""One training, from manifests to result files, as the worker process runs it (T-*, TE-*, VR-*, SN-*, ES-*).

Validate and write the validation files · train · evaluate on the test images · export · write snapshots and summary.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from emulator import __version__
from emulator.domain.evaluation.hints import hints
from emulator.domain.evaluation.result_keys import ResultKind
from emulator.domain.evaluation.snapshots import training_snapshot_line
from emulator.domain.evaluation.summary import evaluation_summary
from emulator.domain.jobs import Broke, Done, Outcome, VersionResults
from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.reading import ManifestLine, read_lines
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import Rule
from emulator.domain.manifest.training import TrainingValidation, validate_training
from emulator.domain.object_store import (
    ObjectAccessDeniedError,
    ObjectLocation,
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreError,
)
from emulator.storage.files import written_file
from emulator.training.evaluation import TestResult, evaluate
from emulator.training.images import ImageReader, training_examples
from emulator.training.journal import Journal
from emulator.training.task import TrainingTask
from emulator.vision.errors import ImageError, TrainingError
from emulator.vision.examples import Effort, Progress, TrainedModel, TrainingSettings
from emulator.vision.parallel import Threads, Workers
from emulator.vision.training import train

logger = logging.getLogger(__name__)


class Report(Protocol):
    """Hears how far a training is: `done` of `total` steps of a stage, and the loss of the last one if there is any."""

    def __call__(self, stage: str, done: int, total: int, loss: float | None = None) -> None: ...


class TrainingFailedError(Exception):
    """The training cannot go on; the message is the version's StatusMessage."""


@dataclass(slots=True)
class Training:
    """The state of one training in the worker. `keys` are the object keys by kind, `written` those that exist."""

    task: TrainingTask
    objects: ObjectStore
    report: Report
    workers: Workers
    written: dict[str, str] = field(default_factory=dict)

    def put_lines(self, kind: ResultKind, lines: Iterable[bytes]) -> None:
        """Write a result file of lines, by way of a scratch file, so that its size does not matter (TE-5)."""
        scratch = self.task.work_directory / kind.value
        with written_file(scratch) as stream:
            for line in lines:
                stream.write(line)
        with scratch.open("rb") as stream:
            location = ObjectLocation(self.task.bucket, self.task.keys[kind.value])
            try:
                self.objects.put(location, stream, self.task.caller, "application/json")
            except ObjectStoreError as error:
                raise TrainingFailedError(file_rules.OUTPUT_BUCKET_NOT_WRITABLE.message) from error
        self.written[kind.value] = location.key

    def put_json(self, kind: ResultKind, document: JsonObject) -> None:
        """Write a result file of one JSON document."""
        self.put_lines(kind, [json.dumps(document, ensure_ascii=False).encode()])

    def put_text_lines(self, kind: ResultKind, lines: Iterable[str]) -> None:
        """Write a result file of JSON lines, each ended by a line feed."""
        self.put_lines(kind, (line.encode() + b"\n" for line in lines))


def run_training(task: TrainingTask, objects: ObjectStore, report: Report, elsewhere: Workers | None = None) -> Outcome:
    """Do a whole training; the outcome of its job. Workers `elsewhere` do what can be spread.

    Only what the user gave wrong becomes a
    failed outcome; anything else is raised, ends the worker, and is the service's fault (TE-0).
    """
    began = time.monotonic()
    training = Training(task, objects, report, elsewhere or Threads(task.options.threads))
    try:
        with _journal(training, "looks", "") as looks:
            results = _run(training, looks)
    except TrainingFailedError as error:
        return Broke(str(error), version={"result_keys": training.written})
    except (ObjectNotFoundError, ObjectAccessDeniedError, ImageError) as error:
        logger.warning("an image can no longer be read, though it could when it was checked: %s", error)
        return Broke(file_rules.IMAGES_COPY_FAILED.message, version={"result_keys": training.written})
    results["result_keys"] = training.written
    results["billable_seconds"] = math.ceil(time.monotonic() - began)
    return Done(version=results)


def _journal(training: Training, name: str, content: str) -> Journal:
    """What a training that is taken up again knows already. Another release may judge otherwise."""
    training.task.work_directory.mkdir(parents=True, exist_ok=True)
    return Journal(training.task.work_directory / f"{name}.journal", f"{__version__} {content}")


def _run(training: Training, looks: Journal) -> VersionResults:
    task = training.task
    reader = ImageReader(training.objects, task.caller, training.workers, training.report, looks)
    validation = _validate(training, reader)
    _write_validation_files(training, validation)
    if validation.failure is not None:
        raise TrainingFailedError(validation.failure.message)
    numbered = enumerate(validation.training.usable, start=1)
    training.put_text_lines(ResultKind.TRAINING_SNAPSHOT, (training_snapshot_line(*pair) for pair in numbered))
    try:
        model = _train(training, validation, reader)
        answers = partial(_journal, training, "answers")
        result = evaluate(
            model, validation, reader, training.workers, answers, training.report, datetime.now(UTC), task.options.seed
        )
    except TrainingError as error:
        raise TrainingFailedError(str(error)) from error
    _write_results(training, validation, result)
    model.export(task.model_path, result.evaluation.thresholds(), _provenance(task, model))
    return {
        "model_file": task.model_path.name,
        "f1_score": result.evaluation.f1,
        "quality": _quality(task, validation, model, result),
    }


def _quality(task: TrainingTask, validation: TrainingValidation, model: TrainedModel, result: TestResult) -> JsonObject:
    """How good the model is, how sure that is, and what would help most; it is logged, too."""
    lines = validation.training.usable
    counts = Counter(label for line in lines for label in {*line.image_labels, *(box.label for box in line.boxes)})
    test_images = len(validation.testing.usable)
    advice = hints(result.evaluation, result.f1, counts, test_images)
    document: JsonObject = {"effort": task.options.effort, "test_images": test_images, "f1": result.f1.document()}
    large_set = model.report.get("large_set")
    if isinstance(large_set, dict):
        document["training_images"] = large_set
    logger.info("F1 %.3f (%.3f to %.3f) on %d test images", *astuple(result.f1), test_images)
    if result.average_precision is not None:
        document["average_precision"] = result.average_precision.document()
        logger.info("average precision %.3f (%.3f to %.3f)", *astuple(result.average_precision))
    for hint in advice:
        logger.info("hint: %s", hint.text)
    return document | {"hints": [hint.document() for hint in advice]}


def _validate(training: Training, reader: ImageReader) -> TrainingValidation:
    task = training.task
    testing = task.manifests.testing
    owners = _BucketRules(training)
    validation = validate_training(
        _source(task.manifests.training, ManifestLimits.of(task.caller.region, "train")),
        None if testing is None else _source(testing, ManifestLimits.of(task.caller.region, "test")),
        reader.look_at_images,
        owners.check,
        split_seed=task.options.seed,
    )
    if validation.is_file_error:
        assert validation.failure is not None, "a file error is a failure"
        raise TrainingFailedError(validation.failure.message)
    return validation


def _source(path: Path, limits: ManifestLimits) -> Callable[[], Iterator[ManifestLine]]:
    def lines() -> Iterator[ManifestLine]:
        with path.open("rb") as stream:
            yield from read_lines(stream, limits)

    return lines


class _BucketRules:
    """TE-8 and TE-10: may the caller use the images' bucket, and does it belong to the manifest's owner."""

    def __init__(self, training: Training) -> None:
        self._training = training

    def check(self, side: str, bucket: str) -> Rule | None:
        """The broken rule, or None. A bucket that does not exist makes each of its images invalid instead."""
        objects, task = self._training.objects, self._training.task
        if task.images_refused:
            return file_rules.IMAGES_PERMISSIONS
        if side in task.foreign_images:
            return file_rules.IMAGES_BUCKET_OWNER
        try:
            owner = objects.owner(bucket, task.caller)
            manifests = task.manifests
            is_training = side == "training"
            buckets = manifests.training_buckets if is_training else manifests.testing_buckets
            owners = set(manifests.training_owners if is_training else manifests.testing_owners)
            if (owners | {objects.owner(name, task.caller) for name in buckets}) - {owner}:
                return file_rules.IMAGES_BUCKET_OWNER
        except ObjectAccessDeniedError:
            return file_rules.IMAGES_PERMISSIONS
        except ObjectStoreError:
            return None
        return None


def _write_validation_files(training: Training, validation: TrainingValidation) -> None:
    training.put_json(ResultKind.MANIFEST_SUMMARY, validation.summary())
    training.put_lines(ResultKind.TRAINING_VALIDATION, validation.training.validation_lines())
    training.put_lines(ResultKind.TESTING_VALIDATION, validation.testing.validation_lines())


def _train(training: Training, validation: TrainingValidation, reader: ImageReader) -> TrainedModel:
    options = training.task.options
    examples = training_examples(validation, reader)
    settings = TrainingSettings(
        seed=options.seed,
        effort=Effort(options.effort),
        threads=options.threads,
        cache_directory=options.cache_directory,
        elsewhere=training.workers,
    )

    def progress(step: Progress) -> None:
        training.report(step.stage, step.done, step.total, step.loss)

    return train(examples.kind, examples.examples, validation.labels, settings, progress)


def _write_results(training: Training, validation: TrainingValidation, result: TestResult) -> None:
    training.put_text_lines(ResultKind.TESTING_SNAPSHOT, result.snapshot_lines)
    summary = evaluation_summary(
        training.task.version_arn,
        result.evaluation,
        len(validation.training.usable),
        len(validation.testing.usable),
        datetime.now(UTC),
    )
    training.put_json(ResultKind.EVALUATION_SUMMARY, summary)


def _provenance(task: TrainingTask, model: TrainedModel) -> dict[str, str]:
    """What the model file says of its making. Nothing in it differs between two equal trainings (O-24)."""
    return {
        "producer": f"custom-labels-emulator {__version__}",
        "seed": str(task.options.seed),
        "effort": task.options.effort,
        "report": json.dumps(dict(model.report), sort_keys=True, default=str),
    }
