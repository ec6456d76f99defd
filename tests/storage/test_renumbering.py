"""Row ids of a state from elsewhere (O-39)."""

from __future__ import annotations

from pathlib import Path

from emulator.storage.engine import Database
from emulator.storage.migrate import migrate
from emulator.storage.renumbering import are_free, free_ids, move_ids
from emulator.storage.tables import metadata, project_policies, projects


def test_no_table_with_row_ids_is_forgotten(tmp_path: Path) -> None:
    """Whoever adds a table says there what its ids are."""
    database = Database(tmp_path / "state.sqlite")
    migrate(database)
    ids = database.read_now(free_ids)
    assert set(ids) == {table.name for table in metadata.tables.values() if "id" in table.columns}
    database.close()


def test_what_refers_to_a_row_goes_on_to_refer_to_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.sqlite")
    migrate(database)
    ids = database.read_now(free_ids)
    project = {"account": "111122223333", "region": "r", "status": "CREATED", "feature": "f", "created_at": 1}
    policy = {"document": "{}", "revision_id": "r", "created_at": 1, "updated_at": 1}

    with database.engine.begin() as connection:
        for number in (1, 2, 3):
            connection.execute(projects.insert().values(id=number, name=str(number), arn=str(number), **project))
            connection.execute(project_policies.insert().values(project_id=number, name=str(number), **policy))
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        move_ids(connection, ids)
    with database.engine.begin() as connection:
        pairs = connection.execute(
            projects.select()
            .join(project_policies)
            .with_only_columns(projects.c.id, projects.c.name, project_policies.c.name)
        ).all()
        by = ids["projects"]
        assert [tuple(pair) for pair in pairs] == [(by + number, str(number), str(number)) for number in (1, 2, 3)]
        assert not are_free(connection, ids)
    database.close()
