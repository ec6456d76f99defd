"""The examples of a classification as arrays: which picture has which labels, and which show none."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from emulator.vision.classifier.calibration import nothing_pictures
from emulator.vision.classifier.linear_head import FOLDS, FeatureTable
from emulator.vision.classifier.logistic_regression import FloatArray
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import ImageSource, ProgressListener, TrainingExample
from emulator.vision.feature_reader import FeatureReader, RawFeatures
from emulator.vision.features import FeatureRecipe
from emulator.vision.folds import stratified_folds

logger = logging.getLogger(__name__)

MINIMUM_LABELS = 2
# What is compared, tuned and kept in memory; what further pictures teach is found out by `classifier.large_sets`.
MOST_IMAGES = 10_000
# So many pictures of each label a sample keeps where there are as many: each fold of a cross-validation can have one.
FEWEST_OF_EACH_LABEL = FOLDS
# So many pictures of a large set have among them every label with its share, roughly.
_PICTURES_OF_A_TURN = 1000
# Beyond this many pictures their mirror images no longer help.
MOST_IMAGES_TO_MIRROR = 4000

Indices = npt.NDArray[np.int64]
Marks = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Remainder:
    """Labelled pictures that a part leaves out, in an order of which every beginning has its share of each label.

    marks: uint8 [images, labels], 1 where a picture has a label.
    """

    images: Sequence[ImageSource]
    marks: Marks


@dataclass(frozen=True)
class ClassificationData:
    """images[i] has the labels with targets[i] = 1, float64 [images, labels]; background pictures have none.

    remainder: what `arrange` left out of a large set.
    """

    images: Sequence[ImageSource]
    targets: FloatArray
    background: Sequence[ImageSource]
    multi_label: bool
    remainder: Remainder | None = None

    def subset(self, indices: Indices) -> ClassificationData:
        """The same with these pictures only."""
        chosen = [self.images[index] for index in indices]
        return ClassificationData(chosen, self.targets[indices], self.background, self.multi_label)

    def without(self, identities: Collection[str]) -> ClassificationData:
        """The same without the pictures of these identities."""
        unwanted = set(identities)
        usable = [index for index, image in enumerate(self.images) if image.identity not in unwanted]
        background = [image for image in self.background if image.identity not in unwanted]
        return replace(self.subset(np.array(usable, np.int64)), background=background)

    def sample(self, count: int, seed: int) -> ClassificationData:
        """At most about `count` pictures, every label keeping its share of them, but at least a few."""
        parts = -(-len(self.images) // count)
        if parts <= 1:
            return self
        return self.subset(_with_enough_of_each(stratified_folds(self.targets, parts, seed) == 0, self.targets))


def _with_enough_of_each(chosen: npt.NDArray[np.bool_], targets: FloatArray | Marks) -> Indices:
    """The numbers of the chosen pictures [n], and of as many more that a few have each label [n, labels]."""
    for label in range(targets.shape[1]):
        members = targets[:, label] > 0
        missing = max(0, FEWEST_OF_EACH_LABEL - np.count_nonzero(members & chosen))
        chosen[np.flatnonzero(members & ~chosen)[:missing]] = True
    return np.flatnonzero(chosen)


def arrange(examples: Sequence[TrainingExample], labels: tuple[str, ...], seed: int) -> ClassificationData:
    """Sort examples into labelled and background ones; `labels` are all that count.

    The task is multi-label if any picture has more than one label (D-24). Of more than MOST_IMAGES pictures about so
    many are taken, every label with its share, and the others are the remainder. Raises UnusableTrainingDataError
    unless two labels have pictures.
    """
    known = set(labels)
    labelled = [example for example in examples if example.labels & known]
    marks = np.zeros((len(labelled), len(labels)), np.uint8)
    columns = {label: column for column, label in enumerate(labels)}
    for row, example in zip(marks, labelled, strict=True):
        row[[columns[label] for label in example.labels & known]] = 1
    if not labelled or (marks.max(axis=0) > 0).sum() < MINIMUM_LABELS:
        raise UnusableTrainingDataError("a classification needs pictures of at least two labels")
    background = [example.image for example in examples if not example.labels & known]
    if len(background) > MOST_IMAGES:
        logger.info("of %d pictures without labels the first %d are used", len(background), MOST_IMAGES)
    chosen, remainder = np.arange(len(labelled)), None
    if len(labelled) > MOST_IMAGES:
        order = _by_turns(marks, seed)
        is_chosen = np.zeros(len(labelled), np.bool_)
        is_chosen[order[:MOST_IMAGES]] = True
        chosen = _with_enough_of_each(is_chosen, marks)
        others = order[~is_chosen[order]]
        if len(others):
            remainder = Remainder([labelled[index].image for index in others], marks[others])
    return ClassificationData(
        images=[labelled[index].image for index in chosen],
        targets=marks[chosen].astype(np.float64),
        background=background[:MOST_IMAGES],
        multi_label=bool((marks.sum(axis=1) > 1).any()),
        remainder=remainder,
    )


def _by_turns(marks: Marks, seed: int) -> Indices:
    """An order [n] of pictures [n, labels] of which every beginning has its share of each label."""
    turns = stratified_folds(marks, -(-len(marks) // _PICTURES_OF_A_TURN), seed)
    return np.argsort(turns, kind="stable")


@dataclass(frozen=True)
class RawTable:
    """Raw features of one look: of labelled pictures float16 [images, views, length], of others [pictures, length].

    skipped: identities of the pictures that could not be decoded.
    """

    features: RawFeatures
    targets: FloatArray
    background: RawFeatures
    multi_label: bool
    skipped: tuple[str, ...]

    def select(self, recipe: FeatureRecipe) -> FeatureTable:
        """The features that a recipe uses."""
        return FeatureTable(
            recipe.select(self.features), self.targets, recipe.select(self.background), self.multi_label
        )


def read_table(
    reader: FeatureReader,
    data: ClassificationData,
    seed: int,
    stage: str,
    progress: ProgressListener,
    with_nothing: bool = True,
) -> RawTable:
    """Raw features of all pictures of `data`, with pictures of nothing added to the background ones if asked for.

    Raises UnusableTrainingDataError unless two labels have pictures that can be decoded.
    """
    images = [*data.images, *data.background]
    found = reader.of_images(images, stage, progress, mirrored=len(images) <= MOST_IMAGES_TO_MIRROR)
    usable = np.array([features is not None for features in found[: len(data.images)]])
    if (data.targets[usable].sum(axis=0) > 0).sum() < MINIMUM_LABELS:
        raise UnusableTrainingDataError("a classification needs decodable pictures of at least two labels")
    background = [features[0] for features in found[len(data.images) :] if features is not None]
    if with_nothing:
        random = np.random.default_rng(seed)
        background += [reader.of_pixels(pixels) for pixels in nothing_pictures(reader.look.side, random)]
    return RawTable(
        features=np.stack([features for features in found[: len(data.images)] if features is not None]),
        targets=data.targets[usable],
        background=np.reshape(background, (len(background), reader.look.length)).astype(np.float16),
        multi_label=data.multi_label,
        skipped=tuple(image.identity for image, features in zip(images, found, strict=True) if features is None),
    )
