"""Entries indexed by blocks of 1,024 positions, for all filters of ListDatasetEntries.

The rows are built from the entries that are there. The format is written down here once more, as it was when this
revision was made: later releases may change theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BLOCK = 1024
MOST_FOLDERS = 256


def upgrade() -> None:
    """Create and fill the index, and drop what it replaces."""
    op.create_table(
        "dataset_blocks",
        sa.Column("content_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("present", sa.LargeBinary(), nullable=False),
        sa.Column("labeled", sa.LargeBinary(), nullable=False),
        sa.Column("errors", sa.LargeBinary(), nullable=False),
        sa.Column("folders", sa.Text(), nullable=False),
        sa.Column("folder_of", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("content_id", "number", name=op.f("pk_dataset_blocks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dataset_label_blocks",
        sa.Column("label_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("label_id", "number", name=op.f("pk_dataset_label_blocks")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for row in _blocks(connection):
        connection.exec_driver_sql("INSERT INTO dataset_blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    for of_label in _label_blocks(connection):
        connection.exec_driver_sql("INSERT INTO dataset_label_blocks VALUES (?, ?, ?)", of_label)
    op.drop_index("ix_dataset_entries_errors", "dataset_entries")
    op.drop_index("ix_dataset_entries_labeled", "dataset_entries")
    op.drop_table("dataset_source_refs")


def _blocks(connection: sa.Connection) -> Iterator[tuple[Any, ...]]:
    contents = connection.exec_driver_sql("SELECT id FROM dataset_contents").scalars().all()
    for content_id in contents:
        entries = connection.exec_driver_sql(
            "SELECT position, source_ref, is_labeled, has_errors FROM dataset_entries"
            " WHERE content_id = ? ORDER BY position",
            (content_id,),
        )
        for number, rows in groupby(entries, lambda row: row.position // BLOCK):
            block = list(rows)
            source_refs = [""] * (block[-1].position % BLOCK + 1)
            for position, source_ref, _, _ in block:
                source_refs[position % BLOCK] = source_ref
            bits = (
                _bits(row.position for row in block),
                _bits(row.position for row in block if row.is_labeled),
                _bits(row.position for row in block if row.has_errors),
            )
            yield (content_id, number, *bits, *_text(source_refs))


def _text(source_refs: list[str]) -> tuple[str, bytes, str]:
    parts = [source_ref.rpartition("/") for source_ref in source_refs]
    numbers: dict[str, int] = {}
    for folder, slash, _ in parts:
        numbers.setdefault(folder + slash, len(numbers))
    if len(numbers) > MOST_FOLDERS:
        return "", bytes(len(source_refs)), "\n".join(source_refs)
    folder_of = bytes(numbers[folder + slash] for folder, slash, _ in parts)
    return "\n".join(numbers), folder_of, "\n".join(name for _, _, name in parts)


def _label_blocks(connection: sa.Connection) -> Iterator[tuple[int, int, bytes]]:
    for label_id in connection.exec_driver_sql("SELECT id FROM dataset_labels").scalars().all():
        positions: dict[int, list[int]] = defaultdict(list)
        uses = connection.exec_driver_sql("SELECT position FROM dataset_entry_labels WHERE label_id = ?", (label_id,))
        for position in uses.scalars():
            positions[position // BLOCK].append(position)
        for number, of_block in positions.items():
            yield label_id, number, _bits(of_block)


def _bits(positions: Any) -> bytes:
    bits = 0
    for position in positions:
        bits |= 1 << (BLOCK - 1 - position % BLOCK)
    return bits.to_bytes(BLOCK // 8, "big")


def downgrade() -> None:
    """Releases are never taken back in place: load an older archive instead."""
