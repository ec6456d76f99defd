"""Copying a dataset's entries in pieces, so that other writers wait a few milliseconds at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import Connection, select

from emulator.storage.content_changes import (
    append_entries,
    create_content,
    read_records,
    set_content_bucket,
    set_manifest_owner,
)
from emulator.storage.contents import content_bucket, manifest_owner
from emulator.storage.engine import Database
from emulator.storage.rows import EntryRecord
from emulator.storage.tables import dataset_entries

_ENTRIES_AT_ONCE = 1000


def copy_entries(
    database: Database,
    find_source: Callable[[Connection], int | None],
    dataset_id: int,
    is_wanted: Callable[[int], bool] = lambda _position: True,
) -> int | None:
    """Make a content of `dataset_id` from the entries of another content whose positions are wanted; gives its id.

    `find_source` says within the snapshot that is read which content that is: one that a dataset has then is whole,
    while one that was looked up before may be swept already. None where there is none any more. The copy is committed
    piece by piece and no dataset refers to it yet.
    """
    with database.engine.connect() as reading, reading.begin():
        source_id = find_source(reading)
        if source_id is None:
            return None
        content_id = database.write_now(lambda connection: create_content(connection, dataset_id))
        for records in _pieces(reading, source_id, is_wanted):
            database.write_now(partial(append_entries, content_id=content_id, records=records))
        bucket, owner = content_bucket(reading, source_id), manifest_owner(reading, source_id)

    def note(connection: Connection) -> None:
        set_content_bucket(connection, content_id, bucket)
        set_manifest_owner(connection, content_id, owner)

    database.write_now(note)
    return content_id


def _pieces(connection: Connection, content_id: int, is_wanted: Callable[[int], bool]) -> Iterator[list[EntryRecord]]:
    last = -1
    while True:
        statement = (
            select(dataset_entries.c.position)
            .where(dataset_entries.c.content_id == content_id, dataset_entries.c.position > last)
            .order_by(dataset_entries.c.position)
            .limit(_ENTRIES_AT_ONCE)
        )
        positions = list(connection.execute(statement).scalars())
        if not positions:
            return
        last = positions[-1]
        yield read_records(connection, content_id, [position for position in positions if is_wanted(position)])
