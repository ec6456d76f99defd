"""Entries of a dataset, and a plain look at every one of them for tests of filters."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import Connection

from emulator.storage.block_text import BLOCK
from emulator.storage.contents import list_entries
from emulator.storage.rows import EntryFilter, EntryRecord

COUNT = 2 * BLOCK + 700
PARTS = (
    None,
    "photo-1",
    "nowhere",
    "/7/photo-20",
    "s/7/",
    "7",
    "/photo",
    ".jpg",
    "each/photo-12",
    "s3://b",
    "a\nb",
    "Ö",
)
FILTERS = [
    EntryFilter(labels, labeled, part, has_errors)
    for labels, labeled, part, has_errors in itertools.product(
        (None, ("even",), ("late", "rare"), ("none",)), (None, True, False), PARTS, (None, True)
    )
]


def record(reference: str, labels: dict[str, int], has_errors: bool) -> EntryRecord:
    """An entry whose line shows what it is about."""
    line = f'{{"source-ref":"{reference}","labels":{sorted(labels)},"errors":{has_errors}}}'
    return EntryRecord(reference, line, bool(labels), has_errors, labels)


def matches(entry: EntryRecord, wanted: EntryFilter) -> bool:
    """Whether an entry passes a filter (api-facts §2.6)."""
    part, labels = wanted.source_ref_contains, wanted.contains_labels
    return (
        (wanted.labeled is None or entry.is_labeled == wanted.labeled)
        and (wanted.has_errors is None or entry.has_errors == wanted.has_errors)
        and (part is None or part in entry.source_ref)
        and (labels is None or any(label in entry.labels for label in labels))
    )


def entry(number: int) -> EntryRecord:
    """Some in few folders, some in folders of their own; labels by parity, by place and for one entry alone."""
    own_folder = BLOCK <= number < BLOCK + 400
    folder = f"each/photo-{number}/it" if own_folder else f"folders/{number % 9}"
    labels = {"even": 0} if number % 2 == 0 else {}
    labels |= {"late": 0} if number >= COUNT - 300 else {}
    labels |= {"rare": 1} if number == BLOCK - 1 else {}
    return record(
        f"s3://bucket/{folder}/photo-{number}{'Ö' if number % 500 == 0 else ''}.jpg", labels, number % 70 == 1
    )


def check(connection: Connection, content: int, expected: dict[int, EntryRecord]) -> None:
    """Every filter, from the start and from places within and between blocks."""

    @cache
    def passing(name: str, value: Any) -> frozenset[int]:
        """The positions of the entries that pass one criterion alone."""
        alone = EntryFilter(**{name: value})
        return frozenset(position for position, item in expected.items() if matches(item, alone))

    for wanted in FILTERS:
        criteria = [passing(one.name, getattr(wanted, one.name)) for one in fields(EntryFilter)]
        positions = sorted(frozenset.intersection(*criteria))
        for after in (None, 3, BLOCK - 1, BLOCK, COUNT - 5):
            found = list_entries(connection, content, wanted, after=after, limit=40)
            first = 0 if after is None else bisect_right(positions, after)
            behind = [(position, expected[position].line) for position in positions[first : first + 40]]
            assert found == behind, (wanted, after)
