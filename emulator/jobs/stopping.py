"""How a running version begins to stop: by StopProjectVersion, or by itself."""

from __future__ import annotations

from sqlalchemy import Connection

from emulator.domain.jobs import JobKind
from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.states import VERSION_MOVES, Event, VersionState, next_state
from emulator.jobs.runner import JobRunner
from emulator.storage.rows import Job, Version
from emulator.storage.running_spans import end_spans
from emulator.storage.versions import set_version


def begin_to_stop(connection: Connection, runner: JobRunner, version: Version, now: int) -> Job | None:
    """STOPPING from here on, in the caller's transaction; the job is to be submitted after the commit (R-10).

    `now` in milliseconds. None, and nothing changed, for a version that cannot be stopped.
    """
    state = next_state(VERSION_MOVES, version.status, Event.STOP)
    if state is not VersionState.STOPPING:
        return None
    set_version(connection, version.id, status=state, status_message=VERSION_MESSAGES[state])
    end_spans(connection, version.arn, now)
    return runner.accept(connection, JobKind.STOP_VERSION, "stopping", version.arn, version.project_arn)
