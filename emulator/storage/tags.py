"""Tags of projects, datasets and versions, by ARN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, select

from emulator.storage.dialects import statements_of
from emulator.storage.tables import tags

_WRITE_TAG = """INSERT INTO tags (resource_arn, key, value) VALUES (?, ?, ?)
    ON CONFLICT (resource_arn, key) DO UPDATE SET value = excluded.value"""


def read_tags(connection: Connection, resource_arn: str) -> dict[str, str]:
    """A resource's tags, by key."""
    statement = select(tags.c.key, tags.c.value).where(tags.c.resource_arn == resource_arn).order_by(tags.c.key)
    return {row.key: row.value for row in connection.execute(statement)}


def write_tags(connection: Connection, resource_arn: str, values: Mapping[str, str]) -> None:
    """Add tags, overwriting those whose keys exist."""
    if not values:
        return
    rows = [(resource_arn, key, value) for key, value in values.items()]
    statements_of(connection).execute_many(connection, _WRITE_TAG, rows)


def remove_tags(connection: Connection, resource_arn: str, keys: Sequence[str] | None = None) -> None:
    """Remove some tags of a resource, or all of them; keys that it does not have are ignored."""
    statement = delete(tags).where(tags.c.resource_arn == resource_arn)
    if keys is not None:
        statement = statement.where(tags.c.key.in_(keys))
    connection.execute(statement)
