"""How the demo shows its steps: bars on a terminal, one line a step elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Column, Table
from rich.text import Text

_TITLE_WIDTH = 24
_BAR_TITLE_WIDTH = 21
_WIDE = 116
Detections = Sequence[tuple[str, float]]
"""Labels with their confidence in percent."""


class Step(Protocol):
    """A step that is being done."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """`done` of `total` parts are done; `total` 0 where that is unknown. `note` says what happens now."""

    def result(self, text: str) -> None:
        """What came of it; stays on the screen."""


class Screen(Protocol):
    """Where the demo is shown."""

    def step(self, title: str) -> AbstractContextManager[Step]:
        """Show a step for as long as the block runs, then what came of it and the seconds it took."""

    def say(self, text: str) -> None:
        """Show a line."""

    def detections(self, labels: Detections) -> None:
        """Show what was found in a picture."""


@contextmanager
def screen() -> Iterator[Screen]:
    """Bars where standard output is a terminal that can show them, else plain lines."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        shown = BarScreen(demo_bars(Console(highlight=False)))
        with shown.bars:
            yield shown
        shown.close()
    else:
        yield PlainScreen(sys.stdout)


class PlainStep:
    """Remembers what the line will say."""

    def __init__(self) -> None:
        self.text = ""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Nothing: a line is written once."""

    def result(self, text: str) -> None:
        """Keep it for the line."""
        self.text = text


class PlainScreen:
    """A line when a step ends; nothing else, so that it reads well in a file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @contextmanager
    def step(self, title: str) -> Iterator[PlainStep]:
        """Time the block; write its line unless it raises."""
        began = time.monotonic()
        step = PlainStep()
        yield step
        self.say(f"{title:<{_TITLE_WIDTH}} {time.monotonic() - began:6.1f} s  {step.text}".rstrip())

    def say(self, text: str) -> None:
        """Write a line at once."""
        print(text, file=self._stream, flush=True)

    def detections(self, labels: Detections) -> None:
        """A line a label."""
        for name, confidence in labels:
            self.say(f"  {name:<{_TITLE_WIDTH - 2}} {confidence:6.2f} %")


class _Seconds(ProgressColumn):
    """The seconds of a step with one decimal."""

    def render(self, task: Task) -> Text:
        """`task.finished_time` stands still once the step has ended."""
        elapsed = task.finished_time if task.finished else task.elapsed
        return Text(f"{elapsed or 0.0:6.1f} s", style="progress.elapsed")


def demo_bars(console: Console) -> Progress:
    """A line a step: its bar, its seconds, and of what came of it as much as fits in the terminal (O-4)."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn(f"{{task.description:<{_BAR_TITLE_WIDTH}}}", markup=False),
        BarColumn(bar_width=24 if console.width >= _WIDE else 8),
        _Seconds(),
        TextColumn("{task.fields[note]}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
        console=console,
        expand=True,
    )


class BarStep:
    """A bar that pulses until it knows how much there is to do."""

    def __init__(self, bars: Progress, task: Task) -> None:
        self._bars = bars
        self._task = task

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Move the bar; one that is full before the end of the step pulses again."""
        is_known = 0 <= done < total
        # Set on the task itself: `update` takes a total of None for "as it was".
        self._task.total = total if is_known else None
        self._bars.update(self._task.id, completed=done if is_known else 0, note=note)

    def result(self, text: str) -> None:
        """Write it beside the bar."""
        self._bars.update(self._task.id, note=text)


class BarScreen:
    """A bar a step, one below the other, and at the end what was found."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self._found: Detections = ()

    @contextmanager
    def step(self, title: str) -> Iterator[BarStep]:
        """A bar that is full at the end of the block and stops where the block raises."""
        number = self.bars.add_task(title, total=None, note="")
        try:
            yield BarStep(self.bars, next(task for task in self.bars.tasks if task.id == number))
        except BaseException:
            self.bars.stop_task(number)
            raise
        self.bars.update(number, total=1, completed=1)

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        self.bars.console.print(text, markup=False)

    def detections(self, labels: Detections) -> None:
        """Keep them for the end: while the bars move, lines can only be written above them."""
        self._found = labels

    def close(self) -> None:
        """Show the labels as a table, below the bars that stand still now."""
        if self._found:
            table = Table("label", "confidence")
            for name, confidence in self._found:
                table.add_row(Text(name), f"{confidence:.2f} %")
            self.bars.console.print(table)
