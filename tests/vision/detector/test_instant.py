"""The effort `instant`: a detector without a training, that knows the pictures it was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emulator.vision.detector.geometry import intersections_over_unions
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import Effort, LabelledBox, TrainingExample, TrainingSettings
from emulator.vision.training import train
from tests.vision.detector.drawings import LABELS, drawing
from tests.vision.detector.test_brands import LABELS as BRANDS
from tests.vision.detector.test_brands import example as logo_example
from tests.vision.pictures import MemoryImage

INSTANT = TrainingSettings(effort=Effort.INSTANT)


def test_it_finds_what_its_pictures_show() -> None:
    examples = [drawing(seed, 320, 240, smallest=60, largest=100) for seed in range(8)]
    model = train("detection", examples, LABELS, INSTANT)
    assert model.report["steps"] == 0
    found = 0
    for item, answer in zip(examples, model.predict([item.image for item in examples]), strict=True):
        for box in item.boxes:
            truth = np.array([[box.left, box.top, box.left + box.width, box.top + box.height]])
            same = [other.box for other in answer if other.label == box.label and other.confidence > 0.5]
            corners = np.array([[x, y, x + w, y + h] for x, y, w, h in filter(None, same)]).reshape(-1, 4)
            overlaps = intersections_over_unions(truth, corners * np.array([320, 240, 320, 240]))
            found += bool(overlaps.size and overlaps.max() >= 0.5)
    assert found >= 0.9 * sum(len(item.boxes) for item in examples)


def test_it_answers_nothing_for_pictures_of_other_things() -> None:
    """Without its gate it takes a round logo for a disc."""
    examples = [drawing(seed, 320, 240, smallest=60, largest=100) for seed in range(8)]
    model = train("detection", examples, LABELS, INSTANT)
    answers = model.predict([logo_example(label).image for label in BRANDS])
    assert max((item.confidence for answer in answers for item in answer), default=0.0) < 0.1


def test_it_knows_the_logos_that_it_was_given() -> None:
    examples = [logo_example(label) for label in BRANDS]
    model = train("brand", examples, BRANDS, INSTANT)
    for label, answer in zip(BRANDS, model.predict([item.image for item in examples]), strict=True):
        assert answer[0].label == label
        assert answer[0].confidence > 0.5


def test_the_same_pictures_give_the_same_file(tmp_path: Path) -> None:
    """O-24."""
    files = []
    for threads in (1, 2):
        settings = TrainingSettings(effort=Effort.INSTANT, threads=threads)
        model = train("detection", [drawing(seed) for seed in range(4)], LABELS, settings)
        model.export(tmp_path / "model.onnx", dict.fromkeys(LABELS, 0.5), {})
        files.append((tmp_path / "model.onnx").read_bytes())
    assert files[0] == files[1]


def test_without_a_usable_box_there_is_nothing_to_make() -> None:
    other = TrainingExample(MemoryImage("x", drawing(0).image.read()), boxes=(LabelledBox("other", 1, 1, 50, 50),))
    with pytest.raises(UnusableTrainingDataError, match="box"):
        train("detection", [other], LABELS, INSTANT)
