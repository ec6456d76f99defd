"""docs/testing-with-the-emulator.md lists every control path and no other."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from support.in_process import InProcessEmulator
from support.server import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "testing-with-the-emulator.md"
CALLS = re.compile(r"`((?:GET|PUT|POST|DELETE)[^`]*)`")


def documented() -> set[tuple[str, str]]:
    """(method, path) of each row of the table; a method without a path shares that of the method behind it."""
    table = PAGE.read_text(encoding="utf-8").partition("## All paths under")[2]
    found: set[tuple[str, str]] = set()
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        path = ""
        for call in reversed(CALLS.findall(row)):
            method, _, own_path = call.partition(" ")
            path = own_path.partition("?")[0] or path
            found.add((method, f"/_emulator/{path}"))
    return found


def test_every_path_is_documented(tmp_path: Path) -> None:
    async def served() -> set[tuple[str, str]]:
        async with InProcessEmulator(tmp_path) as emulator:
            _, document = await emulator.control("GET", "/_emulator/openapi.json")
        return {
            (method.upper(), path.replace("{item_id}", "{id}"))
            for path, methods in document["paths"].items()
            for method in methods
        }

    assert documented() == asyncio.run(served())
