"""Models that stop by themselves when nobody uses them, and warnings of those that run for long (O-39)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.console import ConsoleClient
from support.running import RunningLab
from support.server import EmulatorProcess, wait_until

HOUR = 3600
ACCOUNT = "111122223333"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """An emulator that stops models after two idle hours and warns after three hours."""
    settings = {
        "CUSTOM_LABELS_STOP_IDLE_AFTER": str(2 * HOUR),
        "CUSTOM_LABELS_WARN_RUNNING_AFTER": str(3 * HOUR),
        "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    }
    with EmulatorProcess(tmp_path_factory.mktemp("watched") / "data", settings) as emulator:
        yield RunningLab.create(emulator, ACCOUNT)


@pytest.fixture
def lab(watched: RunningLab) -> Iterator[RunningLab]:
    """Under a manual clock."""
    watched.manual_time()
    yield watched
    watched.restore_knobs()


def message(lab: RunningLab, arn: str) -> str:
    return str(lab.trained.describe_version(arn.split("/")[3])["StatusMessage"])


def test_an_idle_model_stops_as_if_it_were_told_to(lab: RunningLab) -> None:
    lab.control("PUT", "transitions", {"stopping": {"type": "seconds", "seconds": 100}})
    arn = lab.new_version()
    lab.start(arn)
    lab.advance(2 * HOUR - 1)
    assert lab.status(arn) == "RUNNING"
    lab.detect(arn)
    lab.advance(2 * HOUR - 1)
    assert lab.status(arn) == "RUNNING", "an image is use"
    lab.advance(1)
    assert (lab.status(arn), message(lab, arn)) == ("STOPPING", "The model is being stopped.")
    assert lab.detect_code(arn) == "ResourceNotReadyException"
    assert f"{arn} is being stopped: it was asked for nothing for 7200 seconds" in lab.emulator.log()
    lab.advance(100)
    assert lab.status(arn) == "STOPPED"
    rows = {row["project_version"]: row for row in lab.control("GET", "usage")["versions"]}
    assert rows[arn]["running_seconds"] == pytest.approx(4 * HOUR - 1, abs=2), "it costs nothing from STOPPING on"


def test_time_that_is_leapt_is_not_idle_time(lab: RunningLab) -> None:
    arn = lab.new_version()
    lab.start(arn)
    now = lab.clock()["now"]
    lab.control("PUT", "clock", {"mode": "manual", "now": now + 90 * HOUR})
    assert lab.status(arn) == "RUNNING"
    lab.advance(2 * HOUR)
    wait_until(lambda: lab.status(arn) in ("STOPPING", "STOPPED"), what="the end of an idle model")


def test_a_model_that_runs_for_long_is_warned_of_in_log_message_and_console(lab: RunningLab) -> None:
    arn = lab.new_version()
    lab.start(arn)
    console = ConsoleClient(lab.emulator, ACCOUNT)

    def runs_long() -> bool:
        [project] = [one for one in console.get("/projects")["projects"] if one["arn"] == lab.trained.arn]
        return bool(next(one for one in project["versions"] if one["arn"] == arn)["runs_long"])

    for _ in range(2):
        lab.advance(1.4 * HOUR)
        lab.detect(arn)
    assert (message(lab, arn), runs_long()) == ("The model is running.", False)
    lab.advance(HOUR)
    warned = "The model has been running for 3 h 48 min. Its inference units are billed until it is stopped."
    assert (message(lab, arn), runs_long()) == (warned, True)
    assert f"{arn}: {warned}" in lab.emulator.log()
    lab.detect(arn)
    lab.advance(HOUR)
    assert lab.emulator.log().count(f"{arn}: The model has been running") == 1, "once in three hours"
    lab.stop(arn)
    assert (message(lab, arn), runs_long()) == ("The model has stopped running.", False)
    lab.start(arn)
    assert message(lab, arn) == "The model is running."
    lab.stop(arn)


def test_how_long_a_model_runs_is_known_after_a_restart(watched: RunningLab) -> None:
    """By real time; with other settings on the same data directory."""
    settings = {"CUSTOM_LABELS_WARN_RUNNING_AFTER": "2", "CUSTOM_LABELS_STOP_IDLE_AFTER": "3600"}
    arn = watched.new_version()
    watched.emulator.kill()
    try:
        with EmulatorProcess(watched.emulator.data_directory, settings) as emulator:
            lab = RunningLab(emulator, ACCOUNT, watched.trained)
            lab.reconnect()
            lab.start(arn)
            wait_until(lambda: "has been running" in message(lab, arn), what="a warning by real time")
            emulator.kill()
            emulator.start()
            lab.reconnect()
            told = f"{arn}: The model has been running"
            wait_until(lambda: emulator.log().count(told) >= 2, what="a warning after it")
            assert lab.status(arn) == "RUNNING"
            lab.stop(arn)
    finally:
        watched.emulator.start()
        watched.reconnect()
