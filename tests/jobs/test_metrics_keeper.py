"""What was counted outlives the process (R-8)."""

from __future__ import annotations

import asyncio

from emulator.domain.metering.metrics_series import MetricStore
from emulator.jobs.metrics_keeper import MetricsKeeper
from emulator.storage.engine import Database

MOMENT = 1_790_000_000


def test_what_was_written_is_restored(database: Database) -> None:
    counted, restored = MetricStore(), MetricStore()
    for number in range(5):
        dimensions = (("Operation", f"Operation{number}"),)
        counted.count("111122223333", "us-east-1", "SuccessfulRequestCount", dimensions, number, MOMENT + 60 * number)
    asyncio.run(MetricsKeeper(database, counted).write())
    MetricsKeeper(database, restored).restore()
    assert restored.document() == counted.document() != []


def test_nothing_counted_is_nothing_written(database: Database) -> None:
    store = MetricStore()
    asyncio.run(MetricsKeeper(database, store).write())
    MetricsKeeper(database, store).restore()
    assert store.document() == []
