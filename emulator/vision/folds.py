"""Pictures in parts of which each has its share of every label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def stratified_folds(targets: npt.NDArray[np.float64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """A fold for each picture [n], every fold with its share of each label; several labels count by the rarest."""
    random = np.random.default_rng(seed)
    frequencies = targets.sum(axis=0)
    order = np.where(targets > 0, frequencies, np.inf)
    stratum = np.where(targets.max(axis=1) > 0, order.argmin(axis=1), -1)
    assigned = np.zeros(len(targets), np.int64)
    next_fold = 0
    for value in np.unique(stratum):
        members = random.permutation(np.flatnonzero(stratum == value))
        assigned[members] = (np.arange(len(members)) + next_fold) % folds
        next_fold += len(members)
    return assigned
