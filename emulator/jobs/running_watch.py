"""What nobody should pay for unasked: models that run without being used, and models that run for long (O-39).

Both go by the emulator's clock, as inference units do: hours that a test lets pass count, hours that it leaps do not.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from emulator.domain.messages import runs_long_message
from emulator.domain.states import VersionState
from emulator.jobs.clock import Clocks
from emulator.jobs.fleet import Fleet, RunningVersion
from emulator.jobs.runner import JobRunner
from emulator.jobs.stopping import begin_to_stop
from emulator.storage.engine import Database
from emulator.storage.rows import Job
from emulator.storage.versions import find_version, set_version

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """In seconds; 0 is never. A model is idle while it is asked for nothing."""

    stop_idle_after: float
    warn_running_after: float


class RunningWatch:
    """Stops idle models, and warns of those that run for long, in the log and as their StatusMessage."""

    def __init__(
        self, database: Database, clocks: Clocks, runner: JobRunner, fleet: Fleet, settings: WatchSettings
    ) -> None:
        self._database = database
        self._clocks = clocks
        self._runner = runner
        self._fleet = fleet
        self._settings = settings
        self._warned: dict[str, tuple[float, int]] = {}  # ARN -> (when it began to run, periods that were told)
        self._stopped: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch, if there is anything to watch for."""
        if self._settings.stop_idle_after or self._settings.warn_running_after:
            self._task = asyncio.create_task(self._keep_watch(), name="running models")

    async def close(self) -> None:
        """End the watch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Stop what is idle by now, and warn of what runs for long by now."""
        settings = self._settings
        running = self._fleet.running
        self._warned = {one.arn: self._warned[one.arn] for one in running if one.arn in self._warned}
        self._stopped &= {one.arn for one in running}
        for one in running:
            now = self._clocks.now_of(one.model.account)
            if one.arn in self._stopped:
                continue  # on its way: its units go when the transition shows
            if settings.stop_idle_after and now - one.used >= settings.stop_idle_after:
                await self._stop(one, now)
            elif settings.warn_running_after:
                await self._warn(one, now)

    async def _stop(self, one: RunningVersion, now: float) -> None:
        def stop(connection: Connection) -> Job | None:
            version = find_version(connection, one.arn)
            if version is None or version.status is not VersionState.RUNNING:
                return None
            return begin_to_stop(connection, self._runner, version, int(now * 1000))

        job = await self._database.write(stop)
        self._stopped.add(one.arn)
        if job is not None:
            self._runner.submit(job)
            logger.warning(
                "%s is being stopped: it was asked for nothing for %d seconds (CUSTOM_LABELS_STOP_IDLE_AFTER)",
                one.arn,
                now - one.used,
            )

    async def _warn(self, one: RunningVersion, now: float) -> None:
        """Once for each full period that it has run."""
        seconds = now - one.began
        periods = int(seconds // self._settings.warn_running_after)
        began, told = self._warned.get(one.arn, (one.began, 0))
        if periods <= (told if began == one.began else 0):
            return
        self._warned[one.arn] = (one.began, periods)
        message = runs_long_message(seconds)
        await self._database.write(partial(_tell, arn=one.arn, message=message))
        logger.warning("%s: %s", one.arn, message)

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            try:
                await self.look()
            except Exception:
                logger.exception("the running models could not be looked at")


def _tell(connection: Connection, arn: str, message: str) -> None:
    version = find_version(connection, arn)
    if version is not None and version.status is VersionState.RUNNING:
        set_version(connection, version.id, status_message=message)
