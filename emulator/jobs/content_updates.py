"""Upserting the lines of an update into a dataset's content (D-12): all or nothing, in pieces, in bounded memory."""

from __future__ import annotations

import io
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from operator import itemgetter

from sqlalchemy import Connection

from emulator.domain.jobs import Done, Outcome
from emulator.domain.manifest.dataset import DatasetEntry, DatasetExamination
from emulator.domain.manifest.limits import MAXIMUM_LABELS, ManifestLimits
from emulator.domain.manifest.reading import read_lines
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule
from emulator.jobs.ingest import ENTRIES_AT_ONCE, DropLog, client_error, record_of
from emulator.storage.block_text import BLOCK
from emulator.storage.content_changes import (
    append_entries,
    drop_unused_labels,
    prepare_labels,
    replace_entries,
    set_content_bucket,
)
from emulator.storage.contents import content_bucket, content_stats, labels_without, next_position, positions_of
from emulator.storage.engine import Database
from emulator.storage.packed_records import PackedRecords
from emulator.storage.rows import EntryRecord

_LINES_AT_ONCE = 8 * BLOCK


def update_content(
    database: Database, lines: bytes, content_id: int, limits: ManifestLimits | None = None, name: str = "an update"
) -> Outcome:
    """Upsert lines into a content, all or nothing; the outcome of a job `update-dataset` (D-12). `name` is for the log.

    Entries (E-3) and labels (E-6) are counted without those that are replaced (L-1). Whatever refuses the lines does so
    before the first is written. They are written in pieces, so that other writers wait some 30 ms at most: nobody reads
    a dataset that is UPDATE_IN_PROGRESS, and an update that is cut off is done again, which replaces what it wrote.
    """
    limits = limits or ManifestLimits()
    examination = DatasetExamination(database.read_now(lambda connection: content_bucket(connection, content_id)))
    update = _Update(database, content_id)
    drops = DropLog(name)
    try:
        rest = read_lines(io.BytesIO(lines), limits)
        while batch := list(islice(rest, _LINES_AT_ONCE)):
            entries = examination.feed_all(batch)
            for line, entry in zip(batch, entries, strict=True):
                drops.see(line.number, entry)
            update.add([record_of(entry) for entry in entries if isinstance(entry, DatasetEntry)])
        drops.end()
    except ManifestFileError as error:
        return client_error(error.status_message)
    failure = examination.failure() or update.too_much(examination, limits)
    if failure is not None:
        return client_error(failure.message)
    update.write(next(iter(examination.buckets), None))
    return Done()


class _Update:
    """What an update does to a content: entries that it replaces, at their positions, and new ones.

    All reads come before the first write, and need no transaction that writes: what a dataset holds changes by its jobs
    alone.
    """

    def __init__(self, database: Database, content_id: int) -> None:
        self._database = database
        self._content_id = content_id
        # By number of the block, so that each is changed once: positions and their records.
        self._replaced: defaultdict[int, list[tuple[array[int], PackedRecords]]] = defaultdict(list)
        self._new: list[PackedRecords] = []
        self._number_of_new = 0
        # In the order of their first use, by replaced entries first.
        self._labels_of_replaced: dict[str, None] = {}
        self._labels_of_new: dict[str, None] = {}

    def add(self, records: list[EntryRecord]) -> None:
        """Find where records will stand; none of them is in the content twice, or was added before."""
        source_refs = [record.source_ref for record in records]
        existing = self._database.read_now(partial(positions_of, content_id=self._content_id, source_refs=source_refs))
        if existing:
            self._replace(
                [(existing[record.source_ref], record) for record in records if record.source_ref in existing]
            )
            records = [record for record in records if record.source_ref not in existing]
        if records:
            _note_labels(self._labels_of_new, records)
            self._number_of_new += len(records)
            self._new.append(PackedRecords.of(records))

    def _replace(self, placed: list[tuple[int, EntryRecord]]) -> None:
        _note_labels(self._labels_of_replaced, (record for _, record in placed))
        of_blocks: defaultdict[int, list[tuple[int, EntryRecord]]] = defaultdict(list)
        for position, record in placed:
            of_blocks[position // BLOCK].append((position, record))
        for number, of_block in of_blocks.items():
            positions = array("q", [position for position, _ in of_block])
            self._replaced[number].append((positions, PackedRecords.of([record for _, record in of_block])))

    def too_much(self, examination: DatasetExamination, limits: ManifestLimits) -> Rule | None:
        """What the content would have too much of."""
        return self._database.read_now(partial(self._too_much, examination=examination, limits=limits))

    def _too_much(self, connection: Connection, examination: DatasetExamination, limits: ManifestLimits) -> Rule | None:
        found = content_stats(connection, self._content_id)
        if found.total_entries + self._number_of_new > limits.lines:
            return file_rules.MANIFEST_TOO_MANY_ROWS
        if found.total_labels + len(examination.labels) > MAXIMUM_LABELS:
            parts = chain.from_iterable(self._replaced.values())
            positions = list(chain.from_iterable(positions for positions, _ in parts))
            kept = labels_without(connection, self._content_id, positions)
            if len(kept | examination.labels) > MAXIMUM_LABELS:
                return file_rules.TOO_MANY_LABELS
        return None

    def write(self, bucket: str | None) -> None:
        """Write what nothing refuses, each piece a transaction."""
        labels = list(self._labels_of_replaced | self._labels_of_new)

        def begin(connection: Connection) -> int:
            set_content_bucket(connection, self._content_id, bucket)
            prepare_labels(connection, self._content_id, labels)
            return next_position(connection, self._content_id)

        first = self._database.write_now(begin)
        for replaced in self._replaced_in_pieces():
            self._database.write_now(partial(replace_entries, content_id=self._content_id, replaced=replaced))
        for new in self._new_in_pieces(first):
            self._database.write_now(partial(append_entries, content_id=self._content_id, records=new))
        if self._replaced:
            self._database.write_now(partial(drop_unused_labels, content_id=self._content_id))

    def _replaced_in_pieces(self) -> Iterator[list[tuple[int, EntryRecord]]]:
        """Whole blocks together, so that each is changed once."""
        piece: list[tuple[int, EntryRecord]] = []
        for number in sorted(self._replaced):
            of_block: list[tuple[int, EntryRecord]] = []
            for positions, packed in self._replaced[number]:
                of_block += zip(positions, packed.records(), strict=True)
            piece += sorted(of_block, key=itemgetter(0))
            if len(piece) >= ENTRIES_AT_ONCE:
                yield piece
                piece = []
        if piece:
            yield piece

    def _new_in_pieces(self, first: int) -> Iterator[list[EntryRecord]]:
        """What fills the last block, then block by block; the first will stand at the position `first`."""
        records = chain.from_iterable(packed.records() for packed in self._new)
        size = ENTRIES_AT_ONCE - first % BLOCK
        while piece := list(islice(records, size)):
            yield piece
            size = ENTRIES_AT_ONCE


def _note_labels(known: dict[str, None], records: Iterable[EntryRecord]) -> None:
    for record in records:
        if record.labels:
            known.update(dict.fromkeys(record.labels))
