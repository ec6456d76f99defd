"""A file of any size in bounded memory, and with a bar on a terminal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from rich.console import Console

from emulator.lint.check import lint
from emulator.lint.terminal import print_result
from support.manifests import image_line
from tests.lint.test_lint import run


def large(path: Path, count: int, flaw: str = "") -> Path:
    """A manifest of so many lines, each with the flaw."""
    start, _, end = json.dumps(image_line(0, "a")).partition("000000")
    with path.open("w") as stream:
        for number in range(count):
            line = f"{start}{number:09}{end}"
            line = line.replace('"a"', f'"{"ab"[number % 2]}"')
            stream.write((line.replace("groundtruth", flaw) if flaw else line) + "\n")
    return path


def peak(path: Path) -> int:
    """Bytes that a check allocates at most, as Python counts them."""
    tracemalloc.start()
    try:
        lint(path, None, None, shown=3)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("flaw", ["", "wrong"])
def test_memory_does_not_grow_with_the_lines(tmp_path: Path, flaw: str) -> None:
    """But for what finds repeated source-refs, 70 bytes a line up to 500,000, and the numbers of the wrong lines."""
    small, large_ = (peak(large(tmp_path / f"{count}.manifest", count, flaw)) for count in (3_000, 9_000))
    assert large_ - small < 6_000 * 200


def test_lines_over_the_limit_are_checked_and_counted(tmp_path: Path) -> None:
    """E-3: AWS stops there; lint goes on, says so, and gives the count."""
    path = large(tmp_path / "a.manifest", 7_001)
    result = lint(path, path, None, region="eu-west-2")
    assert [failure.rule.code for _, failure in result.failures] == ["ERROR_MANIFEST_ROWS_EXCEEDS_MAXIMUM"]
    assert result.failures[0][1] is result.files[1].side.errors[0]
    stream = io.StringIO()
    print_result(result, Console(file=stream, soft_wrap=True))
    assert "7,001 lines: 7,001 valid" in stream.getvalue()
    assert lint(path, path, None, region="eu-west-1").is_clean


@pytest.mark.parametrize(
    ("count", "warnings"), [(2_000, []), (2_001, ["More than 1,000 test images have these labels: 'a'"])]
)
def test_more_than_a_thousand_test_images_of_a_label_are_a_warning(
    tmp_path: Path, count: int, warnings: list[str]
) -> None:
    """Q-7: of two labels in turn; the training side may have as many as it likes."""
    training, testing = large(tmp_path / "train.manifest", 2_002), large(tmp_path / "test.manifest", count)
    result = lint(training, testing, None)
    assert [warning.message for warning in result.files[1].side.warnings] == warnings
    assert result.files[0].side.warnings == [] and result.is_clean


@pytest.mark.parametrize(("variable", "code"), [("AWS_REGION", 1), ("AWS_DEFAULT_REGION", 1), ("NO_REGION", 0)])
def test_the_region_of_the_environment_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, code: int
) -> None:
    """Q-8, Q-9."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "ap-south-1")
    path = large(tmp_path / "a.manifest", 28_001)
    with path.open("a") as stream:
        stream.write(json.dumps(image_line(1, "b")) + "\n")
    assert run(path, "--no-images") == code


def test_a_bar_shows_how_far_the_check_is(tmp_path: Path) -> None:
    """On a terminal, for files over a megabyte; it goes to standard error and leaves nothing behind."""
    path = large(tmp_path / "a.manifest", 8_000)
    code = "import pty, sys; pty.spawn([sys.executable, '-m', 'emulator', 'lint', sys.argv[1], '--no-images'])"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=180)
    assert "Checking" in done.stdout and "/" in done.stdout
    quiet = subprocess.run(
        [sys.executable, "-m", "emulator", "lint", str(path), "--no-images"],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert "Checking" not in quiet.stdout + quiet.stderr
