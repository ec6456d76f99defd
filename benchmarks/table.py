"""One table: each figure, moto's beside it, what nobody gets below, and the ratios: `python -m benchmarks table`.

With `--base COMMIT` that commit and this checkout are measured instead; what lost more than a tenth is marked, and the
exit code is 1. Sides take turns in every round, so that what else the machine does hits all of them; medians are shown.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import sides
from benchmarks.sides import Figures
from support.server import PROJECT_ROOT

ROUNDS = 5
LOSS = 0.10

# Figure and unit, in the order of the table. Of those a second more is better, of all others less.
UNITS = {
    "start, new directory": "s",
    "start, existing directory": "s",
    "slowest first call": "ms",
    "--help": "s",
    "lint --help": "s",
    "convert --help": "s",
    "healthcheck without an emulator": "s",
    "calls a second, 1 connection": "/s",
    "calls a second, 16 connections": "/s",
    "server CPU a call, 1 connection": "ms",
    "server CPU a call, 16 connections": "ms",
    "object put and read": "ms",
    "reset": "ms",
    "save a state with a model": "s",
    "load it": "s",
    "detections a second, 1 connection": "/s",
    "detections a second, 16 connections": "/s",
    "of a server with one core, 1 connection": "/s",
    "of a server with one core, 16 connections": "/s",
    "a detection of it, 1 connection": "ms",
    "import of 250,000 lines": "s",
    "copy of them": "s",
    "distribution of them": "s",
    "update with 160,000 new lines": "s",
    "update that replaces them": "s",
    "longest wait of a writer": "ms",
    "memory": "MB",
}


def measured(given: Mapping[str, Callable[[], Figures]], rounds: int) -> dict[str, Figures]:
    """The medians of each side's figures; the sides take turns."""
    seen: dict[str, list[Figures]] = {name: [] for name in given}
    for number in range(rounds):
        for name, measure in given.items():
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            seen[name].append(measure())
    return {
        name: {figure: statistics.median(one[figure] for one in found) for figure in found[0]}
        for name, found in seen.items()
    }


def ratio(figure: str, here: float, other: float) -> float:
    """How many times as good the other one is: under 1 this one is better, whichever way the figure goes."""
    return other / here if UNITS[figure] == "/s" else here / other


def table(found: Mapping[str, Figures]) -> str:
    """The table as Markdown."""
    rows = ["| figure | here | moto | ratio | limit | ratio |", "|---|---|---|---|---|---|"]
    for figure, unit in UNITS.items():
        here = found["here"][figure]
        row = [figure, _shown(here, unit)]
        for side in ("moto", "limit"):
            other = found[side].get(figure)
            row += ["", ""] if other is None else [_shown(other, unit), f"{here / other:.2f}"]
        rows.append("| " + " | ".join(row) + " |")
    return "\n".join(rows)


def comparison(base: Figures, here: Figures) -> tuple[str, list[str]]:
    """A table of two commits, and the figures that lost more than a tenth."""
    rows, lost = ["| figure | base | here | here to base |", "|---|---|---|---|"], []
    for figure, unit in UNITS.items():
        if figure not in base:
            continue
        is_lost = ratio(figure, here[figure], base[figure]) > 1 + LOSS
        lost += [figure] if is_lost else []
        told = f"{here[figure] / base[figure]:.2f}{' LOST' if is_lost else ''}"
        rows.append(f"| {figure} | {_shown(base[figure], unit)} | {_shown(here[figure], unit)} | {told} |")
    return "\n".join(rows), lost


def _shown(value: float, unit: str) -> str:
    digits = 0 if unit == "/s" or value >= 100 else 2 if value < 10 else 1
    return f"{value:,.{digits}f} {unit}"


def main() -> int:
    """Print the table, or compare with `--base`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks table", description=__doc__)
    parser.add_argument("--base", metavar="COMMIT", help="compare with this commit instead of moto")
    parser.add_argument("--rounds", metavar="N", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    if arguments.base is None:
        given: dict[str, Callable[[], Figures]] = {
            "here": lambda: sides.emulator(PROJECT_ROOT),
            "moto": sides.moto,
            "limit": sides.limits,
        }
        print(table(measured(given, arguments.rounds)))
        return 0
    return _compare(arguments.base, arguments.rounds)


def _compare(commit: str, rounds: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        git = ["git", "-C", str(PROJECT_ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(base), commit], check=True)
        try:
            found = measured(
                {"base": lambda: sides.emulator(base), "here": lambda: sides.emulator(PROJECT_ROOT)}, rounds
            )
        finally:
            subprocess.run([*git, "remove", "--force", str(base)], check=True)
    text, lost = comparison(found["base"], found["here"])
    print(text)
    for figure in lost:
        print(f"lost more than a tenth: {figure}", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
