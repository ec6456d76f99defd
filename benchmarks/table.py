"""One table: each figure, moto's beside it, what nobody gets below, and the ratios: `python -m benchmarks table`.

Sides take turns in every round, so that what else the machine does hits all of them; medians are shown. With `--base
COMMIT` that commit and this checkout are measured instead (benchmarks/comparison.py).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping

from benchmarks import comparison, sides
from benchmarks.sides import Figures
from support.server import PROJECT_ROOT

ROUNDS = 5


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


def table(found: Mapping[str, Figures]) -> str:
    """The table as Markdown."""
    rows = ["| figure | here | moto | ratio | limit | ratio |", "|---|---|---|---|---|---|"]
    for figure, unit in sides.UNITS.items():
        here = found["here"][figure]
        row = [figure, sides.shown(here, unit)]
        for side in ("moto", "limit"):
            other = found[side].get(figure)
            row += ["", ""] if other is None else [sides.shown(other, unit), f"{here / other:.2f}"]
        rows.append("| " + " | ".join(row) + " |")
    return "\n".join(rows)


def main() -> int:
    """Print the table, or compare with `--base`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks table", description=__doc__)
    parser.add_argument("--base", metavar="COMMIT", help="compare with this commit instead of moto")
    parser.add_argument("--rounds", metavar="N", type=int, default=ROUNDS)
    parser.add_argument(
        "--parts",
        metavar="PART",
        nargs="+",
        choices=sides.PARTS,
        default=list(sides.PARTS),
        help=f"what to compare with --base: {', '.join(sides.PARTS)}",
    )
    arguments = parser.parse_args()
    if arguments.base is None:
        given: dict[str, Callable[[], Figures]] = {
            "here": lambda: sides.emulator(PROJECT_ROOT),
            "moto": sides.moto,
            "limit": sides.limits,
        }
        print(table(measured(given, arguments.rounds)))
        return 0
    return comparison.compare(arguments.base, arguments.rounds, arguments.parts)


if __name__ == "__main__":
    raise SystemExit(main())
