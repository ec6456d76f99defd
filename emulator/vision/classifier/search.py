"""Which look at the pictures, which features of it, and how strongly fitted: decided by cross-validation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emulator.vision import backbone
from emulator.vision.classifier.data import ClassificationData, RawTable, read_table
from emulator.vision.classifier.linear_head import FOLDS, STRENGTHS, HeadScore, HeadTrainer
from emulator.vision.examples import Effort, Progress, ProgressListener, TrainingSettings
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.features import FeatureRecipe, Look

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchPlan:
    """What an effort tries. Counts, never clocks, bound it, so that the same data always take the same way (O-24).

    looks: cheapest first; comparison_images: how many pictures several looks are compared on, if there are many labels
    more, so that each fold has one of each; forms: which poolings of a look, and whether normalised; strengths: those
    of the final fit; sees_nothing: whether drawn pictures of nothing teach doubt; probe: a cheap look that is taken
    without trying the others if it leaves nothing to win on about `probe_images` pictures, and on all.
    """

    looks: tuple[Look, ...]
    comparison_images: int
    forms: tuple[tuple[tuple[str, ...], bool], ...] = (
        (("mean",), False),
        (("max",), False),
        (("mean", "max"), False),
        (("mean", "max"), True),
    )
    strengths: tuple[float, ...] = STRENGTHS
    sees_nothing: bool = True
    probe: Look | None = None
    probe_images: int = 100

    def recipes(self, look: Look) -> list[FeatureRecipe]:
        """What is tried of a look."""
        return [FeatureRecipe(look, poolings, normalise) for poolings, normalise in self.forms]


PLANS = {
    # The gate is enough against pictures of nothing; to draw and look at them would take as long as 20 photographs.
    Effort.INSTANT: SearchPlan((Look(224),), 0, ((("mean",), False),), (1e-1,), sees_nothing=False),
    Effort.FAST: SearchPlan((Look(224),), 0),
    Effort.STANDARD: SearchPlan((Look(320), Look(448), Look(448, half_scale=True)), 300, probe=Look(224)),
    Effort.BEST: SearchPlan(
        (Look(224), Look(320), Look(448), Look(448, half_scale=True), Look(640, half_scale=True)), 1000
    ),
}

# Enough to tell recipes apart; the winner gets all strengths.
_COMPARED_STRENGTHS = (1e-2, 1e-1, 1.0)
# A dearer look makes every answer of the model slower: it has to be better by this part of the loss, and by so many
# standard errors of the difference, taken picture by picture.
_WORTHWHILE_GAIN = 0.002
_WORTHWHILE_STANDARD_ERRORS = 0.5
# With every held-out picture right and sure, another look cannot be better.
GOOD_ENOUGH_LOSS = 0.03


@dataclass(frozen=True)
class Candidate:
    """One recipe that was tried, with its scores for each strength of the fit."""

    recipe: FeatureRecipe
    scores: tuple[HeadScore, ...]

    @property
    def best(self) -> HeadScore:
        return min(self.scores, key=lambda score: score.loss)

    def report(self) -> dict[str, object]:
        """What the model file tells of it, by its best score."""
        best = self.best
        return {
            "features": self.recipe.name,
            "images": len(best.images),
            "strength": best.strength,
            "loss": round(best.loss, 4),
            "accuracy": round(best.accuracy, 4),
        }


@dataclass(frozen=True)
class SearchResult:
    """The features of all pictures under the winning recipe, with the scores that its final fit starts from."""

    table: RawTable
    trainer: HeadTrainer
    winner: Candidate
    tried: tuple[Candidate, ...]


def search(data: ClassificationData, settings: TrainingSettings, progress: ProgressListener) -> SearchResult:
    """Compare the recipes that the effort allows, then score the winner on all pictures."""
    plan = PLANS[settings.effort]
    enough = max(plan.comparison_images, FOLDS * data.targets.shape[1])
    sample = data.sample(enough, settings.seed) if len(plan.looks) > 1 else data
    winner: tuple[Candidate, FeatureReader, RawTable] | None = None
    tried: list[Candidate] = []
    if (found := _probe(data, plan, tried, settings, progress)) is not None:
        return found
    for look in map(_quickest, plan.looks):
        if look.half_scale and winner and _has_lost(replace(look, half_scale=False), winner[0], tried):
            continue
        reader = FeatureReader(look, settings)
        table = read_table(reader, sample, settings.seed, f"features at {look.name}", progress, plan.sees_nothing)
        recipes = plan.recipes(look)
        if len(recipes) == len(plan.looks) == 1:
            return _score(recipes[0], table, tried, plan, settings)
        candidates = _compare(recipes, table, settings, progress)
        tried += candidates
        best = min(candidates, key=lambda candidate: candidate.best.loss)
        if winner is None or _is_worth_its_time(best.best, winner[0].best, table):
            winner = best, reader, table
        if winner[0].best.loss < GOOD_ENOUGH_LOSS:
            break
    assert winner is not None
    candidate, reader, table = winner
    if sample is not data:
        # The compared pictures are computed again unless cached; that is cheaper than to keep them for every look.
        table = read_table(reader, data, settings.seed, f"features at {reader.look.name}", progress)
    return _score(candidate.recipe, table, tried, plan, settings)


def _score(
    recipe: FeatureRecipe, table: RawTable, tried: Sequence[Candidate], plan: SearchPlan, settings: TrainingSettings
) -> SearchResult:
    """The recipe that was chosen, with all strengths on all pictures."""
    trainer = HeadTrainer(table.select(recipe), settings.threads)
    final = Candidate(recipe, tuple(trainer.cross_validate(settings.seed, plan.strengths)))
    return SearchResult(table, trainer, final, (*tried, final))


def _probe(
    data: ClassificationData,
    plan: SearchPlan,
    tried: list[Candidate],
    settings: TrainingSettings,
    progress: ProgressListener,
) -> SearchResult | None:
    """The cheap look, if it is good enough; else what it scored is added to `tried`."""
    if plan.probe is None:
        return None
    reader = FeatureReader(_quickest(plan.probe), settings)
    stage = f"features at {reader.look.name}"
    part = data.sample(max(plan.probe_images, FOLDS * data.targets.shape[1]), settings.seed)
    table = read_table(reader, part, settings.seed, stage, progress)
    candidates = _compare(plan.recipes(reader.look), table, settings, progress)
    tried += candidates
    best = min(candidates, key=lambda candidate: candidate.best.loss)
    if best.best.loss >= GOOD_ENOUGH_LOSS:
        return None
    if part is not data:
        table = read_table(reader, data, settings.seed, stage, progress)
    found = _score(best.recipe, table, tried, plan, settings)
    return found if found.winner.best.loss < GOOD_ENOUGH_LOSS else None


def _is_worth_its_time(dearer: HeadScore, cheaper: HeadScore, table: RawTable) -> bool:
    """Whether a dearer look is better by more than chance gives, on the same pictures."""
    gain = cheaper.loss - dearer.loss
    if gain <= _WORTHWHILE_GAIN * cheaper.loss:
        return False
    # Both looks saw the same pictures in the same folds.
    targets = table.targets[dearer.images]
    differences = cheaper.losses(targets, table.multi_label) - dearer.losses(targets, table.multi_label)
    return bool(gain > _WORTHWHILE_STANDARD_ERRORS * differences.std() / np.sqrt(len(differences)))


def _has_lost(look: Look, winner: Candidate, tried: Sequence[Candidate]) -> bool:
    """Whether a look was tried and another is better: half of it beside it then helps little."""
    losses = [candidate.best.loss for candidate in tried if candidate.recipe.look == look]
    return look != winner.recipe.look and bool(losses) and min(losses) >= winner.best.loss


def _quickest(look: Look) -> Look:
    """The same look through the 8-bit version of its backbone where that is quicker."""
    return replace(look, backbone=backbone.byte_version(look.backbone) or look.backbone)


def _compare(
    recipes: Sequence[FeatureRecipe], table: RawTable, settings: TrainingSettings, progress: ProgressListener
) -> list[Candidate]:
    candidates = []
    for recipe in recipes:
        scores = HeadTrainer(table.select(recipe), settings.threads).cross_validate(settings.seed, _COMPARED_STRENGTHS)
        candidates.append(Candidate(recipe, tuple(scores)))
        logger.info("tried %s", candidates[-1].report())
        progress(Progress("comparing features", len(candidates), len(recipes)))
    return candidates
