"""A data directory of the first release opens under this one: nothing is lost, and work that was under way goes on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from emulator.storage.content_changes import upsert_entries
from emulator.storage.engine import Database
from emulator.storage.migrate import current_revision, migrate
from emulator.storage.rows import EntryRecord
from emulator.storage.schema import HEAD_REVISION
from support.calls import JPEG, until_version_is
from support.entries import COUNT, check, entry
from support.in_process import InProcessEmulator, play
from support.schemas import schema
from support.stored_model import StoredModel

FIRST_RELEASE = Path(__file__).with_name("first_release.sql")
VERSIONS = ("running", "stopped", "starting")
CONTENT = 77


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    """The directory as the first release left it, with model files as their names alone."""
    directory = tmp_path / "data"
    (directory / "models").mkdir(parents=True)
    connection = sqlite3.connect(directory / "state.sqlite")
    connection.executescript(FIRST_RELEASE.read_text())
    connection.close()
    for name in VERSIONS:
        (directory / "models" / f"{name}.stored.onnx").write_bytes(b"a model")
    return directory


def test_the_schema_becomes_that_of_a_new_directory(data_directory: Path, tmp_path: Path) -> None:
    old, new = Database(data_directory / "state.sqlite"), Database(tmp_path / "new.sqlite")
    for database in (old, new):
        migrate(database)
        assert database.read_now(current_revision) == HEAD_REVISION
    assert old.read_now(schema) == new.read_now(schema)
    for database in (old, new):
        database.close()


def test_everything_is_there_and_goes_on(data_directory: Path, stored_model: StoredModel) -> None:
    assert stored_model.may_answer.is_set()
    connection = sqlite3.connect(data_directory / "state.sqlite")
    [(started_at,)] = connection.execute("SELECT started_at FROM jobs").fetchall()
    connection.close()

    async def story(emulator: InProcessEmulator) -> None:
        # The start that was under way lasts until a second after it began, whatever this machine's clock says.
        await emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": started_at / 1000 + 5})
        [project] = (await emulator.call("DescribeProjects"))["ProjectDescriptions"]
        await check_dataset(emulator, project["Datasets"][0]["DatasetArn"])
        await check_versions(emulator, project["ProjectArn"])
        policies = await emulator.call("ListProjectPolicies", ProjectArn=project["ProjectArn"])
        assert [policy["PolicyName"] for policy in policies["ProjectPolicies"]] == ["copy"]

    play(data_directory, story)


async def check_dataset(emulator: InProcessEmulator, arn: str) -> None:
    described = (await emulator.call("DescribeDataset", DatasetArn=arn))["DatasetDescription"]
    assert described["Status"] == "UPDATE_COMPLETE"
    expected = {"TotalEntries": 3, "LabeledEntries": 2, "TotalLabels": 2, "ErrorEntries": 0}
    assert described["DatasetStats"] == expected
    found = await emulator.call("ListDatasetEntries", DatasetArn=arn, SourceRefContains="/b.", MaxResults=1)
    assert [json.loads(text)["source-ref"] for text in found["DatasetEntries"]] == ["s3://pictures/b.jpg"]
    labels = (await emulator.call("ListDatasetLabels", DatasetArn=arn))["DatasetLabelDescriptions"]
    assert [(label["LabelName"], label["LabelStats"]["EntryCount"]) for label in labels] == [
        ("circle", 2),
        ("square", 1),
    ]
    assert await emulator.call("ListTagsForResource", ResourceArn=arn) == {"Tags": {"stage": "first"}}


async def check_versions(emulator: InProcessEmulator, project: str) -> None:
    arns = {name: project.rpartition("/")[0] + f"/version/{name}/1690556751958" for name in VERSIONS}
    await until_version_is(emulator, arns["starting"], "RUNNING")
    described = (await emulator.call("DescribeProjectVersions", ProjectArn=project))["ProjectVersionDescriptions"]
    assert {version["ProjectVersionArn"]: version["Status"] for version in described} == {
        arns["running"]: "RUNNING",
        arns["stopped"]: "STOPPED",
        arns["starting"]: "RUNNING",
    }
    for name in ("running", "starting"):
        answer = await emulator.call("DetectCustomLabels", ProjectVersionArn=arns[name], Image={"Bytes": JPEG})
        assert answer == {"CustomLabels": [{"Name": "circle", "Confidence": 75.0}]}
    await emulator.call("StopProjectVersion", ProjectVersionArn=arns["running"])


def test_entries_of_the_first_release_pass_the_same_filters(data_directory: Path) -> None:
    """Lists of entries are answered from an index that the first release did not have."""
    connection = sqlite3.connect(data_directory / "state.sqlite")
    expected = fill(connection)
    connection.commit()
    connection.close()
    database = Database(data_directory / "state.sqlite")
    migrate(database)
    database.write_now(lambda connection: check(connection, CONTENT, expected))
    new = entry(COUNT)
    database.write_now(lambda connection: upsert_entries(connection, CONTENT, [new, expected[7]]))
    expected[COUNT] = new
    database.write_now(lambda connection: check(connection, CONTENT, expected))
    database.close()


def fill(connection: sqlite3.Connection) -> dict[int, EntryRecord]:
    """A content of several thousand entries as the first release kept it, with gaps where entries were split off."""
    expected = {number: entry(number) for number in range(COUNT) if number % 5 and number < COUNT - 30}
    connection.execute(
        "INSERT INTO dataset_contents (id, dataset_id, next_position) VALUES (?, 99, ?)", (CONTENT, COUNT)
    )
    labels = {name: 1000 + number for number, name in enumerate(("even", "late", "rare"))}
    for name, label_id in labels.items():
        count = sum(name in record.labels for record in expected.values())
        connection.execute("INSERT INTO dataset_labels VALUES (?, ?, ?, ?, 0)", (label_id, CONTENT, name, count))
    for position, record in expected.items():
        connection.execute(
            "INSERT INTO dataset_entries (content_id, position, source_ref, line, is_labeled, has_errors)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (CONTENT, position, record.source_ref, record.line, record.is_labeled, record.has_errors),
        )
        for name, boxes in record.labels.items():
            connection.execute(
                "INSERT INTO dataset_entry_labels (label_id, position, content_id, boxes) VALUES (?, ?, ?, ?)",
                (labels[name], position, CONTENT, boxes),
            )
    return expected
