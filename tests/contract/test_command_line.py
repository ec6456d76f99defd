"""The command `custom-labels`: how it starts, refuses to start, ends, and what a restart keeps (O-2 to O-8)."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import new_project
from support.server import PROJECT_ROOT, EmulatorProcess, environment_without_settings

ACCOUNT = "111122223333"
COMMANDS = ("serve", "demo", "reset", "healthcheck", "lint", "convert", "save", "load")


def custom_labels(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "emulator", *arguments],
        cwd=PROJECT_ROOT,
        env=environment_without_settings() | settings,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def check_refusal(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """One clear line on the error output that has these words, and exit code 1."""
    assert ended.returncode == 1, ended.stderr
    [line] = ended.stderr.strip().splitlines()
    for word in words:
        assert word in line


def files_of(directory: Path) -> dict[str, bytes]:
    """The contents of all files below a directory but the lock file."""
    found = (path for path in directory.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path): path.read_bytes() for path in found}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    ended = custom_labels(command, "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"usage: custom-labels {command}")


def test_wrong_usage_is_exit_code_2() -> None:
    for arguments in ((), ("no-such-command",), ("serve", "--no-such-flag"), ("healthcheck", "--port")):
        assert custom_labels(*arguments).returncode == 2, arguments


@pytest.mark.parametrize("form", ["terminal", "json", "github"])
def test_output_fits_any_encoding_and_ends_with_its_reader(tmp_path: Path, form: str) -> None:
    """As on consoles without UTF-8, and before `| head -1`."""
    manifest = tmp_path / "train.manifest"
    manifest.write_text('{"source-ref":"→"}\n' * 20_000, encoding="utf-8")
    arguments = ("lint", str(manifest), "--no-images", "--format", form, *(("--show", "20000") * (form == "terminal")))
    ended = custom_labels(*arguments, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (1, "")
    with subprocess.Popen(
        [sys.executable, "-m", "emulator", *arguments],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1


def test_unknown_and_wrong_settings_are_named(tmp_path: Path) -> None:
    """O-5: never silently ignored."""
    serve = ("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
    check_refusal(custom_labels(*serve, CUSTOM_LABELS_NO_SUCH="1"), "CUSTOM_LABELS_NO_SUCH")
    check_refusal(custom_labels(*serve, CUSTOM_LABELS_WAITER_HOLD="long"), "CUSTOM_LABELS_WAITER_HOLD", "long")
    check_refusal(custom_labels(*serve, CUSTOM_LABELS_AUTH="iam"), "CUSTOM_LABELS_AUTH", "iam")
    assert not (tmp_path / "data").exists()


def test_what_another_process_holds_is_refused(fresh_emulator: EmulatorProcess, tmp_path: Path) -> None:
    """O-3: a port in use, a data directory in use."""
    port = fresh_emulator.endpoint.rpartition(":")[2]
    other = tmp_path / "other"
    check_refusal(custom_labels("serve", "--port", port, "--data-dir", str(other)), port)
    held = custom_labels("serve", "--port", "0", "--data-dir", str(fresh_emulator.data_directory))
    check_refusal(held, str(fresh_emulator.data_directory))
    assert fresh_emulator.control("GET", "/_emulator/health")[0] == 200


def test_a_directory_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no directory")
    check_refusal(custom_labels("serve", "--port", "0", "--data-dir", str(file / "data")), str(file / "data"))


def test_a_newer_schema_is_refused_and_left_alone(start_emulator: Callable[..., EmulatorProcess]) -> None:
    """O-3: nothing is changed."""
    emulator = start_emulator()
    assert emulator.terminate() == 0
    assert emulator.data_directory is not None
    [file] = [
        path
        for path in emulator.data_directory.rglob("*")
        if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3" and _has_schema(path)
    ][:1]
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = files_of(emulator.data_directory)
    check_refusal(custom_labels("serve", "--port", "0", "--data-dir", str(emulator.data_directory)), "from_the_future")
    after = files_of(emulator.data_directory)
    assert {name: body for name, body in after.items() if name in before} == before


def _has_schema(file: Path) -> bool:
    connection = sqlite3.connect(file)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
    finally:
        connection.close()
    return bool(names)


def test_health_readiness_and_reset(fresh_emulator: EmulatorProcess) -> None:
    """O-6, O-7, O-8, and `custom-labels healthcheck` and `reset`."""
    status, health = fresh_emulator.control("GET", "/_emulator/health")
    assert (status, health["status"]) == (200, "ok")
    assert health["version"]
    endpoint = ("--endpoint", fresh_emulator.endpoint)
    assert custom_labels("healthcheck", *endpoint).returncode == 0
    resets: tuple[Callable[[], Any], ...] = (
        lambda: fresh_emulator.control("POST", "/_emulator/reset")[0] == 200,
        lambda: custom_labels("reset", *endpoint).returncode == 0,
    )
    for reset in resets:
        project = new_project(fresh_emulator, ACCOUNT)
        project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 2))
        assert reset()
        assert project.rekognition.describe_projects()["ProjectDescriptions"] == []
        assert project.s3.list_buckets()["Buckets"] == []
    fresh_emulator.terminate()
    assert custom_labels("healthcheck", *endpoint).returncode == 1


def test_an_ephemeral_emulator_leaves_nothing(tmp_path: Path) -> None:
    with EmulatorProcess(environment={"TMPDIR": str(tmp_path)}) as emulator:
        new_project(emulator, ACCOUNT).create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 2))
        assert list(tmp_path.iterdir())
        assert emulator.terminate() == 0
        assert list(tmp_path.iterdir()) == []


def test_a_restart_keeps_everything(fresh_emulator: EmulatorProcess) -> None:
    """O-19 after a graceful end: projects, datasets, entries, tags, policies, objects and page tokens."""
    project = new_project(fresh_emulator, ACCOUNT)
    dataset = project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 3))
    rekognition = project.rekognition
    rekognition.tag_resource(ResourceArn=dataset, Tags={"kept": "yes"})
    document = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", '
        '"Action": "rekognition:CopyProjectVersion", "Resource": "*"}]}'
    )
    rekognition.put_project_policy(ProjectArn=project.arn, PolicyName="kept", PolicyDocument=document)

    def everything(client: Any, s3: Any) -> list[Any]:
        answers = [
            client.describe_projects(),
            client.describe_dataset(DatasetArn=dataset),
            client.list_dataset_labels(DatasetArn=dataset),
            client.list_dataset_entries(DatasetArn=dataset),
            client.list_tags_for_resource(ResourceArn=dataset),
            client.list_project_policies(ProjectArn=project.arn),
        ]
        found = [{name: value for name, value in answer.items() if name != "ResponseMetadata"} for answer in answers]
        objects = s3.list_objects_v2(Bucket=project.bucket)["Contents"]
        return [*found, [(each["Key"], each["ETag"], each["LastModified"]) for each in objects]]

    before = everything(rekognition, project.s3)
    token = rekognition.list_dataset_entries(DatasetArn=dataset, MaxResults=2)["NextToken"]
    assert fresh_emulator.terminate() == 0
    fresh_emulator.restart()
    client = fresh_emulator.client("rekognition", ACCOUNT)
    assert everything(client, fresh_emulator.client("s3", ACCOUNT)) == before
    rest = client.list_dataset_entries(DatasetArn=dataset, NextToken=token)["DatasetEntries"]
    assert rest == client.list_dataset_entries(DatasetArn=dataset)["DatasetEntries"][2:]


def test_sigterm_answers_held_calls(fresh_emulator: EmulatorProcess) -> None:
    """O-3: a waiter's call that is being held is answered at the end."""
    project = new_project(fresh_emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 3))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 1, seed=500))
    policies = {"training": {"type": "seconds", "seconds": 600}}
    assert fresh_emulator.control("PUT", "/_emulator/transitions", policies)[0] == 200
    project.start_training()
    answers: list[dict[str, Any]] = []
    waiter = project.rekognition.get_waiter("project_version_training_completed")

    def keep(parsed: dict[str, Any], **_: Any) -> None:
        answers.append(parsed)

    project.rekognition.meta.events.register("after-call.rekognition.DescribeProjectVersions", keep)

    def wait() -> None:
        with pytest.raises(Exception, match="Max attempts exceeded"):
            waiter.wait(ProjectArn=project.arn, VersionNames=["first"], WaiterConfig={"MaxAttempts": 1})

    thread = threading.Thread(target=wait)
    thread.start()
    fresh_emulator.wait_for_requests(1)
    assert not answers, "the call is being held"
    assert fresh_emulator.terminate() == 0
    thread.join(60)
    [answer] = answers
    assert answer["ProjectVersionDescriptions"][0]["Status"] == "TRAINING_IN_PROGRESS"
