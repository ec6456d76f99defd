"""docs/manifests.md shows lines that pass the checks it describes."""

from __future__ import annotations

import re
from pathlib import Path

from emulator.domain.evaluation.result_keys import ResultKind
from emulator.domain.manifest.inspecting import inspect_line

PAGE = (Path(__file__).parents[3] / "docs" / "manifests.md").read_text(encoding="utf-8")


def test_the_lines_shown_are_good() -> None:
    lines = re.findall(r"```json\n(.*?)\n```", PAGE)
    found = [inspect_line(line.encode()) for line in lines]
    assert [inspection.verdict.value for inspection in found] == ["valid", "valid", "ignored"]
    assert (found[0].image_labels, [box.label for box in found[1].boxes]) == (["Sunrise"], ["Echo Dot"])


def test_every_result_file_is_named() -> None:
    assert all(f"`{kind.value}`" in PAGE for kind in ResultKind)
