"""A shell in which the guide's programs run for the test's own account."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.programs import GUIDE_PROGRAMS, Outcome, RunProgram, Shell
from support.server import EmulatorProcess


@pytest.fixture
def shell(emulator: EmulatorProcess, account: str, tmp_path: Path) -> Shell:
    """A working directory with the profile `custom-labels-access` (K-1) and the endpoint in the environment (K-2)."""
    return Shell(emulator, tmp_path, account)


@pytest.fixture
def run(shell: Shell) -> RunProgram:
    """Run a program of the guide by name and demand exit code 0 unless `code` says otherwise."""

    def run_program(name: str, *arguments: str, code: int = 0, typed: str = "", short_sleeps: bool = True) -> Outcome:
        outcome = shell.python(GUIDE_PROGRAMS / f"{name}.py", *arguments, typed=typed, short_sleeps=short_sleeps)
        assert outcome.code == code, f"{name} ended with {outcome.code}:\n{outcome.output}\n{outcome.errors}"
        return outcome

    return run_program
