"""What two databases are compared by."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, inspect


def schema(connection: Connection) -> dict[str, Any]:
    """All that can be reflected of the tables, and the words that cannot."""
    inspector = inspect(connection)
    found: dict[str, Any] = {}
    for table in sorted(inspector.get_table_names()):
        statement = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).scalar_one()
        found[table] = {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)],
            "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
            "foreign keys": sorted(
                (key["constrained_columns"], key["referred_table"]) for key in inspector.get_foreign_keys(table)
            ),
            "unique": sorted(key["column_names"] for key in inspector.get_unique_constraints(table)),
            "indexes": sorted(
                (index["name"], index["column_names"], index["unique"]) for index in inspector.get_indexes(table)
            ),
            "words": re.findall("AUTOINCREMENT|WITHOUT ROWID", statement),
        }
    return found
