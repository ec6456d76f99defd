"""What every command has in common (O-2), and those that only ask a running emulator something."""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import __version__
from emulator.cli import build_parser, main
from support.command_line import COMMAND, command_environment, custom_labels
from support.server import PROJECT_ROOT, EmulatorProcess

SUCCESS, FAILURE, USAGE = 0, 1, 2
PROMISED = {"serve", "demo", "lint", "convert", "save", "load", "reset", "healthcheck"}


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of every command below, and of the commands below that."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                found |= {name: below} | {f"{name} {rest}": one for rest, one in commands(below).items()}
    return found


@pytest.fixture
def nobody() -> str:
    """An address on which nothing listens: its port is bound, but takes no connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_the_promised_commands_are_there() -> None:
    assert set(commands(build_parser())) >= PROMISED


def test_every_argument_of_every_command_is_explained() -> None:
    for name, parser in commands(build_parser()).items():
        assert parser.description or " " in name, name
        arguments = [action for action in parser._actions if not isinstance(action, argparse._SubParsersAction)]
        unexplained = [action.dest for action in arguments if not action.help]
        assert unexplained == [], name


@pytest.mark.parametrize("command", sorted(PROMISED))
def test_help_ends_well(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == SUCCESS
    assert capsys.readouterr().out.startswith(f"usage: custom-labels {command}")


@pytest.mark.parametrize(
    "arguments",
    [[], ["teach"], ["serve", "--prot", "1"], ["demo", "--endpoint", "nonsense"], ["demo", "--port", "99999"]],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == USAGE
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("usage: custom-labels")


def test_ctrl_c_while_a_command_is_being_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emulator.cli.importlib.import_module", interrupted)
    assert main(["healthcheck"]) == FAILURE
    assert capsys.readouterr().err == "interrupted\n"


def test_version(tmp_path: Path) -> None:
    ended = custom_labels("--version", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (SUCCESS, f"custom-labels {__version__}\n")


@pytest.mark.parametrize("command", ["healthcheck", "reset", "demo"])
def test_one_line_where_no_emulator_answers(command: str, nobody: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--endpoint", nobody]) == FAILURE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"custom-labels: no emulator answers at {nobody}: ")
    assert captured.err.count("\n") == 1


def test_healthcheck_of_a_ready_emulator(emulator: EmulatorProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["healthcheck", "--endpoint", emulator.endpoint]) == SUCCESS
    assert capsys.readouterr().out == "ready\n"


def test_healthcheck_asks_on_the_port_of_the_setting(emulator: EmulatorProcess, tmp_path: Path) -> None:
    settings = {"CUSTOM_LABELS_PORT": emulator.endpoint.rpartition(":")[2]}
    assert custom_labels("healthcheck", folder=tmp_path, settings=settings).returncode == SUCCESS


def test_reset_empties_the_emulator(
    start_emulator: Callable[..., EmulatorProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    process = start_emulator()
    rekognition = process.client("rekognition")
    rekognition.create_project(ProjectName="forgotten")
    assert main(["reset", "--endpoint", process.endpoint]) == SUCCESS
    assert capsys.readouterr().err == ""
    assert rekognition.describe_projects()["ProjectDescriptions"] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ["lint", "in.manifest", "--no-images"],
        ["lint", "in.manifest", "--no-images", "--format", "json"],
        ["lint", "in.manifest", "--no-images", "--format", "github"],
        ["convert", "csv", "in.csv", "--s3", "s3://bkt/images"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_on_a_full_disk_is_one_clear_line(arguments: list[str], unbuffered: str, tmp_path: Path) -> None:
    (tmp_path / "in.manifest").write_text('{"source-ref":"s3://bkt/1.jpg"}\n')
    (tmp_path / "in.csv").write_text("1.jpg,cat\n2.jpg,dog\n")
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, *arguments],
            cwd=tmp_path,
            env=command_environment({"PYTHONUNBUFFERED": unbuffered}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=180,
            check=False,
        )
    assert ended.stderr == "custom-labels: cannot write: No space left on device\n"
    assert ended.returncode == FAILURE


def test_healthcheck_starts_without_what_only_others_need() -> None:
    """It runs every ten seconds in a container."""
    program = "import sys, emulator.cli as cli; cli.build_parser('healthcheck'); print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"boto3", "numpy", "onnxruntime", "sqlalchemy", "fastapi", "rich", "PIL"}
    assert heavy & set(ended.stdout.split()) == set()
