"""`custom-labels demo` (O-4): on a terminal, interrupted, and against what is not an emulator.

The plain lines, and an emulator that the demo starts for itself, are tested with the wheel (tests/packaging).
"""

from __future__ import annotations

import http.server
import io
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from rich.progress import Progress

from emulator.cli import build_parser, main
from emulator.commands.demo.command import _show
from emulator.commands.demo.life import Demo
from emulator.commands.demo.screen import BarScreen, PlainScreen, demo_bars
from emulator.example_projects.catalogue import EXAMPLE_PROJECTS
from emulator.examples import SCENES, SIDE, example_objects, example_pictures
from support.command_line import COMMAND, command_environment
from support.server import EmulatorProcess, wait_until

SUCCESS, FAILURE = 0, 1
DEMO_SECONDS = 180.0
DEMO_ACCOUNT = "000000000000"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def left_over(emulator: EmulatorProcess) -> list[str]:
    """Names of projects and buckets of demos; the account is everybody's who names none."""
    projects = emulator.client("rekognition", DEMO_ACCOUNT).describe_projects()["ProjectDescriptions"]
    buckets = emulator.client("s3", DEMO_ACCOUNT).list_buckets()["Buckets"]
    names = [project["ProjectArn"].split("/")[1] for project in projects] + [bucket["Name"] for bucket in buckets]
    return [name for name in names if name.startswith("demo-")]


