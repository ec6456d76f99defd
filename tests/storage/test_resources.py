"""Projects, versions, policies and running spans in the database."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from emulator.domain.states import ProjectState, VersionState
from emulator.storage.engine import Database
from emulator.storage.installation import token_secret
from emulator.storage.policies import add_policy, find_policy, list_policies, replace_policy
from emulator.storage.projects import (
    add_project,
    count_projects,
    find_project,
    find_project_by_name,
    has_children,
    list_projects,
    remove_project,
    set_project_status,
)
from emulator.storage.reset import delete_everything
from emulator.storage.rows import Project
from emulator.storage.running_spans import begin_span, change_units, end_spans, leap_span, running_intervals
from emulator.storage.tables import installation, metadata
from emulator.storage.versions import (
    add_version,
    count_versions,
    find_version,
    list_versions,
    model_files,
    remove_version,
    set_version,
    version_name_is_taken,
    versions_in,
)

ACCOUNT, REGION = "111122223333", "us-east-1"


def project(connection: Connection, name: str, created_at: int = 1, account: str = ACCOUNT) -> Project:
    arn = f"arn:aws:rekognition:{REGION}:{account}:project/{name}/{created_at}"
    add_project(
        connection,
        account=account,
        region=REGION,
        name=name,
        arn=arn,
        feature="CUSTOM_LABELS",
        auto_update=None,
        created_at=created_at,
    )
    found = find_project(connection, arn)
    assert found is not None
    return found


def version(connection: Connection, owner: Project, name: str, created_at: int, **values: Any) -> str:
    arn = f"arn:aws:rekognition:{REGION}:{owner.account}:project/{owner.name}/version/{name}/{created_at}"
    columns: dict[str, Any] = {
        "project_id": owner.id,
        "name": name,
        "arn": arn,
        "created_at": created_at,
        "status": VersionState.TRAINING_IN_PROGRESS,
        "status_message": "",
        "output_bucket": "bucket",
        "training_input": {},
        "testing_input": {"AutoCreate": False},
    }
    add_version(connection, **columns | values)
    return arn


def test_projects_come_newest_first_in_pages(database: Database) -> None:
    """Also where several have the same time."""

    def play(connection: Connection) -> list[str]:
        for number in range(7):
            project(connection, f"p{number}", created_at=10 + number // 3)
        project(connection, "foreign", created_at=11, account="444455556666")
        names: list[str] = []
        after = None
        while page := list_projects(
            connection, ACCOUNT, REGION, names=None, features=["CUSTOM_LABELS"], after=after, limit=2
        ):
            names += [item.name for item in page]
            after = (page[-1].created_at, page[-1].id)
        return names

    assert database.write_now(play) == ["p6", "p5", "p4", "p3", "p2", "p1", "p0"]


def test_projects_by_name_account_and_region(database: Database) -> None:
    def play(connection: Connection) -> None:
        mine, other = project(connection, "same"), project(connection, "same", account="444455556666")
        assert find_project_by_name(connection, ACCOUNT, REGION, "same") == mine
        assert find_project_by_name(connection, "444455556666", REGION, "same") == other
        assert find_project_by_name(connection, ACCOUNT, "eu-west-1", "same") is None
        assert count_projects(connection, ACCOUNT, REGION) == 1
        set_project_status(connection, mine.id, ProjectState.DELETING)
        assert find_project(connection, mine.arn) is not None
        remove_project(connection, mine.id)
        assert find_project(connection, mine.arn) is None

    database.write_now(play)
    with pytest.raises(IntegrityError):
        database.write_now(lambda connection: [project(connection, "twice", number) for number in range(2)])


def test_a_project_with_versions_cannot_vanish(database: Database) -> None:
    def play(connection: Connection) -> Project:
        owner = project(connection, "p")
        assert has_children(connection, owner.id) == (False, False)
        version(connection, owner, "v", 1)
        assert has_children(connection, owner.id) == (False, True)
        return owner

    owner = database.write_now(play)
    with pytest.raises(IntegrityError):
        database.write_now(lambda connection: remove_project(connection, owner.id))


def test_versions_latest_first_with_their_project(database: Database) -> None:
    def play(connection: Connection) -> None:
        owner = project(connection, "p")
        arns = [version(connection, owner, f"v{number}", number) for number in range(5)]
        found = find_version(connection, arns[2])
        assert found is not None
        assert (found.project_arn, found.project_name, found.account) == (owner.arn, "p", ACCOUNT)
        assert found.testing_input == {"AutoCreate": False}
        first = list_versions(connection, owner.id, names=None, after=None, limit=3)
        assert [item.name for item in first] == ["v4", "v3", "v2"]
        after = (first[-1].created_at, first[-1].id)
        rest = list_versions(connection, owner.id, names=None, after=after, limit=3)
        assert [item.name for item in rest] == ["v1", "v0"]
        named = list_versions(connection, owner.id, names=["v1", "nope"], after=None, limit=3)
        assert [item.name for item in named] == ["v1"]
        assert version_name_is_taken(connection, owner.id, "v1")
        remove_version(connection, rest[0].id)
        assert not version_name_is_taken(connection, owner.id, "v1")

    database.write_now(play)


def test_versions_are_counted_by_account_project_and_state(database: Database) -> None:
    def play(connection: Connection) -> None:
        first, second = project(connection, "p"), project(connection, "q")
        foreign = project(connection, "p", account="444455556666")
        for owner in (first, second, foreign):
            version(connection, owner, "training", 1)
            version(connection, owner, "running", 2, status=VersionState.RUNNING, model_file=f"{owner.id}.onnx")
        running = [VersionState.RUNNING]
        assert count_versions(connection, ACCOUNT, REGION) == 4
        assert count_versions(connection, ACCOUNT, REGION, running) == 2
        assert count_versions(connection, ACCOUNT, REGION, running, first.id) == 1
        assert count_versions(connection, ACCOUNT, "eu-west-1") == 0
        assert len(versions_in(connection, VersionState.RUNNING, VersionState.STOPPED)) == 3
        assert model_files(connection) == {f"{owner.id}.onnx" for owner in (first, second, foreign)}
        [found] = list_versions(connection, first.id, names=["running"], after=None, limit=1)
        set_version(connection, found.id, status=VersionState.STOPPED, f1_score=0.5)
        changed = find_version(connection, found.arn)
        assert changed is not None
        assert (changed.status, changed.f1_score) == (VersionState.STOPPED, 0.5)

    database.write_now(play)


def test_policies_keep_their_latest_revision_and_order(database: Database) -> None:
    def play(connection: Connection) -> None:
        owner = project(connection, "p")
        for name in ("b", "a", "c"):
            add_policy(connection, owner.id, name, "{}", f"r-{name}", 5)
        policy = find_policy(connection, owner.id, "a")
        assert policy is not None
        replace_policy(connection, policy.id, '{"new": 1}', "r2", 9)
        listed = list_policies(connection, owner.id, limit=2)
        assert [item.name for item in listed] == ["b", "a"]
        assert (listed[1].document, listed[1].revision_id) == ('{"new": 1}', "r2")
        assert (listed[1].created_at, listed[1].updated_at) == (5, 9)
        assert [item.name for item in list_policies(connection, owner.id, after=listed[1].id)] == ["c"]
        remove_project(connection, owner.id)
        assert list_policies(connection, owner.id) == []

    database.write_now(play)


def test_spans_of_running_time(database: Database) -> None:
    """O-13: a change of units splits the span; ending twice is ending once."""

    def play(connection: Connection) -> list[tuple[float, float | None, int]]:
        begin_span(connection, "arn", 1, 1000)
        change_units(connection, "arn", 3, 4000)
        change_units(connection, "arn", 3, 5000)
        end_spans(connection, "arn", 9000)
        end_spans(connection, "arn", 20_000)
        change_units(connection, "arn", 2, 6000)
        begin_span(connection, "arn", 1, 30_000)
        change_units(connection, "other", 1, 1)
        return [(span.started_at, span.ended_at, span.units) for span in running_intervals(connection)["arn"]]

    assert database.write_now(play) == [(1.0, 4.0, 1), (4.0, 6.0, 3), (6.0, 9.0, 2), (30.0, None, 1)]


def test_a_clock_turned_back_splits_the_span_of_what_still_runs(database: Database) -> None:
    """O-10, O-13: both parts count; what has stopped stays as it is."""

    def play(connection: Connection) -> list[tuple[float, float | None, int]]:
        begin_span(connection, "arn", 2, 1000)
        leap_span(connection, "arn", 3, 90_000, 500)
        end_spans(connection, "arn", 4500)
        leap_span(connection, "arn", 1, 5000, 100)
        return [(span.started_at, span.ended_at, span.units) for span in running_intervals(connection)["arn"]]

    assert database.write_now(play) == [(0.5, 4.5, 3), (1.0, 90.0, 2)]


def test_a_reset_keeps_what_belongs_to_the_installation(database: Database) -> None:
    def play(connection: Connection) -> tuple[bytes, bytes]:
        secret = token_secret(connection)
        version(connection, project(connection, "p"), "v", 1)
        delete_everything(connection)
        return secret, token_secret(connection)

    before, after = database.write_now(play)
    assert before == after and len(before) == 32

    def rows(connection: Connection) -> dict[str, int]:
        tables = [table for table in metadata.sorted_tables if table is not installation]
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        }

    assert set(database.read_now(rows).values()) == {0}
