"""`custom-labels convert` in process, and what it wrote."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from emulator.commands import convert as command
from emulator.lint.check import lint


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="custom-labels convert")
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def assert_clean(path: Path) -> None:
    result = lint(path, None, None)
    assert [offence for file in result.files for offence in file.offences] == []
