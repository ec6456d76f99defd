"""The rows that a large set's regression is fitted to, block by block: a part in memory, the others in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from emulator.vision import feature_store
from emulator.vision.classifier.data import Indices, Marks
from emulator.vision.classifier.linear_head import HeadTrainer
from emulator.vision.classifier.logistic_regression import Block, Blocks, FloatArray
from emulator.vision.feature_store import FeatureStore


class FeatureRows:
    """Standardised features of the part of a trainer, its background, and the remainder in `store`.

    A row of the store that begins with NaN is that of a picture that could not be decoded: it does not count.
    """

    def __init__(self, trainer: HeadTrainer, marks: Marks, store: FeatureStore) -> None:
        """`marks`: uint8 [pictures of the remainder, labels]."""
        self._trainer = trainer
        self._table = trainer.table
        self._marks = marks
        self._store = store
        self._known = 0
        self._is_usable = np.ones(len(marks), np.bool_)
        self.blocks = -(-len(marks) // feature_store.BLOCK_ROWS)
        self.columns = trainer.table.features.shape[2]

    def usable(self, blocks: int) -> int:
        """How many pictures of the first blocks of the remainder could be decoded."""
        return int(self._usable_of(blocks).sum())

    def unusable(self, blocks: int) -> Indices:
        """The numbers of those that could not."""
        return np.flatnonzero(~self._usable_of(blocks))

    def logits(self, images: Indices, coefficients: FloatArray) -> FloatArray:
        """Logits [n, labels] of pictures of the part, from coefficients [columns + 1, labels]."""
        slopes = coefficients[:-1].astype(np.float32)
        parts = [self._part(some) @ slopes for some in _pieces(images)]
        return np.asarray(np.concatenate(parts).astype(np.float64) + coefficients[-1])

    def of(self, part: Indices, blocks: int) -> Blocks:
        """These pictures of the part, the first blocks of the remainder, and the background.

        The weights of labels are those of FeatureTable.weights for exactly these pictures.
        """
        usable = self._usable_of(blocks)
        counts = self._table.targets[part].sum(axis=0) + self._marks[: len(usable)][usable].sum(axis=0)
        label_weights = 1 / np.sqrt(np.maximum(1, counts))
        label_weights /= (counts * label_weights).sum() / (len(part) + usable.sum())
        loads: list[Callable[[], Block]] = []
        loads += [partial(self._part_block, some, label_weights) for some in _pieces(part)]
        loads += [partial(self._store_block, number, label_weights) for number in range(blocks)]
        loads += [partial(self._background_block, some) for some in _pieces(np.arange(len(self._table.background)))]
        return Blocks(len(loads), self.columns, self._marks.shape[1], lambda number: loads[number]())

    def _part(self, images: Indices) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return self._trainer.standardise(self._table.features[images, 0])

    def _part_block(self, images: Indices, label_weights: FloatArray) -> Block:
        targets = self._table.targets[images]
        return Block(self._part(images), targets, self._weights(targets, label_weights))

    def _store_block(self, number: int, label_weights: FloatArray) -> Block:
        rows = self._store.rows_of(number)
        usable = self._is_usable[rows]
        targets = self._marks[rows][usable].astype(np.float64)
        return Block(
            self._store.block(number)[usable].astype(np.float32), targets, self._weights(targets, label_weights)
        )

    def _background_block(self, pictures: Indices) -> Block:
        rows = self._trainer.standardise(self._table.background[pictures])
        return Block(rows, self._table.background_targets[pictures], np.ones(len(pictures)))

    def _weights(self, targets: FloatArray, label_weights: FloatArray) -> FloatArray:
        return np.ones(len(targets)) if self._table.multi_label else np.asarray(targets @ label_weights)

    def _usable_of(self, blocks: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """For each picture of the first blocks whether it could be decoded."""
        for number in range(self._known, blocks):
            self._is_usable[self._store.rows_of(number)] = ~np.isnan(self._store.block(number)[:, 0])
        self._known = max(self._known, blocks)
        return self._is_usable[: min(len(self._marks), blocks * feature_store.BLOCK_ROWS)]


def _pieces(images: Indices) -> Sequence[Indices]:
    return [
        images[start : start + feature_store.BLOCK_ROWS] for start in range(0, len(images), feature_store.BLOCK_ROWS)
    ]
