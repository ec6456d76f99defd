"""Every rule of the guide about its console has a test here that names it (C-1 to C-28)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

# C-19 is a sample of figures, C-29 are videos: neither is something that a page does.
RULES = {f"C-{number}" for number in range(1, 29)} - {"C-19"}


def rules_of(docstring: str) -> set[str]:
    """The rules that a docstring names, one by one or as `C-5 to C-7`."""
    found = set(re.findall(r"C-\d+", docstring))
    for first, last in re.findall(r"C-(\d+) to C-(\d+)", docstring):
        found |= {f"C-{number}" for number in range(int(first), int(last) + 1)}
    return found


def test_every_rule_of_the_console_has_a_test_in_a_browser() -> None:
    named: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                named |= rules_of(ast.get_docstring(node) or "")
    assert sorted(RULES - named) == []
