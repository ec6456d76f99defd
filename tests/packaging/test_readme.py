"""README's quickstart, pasted as a user pastes it, against a running emulator."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import command_environment
from support.server import PROJECT_ROOT, EmulatorProcess

ADDRESS = "http://127.0.0.1:4598"
PASTED_SECONDS = 180


@pytest.fixture(scope="module")
def quickstart() -> str:
    """The one Python block of the README."""
    [code] = re.findall(r"^```python\n(.*?)^```", (PROJECT_ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(code)


def test_quickstart_prints_labels_when_pasted(quickstart: str, emulator: EmulatorProcess, tmp_path: Path) -> None:
    """`python -i` reads it statement by statement, as an interpreter at a terminal does."""
    assert ADDRESS in quickstart
    ended = subprocess.run(
        [sys.executable, "-i", "-q"],
        input=quickstart.replace(ADDRESS, emulator.endpoint),
        cwd=tmp_path,
        env=command_environment({"PYTHONSTARTUP": ""}),
        capture_output=True,
        text=True,
        timeout=PASTED_SECONDS,
        check=False,
    )
    assert ended.returncode == 0 and "Traceback" not in ended.stderr, ended.stderr
    printed = [line for line in ended.stdout.splitlines() if line.startswith("[{'Name'")]
    assert len(printed) == 1, ended.stdout
    labels = ast.literal_eval(printed[0])
    assert [label["Name"] for label in labels] == ["harbour"]
    assert 50 < labels[0]["Confidence"] <= 100


def test_quickstart_is_a_program_too(quickstart: str) -> None:
    """Saved to a file it needs no other change; its lines fit a terminal."""
    compile(quickstart, "quickstart.py", "exec")
    assert max(map(len, quickstart.splitlines())) <= 125
    assert len(quickstart.splitlines()) <= 25
