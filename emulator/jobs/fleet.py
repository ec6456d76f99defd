"""The inference units of all running versions, and what is told of them (O-13, O-21 to O-23).

`domain.units` knows the rules of one version; here they are tied to the clock, to the database's spans of running time,
and to the series that CloudWatch shows.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from sqlalchemy import Connection

from emulator.domain.arns import parse_arn
from emulator.domain.metrics_series import MetricStore, Model
from emulator.domain.states import VersionState
from emulator.domain.units import RunningUnits, UnitLevels, UnitSettings
from emulator.jobs.clock import Clock
from emulator.storage.engine import Database
from emulator.storage.rows import Version
from emulator.storage.running_spans import change_units, running_intervals
from emulator.storage.versions import versions_in

logger = logging.getLogger("custom_labels.units")

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(slots=True)
class RunningVersion:
    """A version in service and its latest levels."""

    arn: str
    model: Model
    units: RunningUnits
    levels: UnitLevels


class Fleet:
    """Everything that runs. Lives on the event loop; the database is written in its writer thread."""

    def __init__(self, database: Database, clock: Clock, series: MetricStore, settings: UnitSettings) -> None:
        self._database = database
        self._clock = clock
        self._series = series
        self._settings = settings
        self._running: dict[str, RunningVersion] = {}
        self._unwritten: list[tuple[str, int, int]] = []
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the units."""
        self._watch = asyncio.create_task(self._keep_watch(), name="inference units")

    def take_up(self) -> None:
        """Go on with what an earlier process left running (O-19)."""
        self._tell_earlier_runs()
        for version in self._database.read_now(lambda connection: versions_in(connection, VersionState.RUNNING)):
            self.begin(version)

    async def close(self) -> None:
        """End the watch and write down what is not yet written."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self.refresh()
        await self.write()

    def clear(self) -> None:
        """Forget everything that runs (O-8)."""
        self._running.clear()
        self._unwritten.clear()

    def begin(self, version: Version) -> None:
        """A version is RUNNING with its MinInferenceUnits; beginning twice is beginning once."""
        if version.arn in self._running:
            return
        minimum = version.min_inference_units or 1
        units = RunningUnits(minimum, version.max_inference_units, self._clock.now(), self._settings)
        running = RunningVersion(version.arn, model_of(version.arn), units, units.drain_changes()[-1])
        self._running[version.arn] = running
        self._series.note_units(running.model, [running.levels])

    def end(self, version_arn: str) -> None:
        """A version is not in service any more; ending twice is ending once."""
        self.refresh()
        running = self._running.pop(version_arn, None)
        if running is not None:
            self._series.note_stopped(running.model, self._clock.now())

    def take(self, version_arn: str) -> bool:
        """Capacity for one request; False means ProvisionedThroughputExceededException (R-4, O-21)."""
        running = self._running.get(version_arn)
        return running is None or running.units.take(self._clock.now())

    def take_away(self, version_arn: str, units: int, seconds: float) -> UnitLevels:
        """An outage (O-23); gives what is left. Raises KeyError for a version that does not run."""
        running = self._running[version_arn]
        running.units.take_away(units, seconds, self._clock.now())
        self.refresh()
        logger.warning("outage: %s lost %d units for %g s", version_arn, units, seconds)
        return running.levels

    def refresh(self) -> None:
        """Bring units, series and spans up to now."""
        now = self._clock.now()
        for running in self._running.values():
            running.units.advance(now)
            changes = running.units.drain_changes()
            if changes:
                self._note(running, changes)

    async def write(self) -> None:
        """Write the changes of units in service into the spans of running time."""
        unwritten, self._unwritten = self._unwritten, []
        if unwritten:
            await self._database.write(lambda connection: _write_changes(connection, unwritten))

    @property
    def running(self) -> list[RunningVersion]:
        """The versions in service, oldest first; `refresh` makes their levels current."""
        return list(self._running.values())

    def _note(self, running: RunningVersion, changes: list[UnitLevels]) -> None:
        self._series.note_units(running.model, changes)
        for levels in changes:
            if levels.in_service != running.levels.in_service:
                self._unwritten.append((running.arn, levels.in_service, int(levels.at * 1000)))
            logger.info("%s: %d units desired, %d in service", running.arn, levels.desired, levels.in_service)
            running.levels = levels

    def _tell_earlier_runs(self) -> None:
        """Give the series what earlier processes ran. Which units were desired is not kept; those in service were."""
        for arn, intervals in self._database.read_now(running_intervals).items():
            model = model_of(arn)
            for interval in intervals:
                units = interval.units
                self._series.note_units(model, [UnitLevels(interval.started_at, units, units, units, units)])
                if interval.ended_at is not None:
                    self._series.note_stopped(model, interval.ended_at)

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            try:
                self.refresh()
                await self.write()
            except Exception:
                logger.exception("the inference units could not be written down")


def _write_changes(connection: Connection, changes: list[tuple[str, int, int]]) -> None:
    for version_arn, units, at in changes:
        change_units(connection, version_arn, units, at)


def model_of(version_arn: str) -> Model:
    """The names that the metrics of a version go by."""
    arn = parse_arn(version_arn)
    return Model(arn.account, arn.region, arn.project, arn.version or "")
