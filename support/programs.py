"""Run programs as a user would from a shell, with the endpoint and the profile in their environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from support.server import EmulatorProcess

GUIDE_PROGRAMS = Path(__file__).resolve().parents[1] / "tests" / "contract" / "guide" / "programs"
SECONDS = 150.0
SLEEP_FACTOR = 0.005
_SHORT_SLEEPS = f"""
import time

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(seconds * {SLEEP_FACTOR})
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended: exit code, what it printed, and how long it took in seconds."""

    code: int
    output: str
    errors: str
    seconds: float

    def value(self, title: str) -> str:
        """The rest of the first printed line that starts with `title: `."""
        for line in self.output.splitlines():
            if line.startswith(f"{title}: "):
                return line.removeprefix(f"{title}: ").strip()
        raise AssertionError(f"no line starts with {title!r} in:\n{self.output}\n{self.errors}")


@dataclass
class Shell:
    """A working directory and an environment in which programs of one account are run."""

    emulator: EmulatorProcess
    directory: Path
    account: str
    region: str = "us-east-1"
    extra_environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = self.emulator.client_environment(self.directory, self.account, self.region)
        self.short_sleeps = self.directory / "short-sleeps"
        self.short_sleeps.mkdir(exist_ok=True)
        (self.short_sleeps / "sitecustomize.py").write_text(_SHORT_SLEEPS)

    def run(self, command: list[str], typed: str = "", short_sleeps: bool = False) -> Outcome:
        """Run a command to its end; `short_sleeps` lets Python programs that poll sleep a part of what they ask."""
        environment = self.environment | self.extra_environment
        if short_sleeps:
            environment["PYTHONPATH"] = os.pathsep.join([str(self.short_sleeps), environment.get("PYTHONPATH", "")])
        started = time.monotonic()
        ended = subprocess.run(
            command, cwd=self.directory, env=environment, input=typed, capture_output=True, text=True, timeout=SECONDS
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - started)

    def python(self, program: Path, *arguments: str, typed: str = "", short_sleeps: bool = True) -> Outcome:
        """Run a Python program with this interpreter."""
        return self.run([sys.executable, str(program), *arguments], typed, short_sleeps)


RunProgram = Callable[..., Outcome]


def edited_program(name: str, directory: Path, **assignments: str) -> Path:
    """A copy of a guide's program in which top-level assignments have other values, as the guide asks of its reader."""
    lines = (GUIDE_PROGRAMS / f"{name}.py").read_text().splitlines()
    missing = set(assignments)
    for number, line in enumerate(lines):
        assigned = line.partition(" = ")[0]
        if assigned in assignments:
            lines[number] = f"{assigned} = {assignments[assigned]!r}"
            missing.discard(assigned)
    assert not missing, f"{name} has no assignment of {missing}"
    copy = directory / f"{name}.py"
    copy.write_text("\n".join(lines) + "\n")
    return copy
