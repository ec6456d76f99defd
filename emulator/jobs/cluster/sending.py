"""Data for one worker: straight there where the worker can be reached from here, else through the scheduler."""

from __future__ import annotations

import logging
from collections.abc import Collection
from concurrent.futures import CancelledError
from functools import partial

import numpy as np
import numpy.typing as npt
from distributed import Client, Future

logger = logging.getLogger(__name__)

Data = npt.NDArray[np.uint8]

_SECONDS = 10.0
"""How long 4 MB may be under way: a link of 3.2 Mbit/s."""


_SECONDS_FOR_A_LOST_WORKER = 0.5
"""How long the scheduler is asked for a worker that it does not know any more."""


class Sender:
    """Remembers which workers can be reached. The scheduler's process is spared what it would only pass on."""

    def __init__(self) -> None:
        self._near: set[str] = set()
        self._far: set[str] = set()

    def send(self, client: Client, data: Data, worker: str) -> Data | Future[Data]:
        """What to call a function of the worker with: data that is there now, or that goes there with the call.

        Where the first worker that is tried cannot be reached, as behind a gateway, no other one is tried.
        """
        if worker in self._far or (self._far and not self._near):
            return data
        scatter = partial(client.scatter, workers=[worker], direct=True, hash=False, asynchronous=True)
        try:
            sent: Future[Data] = client.sync(
                scatter, data, timeout=_SECONDS_FOR_A_LOST_WORKER, callback_timeout=_SECONDS
            )
        except (OSError, TimeoutError, CancelledError) as error:
            self._far.add(worker)
            why = str(error) or type(error).__name__
            logger.info("the Dask worker at %s gets its data by the scheduler: %s", worker, why)
            return data
        self._near.add(worker)
        return sent

    def forget_all_but(self, workers: Collection[str]) -> None:
        """Of workers that are gone nothing is concluded."""
        self._near.intersection_update(workers)
        self._far.intersection_update(workers)
