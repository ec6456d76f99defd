"""Project policies in the database."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from emulator.storage.rows import Policy
from emulator.storage.tables import project_policies as table

_COLUMNS = (
    table.c.id,
    table.c.project_id,
    table.c.name,
    table.c.document,
    table.c.revision_id,
    table.c.created_at,
    table.c.updated_at,
)

# Built once: building a statement takes longer than running it.
_BY_NAME = select(*_COLUMNS).where(table.c.project_id == bindparam("project_id"), table.c.name == bindparam("name"))


@lru_cache
def _listing(*, is_continued: bool, is_limited: bool) -> Select[Any]:
    statement = select(*_COLUMNS).where(table.c.project_id == bindparam("project_id")).order_by(table.c.id)
    if is_continued:
        statement = statement.where(table.c.id > bindparam("after"))
    return statement.limit(bindparam("limit")) if is_limited else statement


def _policy(row: Any) -> Policy:
    return Policy(*row)


def find_policy(connection: Connection, project_id: int, name: str) -> Policy | None:
    """A project's policy of this name, or None."""
    row = connection.execute(_BY_NAME, {"project_id": project_id, "name": name}).one_or_none()
    return None if row is None else _policy(row)


def list_policies(
    connection: Connection, project_id: int, *, after: int | None = None, limit: int | None = None
) -> list[Policy]:
    """A project's policies in order of creation, after the cursor (row id)."""
    statement = _listing(is_continued=after is not None, is_limited=limit is not None)
    values = {"project_id": project_id, "after": after, "limit": limit}
    return [_policy(row) for row in connection.execute(statement, values)]


def add_policy(
    connection: Connection, project_id: int, name: str, document: str, revision_id: str, created_at: int
) -> None:
    """Store a new policy."""
    connection.execute(
        insert(table).values(
            project_id=project_id,
            name=name,
            document=document,
            revision_id=revision_id,
            created_at=created_at,
            updated_at=created_at,
        )
    )


def replace_policy(connection: Connection, policy_id: int, document: str, revision_id: str, updated_at: int) -> None:
    """Keep only the latest revision (CP-10)."""
    connection.execute(
        update(table)
        .where(table.c.id == policy_id)
        .values(document=document, revision_id=revision_id, updated_at=updated_at)
    )


def remove_policy(connection: Connection, policy_id: int) -> None:
    """Delete a policy."""
    connection.execute(delete(table).where(table.c.id == policy_id))
