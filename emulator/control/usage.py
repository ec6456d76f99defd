"""The usage report (O-13, O-26): seconds and dollars of every version, and how far trainings are."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from emulator.domain.arns import parse_arn
from emulator.domain.jobs import Outcome
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.usage import Prices, RunningInterval, Usage, usage_of
from emulator.domain.states import VersionState
from emulator.jobs.clock import Clocks
from emulator.jobs.fleet import RunningVersion
from emulator.jobs.training_progress import RunningTrainings
from emulator.storage.engine import Database
from emulator.storage.jobs import ended_trainings
from emulator.storage.running_spans import running_intervals
from emulator.storage.versions import BilledVersion, billed_versions

_State = tuple[list[BilledVersion], dict[str, list[RunningInterval]], dict[str, float]]


async def usage_report(
    database: Database,
    running: Iterable[RunningVersion],
    trainings: RunningTrainings,
    clocks: Clocks,
    prices: Prices,
    account: str | None = None,
) -> JsonObject:
    """All versions, or those of one account, and the sum; those that were deleted after they ran too.

    Each version goes by the clock of its account; `now` of the report is that of the account, or the shared one's.
    """
    versions, intervals, ended = await database.read_cached_in_thread(_read, _read)
    units = {one.arn: one.levels for one in running}
    progress = {one.version_arn: one for one in trainings.all()}
    worked = ended | {arn: one.billable_seconds() for arn, one in progress.items()}
    total, rows = Usage(), []
    by_arn: dict[str, BilledVersion | None] = {version.arn: version for version in versions}
    for arn in intervals:
        by_arn.setdefault(arn, None)
    for arn, version in by_arn.items():
        if account is not None and f":{account}:" not in arn:
            continue
        now = clocks.now_of(parse_arn(arn).account)
        usage = usage_of(intervals.get(arn, ()), _training_seconds(version, worked.get(arn, 0.0)), now, prices)
        total += usage
        row: JsonObject = {"project_version": arn, "status": version.status if version else "DELETED"}
        row |= usage.document()
        if version is not None and version.quality is not None:
            row["quality"] = version.quality
        if arn in units:
            row["inference_units"] = {"desired": units[arn].desired, "in_service": units[arn].in_service}
        if arn in progress:
            one = progress[arn]
            row["training"] = {"stage": one.stage, "done": one.done, "total": one.total}
            row["training"]["effort"] = one.effort
            row["training"]["place_in_queue"] = trainings.place_in_queue(one)
        rows.append(row)
    dollars = {"unit_hour": prices.unit_hour, "training_hour": prices.training_hour}
    return {"now": clocks.of(account).now(), "prices_usd": dollars, "versions": rows, "total": total.document()}


def _read(connection: Connection) -> _State:
    """Versions, when they ran, and what trainings took whose end does not show yet (O-17)."""
    worked = {arn: _billed_seconds(outcome) for arn, outcome in ended_trainings(connection).items()}
    return billed_versions(connection), running_intervals(connection), worked


def _billed_seconds(outcome: Outcome) -> float:
    """What a training that is over was billed for."""
    return float(outcome.version.get("billable_seconds") or 0)


def _training_seconds(version: BilledVersion | None, so_far: float) -> float:
    """What a version's own training is billed for: nothing if it failed (T-4), or what it comes to by now.

    A copy was not trained.
    """
    if version is None or version.source_version_arn is not None:
        return 0.0
    if version.billable_seconds is not None:
        return version.billable_seconds
    return so_far if version.status is VersionState.TRAINING_IN_PROGRESS else 0.0