def run_on_terminal(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and output of the demo with a terminal as its standard output."""
    pty = pytest.importorskip("pty", reason="this system has no terminals to open")
    ours, theirs = pty.openpty()
    environment = command_environment({"TERM": "xterm", "COLUMNS": "120", "LINES": "40"})
    process = subprocess.Popen([*COMMAND, "demo", *arguments], cwd=folder, env=environment, stdout=theirs)
    os.close(theirs)
    printed = bytearray()
    try:
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # Linux says so when the last writer is gone
                break
            if not read:
                break
            printed += read
        return process.wait(DEMO_SECONDS), ESCAPES.sub("", printed.decode())
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_on_a_terminal_it_shows_bars_and_takes_everything_back(emulator: EmulatorProcess, tmp_path: Path) -> None:
    code, printed = run_on_terminal(["--endpoint", emulator.endpoint], tmp_path)
    assert code == SUCCESS, printed
    last_frame = printed[printed.rindex("draw pictures") :]
    for step in ("upload to S3", "create the datasets", "train", "start the model", "analyse a new picture"):
        assert re.search(rf"✓ {step} +━+ +\d+\.\d s", last_frame), last_frame
    assert re.search(r"✓ train .* F1 [01]\.\d{3} on", last_frame)
    shown = re.search(r"a drawing of: (\w+)", last_frame)
    best = re.search(r"│ (\w+) +│ (\d+\.\d\d) % +│", last_frame)
    assert shown and best and best.group(1) == shown.group(1) and float(best.group(2)) > 50
    assert left_over(emulator) == []


def test_interrupted_it_takes_everything_back(emulator: EmulatorProcess, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "--endpoint", emulator.endpoint],
        cwd=tmp_path,
        env=command_environment({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C, and so would the demo that inherits it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        seen = [next(line for line in lines if line.startswith("create the datasets"))]
        wait_until(lambda: is_training(emulator), what="the training")
        process.send_signal(signal.SIGINT)
        seen += list(lines)
        assert process.wait(DEMO_SECONDS) == FAILURE
    finally:
        process.kill()
        process.wait()
    output = "".join(seen)
    assert "Interrupted; taking everything back." in output and "clean up" in output
    assert process.stderr is not None and process.stderr.read() == "interrupted\n"
    process.stderr.close()
    process.stdout.close()
    assert left_over(emulator) == []


def test_an_example_project_is_shown(emulator: EmulatorProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """O-39."""
    assert main(["demo", "--project", "flowers", "--endpoint", emulator.endpoint]) == SUCCESS
    printed = capsys.readouterr().out
    assert "60 to train, 40 to test with: camellia, helleborus" in printed
    assert "a drawing of: camellia, with_leaves, fully_grown" in printed
    score = re.search(r"F1 (\d\.\d+) on", printed)
    assert score is not None and 0.8 <= float(score[1]) <= 1
    assert left_over(emulator) == []


def test_every_example_project_can_be_shown() -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--project", "nothing"])
    parser = build_parser("demo")
    for name in EXAMPLE_PROJECTS:
        assert parser.parse_args(["demo", "--project", name]).project == name


@pytest.mark.parametrize("interrupts", [1, 2])
def test_interrupted_while_it_takes_everything_back(
    interrupts: int, emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first Ctrl-C takes everything back all the same, the second leaves it and says what."""
    demo = Demo(emulator.endpoint, PlainScreen(sys.stdout))
    clean_up, seen = demo.clean_up, []

    def interrupted() -> None:
        seen.append("clean up")
        if len(seen) <= interrupts:
            raise KeyboardInterrupt
        clean_up()

    monkeypatch.setattr(demo, "show", lambda: None)
    monkeypatch.setattr(demo, "clean_up", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _show(demo, clean_up=True)
    printed = capsys.readouterr().out.splitlines()
    assert len(seen) == 2 and printed[0].startswith("Interrupted; taking everything back.")
    left = f"Project {demo.name} and bucket {demo.name} are left."
    assert printed[1] == left if interrupts == 2 else printed[1].startswith("clean up")


def is_training(emulator: EmulatorProcess) -> bool:
    versions = emulator.control("GET", "/_emulator/usage")[1]["versions"]
    return any(f":{DEMO_ACCOUNT}:" in row["project_version"] and "training" in row for row in versions)


@pytest.fixture
def web_server() -> Iterator[str]:
    """Address of a web server that is not an emulator."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_no_emulator_is_named(web_server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--endpoint", web_server]) == FAILURE
    expected = f"custom-labels: what answers at {web_server} is not a Custom Labels emulator\n"
    assert capsys.readouterr() == ("", expected)


def test_an_emulator_that_cannot_start_is_explained(
    web_server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = web_server.rpartition(":")[2]
    assert main(["demo", "--port", port]) == FAILURE
    captured = capsys.readouterr()
    assert captured.err.startswith(
        f"custom-labels: the emulator did not start: cannot listen on 127.0.0.1:{port}: Address already in use"
    )
    monkeypatch.setenv("CUSTOM_LABELS_WRONG", "1")
    assert main(["demo", "--port", "0"]) == FAILURE
    assert "did not start: CUSTOM_LABELS_WRONG is not a setting" in capsys.readouterr().err


def test_pictures_are_always_the_same_and_never_alike() -> None:
    examples = example_pictures(train_each=3, test_each=2)
    assert examples == example_pictures(train_each=3, test_each=2)
    assert [picture.label for picture in examples.train] == [label for label in SCENES for _ in range(3)]
    assert [picture.label for picture in examples.test] == [label for label in SCENES for _ in range(2)]
    everything = (*examples.train, *examples.test, examples.held_back)
    assert len({picture.body for picture in everything}) == len({picture.name for picture in everything}) == 16
    with Image.open(io.BytesIO(examples.held_back.body)) as image:
        assert (image.format, image.size) == ("JPEG", (SIDE, SIDE))


def test_pictures_and_manifests_have_no_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for key, body in example_objects(example_pictures(train_each=2, test_each=1), "bucket").items():
        (tmp_path / key).write_bytes(body)
    manifests = [str(tmp_path / "train.manifest"), "--test", str(tmp_path / "test.manifest")]
    assert main(["lint", *manifests, "--images", str(tmp_path)]) == SUCCESS, capsys.readouterr().out


def test_plain_lines_say_what_came_of_a_step() -> None:
    stream = io.StringIO()
    screen = PlainScreen(stream)
    with screen.step("train") as step:
        step.progress(1, 3, "not shown")
        step.result("F1 1.000")
    with pytest.raises(RuntimeError), screen.step("start"):
        raise RuntimeError
    screen.detections([("city", 99.5), ("harbour", 0.25)])
    lines = stream.getvalue().splitlines()
    assert re.fullmatch(r"train +0\.0 s  F1 1\.000", lines[0])
    assert [line.split() for line in lines[1:]] == [["city", "99.50", "%"], ["harbour", "0.25", "%"]]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_bars_and_seconds_are_seen_on_a_terminal_of_any_width(width: int) -> None:
    """O-4: what came of a step takes what is left of the line."""
    console = Console(file=io.StringIO(), width=width, height=40, force_terminal=True)
    with demo_bars(console) as bars:
        screen = BarScreen(bars)
        for title, result in (("train", "F1 1.000 on the pictures to test with"), ("analyse a new picture", "x" * 200)):
            with screen.step(title) as step:
                step.result(result)
    assert isinstance(console.file, io.StringIO)
    last = ESCAPES.sub("", console.file.getvalue()).rpartition("✓ train ")
    for line in "".join(last[1:]).splitlines()[:2]:
        assert re.match(r"✓ [a-z ]{21} ━{8,24} +\d+\.\d s (F1 1\.0|xxxx)", line) and len(line) <= width


def test_a_bar_moves_pulses_and_stops() -> None:
    bars = Progress(console=Console(file=io.StringIO()))
    screen = BarScreen(bars)
    with screen.step("train") as step:
        [task] = bars.tasks
        assert task.total is None, "it pulses until it knows more"
        step.progress(1, 4, "first")
        assert [task.completed, task.total] == [1, 4]
        step.progress(4, 4, "last")
        assert task.total is None, "full is only what has ended"
    assert task.finished
    with pytest.raises(KeyboardInterrupt), screen.step("start"):
        raise KeyboardInterrupt
    assert not bars.tasks[1].finished and bars.tasks[1].stop_time is not None
