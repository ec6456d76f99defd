"""Whatever is wrong with a manifest, the first screen says what, where, how many lines share it, and how to mend it."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

from rich.console import Console

from emulator.lint.check import lint
from emulator.lint.terminal import print_result
from tests.lint.mistakes import KINDS, LINES, Mutant, mutants

SCREEN = 24
"""Lines of a terminal window."""
WIDTH = 120


def first_screen(path: Path) -> str:
    """What a terminal of 24 lines shows of the report, without the folder's name."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, highlight=False, soft_wrap=True)
    print_result(lint(path, None, None, shown=3), console)
    return "\n".join(stream.getvalue().replace(f"{path.parent}/", "").splitlines()[:SCREEN])


def missing(mutant: Mutant, screen: str) -> list[str]:
    """What the first screen lacks."""
    lacks = [part for part in mutant.kind.told[:1] if part not in screen]
    if len(mutant.kind.told) > 1 and lacks:
        lacks = [] if any(part in screen for part in mutant.kind.told) else lacks
    if mutant.kind.name == "over several lines":
        return lacks  # its lines are counted as they are written
    if f"a.manifest:{mutant.lines[0]}:" not in screen:
        lacks.append(f"line {mutant.lines[0]}")
    share = f"all {LINES} lines" if len(mutant.lines) == LINES else f"{len(mutant.lines)} of {LINES} lines"
    if share not in screen:
        lacks.append(share)
    if not re.search(r"^ +\^+$", screen, re.MULTILINE):
        lacks.append("a caret")
    if "→" not in screen:
        lacks.append("a cure")
    return lacks


def test_every_mistake_is_named_on_the_first_screen(tmp_path: Path) -> None:
    """At least 95 % of 400 manifests; all of them at present."""
    path = tmp_path / "a.manifest"
    results: dict[str, Counter[bool]] = {kind.name: Counter() for kind in KINDS}
    wrong: list[str] = []
    for mutant in mutants():
        path.write_bytes(mutant.body)
        lacks = missing(mutant, first_screen(path))
        results[mutant.kind.name][not lacks] += 1
        if lacks:
            wrong.append(f"{mutant.kind.name} / {mutant.base} / {mutant.variant}: lacks {', '.join(lacks)}")
    total = sum(counts.total() for counts in results.values())
    right = sum(counts[True] for counts in results.values())
    table = "\n".join(f"{name:30} {counts[True]} of {counts.total()}" for name, counts in results.items())
    print(f"{table}\n{right} of {total} manifests of {len(KINDS)} kinds")
    assert len(KINDS) >= 40 and total >= 400
    assert not wrong, f"{right} of {total} named rightly\n" + "\n".join(wrong)
