"""docs/manifests.md shows lines that pass the checks it describes."""

from __future__ import annotations

import re
from pathlib import Path

from emulator.domain.evaluation.result_keys import ResultKind
from emulator.domain.manifest.inspecting import inspect_line
from support.pictures import image_level_manifest, single_label_pictures
from support.typing_in import block, type_in

PAGE = (Path(__file__).parents[3] / "docs" / "manifests.md").read_text(encoding="utf-8")


def test_the_lines_shown_are_good() -> None:
    lines = re.findall(r"```json\n(.*?)\n```", PAGE)
    found = [inspect_line(line.encode()) for line in lines]
    assert [inspection.verdict.value for inspection in found] == ["valid", "valid", "ignored"]
    assert (found[0].image_labels, [box.label for box in found[1].boxes]) == (["Sunrise"], ["Echo Dot"])


def test_every_result_file_is_named() -> None:
    assert all(f"`{kind.value}`" in PAGE for kind in ResultKind)


def test_the_command_that_checks_a_pair(tmp_path: Path) -> None:
    """With two manifests and the folder of their images, as a reader has them."""
    (tmp_path / "pictures").mkdir()
    for name, seed in (("train", 0), ("test", 500)):
        pictures = single_label_pictures(("circle", "square"), 4, seed=seed)
        for picture in pictures:
            (tmp_path / "pictures" / picture.name).write_bytes(picture.body)
        (tmp_path / f"{name}.manifest").write_bytes(image_level_manifest(pictures, "bucket"))
    printed = type_in(block("docs/manifests.md", "custom-labels lint"), tmp_path, {})
    assert printed.count("8 lines: 8 valid") == 2
    assert "No errors: a classification training with 2 labels could begin." in printed
