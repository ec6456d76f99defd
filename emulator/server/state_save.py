"""The whole state, or what one account has, as an archive (O-15, O-39)."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path

from emulator import __version__
from emulator.control.errors import ControlError
from emulator.s3.archive_rows import DamagedObjectsError
from emulator.server.account_archive import keep_account
from emulator.server.parts import Parts
from emulator.server.state_archive import OBJECTS, MissingFilesError, pack, snapshot_state

logger = logging.getLogger(__name__)

_HOW_TO_SKIP = "To save all the rest: custom-labels save --skip-damaged, or ?skip_damaged=true."


async def save_state(parts: Parts, directory: Path, *, skip_damaged: bool, account: str | None) -> Path:
    """Write the archive into an empty folder; its path. To be called by one at a time.

    Raises ControlError where files are missing that the state names, unless they may be skipped.
    """
    snapshot, archive = directory / "snapshot", directory / "state.tar"
    await parts.metrics_keeper.write()
    parts.fleet.refresh()
    await parts.fleet.write()
    await asyncio.to_thread(snapshot.mkdir)
    try:
        left_out = await _taken(parts, snapshot, skip_damaged=skip_damaged)
    except (MissingFilesError, DamagedObjectsError) as error:
        message = f"The state cannot be saved whole: {error}. {_HOW_TO_SKIP}"
        raise ControlError("DamagedState", message, status=409) from error
    for name in left_out:
        logger.warning("saved without %s, whose file is missing", name)
    if account is not None:
        await asyncio.to_thread(keep_account, snapshot, account)
    await asyncio.to_thread(pack, snapshot, archive, __version__)
    return archive


async def _taken(parts: Parts, snapshot: Path, *, skip_damaged: bool) -> list[str]:
    """Take the state as it is at this moment, then the objects; the names of what was left out."""
    take_state = partial(
        snapshot_state,
        models=parts.directories.models,
        directory=snapshot,
        now_of=lambda account: parts.clocks.of(account).milliseconds(),
        skip_damaged=skip_damaged,
    )
    left_out = await parts.database.write(take_state)
    take_objects = partial(parts.s3.save_to, snapshot / OBJECTS, skip_damaged=skip_damaged)
    return left_out + await asyncio.to_thread(take_objects)
