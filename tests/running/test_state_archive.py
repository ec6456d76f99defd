"""The whole state as one file, and back; reset between cases (O-8, O-15)."""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.archives import Change, Files, added, flipped, listed, members, of_format, packed, replaced, without
from support.projects import error_code
from support.running import RunningLab
from support.server import PROJECT_ROOT, EmulatorProcess, wait_until


def custom_labels(emulator: EmulatorProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", *arguments, "--endpoint", emulator.endpoint]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=180, check=False)


def put_state(emulator: EmulatorProcess, archive: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/state", archive, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_saved_reset_and_loaded_again(lab: RunningLab, tmp_path: Path) -> None:
    arn = lab.new_version()
    lab.start(arn)
    expected = lab.detect(arn, MinConfidence=0)
    file = tmp_path / "state.tar"
    saved = custom_labels(lab.emulator, "save", str(file))
    assert (saved.returncode, saved.stderr) == (0, "") and str(file) in saved.stdout
    lab.control("POST", "reset")
    assert lab.rekognition.describe_projects()["ProjectDescriptions"] == []
    assert lab.trained.s3.list_buckets()["Buckets"] == []
    loaded = custom_labels(lab.emulator, "load", str(file))
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert lab.status(arn) == "RUNNING"
    assert lab.detect(arn, MinConfidence=0) == expected
    body = lab.trained.s3.get_object(Bucket=lab.trained.bucket, Key="manifests/train.manifest")["Body"].read()
    assert body.count(b"source-ref") == 10
    rows = {row["project_version"]: row for row in lab.control("GET", "usage")["versions"]}
    assert rows[arn]["running_seconds"] > 0
    lab.emulator.kill()
    lab.emulator.restart()
    lab.reconnect()
    assert lab.status(arn) == "RUNNING"
    assert lab.detect(arn, MinConfidence=0) == expected, "what was loaded is durable"
    lab.stop(arn)


def test_the_time_between_save_and_load_is_not_billed(lab: RunningLab, tmp_path: Path) -> None:
    """O-13, O-15: neither in dollars nor in CloudWatch's hours."""
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=2)

    def seconds() -> tuple[float, float]:
        [row] = [row for row in lab.control("GET", "usage")["versions"] if row["project_version"] == arn]
        return row["running_seconds"], row["unit_seconds"]

    lab.advance(3600)
    ran = seconds()
    assert custom_labels(lab.emulator, "save", str(tmp_path / "state.tar")).returncode == 0
    lab.advance(30 * 86_400)
    assert custom_labels(lab.emulator, "load", str(tmp_path / "state.tar")).returncode == 0
    assert lab.status(arn) == "RUNNING" and seconds() == pytest.approx(ran)
    lab.advance(100)
    assert seconds() == pytest.approx((ran[0] + 100, ran[1] + 200))
    lab.stop(arn)


def test_an_archive_moves_to_another_emulator(
    lab: RunningLab, start_emulator: Callable[..., EmulatorProcess], tmp_path: Path
) -> None:
    file = tmp_path / "state.tar"
    assert custom_labels(lab.emulator, "save", str(file)).returncode == 0
    other = start_emulator()
    s3 = other.client("s3", lab.account)
    s3.create_bucket(Bucket="what-was-here")
    assert put_state(other, file.read_bytes()) == (200, {"status": "loaded"})
    names, saved = ({bucket["Name"] for bucket in one.list_buckets()["Buckets"]} for one in (s3, lab.trained.s3))
    assert names == saved and lab.trained.bucket in names
    described = other.client("rekognition", lab.account).describe_project_versions(ProjectArn=lab.trained.arn)
    statuses = {one["ProjectVersionArn"]: one["Status"] for one in described["ProjectVersionDescriptions"]}
    first = lab.trained.version_arns["first"]
    # Another test may have had it running.
    assert statuses[first] == lab.status(first) and statuses[first] in ("TRAINING_COMPLETED", "STOPPED")


def _edited(statement: str) -> Change:
    """The database changed by hand, with the checksum that it then has."""

    def change(files: Files) -> Files:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(files["state.sqlite"])
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute(statement)
            database.commit()
            content = database.serialize()
        return replaced("state.sqlite", content)(files)

    return change


@pytest.mark.parametrize(
    "change",
    [
        _edited("DROP TABLE jobs"),
        _edited("ALTER TABLE projects ADD COLUMN colour TEXT"),
        _edited("ALTER TABLE versions DROP COLUMN f1_score"),
        _edited("UPDATE versions SET project_id = 999999 WHERE name = 'first'"),
        _edited("UPDATE alembic_version SET version_num = '9999'"),
        without("manifest.json"),
        without("state.sqlite"),
        without("objects/objects.sqlite3"),
        flipped("state.sqlite"),
        added("../escaped", b"x"),
        listed("../escaped", b"x"),
        listed("models/extra.onnx", b"not the content that the manifest tells"),
        added("manifest.json", b"{}"),
        of_format(2),
    ],
)
def test_an_archive_is_checked_before_anything_is_replaced(lab: RunningLab, change: Change) -> None:
    with urllib.request.urlopen(f"{lab.emulator.endpoint}/_emulator/state") as answer:
        archive = answer.read()
    status, refusal = put_state(lab.emulator, packed(change(members(archive))))
    assert status == 400 and refusal["error"]["code"] == "InvalidArchive"
    lab.trained.describe_version("first")
    assert lab.trained.s3.head_bucket(Bucket=lab.trained.bucket)


def test_bytes_that_are_no_archive(lab: RunningLab, tmp_path: Path) -> None:
    for body in (b"", b"no archive" * 1000, b"\x1f\x8b\x08" + b"0" * 600):
        assert put_state(lab.emulator, body)[0] == 400
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"nonsense" * 200)
    loaded = custom_labels(lab.emulator, "load", str(nonsense))
    assert loaded.returncode == 1 and "not an archive" in loaded.stderr
    missing = custom_labels(lab.emulator, "load", str(tmp_path / "missing"))
    assert missing.returncode == 1 and "missing" in missing.stderr


