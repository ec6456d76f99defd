"""Whether to fine-tune: tried where there are pictures enough, kept only if a hold-out says that it pays."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace

import numpy as np

from emulator.vision.checkpoint import Checkpoint
from emulator.vision.classifier.calibration import calibrate, nothing_pictures
from emulator.vision.classifier.data import ClassificationData, Indices, RawTable, read_table
from emulator.vision.classifier.linear_head import HeadScore, HeadTrainer, LinearHead
from emulator.vision.classifier.logistic_regression import FloatArray, cross_entropy
from emulator.vision.classifier.search import SearchResult
from emulator.vision.classifier.tuning import TunedModel, Tuner
from emulator.vision.examples import Effort, ImageSource, Picture, ProgressListener, TrainingSettings
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.features import FeatureRecipe, Look
from emulator.vision.folds import stratified_folds
from emulator.vision.images import encode_png

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TuningPlan:
    """What an effort allows. `use_everything`: train once more with the held-out pictures if tuning pays."""

    minimum_images: int
    side: int
    epochs: int
    use_everything: bool


PLANS = {
    Effort.STANDARD: TuningPlan(minimum_images=500, side=256, epochs=4, use_everything=False),
    Effort.BEST: TuningPlan(minimum_images=200, side=320, epochs=8, use_everything=True),
}

_HOLD_OUT_FOLDS = 5
# Where the regression leaves less than this to be desired for each picture, tuning has nothing to win.
_SMALLEST_LOSS_TO_TUNE = 0.15
# A few passes do not make up for a look at the pictures that leaves the regression this much worse than the best one.
_LARGEST_HANDICAP = 1.4
# The tuned model has to be better by this part of the loss: the hold-out is small, and it saw more of the pictures.
_WORTHWHILE_GAIN = 0.02


@dataclass(frozen=True)
class Refinement:
    """A fine-tuned classifier that did better than the regression.

    `table`: what the network saw in all pictures before it was tuned; `loss`: the mean log loss after calibration on
    the pictures with the numbers `held_out`, which neither it nor the cross-validation's regression had seen.
    """

    recipe: FeatureRecipe
    table: RawTable
    head: LinearHead
    tuned: TunedModel
    held_out: Indices
    loss: float


def refine(
    data: ClassificationData, found: SearchResult, settings: TrainingSettings, progress: ProgressListener
) -> tuple[Refinement | None, dict[str, object]]:
    """A tuned model if it was tried and is better, and the report on the attempt."""
    plan = PLANS.get(settings.effort)
    best = found.winner.best
    reason = _reason_against(plan, found)
    if plan is None or reason is not None:
        return None, {"tried": False, "reason": reason}
    usable = data.without(found.table.skipped)
    held_out = _hold_out(usable.targets, best.images, settings.seed)
    kept = np.setdiff1d(np.arange(len(usable.images)), held_out)
    recipe = FeatureRecipe(Look(plan.side))
    start, start_loss = _start(_read(usable.subset(kept), recipe, settings, progress), recipe, settings)
    if start_loss > _LARGEST_HANDICAP * best.loss:
        return None, {"tried": False, "reason": f"{plan.side} px show too little of these pictures"}
    checkpoints: list[Checkpoint] = []
    tuner = _tune(usable.subset(kept), start, recipe, plan, settings, checkpoints, progress)
    logits = tuner.logits([usable.images[index] for index in held_out])
    targets = usable.targets[held_out]
    report = _verdict(_loss(_logits_of(best, held_out), targets, data.multi_label), logits, targets, data.multi_label)
    pays = bool(report["kept"])
    if pays and plan.use_everything:
        start, _ = _start(_read(usable, recipe, settings, progress), recipe, settings)
        tuner = _tune(usable, start, recipe, plan, settings, checkpoints, progress)
    # Only now: a training stopped during the second one shall not repeat the first.
    for checkpoint in checkpoints:
        checkpoint.remove()
    if not pays:
        return None, report
    tuned = tuner.result()
    calibration = calibrate(logits, targets, data.multi_label, len(usable.images))
    head = replace(start, weights=tuned.weights, bias=tuned.bias, calibration=calibration)
    loss = _loss(logits, targets, data.multi_label)
    return Refinement(recipe, _read(usable, recipe, settings, progress), head, tuned, held_out, loss), report


def _hold_out(targets: FloatArray, images: Indices, seed: int) -> Indices:
    """A part of these pictures, with its share of each label; of every label a picture is left to train on.

    `targets` [all pictures, labels]; `images` are numbers of pictures.
    """
    chosen = stratified_folds(targets[images], _HOLD_OUT_FOLDS, seed) == 0
    used_up = targets[images[chosen]].sum(axis=0) >= targets.sum(axis=0)
    chosen &= ~(targets[images][:, used_up] > 0).any(axis=1)
    held_out: Indices = images[chosen]
    return held_out


def _verdict(regression_loss: float, logits: FloatArray, targets: FloatArray, multi_label: bool) -> dict[str, object]:
    """The report on tuned logits of held-out pictures [n, labels], beside the regression's loss on the same ones."""
    tuned_loss = _loss(logits, targets, multi_label)
    report: dict[str, object] = {
        "tried": True,
        "kept": tuned_loss < (1 - _WORTHWHILE_GAIN) * regression_loss,
        "held_out_images": len(targets),
        "regression_loss": round(regression_loss, 4),
        "tuned_loss": round(tuned_loss, 4),
    }
    logger.info("fine-tuning: %s", report)
    return report


