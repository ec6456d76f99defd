"""The command line as its users have it: `python -m emulator` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.server import PROJECT_ROOT, environment_without_settings

COMMAND = (sys.executable, "-m", "emulator")


def command_environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command that is run from any folder: the checkout is found, no setting is inherited."""
    return environment_without_settings() | {"PYTHONPATH": str(PROJECT_ROOT)} | dict(settings or {})


def custom_labels(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None, seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `custom-labels ARGUMENTS` in a folder until it ends."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=command_environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
