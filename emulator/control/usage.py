"""The usage report (O-13, O-26): seconds and dollars of every version, and how far trainings are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from emulator.domain.states import VersionState
from emulator.domain.usage import Prices, RunningInterval, TrainingInterval, Usage, usage_of
from emulator.jobs.fleet import RunningVersion
from emulator.jobs.training_progress import Progress
from emulator.storage.engine import Database
from emulator.storage.rows import Version
from emulator.storage.running_spans import running_intervals
from emulator.storage.versions import versions_in

_State = tuple[list[Version], dict[str, list[RunningInterval]]]


async def usage_report(
    database: Database, running: Iterable[RunningVersion], trainings: Iterable[Progress], now: float, prices: Prices
) -> dict[str, Any]:
    """All versions, those that were deleted after they ran too, and the sum. `now` in epoch seconds."""
    versions, intervals = await database.read_in_thread(_read)
    units = {one.arn: one.levels for one in running}
    progress = {one.version_arn: one for one in trainings}
    total, rows = Usage(), []
    by_arn: dict[str, Version | None] = {version.arn: version for version in versions}
    for arn in intervals:
        by_arn.setdefault(arn, None)
    for arn, version in by_arn.items():
        usage = usage_of(intervals.get(arn, ()), _training(version), now, prices)
        total += usage
        row: dict[str, Any] = {"project_version": arn, "status": version.status if version else "DELETED"}
        row |= usage.document()
        if arn in units:
            row["inference_units"] = {"desired": units[arn].desired, "in_service": units[arn].in_service}
        if arn in progress:
            row["training"] = {name: getattr(progress[arn], name) for name in ("stage", "done", "total")}
        rows.append(row)
    dollars = {"unit_hour": prices.unit_hour, "training_hour": prices.training_hour}
    return {"now": now, "prices_usd": dollars, "versions": rows, "total": total.document()}


def _read(connection: Connection) -> _State:
    return versions_in(connection, *VersionState), running_intervals(connection)


def _training(version: Version | None) -> list[TrainingInterval]:
    """What a version's own training is billed for, or the time since its start. A copy was not trained."""
    if version is None or version.source_version_arn is not None:
        return []
    began = version.created_at / 1000
    if version.billable_seconds is not None:
        return [TrainingInterval(began, began + version.billable_seconds)]
    ended = None if version.training_ended_at is None else version.training_ended_at / 1000
    return [TrainingInterval(began, ended)]
