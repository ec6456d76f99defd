"""Keeps the request metrics over restarts: CloudWatch shows fifteen months, not one process (R-8)."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from emulator.domain.metering.metrics_series import MetricStore
from emulator.storage.engine import Database
from emulator.storage.kept_metrics import read_kept_metrics, write_kept_metrics

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_WRITES = 60.0


class MetricsKeeper:
    """Writes the counted series once a minute and at the end; a killed process loses at most the last minute's."""

    def __init__(self, database: Database, series: MetricStore) -> None:
        self._database = database
        self._series = series
        self._written = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._keep(), name="request metrics")

    def restore(self) -> None:
        """Replace the series by those in the database. What cannot be read is left out, with a line in the log."""
        kept = self._database.read_now(read_kept_metrics)
        self._series.clear()
        if kept is not None:
            try:
                self._series.restore(json.loads(kept))
            except (KeyError, TypeError, ValueError):
                logger.exception("the kept request metrics cannot be read")
        self._written = self._series.samples

    async def write(self) -> None:
        """Write the series down if anything was counted since."""
        if self._series.samples != self._written:
            self._written = self._series.samples
            document = self._series.document()
            await self._database.write(lambda connection: write_kept_metrics(connection, _as_json(document)))

    async def close(self) -> None:
        """End the writing, with a last one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self.write()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_WRITES)
            try:
                await self.write()
            except Exception:
                logger.exception("the request metrics could not be written down")


def _as_json(document: list[Any]) -> bytes:
    """Series by series: this runs in the writer's thread, and one long encoding would hold the interpreter lock."""
    return f"[{','.join(json.dumps(series, separators=(',', ':')) for series in document)}]".encode()
