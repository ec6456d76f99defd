"""Whether to fine-tune: tried where there are pictures enough, kept only if a hold-out says that it pays."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import helper

from emulator.vision.backbone import replace_weights
from emulator.vision.checkpoint import Checkpoint
from emulator.vision.classifier.calibration import Calibration, calibrate, nothing_pictures
from emulator.vision.classifier.data import ClassificationData, Indices, read_table
from emulator.vision.classifier.linear_head import HeadScore, HeadTrainer, LinearHead
from emulator.vision.classifier.logistic_regression import FloatArray, cross_entropy
from emulator.vision.classifier.search import SearchResult
from emulator.vision.classifier.tuning import TunedModel, Tuner
from emulator.vision.examples import Effort, ImageSource, Picture, ProgressListener, TrainingSettings
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.features import OUTPUT, FeatureRecipe, Look, append_network, feature_graph
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

# How much of the logits may be those of the tuned network, the rest being the regression's.
_TUNED_SHARES = (0.5, 0.7, 0.9)
# The features of both networks.
_BOTH = "both.features"
_HOLD_OUT_FOLDS = 5
# Where the regression leaves less than this to be desired for each picture, tuning has nothing to win.
_SMALLEST_LOSS_TO_TUNE = 0.15
# A few passes do not make up for a look at the pictures that leaves the regression this much worse than the best one.
_LARGEST_HANDICAP = 1.4
# Tuning has to lower the loss by this part: the hold-out is small, and answers get slower.
_WORTHWHILE_GAIN = 0.02


@dataclass(frozen=True)
class Refinement:
    """A fine-tuned classifier that makes the regression better: the answer is a mixture of what both say.

    `recipe`: what `head` gets from the tuned network; `share`: the part of its logits in those of both, 0…1;
    `calibration`: that of the logits of both; `loss`: their mean log loss after calibration on the pictures with the
    numbers `held_out`, which neither the tuned network nor the cross-validation's regression had seen.
    """

    recipe: FeatureRecipe
    head: LinearHead
    tuned: TunedModel
    share: float
    calibration: Calibration
    held_out: Indices
    loss: float


def refine(
    data: ClassificationData, found: SearchResult, settings: TrainingSettings, progress: ProgressListener
) -> tuple[Refinement | None, dict[str, object]]:
    """A tuned model if it was tried and helps, and the report on the attempt.

    The regression and the tuned network err in different pictures, so that both together are better than either.
    """
    plan = PLANS.get(settings.effort)
    best = found.winner.best
    reason = _reason_against(plan, found)
    if plan is None or reason is not None:
        return None, {"tried": False, "reason": reason}
    usable = data.without(found.table.skipped)
    held_out = _hold_out(usable.targets, best.images, settings.seed)
    kept = np.setdiff1d(np.arange(len(usable.images)), held_out)
    recipe = FeatureRecipe(Look(plan.side))
    start, start_loss = _start(usable.subset(kept), recipe, settings, progress)
    if start_loss > _LARGEST_HANDICAP * best.loss:
        return None, {"tried": False, "reason": f"{plan.side} px show too little of these pictures"}
    checkpoints: list[Checkpoint] = []
    tuner = _tune(usable.subset(kept), start, recipe, plan, settings, checkpoints, progress)
    regression, targets = _logits_of(best, held_out), usable.targets[held_out]
    tuned_logits = tuner.logits([usable.images[index] for index in held_out])
    mixtures = {share: (1 - share) * regression + share * tuned_logits for share in (0.0, *_TUNED_SHARES, 1.0)}
    losses = {share: _loss(logits, targets, data.multi_label) for share, logits in mixtures.items()}
    share = min(_TUNED_SHARES, key=losses.__getitem__)
    report = _verdict(losses, share, len(targets))
    pays = bool(report["kept"])
    if pays and plan.use_everything:
        start, _ = _start(usable, recipe, settings, progress)
        tuner = _tune(usable, start, recipe, plan, settings, checkpoints, progress)
    # Only now: a training stopped during the second one shall not repeat the first.
    for checkpoint in checkpoints:
        checkpoint.remove()
    if not pays:
        return None, report
    tuned = tuner.result()
    calibration = calibrate(mixtures[share], targets, data.multi_label, len(usable.images))
    head = replace(start, weights=tuned.weights, bias=tuned.bias)
    return Refinement(recipe, head, tuned, share, calibration, held_out, losses[share]), report


def append_tuned(model: onnx.ModelProto, side: int, refinement: Refinement) -> str:
    """Extend `model`, from pictures of `side` pixels to `features`, by the tuned network.

    Gives the name of the features of both, in the order of `LinearHead.mixed_with`.
    """
    look = refinement.recipe.look
    network = feature_graph(refinement.recipe)
    replace_weights(network, refinement.tuned.backbone_weights)
    tuned = append_network(model, side, network, look.side, "tuned.")
    model.graph.node.append(helper.make_node("Concat", [OUTPUT, tuned], [_BOTH], axis=1))
    return _BOTH


def _hold_out(targets: FloatArray, images: Indices, seed: int) -> Indices:
    """A part of these pictures, with its share of each label; of every label a picture is left to train on.

    `targets` [all pictures, labels]; `images` are numbers of pictures.
    """
    chosen = stratified_folds(targets[images], _HOLD_OUT_FOLDS, seed) == 0
    used_up = targets[images[chosen]].sum(axis=0) >= targets.sum(axis=0)
    chosen &= ~(targets[images][:, used_up] > 0).any(axis=1)
    held_out: Indices = images[chosen]
    return held_out


def _verdict(losses: Mapping[float, float], share: float, held_out_images: int) -> dict[str, object]:
    """The report on the loss of held-out pictures for each share of the tuned network, of which `share` is the best."""
    report: dict[str, object] = {
        "tried": True,
        "kept": losses[share] < (1 - _WORTHWHILE_GAIN) * losses[0.0],
        "held_out_images": held_out_images,
        "regression_loss": round(losses[0.0], 4),
        "tuned_loss": round(losses[1.0], 4),
        "loss": round(losses[share], 4),
        "tuned_share": share,
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


def _start(
    data: ClassificationData, recipe: FeatureRecipe, settings: TrainingSettings, progress: ProgressListener
) -> tuple[LinearHead, float]:
    """The regression on what the network sees before it is tuned, and its loss in cross-validation."""
    reader = FeatureReader(recipe.look, settings)
    table = read_table(reader, data, settings.seed, f"features at {recipe.look.name}", progress)
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
