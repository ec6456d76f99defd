"""Blocks of documents as a reader has them: typed into a shell, with `custom-labels` and `python` on the path."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.code_blocks import code_blocks
from support.command_line import command_environment

SECONDS = 240
ADDRESS = "http://127.0.0.1:4598"
"""Where the documents have the emulator."""

_STAND_IN = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'


def block(document: str, beginning: str) -> str:
    """The text of the only block of a document that begins so."""
    [found] = [each.text for each in code_blocks(document) if each.text.startswith(beginning)]
    return found


def path_with_ours(*folders: Path) -> str:
    """The path of a reader who has installed the emulator; `folders` come before it."""
    return os.pathsep.join([*map(str, folders), str(Path(sys.executable).parent), os.environ["PATH"]])


def type_in(text: str, folder: Path, settings: Mapping[str, str], command: Sequence[str] = ("sh", "-e")) -> str:
    """What a command prints that reads `text` in a folder; AssertionError with all of it where it fails."""
    ended = subprocess.run(
        command,
        input=text,
        cwd=folder,
        env=command_environment({"PATH": path_with_ours(), **settings}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def served(line: str) -> tuple[dict[str, str], list[str]]:
    """The settings before, and the arguments behind, the `custom-labels serve` of a line."""
    words = shlex.split(line.removesuffix(" &"))
    at = words.index("custom-labels")
    assert words[at + 1] == "serve"
    return dict(word.split("=", 1) for word in words[:at]), words[at + 2 :]


def stand_ins(folder: Path, *names: str) -> dict[str, str]:
    """Settings for `type_in`: commands that only note in `folder`/calls what they were asked for."""
    place = folder / "stand-ins"
    place.mkdir()
    for name in names:
        (place / name).write_text(_STAND_IN)
        (place / name).chmod(0o755)
    return {"PATH": path_with_ours(place), "CALLS": str(folder / "calls")}
