"""When each version ran and with how many units, in the database: what running would have cost (O-13, R-2).

Spans outlive their version, so that deleting a model does not make its cost disappear. Times are milliseconds.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, insert, or_, select, update

from emulator.domain.metering.usage import RunningInterval
from emulator.storage.tables import running_spans


def begin_span(connection: Connection, version_arn: str, units: int, started_at: int) -> None:
    """A version began to run with `units` in service."""
    connection.execute(insert(running_spans).values(version_arn=version_arn, units=units, started_at=started_at))


def end_spans(connection: Connection, version_arn: str, ended_at: int) -> None:
    """A version stopped; one that does not run stays as it is."""
    open_span = (running_spans.c.version_arn == version_arn) & running_spans.c.ended_at.is_(None)
    connection.execute(update(running_spans).where(open_span).values(ended_at=ended_at))


def change_units(connection: Connection, version_arn: str, units: int, at: int) -> None:
    """From `at` on the version had `units`: splits the span that holds this moment, also one that ended since."""
    holds = (
        (running_spans.c.version_arn == version_arn)
        & (running_spans.c.started_at <= at)
        & or_(running_spans.c.ended_at.is_(None), running_spans.c.ended_at > at)
    )
    span = connection.execute(select(running_spans).where(holds).order_by(running_spans.c.id.desc())).first()
    if span is None or span.units == units:
        return
    connection.execute(update(running_spans).where(running_spans.c.id == span.id).values(ended_at=at))
    later = {"version_arn": version_arn, "units": units, "started_at": at, "ended_at": span.ended_at}
    connection.execute(insert(running_spans).values(**later))


def leap_span(connection: Connection, version_arn: str, units: int, ended_at: int, started_at: int) -> None:
    """The clock was set from `ended_at` to `started_at` while the version ran: it goes on in a span of its own.

    A version that does not run any more stays as it is.
    """
    open_span = (running_spans.c.version_arn == version_arn) & running_spans.c.ended_at.is_(None)
    if connection.execute(update(running_spans).where(open_span).values(ended_at=ended_at)).rowcount:
        begin_span(connection, version_arn, units, started_at)


_ALL = select(
    running_spans.c.version_arn, running_spans.c.started_at, running_spans.c.ended_at, running_spans.c.units
).order_by(running_spans.c.started_at, running_spans.c.id)


def running_intervals(connection: Connection) -> dict[str, list[RunningInterval]]:
    """All spans by version ARN, oldest first, in epoch seconds."""
    intervals: dict[str, list[RunningInterval]] = defaultdict(list)
    for arn, started_at, ended_at, units in connection.execute(_ALL):
        interval = RunningInterval(started_at / 1000, None if ended_at is None else ended_at / 1000, units)
        intervals[arn].append(interval)
    return dict(intervals)