def test_a_reset_leaves_an_archive_on_its_way_alone(lab: RunningLab, tmp_path: Path) -> None:
    file = tmp_path / "state.tar"
    assert custom_labels(lab.emulator, "save", str(file)).returncode == 0
    archive = file.read_bytes()
    connection = http.client.HTTPConnection(lab.emulator.endpoint.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", "/_emulator/state")
    connection.putheader("Content-Length", str(len(archive)))
    connection.endheaders(archive[: len(archive) // 2])
    time.sleep(0.3)
    lab.control("POST", "reset")
    connection.send(archive[len(archive) // 2 :])
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)) == (200, {"status": "loaded"})
    connection.close()
    lab.trained.describe_version("first")


def test_an_upload_that_breaks_off_changes_nothing_and_leaves_nothing(lab: RunningLab) -> None:
    printed = len(lab.emulator.log())
    connection = http.client.HTTPConnection(lab.emulator.endpoint.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", "/_emulator/state")
    connection.putheader("Content-Length", "100000")
    connection.endheaders(b"x" * 1000)
    connection.close()
    assert lab.emulator.data_directory is not None
    work = lab.emulator.data_directory / "work"
    wait_until(lambda: not list(work.glob("state-*")), what="the end of the call")
    assert "Traceback" not in lab.emulator.log()[printed:]
    lab.trained.describe_version("first")


@pytest.mark.parametrize(
    ("endpoint", "code"), [("ftp://there", 2), ("http://127.0.0.1:99999", 2), ("http://127.0.0.1:1", 1)]
)
def test_addresses_that_are_none_and_where_nothing_answers(tmp_path: Path, endpoint: str, code: int) -> None:
    """O-2: wrong usage is 2, a failure 1."""
    command = [sys.executable, "-m", "emulator", "save", str(tmp_path / "x"), "--endpoint", endpoint]
    ended = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == code and endpoint in ended.stderr and "Traceback" not in ended.stderr


def test_a_hundred_cases_with_a_reset_between_them(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator()
    rekognition, s3 = emulator.client("rekognition"), emulator.client("s3")
    for case in range(100):
        s3.create_bucket(Bucket="case")
        s3.put_object(Bucket="case", Key="object", Body=b"x" * 1000)
        rekognition.create_project(ProjectName=f"case-{case}")
        assert emulator.control("POST", "/_emulator/reset")[0] == 200
    assert rekognition.describe_projects()["ProjectDescriptions"] == []
    assert error_code(s3.head_bucket, Bucket="case") == "404"
