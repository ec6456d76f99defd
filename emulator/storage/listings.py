"""Pages of rows by name, latest first, as DescribeProjects and DescribeProjectVersions list them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Table, bindparam, tuple_

from emulator.domain.json_values import JsonObject


def latest_first(statement: Select[Any], table: Table, *, by_name: bool, is_continued: bool) -> Select[Any]:
    """`statement` as a page of `table`, whose parameters `page_values` gives."""
    statement = statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(bindparam("limit"))
    if by_name:
        statement = statement.where(table.c.name.in_(bindparam("names", expanding=True)))
    if is_continued:
        last = tuple_(bindparam("last_created_at"), bindparam("last_id"))
        statement = statement.where(tuple_(table.c.created_at, table.c.id) < last)
    return statement


def page_values(names: Sequence[str] | None, after: tuple[int, int] | None, limit: int) -> JsonObject:
    """The parameters of a page: these names or all, after the cursor (created_at, id)."""
    values: JsonObject = {"limit": limit}
    if names is not None:
        values["names"] = list(names)
    if after is not None:
        values["last_created_at"], values["last_id"] = after
    return values
