"""An archive becomes the whole state (O-15).

The state of before is kept aside until that of the archive has been taken up: what cannot be taken up, for whatever
reason, is put back.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from emulator.control.errors import ControlError
from emulator.control.paths import TRANSFER_PREFIX
from emulator.s3.files import INDEX_NAME
from emulator.server.all_work import drop_all_work, take_up_all_work
from emulator.server.archive_files import ArchiveError
from emulator.server.parts import Parts
from emulator.server.state_archive import (
    OBJECTS,
    CheckedArchive,
    check_archive,
    keep_state,
    put_back_state,
    replace_state,
)
from emulator.storage.installation import forget_unfinished_load, note_unfinished_load

SPARE_BYTES = 16 * 2**20


@dataclass(slots=True)
class KeptState:
    """What was there before a load, in a folder; `is_replaced` once that of the archive took its place."""

    directory: Path
    is_replaced: bool = False


def checked_archive(parts: Parts, archive: Path) -> CheckedArchive:
    """Unpack an archive beside itself and see that it is whole and that the disk has room to load it.

    Raises ControlError with nothing changed.
    """
    try:
        checked = check_archive(archive, archive.parent / "unpacked")
    except ArchiveError as error:
        raise ControlError("InvalidArchive", str(error)) from error
    _require_space(parts, checked)
    return checked


def _require_space(parts: Parts, archive: CheckedArchive) -> None:
    """Raise ControlError unless the disk has room for the archive's databases and a copy of the present ones."""
    places = (parts.directories.database, parts.directories.objects / INDEX_NAME)
    present = [path for path in places if path.exists()]  # the state may be in PostgreSQL
    needed = archive.bytes_to_load() + 3 * sum(path.stat().st_size for path in present) + SPARE_BYTES
    free = shutil.disk_usage(archive.directory).free
    if free < needed:
        raise ControlError(
            "NotEnoughSpace",
            f"Loading this archive takes {needed} bytes more on the disk of the data directory; {free} are free.",
            status=507,
        )


async def load_state(parts: Parts, archive: CheckedArchive, before: Path) -> None:
    """Put the archive's state in the place of all that is here, which a new folder `before` keeps meanwhile.

    Whatever is raised, the state is again that of before. To be called by one at a time, while nothing is served.
    """
    await drop_all_work(parts)
    kept = KeptState(before)
    try:
        await _keep(parts, kept)
        await _replace(parts, archive, kept)
        await take_up_all_work(parts)
    except BaseException:
        try:
            await _put_back(parts, kept)
        finally:
            await take_up_all_work(parts)
        raise


async def _keep(parts: Parts, kept: KeptState) -> None:
    """Copy both databases aside; files of objects are linked, those of models stay until the load is over."""
    await asyncio.to_thread(kept.directory.mkdir)
    await parts.database.write(partial(keep_state, directory=kept.directory))
    await asyncio.to_thread(partial(parts.s3.save_to, kept.directory / OBJECTS, skip_damaged=True))


async def _replace(parts: Parts, archive: CheckedArchive, kept: KeptState) -> None:
    objects, work = archive.directory / OBJECTS, parts.directories.work

    def replace(connection: Connection) -> None:
        replace_state(connection, archive, parts.directories.models)
        note_unfinished_load(connection, os.path.relpath(objects, work))

    await parts.database.write(replace)
    kept.is_replaced = True
    await drop_all_work(parts)
    await asyncio.to_thread(_move_work, work, kept.directory / "work")
    await _load_objects(parts, objects)


async def _put_back(parts: Parts, kept: KeptState) -> None:
    """What was there before a load that failed."""
    if not kept.is_replaced:
        return
    await drop_all_work(parts)
    objects, work = kept.directory / OBJECTS, parts.directories.work

    def put_back(connection: Connection) -> None:
        put_back_state(connection, kept.directory)
        note_unfinished_load(connection, os.path.relpath(objects, work))

    await parts.database.write(put_back)
    await asyncio.to_thread(_move_work, kept.directory / "work", work)
    await _load_objects(parts, objects)


async def _load_objects(parts: Parts, objects: Path) -> None:
    await asyncio.to_thread(parts.s3.load_from, objects)
    await parts.database.write(forget_unfinished_load)


def _move_work(source: Path, target: Path) -> None:
    """What jobs have written down: jobs of a loaded archive may have the same row ids."""
    target.mkdir(exist_ok=True)
    for path in source.iterdir() if source.is_dir() else ():
        if not path.name.startswith(TRANSFER_PREFIX):  # an archive on its way belongs to its own call
            path.rename(target / path.name)
