"""Starting, ending, starting again: one data directory, one process, nothing lost (O-3, O-8, O-19)."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from emulator.server.data_lock import DataDirectoryError, hold_data_directory
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, error_code, new_project, trained_project
from support.server import PROJECT_ROOT, EmulatorProcess, environment_without_settings, wait_until

ACCOUNT = "111122223333"
TRAIN = single_label_pictures(SINGLE_LABELS, 4)
TEST = single_label_pictures(SINGLE_LABELS, 2, seed=500)
SECONDS = 180


def serve(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `serve` where it cannot begin."""
    return subprocess.run(
        [sys.executable, "-m", "emulator", "serve", *arguments],
        cwd=PROJECT_ROOT,
        env=environment_without_settings() | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def refusal(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line that says why it did not start."""
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("custom-labels: ")
    return line


def test_a_data_directory_is_held_by_one(tmp_path: Path) -> None:
    with hold_data_directory(tmp_path / "new" / "data"):
        with (
            pytest.raises(DataDirectoryError, match=r"in use by process \d+"),
            hold_data_directory(tmp_path / "new" / "data"),
        ):
            pass
        ended = serve("--port", "0", "--data-dir", str(tmp_path / "new" / "data"))
        assert "is in use by process" in refusal(ended)
    with hold_data_directory(tmp_path / "new" / "data"):
        pass


def test_what_keeps_it_from_starting_is_one_line(tmp_path: Path) -> None:
    """O-3, O-5: and nothing is changed."""
    (tmp_path / "file").write_text("not a directory")
    assert "cannot be written" in refusal(serve("--data-dir", str(tmp_path / "file" / "data")))
    assert "CUSTOM_LABELS_PORTS" in refusal(serve("--data-dir", str(tmp_path / "data"), CUSTOM_LABELS_PORTS="1"))
    assert "--port" in refusal(serve("--data-dir", str(tmp_path / "data"), "--port", "x"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in refusal(
            serve("--data-dir", str(tmp_path / "data"), "--port", str(port))
        )


@pytest.mark.parametrize("damage", ["newer", "nonsense"])
def test_a_state_that_it_cannot_read_is_left_alone(tmp_path: Path, damage: str) -> None:
    directory = tmp_path / "data"
    with EmulatorProcess(directory) as emulator:
        emulator.client("rekognition", ACCOUNT).create_project(ProjectName="kept")
    state = directory / "state.sqlite"
    if damage == "newer":
        connection = sqlite3.connect(state)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.close()
    else:
        state.write_bytes(b"this is not a database, whatever its name says" * 200)
    before = state.read_bytes()
    line = refusal(serve("--port", "0", "--data-dir", str(directory)))
    assert ("newer release" if damage == "newer" else "cannot be used") in line
    assert state.read_bytes() == before


def test_ephemeral_leaves_nothing(tmp_path: Path) -> None:
    with EmulatorProcess(None, {"TMPDIR": str(tmp_path)}) as emulator:
        emulator.client("rekognition", ACCOUNT).create_project(ProjectName="short-lived")
        assert list(tmp_path.glob("custom-labels-*"))
        assert emulator.terminate() == 0
    assert not list(tmp_path.glob("custom-labels-*"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A running emulator with a trained version; tests leave both as they were."""
    with EmulatorProcess(
        tmp_path_factory.mktemp("lifecycle") / "data", {"CUSTOM_LABELS_TRAINING_EFFORT": "fast"}
    ) as emulator:
        yield trained_project(emulator, ACCOUNT, TRAIN, TEST), emulator


def test_a_killed_training_worker_is_a_failed_training(trained: Any) -> None:
    """TE-0: the API answers meanwhile, and another training can follow."""
    project, emulator = trained
    project.start_training("killed")

    def worker() -> psutil.Process | None:
        for child in psutil.Process(emulator.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # one that has just ended
                if "emulator.jobs.worker" in child.cmdline():
                    return child
        return None

    found = wait_until(worker, SECONDS, pause=0.01, what="a worker process")
    assert found is not None
    found.kill()
    described = project.wait_version("killed", "TRAINING_FAILED", seconds=SECONDS)
    assert described["StatusMessage"] == "Amazon Rekognition experienced a service issue."
    assert "TrainingEndTimestamp" in described and "EvaluationResult" not in described
    project.rekognition.delete_project_version(ProjectVersionArn=described["ProjectVersionArn"])


def test_held_calls_end_with_the_emulator_and_work_goes_on_after_it(trained: Any) -> None:
    """O-3, O-18, O-19: held calls get an answer at once, not a broken connection; what was held back by its policy is
    held back by it after the restart, too, and a version that runs is running again after SIGKILL.
    """
    project, emulator = trained
    start_slowly(project, emulator)
    end_with_held_calls(project, emulator)
    emulator.restart()
    reconnect(project, emulator)
    check_resumed(project, emulator)


def start_slowly(project: Project, emulator: EmulatorProcess) -> None:
    emulator.control("PUT", "/_emulator/transitions", {"starting": {"type": "seconds", "seconds": 600}})
    project.rekognition.start_project_version(ProjectVersionArn=project.version_arns["first"], MinInferenceUnits=1)


def reconnect(project: Project, emulator: EmulatorProcess) -> None:
    project.rekognition, project.s3 = emulator.client("rekognition", ACCOUNT), emulator.client("s3", ACCOUNT)


def end_with_held_calls(project: Project, emulator: EmulatorProcess) -> None:
    answers: list[str] = []

    def hold() -> None:
        waiter = project.rekognition.get_waiter("project_version_running")
        try:
            waiter.wait(ProjectArn=project.arn, VersionNames=["first"], WaiterConfig={"Delay": 1, "MaxAttempts": 1})
        except Exception as error:
            answers.append(str(error))

    held = [threading.Thread(target=hold) for _ in range(5)]
    for thread in held:
        thread.start()
    emulator.wait_for_requests(5)
    assert answers == []
    assert emulator.terminate() == 0
    for thread in held:
        thread.join(SECONDS)
    assert len(answers) == 5 and all("Max attempts exceeded" in answer for answer in answers), answers


def check_resumed(project: Project, emulator: EmulatorProcess) -> None:
    arn = project.version_arns["first"]
    describe = {"ProjectArn": project.arn, "VersionNames": ["first"]}
    [version] = project.rekognition.describe_project_versions(**describe)["ProjectVersionDescriptions"]
    assert version["Status"] == "STARTING"
    emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": time.time() + 601})
    wait_until(
        lambda: (
            project.rekognition.describe_project_versions(**describe)["ProjectVersionDescriptions"][0]["Status"]
            == "RUNNING"
        ),
        SECONDS,
        what="the version running",
    )
    emulator.control("PUT", "/_emulator/clock", {"mode": "real"})
    image = {"Bytes": TEST[0].body}
    before = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)
    emulator.kill()
    emulator.restart()
    reconnect(project, emulator)
    after = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)
    assert after["CustomLabels"] == before["CustomLabels"]
    project.stop_model()


def test_a_reset_forgets_everything(fresh_emulator: EmulatorProcess) -> None:
    """O-8, with a training under way."""
    project = new_project(fresh_emulator, ACCOUNT)
    project.create_dataset("TRAIN", TRAIN)
    project.create_dataset("TEST", TEST)
    version = {"ProjectVersionArn": project.start_training(), "Image": {"Bytes": TEST[0].body}}
    fresh_emulator.control("PUT", "/_emulator/transitions", {"starting": {"type": "immediate"}})
    assert fresh_emulator.control("POST", "/_emulator/reset")[0] == 200
    assert project.rekognition.describe_projects()["ProjectDescriptions"] == []
    assert project.s3.list_buckets()["Buckets"] == []
    assert error_code(project.rekognition.detect_custom_labels, **version) == "ResourceNotFoundException"
    assert fresh_emulator.control("GET", "/_emulator/transitions")[1]["starting"] == {"type": "real"}
    assert fresh_emulator.data_directory is not None
    for name in ("models", "work"):
        assert list((fresh_emulator.data_directory / name).iterdir()) == []
    new_project(fresh_emulator, ACCOUNT, name=project.name).create_dataset("TRAIN", TRAIN)
