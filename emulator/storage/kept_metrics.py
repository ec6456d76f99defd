"""The request metrics in the database, as one JSON document beside what belongs to the installation."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from emulator.storage.tables import installation

_NAME = "request-metrics"


def read_kept_metrics(connection: Connection) -> bytes | None:
    """The document, None if there is none."""
    found = connection.execute(select(installation.c.value).where(installation.c.name == _NAME)).scalar()
    return None if found is None else bytes(found)


def write_kept_metrics(connection: Connection, document: bytes) -> None:
    """Replace the document."""
    forget_kept_metrics(connection)
    connection.execute(insert(installation).values(name=_NAME, value=document))


def forget_kept_metrics(connection: Connection) -> None:
    """Remove the document (O-8)."""
    connection.execute(delete(installation).where(installation.c.name == _NAME))
