"""Versions that were RUNNING load again (O-19), all of them or those of one account."""

from __future__ import annotations

import logging
from functools import partial

from sqlalchemy import Connection

from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.states import VERSION_MOVES, Event, VersionState
from emulator.server.parts import Parts
from emulator.storage.rows import Version
from emulator.storage.running_spans import end_spans
from emulator.storage.versions import set_version, versions_in

logger = logging.getLogger(__name__)


async def load_running_models(parts: Parts, account: str | None = None) -> None:
    """Load each into this process; one that cannot be loaded is FAILED."""
    running = parts.database.read_now(lambda connection: versions_in(connection, VersionState.RUNNING))
    for version in running:
        if account not in (None, version.account):
            continue
        try:
            assert version.model_file is not None, "a running version has a model"
            await parts.hosting.load(version.arn, version.model_file)
        except Exception:
            logger.exception("%s could not be loaded", version.arn)
            now = parts.clocks.of(version.account).milliseconds()
            await parts.database.write(partial(_fail_to_run, version=version, now=now))


def _fail_to_run(connection: Connection, version: Version, now: int) -> None:
    state = VERSION_MOVES[version.status, Event.BROKE]
    set_version(connection, version.id, status=state, status_message=VERSION_MESSAGES[state])
    end_spans(connection, version.arn, now)
