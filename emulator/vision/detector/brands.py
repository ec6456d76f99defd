"""Brand detectors: training pictures are logos alone, with image-level labels; boxes come from compositions (D-26)."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np
from PIL import Image

from emulator.vision import images
from emulator.vision.detector.composition import Logo, compose, make_logo, trimmed_logos
from emulator.vision.detector.fitting import READING, fit
from emulator.vision.detector.geometry import Letterbox
from emulator.vision.detector.instant import LOGO_PENALTY, evenly, fit_instantly, instant_plan, letterboxed
from emulator.vision.detector.model import DetectorModel
from emulator.vision.detector.pictures import Sample
from emulator.vision.detector.plan import SIDES, make_plan
from emulator.vision.detector.suppression import BRAND_DOUBLE_SHARE
from emulator.vision.detector.views import Augmentation
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import Effort, Progress, ProgressListener, TrainingExample, TrainingSettings

logger = logging.getLogger(__name__)

LOGO_SIDE = 512
"""Logos are kept with a long side of at most so many pixels."""
SERVED_SHRINKINGS = (1, 2, 3)
SIDE_UNIT = 32 * math.lcm(*SERVED_SHRINKINGS)
"""Every one of the sizes has to be a multiple of the network's largest stride."""
SERVED_SIDE_FACTOR = 2.5
"""In service pictures are looked at 2.5 times as large as compositions are in training, and at a half and a third of
that: the smallest logos of photographs are smaller than what the network can learn to tell apart at one size."""
INSTANT_COMPOSITIONS = 12
INSTANT_SIDE = 320
COMPOSITIONS_IN_A_PASS = 200
SURVEYED_COMPOSITIONS = 32


@dataclass(frozen=True)
class BrandEffort:
    """How long to train: `steps` batches of compositions of `picture_side` pixels; `sides` as in make_plan."""

    steps: int
    picture_side: int = 448
    sides: tuple[int, ...] = SIDES


EFFORTS = {Effort.FAST: BrandEffort(200), Effort.STANDARD: BrandEffort(340), Effort.BEST: BrandEffort(1500)}


@dataclass(frozen=True)
class CompositionSource:
    """A source of samples for the views: the same composition for the same number, and never an old one again."""

    logos: Sequence[Logo]
    side: int
    seed: int

    def __len__(self) -> int:
        """Compositions are drawn without limit; this many make an epoch."""
        return COMPOSITIONS_IN_A_PASS

    def sample(self, index: int, number: int) -> Sample:  # noqa: ARG002 (the number alone decides)
        return compose(self.logos, self.side, np.random.default_rng([self.seed, number, 2]))


def train(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    progress: ProgressListener,
) -> DetectorModel:
    """A detector of the logos that the examples show, one each, named by the only image-level label of an example.

    Examples with no or several of the labels are left out. The same input gives the same model (O-24). A label without
    a logo is known and never found. Raises UnusableTrainingDataError when there is no logo at all, ImageError for a
    broken picture.
    """
    effort = None if settings.effort == Effort.INSTANT else EFFORTS[settings.effort]
    return train_brand_detector(examples, labels, settings, progress, effort)


def train_brand_detector(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    progress: ProgressListener,
    effort: BrandEffort | None,
) -> DetectorModel:
    """`train` with an effort of one's own; None makes one at once, without a training."""
    logos = _read_logos(examples, labels, progress)
    if not logos:
        raise UnusableTrainingDataError("no training picture has exactly one of the labels")
    for index in sorted(set(range(len(labels))) - {logo.label for logo in logos}):
        logger.warning("no training picture shows %s alone: it will never be found", labels[index])
    if effort is None:
        return _fit_instantly(logos, labels, settings)
    logos = trimmed_logos(logos)
    source = CompositionSource(logos, effort.picture_side, settings.seed)
    survey = [source.sample(0, number) for number in range(SURVEYED_COMPOSITIONS)]
    plan = make_plan(
        [sample.picture.size for sample in survey],
        [sample.boxes for sample in survey],
        [sample.labels for sample in survey],
        effort.sides,
    )
    # A logo must not be mirrored; compositions are full of logos without a mosaic; with 8 bits fewer are found.
    plan = replace(plan, mosaic_probability=0.0, byte_front=False)
    side = round(max(plan.input_height, plan.input_width) * SERVED_SIDE_FACTOR / SIDE_UNIT) * SIDE_UNIT
    suppression = replace(plan.suppression, share=BRAND_DOUBLE_SHARE)
    served = replace(plan, input_height=side, input_width=side, shrinkings=SERVED_SHRINKINGS, suppression=suppression)
    name = _fingerprint(examples, labels, settings.seed, effort)
    augmentation = Augmentation(flips=False)
    return fit(source, labels, plan, effort.steps, augmentation, settings, progress, name, served)


def _fit_instantly(logos: Sequence[Logo], labels: Sequence[str], settings: TrainingSettings) -> DetectorModel:
    """The effort `instant`: compositions and the logos themselves, each looked at once."""
    logos = [logos[index] for index in evenly(len(logos))]

    def composed(number: int) -> Sample:
        return compose(logos, INSTANT_SIDE, np.random.default_rng([settings.seed, number, 2]))

    with ThreadPoolExecutor(settings.threads, "detector-composing") as pool:
        compositions = list(pool.map(composed, range(INSTANT_COMPOSITIONS)))
    plan = instant_plan(
        [sample.picture.size for sample in compositions],
        [sample.boxes for sample in compositions],
        [sample.labels for sample in compositions],
        (INSTANT_SIDE,),
    )
    samples = [letterboxed(np.asarray(item.picture), item.boxes, item.labels, plan) for item in compositions]
    for logo in logos:
        place = Letterbox.fit(*logo.picture.size, INSTANT_SIDE, INSTANT_SIDE)
        pixels = np.asarray(logo.picture.resize((place.width, place.height)))
        box = np.array([[0.0, 0.0, place.width, place.height]])
        samples.append(letterboxed(pixels, box, np.array([logo.label]), plan))
    return fit_instantly(samples, labels, plan, settings.threads, settings.seed, LOGO_PENALTY)


def _read_logos(examples: Sequence[TrainingExample], labels: Sequence[str], progress: ProgressListener) -> list[Logo]:
    numbers = {label: number for number, label in enumerate(labels)}
    logos = []
    for done, example in enumerate(examples, 1):
        known = [numbers[label] for label in example.labels if label in numbers]
        if len(known) == 1:
            logos.append(make_logo(_scaled(example.image.read()), known[0]))
        progress(Progress(READING, done, len(examples)))
    return logos


def _scaled(data: bytes) -> Image.Image:
    facts = images.probe(data)
    factor = min(1.0, LOGO_SIDE / max(facts.width, facts.height))
    width, height = max(1, round(facts.width * factor)), max(1, round(facts.height * factor))
    return Image.fromarray(images.decode_resized(data, width, height, tolerate_damage=True))


def _fingerprint(examples: Sequence[TrainingExample], labels: Sequence[str], seed: int, effort: BrandEffort) -> str:
    content = [
        [[example.image.identity, sorted(example.labels)] for example in examples],
        list(labels),
        seed,
        asdict(effort),
    ]
    return "brands-" + hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
