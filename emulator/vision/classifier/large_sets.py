"""Sets of more pictures than are compared and kept in memory: how many of them teach the regression something.

What twice as many pictures are worth is measured on pictures held out of the fit (a learning curve): first on the part
that is there, then, as long as it pays, with twice as many each time, until all are used. Features go into a file, and
every fit streams them from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from emulator.vision import feature_store
from emulator.vision.checkpoint import Checkpoint
from emulator.vision.classifier.calibration import calibrate
from emulator.vision.classifier.data import ClassificationData, Indices, Remainder
from emulator.vision.classifier.feature_rows import FeatureRows
from emulator.vision.classifier.linear_head import STRENGTHS, LinearHead, accuracy
from emulator.vision.classifier.logistic_regression import (
    LBFGS_ITERATIONS,
    FloatArray,
    cross_entropy,
    minimise,
    streamed_objective,
)
from emulator.vision.classifier.refinement import Refinement
from emulator.vision.classifier.search import GOOD_ENOUGH_LOSS, SearchResult
from emulator.vision.examples import Effort, Progress, ProgressListener, TrainingSettings
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.feature_store import FeatureStore, store_path
from emulator.vision.folds import stratified_folds

logger = logging.getLogger(__name__)

# Twice as many pictures have to lower the log loss by so many standard errors of the difference, taken picture by
# picture, and by this part of it.
_WORTHWHILE_STANDARD_ERRORS = 2.0
_WORTHWHILE_GAIN = 0.005


class Reason(StrEnum):
    """Why all pictures of a large set were used, or no more of them than were."""

    WHOLE = "whole"
    EFFORT = "effort"
    TOLD_APART = "told_apart"
    FLAT = "flat"
    TUNED = "tuned"
    DISK = "disk"


_WORDS = {
    Reason.WHOLE: "with more of them the model became better",
    Reason.EFFORT: "this effort uses no more",
    Reason.TOLD_APART: "they tell nearly all pictures apart, and more have little to add",
    Reason.FLAT: "on pictures held out of the training twice as many were no better than half of them",
    Reason.TUNED: "the network that was fine-tuned on them is better than what more of them promise without it",
    Reason.DISK: "the disk takes no features of more",
}


@dataclass(frozen=True)
class Share:
    """How many of the labelled pictures of a large set made the model, and why."""

    used: int
    labelled: int
    reason: Reason

    @property
    def text(self) -> str:
        """One sentence."""
        count = "all" if self.reason is Reason.WHOLE else f"{self.used:,} of"
        return f"{count} {self.labelled:,} labelled images were used: {_WORDS[self.reason]}."

    def document(self) -> dict[str, object]:
        """For the report of the model."""
        return {"used": self.used, "labelled": self.labelled, "reason": str(self.reason), "text": self.text}


@dataclass(frozen=True)
class Point:
    """A point of the learning curve: how a fit to so many pictures did on those held out.

    logits: float64 [held out, labels]; losses [held out]: after calibration.
    """

    images: int
    logits: FloatArray
    losses: FloatArray
    accuracy: float

    @property
    def loss(self) -> float:
        """The mean of the losses."""
        return float(self.losses.mean())

    def report(self) -> dict[str, object]:
        """What the model file tells of it."""
        return {"images": self.images, "loss": round(self.loss, 4), "accuracy": round(self.accuracy, 4)}


@dataclass(frozen=True)
class Growth:
    """What came of a large set. Without a `head` the one of the part stays, or the fine-tuned network."""

    share: Share
    head: LinearHead | None = None
    curve: tuple[Point, ...] = ()
    skipped: tuple[str, ...] = ()

    def report(self, skipped: Sequence[str]) -> dict[str, object]:
        """What the model file tells of a large set; `skipped`: identities of pictures of the part."""
        return {
            "images": self.share.used,
            "skipped_images": [*skipped, *self.skipped],
            "large_set": self.share.document(),
            "learning_curve": [point.report() for point in self.curve],
        }


def grow(
    data: ClassificationData,
    found: SearchResult,
    refinement: Refinement | None,
    settings: TrainingSettings,
    progress: ProgressListener,
) -> Growth | None:
    """The regression of `found` fitted to as many pictures as make it better; None where there are no more.

    `refinement` was made from the part that `found` is about.
    """
    if data.remainder is None:
        return None
    labelled = len(data.images) + len(data.remainder.images)
    part = len(found.table.targets)
    if settings.effort is Effort.INSTANT:
        growth = Growth(Share(part, labelled, Reason.EFFORT))
    elif found.winner.best.loss < GOOD_ENOUGH_LOSS:
        growth = Growth(Share(part, labelled, Reason.TOLD_APART))
    else:
        name = _name(data, data.remainder, found, settings)
        path = store_path(settings.cache_directory, name) if settings.cache_directory else None
        columns = found.trainer.table.features.shape[2]
        with FeatureStore(path, len(data.remainder.images), columns) as store:
            checkpoint = Checkpoint(settings.cache_directory, f"large-{name}") if settings.cache_directory else None
            curve = _Curve(data.remainder, found, store, checkpoint, settings, progress)
            growth = curve.climb(labelled, refinement)
            store.remove()
        if checkpoint:
            checkpoint.remove()
    logger.info("%s", growth.share.text)
    return growth


def _name(data: ClassificationData, remainder: Remainder, found: SearchResult, settings: TrainingSettings) -> str:
    """Tells trainings apart that differ in anything."""
    trainer = found.trainer
    digest = hashlib.sha256(repr((found.winner.recipe.name, found.winner.best.strength, settings.seed)).encode())
    for image in itertools.chain(data.images, remainder.images):
        digest.update(image.identity.encode() + b"\n")
    for values in (trainer.table.targets, remainder.marks, trainer.mean, trainer.scale):
        digest.update(values.tobytes())
    return digest.hexdigest()[:24]


class _Curve:
    """Fits to ever more pictures: first those of the part, in memory, then whole blocks of the remainder."""

    def __init__(
        self,
        remainder: Remainder,
        found: SearchResult,
        store: FeatureStore,
        checkpoint: Checkpoint | None,
        settings: TrainingSettings,
        progress: ProgressListener,
    ) -> None:
        self._found = found
        self._rows = FeatureRows(found.trainer, remainder.marks, store)
        self._remainder = remainder
        self._store = store
        self._checkpoint = checkpoint
        self._settings = settings
        self._progress = progress
        self._fits = (checkpoint.load() if checkpoint else None) or {}
        self._held_out: Indices = found.winner.best.images
        part = np.arange(len(found.table.targets))
        self._pool: Indices = np.setdiff1d(part, self._held_out)

    def climb(self, labelled: int, refinement: Refinement | None) -> Growth:
        """Double the pictures as long as it pays, then fit to all that paid and to those held out."""
        strength, coefficients = self._begin()
        targets = self._found.table.targets
        half = self._pool[stratified_folds(targets[self._pool], 2, self._settings.seed) == 0]
        fit = self._fit("half", half, 0, strength, coefficients)
        points = [self._point(len(half), fit), self._point(len(self._pool), coefficients)]
        blocks, reason = 0, self._reason_against(points, labelled, refinement)
        while reason is None and blocks < self._rows.blocks:
            blocks = self._next(blocks)
            if not self._read(blocks):
                blocks, reason = self._store.blocks, Reason.DISK
            coefficients = self._fit(f"{blocks} blocks", self._pool, blocks, strength, coefficients)
            points.append(self._point(len(self._pool) + self._rows.usable(blocks), coefficients))
            reason = reason or self._reason_against(points, labelled, refinement)
        if blocks == self._rows.blocks and reason is not Reason.TUNED:
            reason = Reason.WHOLE
        assert reason is not None, "not all are used for a reason"
        used = len(targets) + self._rows.usable(blocks)
        skipped = tuple(self._remainder.images[index].identity for index in self._rows.unusable(blocks))
        if refinement is not None and self._loss_of(points[-1], refinement.held_out) >= refinement.loss:
            return Growth(Share(len(targets), labelled, Reason.TUNED), None, tuple(points), ())
        head = self._head(np.arange(len(targets)), blocks, strength, coefficients, points[-1], used)
        return Growth(Share(used, labelled, reason), head, tuple(points), skipped)

    def _begin(self) -> tuple[float, FloatArray]:
        """The strength that is best with all pictures of the part that are not held out, and the fit with it.

        The cross-validation chose it with fewer pictures; its neighbours are tried too.
        """
        position = STRENGTHS.index(self._found.winner.best.strength)
        tried: list[tuple[float, float, FloatArray]] = []
        coefficients: FloatArray | None = None
        for strength in STRENGTHS[max(0, position - 1) : position + 2]:
            coefficients = self._fit(f"strength {strength}", self._pool, 0, strength, coefficients)
            tried.append((self._point(len(self._pool), coefficients).loss, strength, coefficients))
        _, strength, coefficients = min(tried, key=lambda one: one[0])
        return strength, coefficients

    def _next(self, blocks: int) -> int:
        """So many blocks of the remainder make twice as many pictures, or all where that is nearly as many."""
        wanted = (
            len(self._pool) + 2 * min(blocks * feature_store.BLOCK_ROWS, len(self._remainder.images))
        ) / feature_store.BLOCK_ROWS
        return self._rows.blocks if wanted * 1.5 >= self._rows.blocks else math.ceil(wanted)

    def _reason_against(self, points: Sequence[Point], labelled: int, refinement: Refinement | None) -> Reason | None:
        """Why not to double once more, if so."""
        before, after = points[-2:]
        gains = before.losses - after.losses
        gain = float(gains.mean())
        chance = _WORTHWHILE_STANDARD_ERRORS * float(gains.std()) / math.sqrt(len(gains))
        logger.info(
            "%d pictures instead of %d: log loss %.4f lower (%s)", after.images, before.images, gain, after.report()
        )
        if after.loss < GOOD_ENOUGH_LOSS:
            return Reason.TOLD_APART
        if gain <= max(chance, _WORTHWHILE_GAIN * after.loss):
            return Reason.FLAT
        # No doubling is worth more than the one before it.
        doublings = math.log2(labelled / after.images)
        promised = None if refinement is None else self._loss_of(after, refinement.held_out) - gain * doublings
        return Reason.TUNED if refinement and promised is not None and promised >= refinement.loss else None

    def _loss_of(self, point: Point, images: Indices) -> float:
        """The mean loss of some of the pictures that are held out, by their numbers in the part."""
        return float(point.losses[np.searchsorted(self._held_out, images)].mean())

    def _point(self, images: int, coefficients: FloatArray) -> Point:
        targets, multi_label = self._found.table.targets[self._held_out], self._found.table.multi_label
        logits = self._rows.logits(self._held_out, coefficients)
        temperature = calibrate(logits, targets, multi_label).temperature
        losses = cross_entropy(logits / temperature, targets, multi_label)
        return Point(images, logits, losses, accuracy(logits, targets, multi_label))

    def _read(self, blocks: int) -> bool:
        """Have the features of the first blocks of the remainder in the store; whether the disk took them."""
        recipe = self._found.winner.recipe
        end = min(blocks * feature_store.BLOCK_ROWS, len(self._remainder.images))
        begin = min(self._store.blocks * feature_store.BLOCK_ROWS, end)
        stage = f"features of {len(self._found.table.targets) + end} images at {recipe.look.name}"
        reader = FeatureReader(recipe.look, self._settings)
        with contextlib.closing(reader.stream(self._remainder.images[begin:end])) as found:
            while self._store.blocks < blocks:
                rows = self._store.rows_of(self._store.blocks)
                block = np.full((rows.stop - rows.start, self._rows.columns), np.nan, np.float16)
                for row, raw in enumerate(itertools.islice(found, len(block))):
                    if raw is not None:
                        block[row] = self._found.trainer.standardise(recipe.select(raw))
                    self._progress(Progress(stage, rows.start + row + 1, end))
                try:
                    self._store.append(block)
                except OSError as error:
                    logger.warning("features of more than %d further pictures cannot be kept: %s", rows.start, error)
                    return False
        return True

    def _fit(
        self, name: str, part: Indices, blocks: int, strength: float, start: FloatArray | None
    ) -> npt.NDArray[np.float64]:
        """Coefficients [columns + 1, labels] for these pictures of the part and so many blocks of the remainder.

        What was fitted before the training was taken up is not fitted again.
        """
        if name in self._fits:
            return self._fits[name]
        rows = self._rows.of(part, blocks)
        stage, evaluations = f"learning from {len(part) + self._rows.usable(blocks)} images", itertools.count(1)
        objective = streamed_objective(rows, strength, self._found.table.multi_label, self._settings.threads)

        def counted(flat: FloatArray) -> tuple[float, FloatArray]:
            value = objective(flat)
            self._progress(Progress(stage, min(next(evaluations), LBFGS_ITERATIONS), LBFGS_ITERATIONS))
            return value

        shape = (rows.columns + 1, rows.labels)
        coefficients = minimise(counted, np.zeros(shape).ravel() if start is None else start.ravel()).reshape(shape)
        self._fits[name] = coefficients
        if self._checkpoint:
            self._checkpoint.save(self._fits)
        return coefficients

    def _head(
        self, part: Indices, blocks: int, strength: float, start: FloatArray, point: Point, used: int
    ) -> LinearHead:
        """The head of the last fit, which has seen what was held out before."""
        coefficients = self._fit("all", part, blocks, strength, start)
        table, trainer = self._found.table, self._found.trainer
        return LinearHead(
            mean=trainer.mean,
            scale=trainer.scale,
            weights=coefficients[:-1].astype(np.float32),
            bias=coefficients[-1].astype(np.float32),
            calibration=calibrate(point.logits, table.targets[self._held_out], table.multi_label, used),
            multi_label=table.multi_label,
        )
