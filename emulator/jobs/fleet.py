"""The inference units of all running versions, and what is told of them (O-13, O-21 to O-23).

`domain.metering.units` knows the rules of one version; here they are tied to the clock, to the database's spans of
running time, and to the series that CloudWatch shows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from emulator.domain.arns import parse_arn
from emulator.domain.metering.metrics_series import MetricStore, Model
from emulator.domain.metering.units import RunningUnits, UnitLevels, UnitSettings
from emulator.domain.metering.usage import RunningInterval
from emulator.domain.states import VersionState
from emulator.jobs.clock import Clocks
from emulator.storage.engine import Database
from emulator.storage.installation import manual_clocks, note_manual_clocks
from emulator.storage.rows import Version
from emulator.storage.running_spans import begin_span, change_units, leap_span, running_intervals
from emulator.storage.versions import versions_in

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(slots=True)
class RunningVersion:
    """A version in service and its latest levels.

    `began` is since when it runs, `used` when it was asked for something last: epoch seconds of its account's clock.
    """

    arn: str
    model: Model
    units: RunningUnits
    levels: UnitLevels
    began: float
    used: float


@dataclass(frozen=True, slots=True)
class _SpanChange:
    """A version has `units` in service from `at` on.

    `leapt_from`, if given, is where the clock stood before it was set; `begins` is for a version without an open span.
    """

    arn: str
    units: int
    at: float
    leapt_from: float | None = None
    begins: bool = False


class Fleet:
    """Everything that runs. Lives on the event loop; the database is written in its writer thread."""

    def __init__(self, database: Database, clocks: Clocks, series: MetricStore, settings: UnitSettings) -> None:
        self._database = database
        self._clocks = clocks
        self._series = series
        self._settings = settings
        self._running: dict[str, RunningVersion] = {}
        self._unwritten: list[_SpanChange] = []
        self._latest: dict[str | None, float] = {None: clocks.now()}
        self._kept_clocks: dict[str, float | None] = {}
        clocks.on_clock_leap = self._leap
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the units."""
        self._watch = asyncio.create_task(self._keep_watch(), name="inference units")

    def take_up(self, account: str | None = None) -> None:
        """Go on with what an earlier process left running, each with its minimum of units (O-19); or an account's.

        `write` is to be called before requests are served: a version that stops must find its span.
        """
        intervals = self._database.read_now(running_intervals)
        if account is None:
            self._kept_clocks = self._database.read_now(manual_clocks)
        else:
            intervals = {arn: runs for arn, runs in intervals.items() if model_of(arn).account == account}
        self._tell_earlier_runs(intervals)
        for version in self._database.read_now(lambda connection: versions_in(connection, VersionState.RUNNING)):
            if account not in (None, version.account):
                continue
            self.begin(version)
            self._go_on(self._running[version.arn], intervals.get(version.arn, ()))

    async def close(self) -> None:
        """End the watch and write down what is not yet written."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self.refresh()
        await self.write()

    def clear(self, account: str | None = None) -> None:
        """Forget everything that runs, or what one account runs (O-8, O-39)."""
        if account is None:
            self._running.clear()
            self._unwritten.clear()
            return
        self._running = {arn: one for arn, one in self._running.items() if one.model.account != account}
        self._unwritten = [change for change in self._unwritten if model_of(change.arn).account != account]

    def begin(self, version: Version) -> None:
        """A version is RUNNING with its MinInferenceUnits; beginning twice is beginning once."""
        if version.arn in self._running:
            return
        minimum = version.min_inference_units or 1
        now = self._now(model_of(version.arn).account)
        units = RunningUnits(minimum, version.max_inference_units, now, self._settings)
        running = RunningVersion(version.arn, model_of(version.arn), units, units.drain_changes()[-1], now, now)
        self._running[version.arn] = running
        self._series.note_units(running.model, [running.levels])

    def end(self, version_arn: str) -> None:
        """A version is not in service any more; ending twice is ending once."""
        self.refresh()
        running = self._running.pop(version_arn, None)
        if running is not None:
            self._series.note_stopped(running.model, self._now(running.model.account))

    def take(self, version_arn: str) -> bool:
        """Capacity for one request; False means ProvisionedThroughputExceededException (R-4, O-21)."""
        running = self._running.get(version_arn)
        if running is None:
            return True
        running.used = self._now(running.model.account)
        return running.units.take(running.used)

    def take_away(self, version_arn: str, units: int, seconds: float) -> UnitLevels:
        """An outage (O-23); gives what is left. Raises KeyError for a version that does not run."""
        running = self._running[version_arn]
        running.units.take_away(units, seconds, self._now(running.model.account))
        self.refresh()
        logger.warning("outage: %s lost %d units for %g s", version_arn, units, seconds)
        return running.levels

    def refresh(self) -> None:
        """Bring units, series and spans up to now."""
        for owner in self._owners():
            self._bring_up_to(owner, self._now(owner))

    async def write(self) -> None:
        """Write the changes of units in service into the spans of running time, and where manual clocks stand."""
        unwritten, self._unwritten = self._unwritten, []
        clocks = self._clocks.manual_moments()
        if not unwritten and clocks == {"": None, **self._kept_clocks}:
            return

        def change(connection: Connection) -> None:
            _write_changes(connection, unwritten)
            note_manual_clocks(connection, clocks)

        try:
            await self._database.write(change)
        except SQLAlchemyError:
            self._unwritten = unwritten + self._unwritten  # a disk that is full delays them and loses none
            raise
        self._kept_clocks = clocks

    @property
    def running(self) -> list[RunningVersion]:
        """The versions in service, oldest first; `refresh` makes their levels current."""
        return list(self._running.values())

    def _now(self, account: str | None) -> float:
        """The time of an account's clock. If real time was turned back, its running versions go on from there."""
        owner = None if account is None else self._clocks.owner_of(account)
        now = self._clocks.of(owner).now()
        latest = self._latest.get(owner, now)
        if now < latest:
            self._leap(owner, latest, now)
        self._latest[owner] = now
        return now

    def _owners(self) -> set[str | None]:
        """The clocks that running versions go by: accounts that have their own, None for the shared one."""
        return {None} | {self._clocks.owner_of(one.model.account) for one in self._running.values()}

    def _of_clock(self, owner: str | None) -> list[RunningVersion]:
        """The running versions that go by a clock."""
        return [one for one in self._running.values() if self._clocks.owner_of(one.model.account) == owner]

    def _leap(self, owner: str | None, before: float, now: float) -> None:
        """A clock went from `before` to `now`, back or forth, and the time between has not passed (O-10).

        What runs has run until `before` and runs again from `now` on: nothing was used between, and nothing measured.
        """
        self._bring_up_to(owner, before)
        for running in self._of_clock(owner):
            running.units.advance(now)
            running.began, running.used = running.began + now - before, running.used + now - before
            missed = running.units.drain_changes()
            self._series.note_stopped(running.model, before)
            running.levels = replace(missed[-1] if missed else running.levels, at=now)
            self._series.note_units(running.model, [running.levels])
            self._unwritten.append(_SpanChange(running.arn, running.levels.in_service, now, before))
        self._latest[owner] = now

    def _bring_up_to(self, owner: str | None, now: float) -> None:
        for running in self._of_clock(owner):
            running.units.advance(now)
            changes = running.units.drain_changes()
            if changes:
                self._note(running, changes)

    def _note(self, running: RunningVersion, changes: list[UnitLevels]) -> None:
        self._series.note_units(running.model, changes)
        for levels in changes:
            if levels.in_service != running.levels.in_service:
                self._unwritten.append(_SpanChange(running.arn, levels.in_service, levels.at))
            logger.info("%s: %d units desired, %d in service", running.arn, levels.desired, levels.in_service)
            running.levels = levels

    def _go_on(self, running: RunningVersion, intervals: Sequence[RunningInterval]) -> None:
        """Its span may have more units than the minimum, or belong to a clock that was moved by hand (O-10).

        A version of an archive has none that is open: what passed since the archive was made costs nothing.
        """
        account = running.model.account
        now, units = self._now(account), running.levels.in_service
        span = next((interval for interval in intervals if interval.ended_at is None), None)
        if span is not None and self._left(account, span, now) is None:
            running.began = _began(span, intervals)
        if span is None:
            self._unwritten.append(_SpanChange(running.arn, units, now, begins=True))
        elif (left := self._left(account, span, now)) is not None or span.units != units:
            self._unwritten.append(_SpanChange(running.arn, units, now, left))

    def _left(self, account: str, span: RunningInterval, now: float) -> float | None:
        """Where the account's clock of the process before this one stood, if it was not a real one."""
        kept = self._kept_clocks.get(account, self._kept_clocks.get(""))
        if kept is not None:
            return max(kept, span.started_at)
        return span.started_at if span.started_at > now else None

    def _tell_earlier_runs(self, intervals: Mapping[str, Iterable[RunningInterval]]) -> None:
        """Give the series what earlier processes ran. Which units were desired is not kept; those in service were."""
        for arn, runs in intervals.items():
            model = model_of(arn)
            for run in runs:
                units = run.units
                self._series.note_units(model, [UnitLevels(run.started_at, units, units, units, units)])
                ended_at = self._left(model.account, run, inf) if run.ended_at is None else run.ended_at
                if ended_at is not None:
                    self._series.note_stopped(model, ended_at)

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            try:
                self.refresh()
                await self.write()
            except Exception:
                logger.exception("the inference units could not be written down")


def _began(open_span: RunningInterval, intervals: Iterable[RunningInterval]) -> float:
    """When a version began to run: a change of its units ends one span and begins another at the same moment."""
    began = open_span.started_at
    for interval in sorted(intervals, key=lambda one: one.started_at, reverse=True):
        if interval.ended_at == began:
            began = interval.started_at
    return began


def _write_changes(connection: Connection, changes: list[_SpanChange]) -> None:
    for change in changes:
        at = int(change.at * 1000)
        if change.begins:
            begin_span(connection, change.arn, change.units, at)
        elif change.leapt_from is None:
            change_units(connection, change.arn, change.units, at)
        else:
            leap_span(connection, change.arn, change.units, int(change.leapt_from * 1000), at)


def model_of(version_arn: str) -> Model:
    """The names that the metrics of a version go by."""
    arn = parse_arn(version_arn)
    return Model(arn.account, arn.region, arn.project, arn.version or "")