def _reason_against(plan: TuningPlan | None, found: SearchResult) -> str | None:
    """Why it is not even tried, if so."""
    if plan is None:
        return "not with this effort"
    if len(found.table.targets) < plan.minimum_images:
        return f"fewer than {plan.minimum_images} images"
    return "the regression leaves too little to win" if found.winner.best.loss < _SMALLEST_LOSS_TO_TUNE else None


def _read(
    data: ClassificationData, recipe: FeatureRecipe, settings: TrainingSettings, progress: ProgressListener
) -> RawTable:
    """What the network sees before it is tuned."""
    reader = FeatureReader(recipe.look, settings)
    return read_table(reader, data, settings.seed, f"features at {recipe.look.name}", progress)


def _start(table: RawTable, recipe: FeatureRecipe, settings: TrainingSettings) -> tuple[LinearHead, float]:
    """The regression that tuning starts from, and its loss in cross-validation."""
    trainer = HeadTrainer(table.select(recipe), settings.threads)
    best = min(trainer.cross_validate(settings.seed), key=lambda score: score.loss)
    return trainer.fit(best), best.loss


def _tune(
    data: ClassificationData,
    start: LinearHead,
    recipe: FeatureRecipe,
    plan: TuningPlan,
    settings: TrainingSettings,
    checkpoints: list[Checkpoint],
    progress: ProgressListener,
) -> Tuner:
    """Tuning from the regression on; the checkpoint used is added to `checkpoints`."""
    tuner = Tuner(recipe, start, settings)
    checkpoint = _checkpoint(data, start, plan, settings)
    checkpoints += [checkpoint] if checkpoint else []
    tuner.train(_with_background(data, plan.side, settings.seed), plan.epochs, checkpoint, progress)
    return tuner


def _checkpoint(
    data: ClassificationData, start: LinearHead, plan: TuningPlan, settings: TrainingSettings
) -> Checkpoint | None:
    """Where a stopped training goes on; its name tells trainings apart that differ in anything."""
    if settings.cache_directory is None:
        return None
    fingerprint = hashlib.sha256(repr((plan, settings.seed, [image.identity for image in data.images])).encode())
    fingerprint.update(start.weights.tobytes())
    return Checkpoint(settings.cache_directory, f"classifier-{fingerprint.hexdigest()[:24]}")


def _with_background(data: ClassificationData, side: int, seed: int) -> ClassificationData:
    """The same with pictures of nothing, and background pictures up to a quarter of the labelled ones, among them."""
    random = np.random.default_rng(seed)
    drawn: list[ImageSource] = [Picture(encode_png(pixels)) for pixels in nothing_pictures(side, random)]
    extra = [*drawn, *data.background[: len(data.images) // 4]]
    labels = data.targets.shape[1]
    shares = np.full((len(extra), labels), 0.0 if data.multi_label else 1 / labels)
    return replace(data, images=[*data.images, *extra], targets=np.concatenate([data.targets, shares]))


def _loss(logits: FloatArray, targets: FloatArray, multi_label: bool) -> float:
    temperature = calibrate(logits, targets, multi_label).temperature
    return float(cross_entropy(logits / temperature, targets, multi_label).mean())


def _logits_of(score: HeadScore, images: Indices) -> FloatArray:
    rows = {int(image): row for row, image in enumerate(score.images)}
    return score.logits[[rows[int(image)] for image in images]]
