"""Labels that a dataset's owner wants to have although no image has them yet (L-1 has no place for them), and where a
dataset's uploads go (D-17)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from emulator.storage.tables import console_labels, console_upload_places


def stored_labels(connection: Connection, dataset_id: int) -> list[str]:
    """The stored names, in the order in which they were added."""
    statement = select(console_labels.c.name).where(console_labels.c.dataset_id == dataset_id)
    return list(connection.execute(statement.order_by(console_labels.c.id)).scalars())


def store_labels(connection: Connection, dataset_id: int, names: Sequence[str]) -> None:
    """Store names; those that are stored stay where they are."""
    known = set(stored_labels(connection, dataset_id))
    new = [{"dataset_id": dataset_id, "name": name} for name in dict.fromkeys(names) if name not in known]
    if new:
        connection.execute(insert(console_labels), new)


def forget_labels(connection: Connection, dataset_id: int, names: Sequence[str]) -> None:
    """Forget names; others are skipped."""
    of_names = (console_labels.c.dataset_id == dataset_id, console_labels.c.name.in_(names))
    connection.execute(delete(console_labels).where(*of_names))


def upload_place(connection: Connection, dataset_id: int) -> tuple[str, str] | None:
    """Bucket and prefix that were remembered for a dataset."""
    statement = select(console_upload_places.c.bucket, console_upload_places.c.prefix)
    row = connection.execute(statement.where(console_upload_places.c.dataset_id == dataset_id)).one_or_none()
    return None if row is None else (row.bucket, row.prefix)


def remember_upload_place(connection: Connection, dataset_id: int, bucket: str, prefix: str) -> None:
    """Make bucket and prefix the place of a dataset's uploads."""
    connection.execute(delete(console_upload_places).where(console_upload_places.c.dataset_id == dataset_id))
    connection.execute(insert(console_upload_places).values(dataset_id=dataset_id, bucket=bucket, prefix=prefix))
