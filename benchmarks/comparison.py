"""Another commit and this checkout in turns, and what was lost: `make bench-compare BASE=main`.

Both sides of each part are measured right after one another, in every second round in the other order, so that what
else the machine does hits both. A figure is lost when it is more than a tenth worse in the median of all rounds and
worse in all rounds but one in five, and is so once more when its part is measured again: what chance made worse is
seldom worse twice. The exit code is then 1, and 2 when the commit cannot be measured.

The client is this checkout's for both. What the commit does not have yet is shown of this checkout alone.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import sides
from benchmarks.sides import UNITS, Figures
from support.server import PROJECT_ROOT

LOSS = 0.10
EXCEPTIONS = 0.2

Part = Callable[[Path], Figures]
# The figures of the base, and of this checkout.
Round = tuple[Figures, Figures]


class UnmeasurableError(Exception):
    """One line that says why the commit cannot be compared with."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of the base and of this checkout in the same rounds; without a base there is nothing to compare."""

    figure: str
    base: list[float]
    here: list[float]

    @property
    def times_worse(self) -> list[float]:
        """Of each round how many times as bad this checkout is: under 1 it is better, whichever way the figure goes."""
        pairs = zip(self.base, self.here if self.base else [], strict=True)
        return [base / here if UNITS[self.figure] == "/s" else here / base for base, here in pairs]

    @property
    def is_lost(self) -> bool:
        """More than a tenth worse in the median of the rounds, and worse in all of them but one in five."""
        rounds = self.times_worse
        better = sum(times <= 1 for times in rounds)
        return bool(rounds) and statistics.median(rounds) > 1 + LOSS and better <= EXCEPTIONS * len(rounds)


def compared(rounds: Sequence[Round]) -> list[Compared]:
    """All figures of this checkout; rounds in which the base had no such figure do not count, unless it never had."""
    found = []
    for figure in rounds[0][1]:
        pairs = [(base[figure], here[figure]) for base, here in rounds if figure in base]
        alone = [] if pairs else [here[figure] for _, here in rounds]
        found.append(Compared(figure, [base for base, _ in pairs], alone or [here for _, here in pairs]))
    return found


def table(rows: Sequence[Compared], lost: Sequence[str]) -> str:
    """Medians of both, and the median of the ratios of all rounds: under 1 this checkout is better."""
    lines = ["| figure | base | here | times as bad |", "|---|---|---|---|"]
    for row in rows:
        unit = UNITS[row.figure]
        cells = [row.figure, "", sides.shown(statistics.median(row.here), unit), "new"]
        if row.base:
            told = f"{statistics.median(row.times_worse):.2f}{' LOST' if row.figure in lost else ''}"
            cells = [row.figure, sides.shown(statistics.median(row.base), unit), cells[2], told]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def in_turns(parts: Mapping[str, Part], base: Path, here: Path, rounds: int) -> dict[str, list[Round]]:
    """The rounds of each part. One that only the base fails at has no figures of it."""
    found: dict[str, list[Round]] = {name: [] for name in parts}
    for number in range(rounds):
        for name, measure in parts.items():
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            figures: Round = ({}, {})
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                figures[side].update(measure(here) if side else _if_there(name, measure, base))
            found[name].append(figures)
    return found


def _if_there(name: str, measure: Part, base: Path) -> Figures:
    try:
        return measure(base)
    except Exception as error:  # whatever an older emulator answers or refuses where this one does not
        told = str(error).strip().splitlines() or [type(error).__name__]
        print(f"the base has no {name}: {told[0]}", file=sys.stderr, flush=True)
        return {}


def judged(parts: Mapping[str, Part], base: Path, here: Path, rounds: int) -> tuple[list[Compared], list[str]]:
    """All figures, and those that are lost. Parts in which something seems lost are measured once more.

    Raises `UnmeasurableError` when the base has none of the figures.
    """
    first = {name: compared(found) for name, found in in_turns(parts, base, here, rounds).items()}
    if not any(row.base for rows in first.values() for row in rows):
        raise UnmeasurableError("nothing of that commit can be measured; it may need other packages than are installed")
    doubtful = {name: parts[name] for name, rows in first.items() if any(row.is_lost for row in rows)}
    if doubtful:
        print(f"once more, for something seems lost: {', '.join(doubtful)}", file=sys.stderr, flush=True)
    second = {name: compared(found) for name, found in in_turns(doubtful, base, here, rounds).items()}
    lost = [
        row.figure
        for name, rows in second.items()
        for row, before in zip(rows, first[name], strict=True)
        if row.is_lost and before.is_lost
    ]
    return [row for name, rows in first.items() for row in second.get(name, rows)], lost


def checked_out(commit: str, folder: Path) -> None:
    """Write a commit into a folder, compiled as this checkout is. Raises `UnmeasurableError` for an unknown one."""
    git = ["git", "-C", str(PROJECT_ROOT)]
    name = f"{commit}^{{commit}}"
    known = subprocess.run([*git, "rev-parse", "--verify", "--quiet", "--end-of-options", name], capture_output=True)
    if known.returncode:
        raise UnmeasurableError(f"{commit} is not a commit of this clone; a shallow clone has to fetch it first")
    archive = subprocess.run([*git, "archive", known.stdout.decode().strip()], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    # Else the first start of one of them compiles some hundred files.
    for project in (folder, PROJECT_ROOT):
        compiling = [sys.executable, "-m", "compileall", "-q", "emulator", "models", "migrations"]
        subprocess.run(compiling, cwd=project, check=True)


def compare(commit: str, rounds: int, parts: Sequence[str]) -> int:
    """Print the table of a commit and this checkout; 1 when something is lost, 2 when the commit cannot be measured."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        try:
            checked_out(commit, base)
            rows, lost = judged({name: sides.PARTS[name] for name in parts}, base, PROJECT_ROOT, rounds)
        except UnmeasurableError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    print(table(rows, lost))
    for figure in lost:
        print(f"lost more than a tenth: {figure}", file=sys.stderr)
    return 1 if lost else 0
