"""One name and one default for the address of the emulator in every command."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from emulator.cli import main
from emulator.commands import client
from support.manifests import as_manifest, image_line
from support.server import EmulatorProcess

COMMANDS = (["reset"], ["healthcheck"], ["save", "x.tar"], ["load", "x.tar"], ["demo"])


@pytest.mark.parametrize("option", ["--endpoint-url", "--endpoint"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_both_names_are_understood(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str], option: str
) -> None:
    arguments = [command[0], *(str(tmp_path / name) for name in command[1:])]
    if command[0] == "load":
        (tmp_path / "x.tar").write_bytes(b"x")
    assert main([*arguments, option, "http://127.0.0.1:9"]) != 0
    assert "http://127.0.0.1:9" in capsys.readouterr().err


def test_the_port_of_the_settings_holds_for_all_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """O-5: CUSTOM_LABELS_PORT, else the settings' own default."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "CUSTOM_LABELS_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert client.default_endpoint() == client.s3_endpoint(None) == "http://127.0.0.1:4598"
    monkeypatch.setenv("CUSTOM_LABELS_PORT", "4711")
    assert client.default_endpoint() == client.s3_endpoint(None) == "http://127.0.0.1:4711"
    parser = argparse.ArgumentParser()
    client.add_endpoint_argument(parser)
    assert parser.parse_args([]).endpoint == "http://127.0.0.1:4711"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_sdks_variables_go_before_the_port(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """boto3 reads them itself."""
    monkeypatch.setenv("CUSTOM_LABELS_PORT", "4711")
    monkeypatch.setenv(variable, "http://127.0.0.1:9000")
    assert client.s3_endpoint(None) is None
    assert client.s3_endpoint("http://127.0.0.1:8000") == "http://127.0.0.1:8000"
    assert client.s3_endpoint("aws") is None


def test_the_port_is_written_once() -> None:
    """In the settings; docstrings and texts for users aside."""
    root = Path(client.__file__).parents[1]
    found = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if ":4598" in path.read_text()]
    assert found == []
    assert "4598" in (root / "settings.py").read_text()


def test_lint_and_convert_find_the_emulator_by_its_port(
    emulator: EmulatorProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Images are uploaded to it and looked at there, without any option."""
    from PIL import Image

    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUSTOM_LABELS_PORT", emulator.endpoint.rpartition(":")[2])
    monkeypatch.chdir(tmp_path)
    for label in ("cat", "dog"):
        (tmp_path / "set" / label).mkdir(parents=True)
        Image.new("RGB", (80, 70), "teal").save(tmp_path / "set" / label / "a.jpg")
    assert main(["convert", "folders", "set", "--upload", "s3://endpoint-of-the-port/set"]) == 0
    assert main(["lint", "set.manifest"]) == 0
    (tmp_path / "more.manifest").write_bytes(
        (tmp_path / "set.manifest").read_bytes()
        + as_manifest([image_line(1, "cat")]).replace(b"photographs", b"endpoint-of-the-port")
    )
    assert main(["lint", "more.manifest"]) == 1
    assert "there is no such object" in capsys.readouterr().out.lower()
