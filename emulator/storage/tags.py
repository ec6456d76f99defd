"""Tags of projects, datasets and versions, by ARN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select

from emulator.storage.dialects import statements_of
from emulator.storage.tables import tags

_WRITE_TAG = """INSERT INTO tags (resource_arn, key, value) VALUES (?, ?, ?)
    ON CONFLICT (resource_arn, key) DO UPDATE SET value = excluded.value"""

# Built once: building a statement takes longer than running it.
_IS_OF_RESOURCE = tags.c.resource_arn == bindparam("arn")
_OF_RESOURCE = select(tags.c.key, tags.c.value).where(_IS_OF_RESOURCE).order_by(tags.c.key)
_REMOVE = delete(tags).where(_IS_OF_RESOURCE)
_REMOVE_KEYS = _REMOVE.where(tags.c.key.in_(bindparam("keys", expanding=True)))


def read_tags(connection: Connection, resource_arn: str) -> dict[str, str]:
    """A resource's tags, by key."""
    return dict(connection.execute(_OF_RESOURCE, {"arn": resource_arn}).all())


def write_tags(connection: Connection, resource_arn: str, values: Mapping[str, str]) -> None:
    """Add tags, overwriting those whose keys exist."""
    if not values:
        return
    rows = [(resource_arn, key, value) for key, value in values.items()]
    statements_of(connection).execute_many(connection, _WRITE_TAG, rows)


def remove_tags(connection: Connection, resource_arn: str, keys: Sequence[str] | None = None) -> None:
    """Remove some tags of a resource, or all of them; keys that it does not have are ignored."""
    if keys is None:
        connection.execute(_REMOVE, {"arn": resource_arn})
    else:
        connection.execute(_REMOVE_KEYS, {"arn": resource_arn, "keys": list(keys)})
