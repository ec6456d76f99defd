"""What becomes of a running training: reset and load drop it, a shutdown leaves it resumable (O-8, O-15, O-19)."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from support.pictures import single_label_pictures
from support.projects import Project, new_project
from support.raw_http import RawConnection, signed_headers
from support.running import LABELS
from support.server import EmulatorProcess, wait_until

ACCOUNT = "314159265358"


def begin_training(emulator: EmulatorProcess, labels: tuple[str, str] = LABELS) -> Project:
    project = new_project(emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(labels, 6))
    project.create_dataset("TEST", single_label_pictures(labels, 2, seed=500))
    project.start_training()
    wait_until(lambda: workers(emulator), what="the worker process of the training")
    return project


def workers(emulator: EmulatorProcess) -> list[psutil.Process]:
    children = psutil.Process(emulator.process.pid).children(recursive=True)
    return [child for child in children if any("worker" in word for word in command_of(child))]


def command_of(process: psutil.Process) -> list[str]:
    """Nothing of a process that has ended meanwhile."""
    try:
        words: list[str] = process.cmdline()
    except psutil.NoSuchProcess:
        return []
    return words


def is_idle(emulator: EmulatorProcess) -> bool:
    work = Path(str(emulator.data_directory)) / "work"
    return not workers(emulator) and not list(work.iterdir())


def held_waiter_call(emulator: EmulatorProcess, project_arn: str) -> str:
    """One DescribeProjectVersions call as a waiter makes it; the error code of its answer, or OK."""
    place = urlsplit(emulator.endpoint)
    headers = signed_headers("DescribeProjectVersions", ACCOUNT) | {"User-Agent": "Boto3/1 m/b,B"}
    with RawConnection((str(place.hostname), int(place.port or 0))) as connection:
        answer = connection.request("POST", "/", headers, json.dumps({"ProjectArn": project_arn}).encode())
    return str(answer.json().get("__type", "OK"))


def test_a_reset_drops_a_running_training_and_ends_held_calls(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator()
    project = begin_training(emulator)
    emulator.control("PUT", "/_emulator/transitions", {"training": {"type": "seconds", "seconds": 600}})
    project.start_training("slow")
    with ThreadPoolExecutor(50) as threads:
        held = [threads.submit(held_waiter_call, emulator, project.arn) for _ in range(50)]
        emulator.wait_for_requests(50)
        assert not any(call.done() for call in held)
        assert emulator.control("POST", "/_emulator/reset")[0] == 200
        # Each sees the state as it was, or that all is gone.
        assert {call.result(60) for call in held} <= {"OK", "ResourceNotFoundException"}
    wait_until(lambda: is_idle(emulator), what="the end of the dropped training")
    assert emulator.control("GET", "/_emulator/usage")[1]["versions"] == []
    begin_training(emulator)


def test_loading_drops_a_running_training_and_goes_on_with_the_one_in_the_archive(
    start_emulator: Callable[..., EmulatorProcess],
) -> None:
    emulator = start_emulator()
    project = begin_training(emulator)
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/state") as answer:
        archive = answer.read()
    project.start_training("second")
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/state", archive, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    versions = project.rekognition.describe_project_versions(ProjectArn=project.arn)["ProjectVersionDescriptions"]
    assert [one["Status"] for one in versions] == ["TRAINING_IN_PROGRESS"]
    assert project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")["Status"] == "TRAINING_COMPLETED"


def test_the_training_of_another_emulator_s_archive_has_its_own_images(
    start_emulator: Callable[..., EmulatorProcess], tmp_path: Path
) -> None:
    """O-15: not those of the training that it replaces, which may have the same number."""
    fast = {"CUSTOM_LABELS_TRAINING_EFFORT": "fast"}
    emulator = start_emulator(fast)
    with EmulatorProcess(tmp_path / "other", fast) as other:
        project = begin_training(other)
        with urllib.request.urlopen(f"{other.endpoint}/_emulator/state") as answer:
            archive = answer.read()
    begin_training(emulator, ("triangle", "cross"))
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/state", archive, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    project.rekognition = emulator.client("rekognition", ACCOUNT)
    ended = project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert ended["Status"] == "TRAINING_COMPLETED", ended["StatusMessage"]
    wait_until(lambda: is_idle(emulator), what="the removal of what the dropped training left")


def test_usage_of_a_training_is_what_it_will_be_billed_for(start_emulator: Callable[..., EmulatorProcess]) -> None:
    """O-13, T-4: real seconds since its work began, whatever clock the states go by, and until its end shows."""
    emulator = start_emulator()
    emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": time.time()})
    emulator.control("PUT", "/_emulator/transitions", {"training": {"type": "seconds", "seconds": 36_000}})

    def seconds() -> float:
        [row] = emulator.control("GET", "/_emulator/usage")[1]["versions"]
        return float(row["training_seconds"])

    project = begin_training(emulator)
    emulator.control("POST", "/_emulator/clock/advance", {"seconds": 3_600})
    assert 0 < seconds() < 600
    wait_until(lambda: not workers(emulator), what="the end of the work")
    wait_until(lambda: seconds() == int(seconds()) > 0, what="the billed seconds, while the end does not show yet")
    shown = seconds()
    assert project.describe_version("first")["Status"] == "TRAINING_IN_PROGRESS"
    emulator.control("POST", "/_emulator/clock/advance", {"seconds": 36_000})
    described = project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert described["BillableTrainingTimeInSeconds"] == shown == seconds()


def test_a_shutdown_leaves_a_training_resumable(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator()
    project = begin_training(emulator)
    [row] = emulator.control("GET", "/_emulator/usage")[1]["versions"]
    assert row["status"] == "TRAINING_IN_PROGRESS" and set(row["training"]) >= {"stage", "done", "effort"}
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/metrics") as answer:
        text = answer.read().decode()
    assert f'custom_labels_training_progress{{account="{ACCOUNT}"' in text
    assert 'custom_labels_queue_length{kind="train"} 1' in text
    left = workers(emulator)
    assert emulator.terminate() == 0
    psutil.wait_procs(left, timeout=60)
    assert not any(process.is_running() for process in left)
    emulator.restart()
    project.rekognition = emulator.client("rekognition", ACCOUNT)
    assert project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")["Status"] == "TRAINING_COMPLETED"


def test_the_log_tells_what_a_training_tried_and_how_long_it_will_take(
    start_emulator: Callable[..., EmulatorProcess],
) -> None:
    """The training's own process knows both; each line names the version, for several may be in training."""
    emulator = start_emulator()
    project = begin_training(emulator)
    described = project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert described["Status"] == "TRAINING_COMPLETED", described["StatusMessage"]
    arn = re.escape(described["ProjectVersionArn"])
    assert re.search(rf"INFO emulator\.vision\.[\w.]+ {arn}: tried .*'loss': [0-9.]+", emulator.log())
    assert re.search(rf"{arn}: features at .*: about [0-9]+ s more, [0-9]+ MB of memory at the peak", emulator.log())
