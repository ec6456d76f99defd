"""What a comparison of two commits calls lost, and that both are measured from a clean checkout of the commit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks import comparison, sides
from benchmarks.comparison import Compared, Part, UnmeasurableError, compared, judged, table
from benchmarks.sides import Figures

BASE, HERE = Path("base"), Path("here")
EVEN = [1.0] * 5


@pytest.mark.parametrize(
    ("figure", "base", "here", "is_lost"),
    [
        ("reset", EVEN, [1.09] * 5, False),
        ("reset", EVEN, [1.12, 1.2, 1.13, 1.11, 1.15], True),
        # Less is better, but more of what is done in a second.
        ("calls a second, 1 connection", [100.0] * 5, [80.0] * 5, True),
        ("calls a second, 1 connection", [100.0] * 5, [130.0] * 5, False),
        ("reset", EVEN, [0.5] * 5, False),
        # One round that something else disturbed neither makes a loss nor hides one.
        ("reset", EVEN, [9.0, 1.0, 1.0, 1.0, 1.0], False),
        ("reset", [1.0, 1.0, 9.0, 1.0, 1.0], [1.3] * 5, True),
        # As often better as worse, by much: noise, although the medians are far apart.
        ("longest wait of a writer", [10.0, 50.0, 10.0, 50.0, 10.0], [12.0, 20.0, 15.0, 20.0, 40.0], False),
        # A machine that becomes slow meanwhile hits both sides of each round.
        ("reset", [1.0, 1.0, 4.0, 4.0, 4.0], [1.0, 1.0, 4.1, 4.2, 4.0], False),
        ("reset", [1.0], [1.2], True),
        ("reset", [], [5.0], False),
    ],
)
def test_lost_is_what_is_a_tenth_worse_in_nearly_every_round(
    figure: str, base: list[float], here: list[float], is_lost: bool
) -> None:
    assert Compared(figure, base, here).is_lost == is_lost


def test_rounds_that_the_base_failed_at_do_not_count() -> None:
    rounds: list[tuple[Figures, Figures]] = [({"reset": 2.0}, {"reset": 3.0}), ({}, {"reset": 9.0})]
    assert compared(rounds) == [Compared("reset", [2.0], [3.0])]
    assert compared(rounds[1:]) == [Compared("reset", [], [9.0])]


def test_the_table_says_what_is_lost_and_what_is_new() -> None:
    rows = [
        Compared("reset", [2.0, 2.0], [3.0, 3.0]),
        Compared("memory", [80.0, 82.0], [60.0, 61.5]),
        Compared("load it", [], [0.1, 0.3]),
    ]
    assert table(rows, ["reset"]).splitlines()[2:] == [
        "| reset | 2.00 ms | 3.00 ms | 1.50 LOST |",
        "| memory | 81.0 MB | 60.8 MB | 0.75 |",
        "| load it |  | 0.20 s | new |",
    ]


class Measured:
    """A part whose figures are given for each side, and which counts who was asked."""

    def __init__(self, figure: str, base: Sequence[float], here: Sequence[float]) -> None:
        self._figure = figure
        self._given: dict[Path, Iterator[float]] = {BASE: iter(base), HERE: iter(here)}
        self.asked: list[Path] = []

    def __call__(self, project: Path) -> Figures:
        self.asked.append(project)
        return {self._figure: next(self._given[project])}


def test_the_sides_take_turns_and_change_their_order() -> None:
    part = Measured("reset", [1.0] * 4, [1.0] * 4)
    rows, lost = judged({"calls": part}, BASE, HERE, 4)
    assert part.asked == [BASE, HERE, HERE, BASE] * 2
    assert (rows, lost) == ([Compared("reset", [1.0] * 4, [1.0] * 4)], [])


def test_what_seems_lost_is_measured_once_more_and_alone() -> None:
    chance = Measured("reset", [1.0] * 6, [1.5, 1.5, 1.5, 1.0, 1.0, 1.0])
    truth = Measured("memory", [80.0] * 6, [100.0] * 6)
    neither = Measured("load it", [1.0] * 3, [1.0] * 3)
    rows, lost = judged({"calls": chance, "starts": truth, "model": neither}, BASE, HERE, 3)
    assert lost == ["memory"]
    assert [len(part.asked) for part in (chance, truth, neither)] == [12, 12, 6]
    # What was measured last is shown.
    assert [row.here for row in rows] == [[1.0] * 3, [100.0] * 3, [1.0] * 3]


def test_a_base_that_lacks_a_part_is_compared_in_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    def model(project: Path) -> Figures:
        assert project == HERE, "404 Not Found\nand more"
        return {"load it": 0.1}

    rows, lost = judged({"model": model, "calls": Measured("reset", [1.0] * 2, [1.0] * 2)}, BASE, HERE, 2)
    assert (rows[0], lost) == (Compared("load it", [], [0.1, 0.1]), [])
    assert "the base has no model: 404 Not Found\n" in capsys.readouterr().err


def test_a_failure_of_this_checkout_is_not_hidden() -> None:
    def calls(project: Path) -> Figures:
        assert project == BASE, "404 Not Found"
        return {"reset": 1.0}

    with pytest.raises(AssertionError, match="404"):
        judged({"calls": calls}, BASE, HERE, 1)


def test_a_base_of_which_nothing_can_be_measured_is_refused() -> None:
    def calls(project: Path) -> Figures:
        assert project == HERE, "No module named 'gone'"
        return {"reset": 1.0}

    with pytest.raises(UnmeasurableError, match="other packages"):
        judged({"calls": calls}, BASE, HERE, 1)


@pytest.fixture
def small_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two commits, whose command answers, and then answers no more at once."""
    clone = tmp_path / "clone"
    for folder in ("emulator", "models", "migrations"):
        (clone / folder).mkdir(parents=True)
        (clone / folder / "__init__.py").touch()
    git = ["git", "-C", str(clone), "-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for spent in ("1.0", "2.0"):
        (clone / "emulator" / "__main__.py").write_text(f"print({spent})\n")
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", spent], check=True)
    monkeypatch.setattr(comparison, "PROJECT_ROOT", clone)
    return clone


def told(project: Path) -> Figures:
    """What the command of a checkout prints."""
    ran = subprocess.run([sys.executable, "-m", "emulator"], cwd=project, capture_output=True, check=True)
    return {"reset": float(ran.stdout)}


def test_a_loss_ends_with_1_and_the_clone_is_left_as_it_was(
    small_clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts: dict[str, Part] = {"calls": told}
    monkeypatch.setattr(sides, "PARTS", parts)
    assert comparison.compare("HEAD~1", 1, ["calls"]) == 1
    output = capsys.readouterr()
    assert "| reset | 1.00 ms | 2.00 ms | 2.00 LOST |" in output.out
    assert output.err.endswith("lost more than a tenth: reset\n")
    assert comparison.compare("HEAD", 1, ["calls"]) == 0
    listed = subprocess.run(["git", "-C", str(small_clone), "worktree", "list"], capture_output=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


def test_a_commit_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert comparison.compare("no-such-branch", 1, []) == 2
    assert capsys.readouterr().err.startswith("error: no-such-branch is not a commit of this clone")
