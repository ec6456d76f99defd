"""Pictures in parts of which each has its share of every label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ROWS_AT_ONCE = 10_000


def stratified_folds(
    targets: npt.NDArray[np.float64] | npt.NDArray[np.uint8], folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """A fold for each picture [n], every fold with its share of each label; several labels count by the rarest."""
    random = np.random.default_rng(seed)
    frequencies = targets.sum(axis=0)
    stratum = np.empty(len(targets), np.int64)
    for start in range(0, len(targets), _ROWS_AT_ONCE):
        some = targets[start : start + _ROWS_AT_ONCE]
        rarest = np.where(some > 0, frequencies, np.inf).argmin(axis=1)
        stratum[start : start + _ROWS_AT_ONCE] = np.where(some.max(axis=1) > 0, rarest, -1)
    assigned = np.zeros(len(targets), np.int64)
    next_fold = 0
    for value in np.unique(stratum):
        members = random.permutation(np.flatnonzero(stratum == value))
        assigned[members] = (np.arange(len(members)) + next_fold) % folds
        next_fold += len(members)
    return assigned
