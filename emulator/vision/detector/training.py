"""Training a detector from pictures with boxes: the way in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np
from PIL import Image

from emulator.vision import images
from emulator.vision.detector.fitting import READING, fit
from emulator.vision.detector.geometry import Letterbox
from emulator.vision.detector.instant import InstantSample, evenly, fit_instantly, instant_plan, letterboxed
from emulator.vision.detector.known_boxes import fit_gate, gated
from emulator.vision.detector.learner import BATCH_VIEWS
from emulator.vision.detector.model import DetectorModel
from emulator.vision.detector.pictures import Annotation, PictureStore, annotate
from emulator.vision.detector.plan import SIDES, DetectorPlan, Start, make_plan
from emulator.vision.detector.start import choose_start, outlined_share
from emulator.vision.detector.views import Augmentation
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import Effort, Progress, ProgressListener, TrainingExample, TrainingSettings
from emulator.vision.layers import Array

COCO_SHARE_OF_STEPS = 0.35
"""Of the minimum number of batches."""


@dataclass(frozen=True)
class DetectorEffort:
    """How long to train: `passes` over the pictures, but at least `minimum_steps` batches and, once every picture was
    seen, at most `megapixels` of views. `sides` as in make_plan. `start`: the network to begin with, None to let the
    boxes choose. `mirrored`: as in DetectorPlan."""

    passes: int
    minimum_steps: int
    megapixels: int
    sides: tuple[int, ...] = SIDES
    start: Start | None = None
    mirrored: bool = False

    def steps(self, picture_count: int, plan: DetectorPlan) -> int:
        affordable = self.megapixels * 1_000_000 // (plan.view_height * plan.view_width)
        # Whoever starts from a detector has less to learn: few pictures need fewer looks at each.
        minimum = round(self.minimum_steps * (COCO_SHARE_OF_STEPS if plan.start == Start.COCO else 1))
        views = min(max(self.passes * picture_count, minimum * BATCH_VIEWS), affordable)
        return max(1, -(-max(views, picture_count) // BATCH_VIEWS))


EFFORTS = {
    Effort.FAST: DetectorEffort(passes=4, minimum_steps=120, megapixels=150),
    Effort.STANDARD: DetectorEffort(passes=16, minimum_steps=260, megapixels=540),
    Effort.BEST: DetectorEffort(passes=24, minimum_steps=500, megapixels=1500, mirrored=True),
}


def train(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    progress: ProgressListener,
) -> DetectorModel:
    """A detector for `labels`. Pictures without labels and boxes teach what is background.

    Pictures that have image-level labels but no box are left out, and so are boxes of other labels (D-25). The same
    input gives the same model, byte for byte, whatever the number of threads (O-24). With a cache directory a training
    that was stopped goes on from its last checkpoint. Raises UnusableTrainingDataError when there is nothing to learn
    from.
    """
    if settings.effort == Effort.INSTANT:
        return train_instantly(examples, labels, settings, progress)
    return train_detector(examples, labels, settings, progress, EFFORTS[settings.effort])


def train_instantly(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    progress: ProgressListener,
) -> DetectorModel:
    """`train` with the effort `instant`: see emulator.vision.detector.instant."""
    usable = [example for example in examples if example.boxes or not example.labels]
    usable = [usable[index] for index in evenly(len(usable))]
    annotations = _annotations(usable, labels, settings.threads, progress)
    if not any(len(annotation.boxes) for annotation in annotations):
        raise UnusableTrainingDataError("no picture has a usable box with one of the labels")
    plan = instant_plan(
        [(annotation.width, annotation.height) for annotation in annotations],
        [annotation.boxes for annotation in annotations],
        [annotation.labels for annotation in annotations],
    )

    def sample(example: TrainingExample, annotation: Annotation) -> InstantSample:
        place = Letterbox.fit(annotation.width, annotation.height, plan.input_width, plan.input_height)
        pixels = images.decode_resized(example.image.read(), place.width, place.height, tolerate_damage=True)
        scale = np.array([place.width / annotation.width, place.height / annotation.height] * 2)
        return letterboxed(pixels, annotation.boxes * scale, annotation.labels, plan)

    with ThreadPoolExecutor(settings.threads, "detector-reading") as pool:
        samples = list(pool.map(sample, usable, annotations))
    return fit_instantly(samples, labels, plan, settings.threads, settings.seed)


def train_detector(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    progress: ProgressListener,
    effort: DetectorEffort,
) -> DetectorModel:
    """`train` with an effort of one's own."""
    usable = [example for example in examples if example.boxes or not example.labels]
    annotations = _annotations(usable, labels, settings.threads, progress)
    if not any(len(annotation.boxes) for annotation in annotations):
        raise UnusableTrainingDataError("no picture has a usable box with one of the labels")
    sizes = [(annotation.width, annotation.height) for annotation in annotations]
    plan = make_plan(
        sizes,
        [annotation.boxes for annotation in annotations],
        [annotation.labels for annotation in annotations],
        effort.sides,
    )
    share = outlined_share([example.image for example in usable], annotations, settings.threads)
    start = effort.start or choose_start(share)
    # Of the COCO network there is no 8-bit version.
    plan = replace(plan, start=start, byte_front=plan.byte_front and start == Start.IMAGENET)
    augmentation = Augmentation()
    served = replace(plan, mirrored=effort.mirrored)
    side = round(max(plan.input_height, plan.input_width) * augmentation.zoom[1])
    name = _fingerprint(usable, labels, settings.seed, plan, effort)
    with PictureStore(usable, annotations, side, settings.cache_directory) as store:
        steps = effort.steps(len(store), plan)
        model = fit(store, labels, plan, steps, augmentation, settings, progress, name, served)
        _add_gate(model, store, annotations, settings)
    model.report["outlined_by_coco"] = round(share, 3)
    return model


def _add_gate(
    model: DetectorModel, store: PictureStore, annotations: Sequence[Annotation], settings: TrainingSettings
) -> None:
    """Let the model answer only for boxes that are like those of the training pictures."""
    plan = model.plan

    def picture(number: int) -> tuple[Array, Array]:
        sample = store.sample(number)
        place = Letterbox.fit(*sample.picture.size, plan.input_width, plan.input_height)
        pixels = np.asarray(sample.picture.resize((place.width, place.height), Image.Resampling.BILINEAR))
        scale = np.array([place.width / sample.picture.width, place.height / sample.picture.height] * 2)
        fitted = letterboxed(pixels, sample.boxes * scale, sample.labels, plan)
        return fitted.pixels, fitted.boxes

    labels = [annotation.labels for annotation in annotations]
    gate = fit_gate(labels, picture, plan, settings.threads, settings.seed)
    model.graph = gated(model.graph, gate, plan)
    model.report["known"] = gate.report()


def _annotations(
    examples: Sequence[TrainingExample], labels: Sequence[str], threads: int, progress: ProgressListener
) -> list[Annotation]:
    annotations: list[Annotation] = []
    with ThreadPoolExecutor(threads, "detector-reading") as pool:
        for annotation in pool.map(lambda example: annotate(example, labels), examples):
            annotations.append(annotation)
            progress(Progress(READING, len(annotations), len(examples)))
    return annotations


def _fingerprint(
    examples: Sequence[TrainingExample], labels: Sequence[str], seed: int, plan: DetectorPlan, effort: DetectorEffort
) -> str:
    """A name that only the same training has."""
    content = {
        "examples": [[example.image.identity, [asdict(box) for box in example.boxes]] for example in examples],
        "labels": list(labels),
        "seed": seed,
        "plan": plan.as_metadata(),
        "effort": asdict(effort),
    }
    return "detector-" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
