"""The snippets of docs/testing-with-the-emulator.md, run in their order as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.domain.metering.quotas import QUOTAS, REQUESTS_PER_SECOND, Quota
from emulator.server.init_scripts import parse_http_file
from support.running import RunningLab
from support.server import PROJECT_ROOT, EmulatorProcess

PAGE = PROJECT_ROOT / "docs" / "testing-with-the-emulator.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets() -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def test_all_snippets_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmulatorProcess(
        tmp_path / "data", {"CUSTOM_LABELS_TPS_PER_UNIT": "5", "CUSTOM_LABELS_TRAINING_EFFORT": "fast"}
    ) as emulator:
        lab = RunningLab.create(emulator, "123456789012")
        (tmp_path / "photo.jpg").write_bytes(lab.image)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("PROJECT_ARN", lab.trained.arn)
        monkeypatch.setenv("VERSION_ARN", lab.trained.version_arns["first"])
        commands = os.environ | {"PATH": f"{_command_directory(tmp_path)}{os.pathsep}{os.environ['PATH']}"}
        names: dict[str, object] = {"open": lambda *arguments: _ClosedAfterReading(*arguments)}
        for number, (language, text) in enumerate(snippets()):
            if language == "python":
                exec(compile(text, f"snippet {number}", "exec"), names)
            elif language == "sh":
                subprocess.run(["sh", "-ec", text], env=commands, check=True, timeout=180)
            else:
                assert language == "http" and len(parse_http_file(text)) == 2


def _command_directory(directory: Path) -> Path:
    """A folder with the command `custom-labels` as the wheel installs it, for a checkout that is not installed."""
    folder = directory / "bin"
    folder.mkdir()
    command = folder / "custom-labels"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT_ROOT}" exec "{sys.executable}" -m emulator "$@"\n')
    command.chmod(0o755)
    return folder


class _ClosedAfterReading:
    """A file that a snippet opens without closing it, which this suite's warnings would not forgive."""

    def __init__(self, name: str, _mode: str) -> None:
        self._name = name

    def read(self) -> bytes:
        return Path(self._name).read_bytes()


def test_the_quotas_that_the_page_names_are_those_in_force() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    limits = {quota: rule.limit for quota, rule in QUOTAS.items()}
    assert f"{REQUESTS_PER_SECOND['DetectCustomLabels']:g} for DetectCustomLabels" in text
    assert f"{limits[Quota.PROJECTS]} projects, {limits[Quota.MODELS_PER_PROJECT]} models a project" in text
    assert f"{limits[Quota.CONCURRENT_TRAININGS]} concurrent trainings" in text
    assert f"{limits[Quota.RUNNING_MODELS]} running models, {limits[Quota.INFERENCE_UNITS]} inference units" in text
    assert f"{limits[Quota.CONCURRENT_COPIES]} concurrent copies" in text
