"""Which network a detector starts from."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emulator.vision.detector.pictures import Annotation
from emulator.vision.detector.plan import Start
from emulator.vision.detector.start import choose_start, outlined_share
from emulator.vision.detector.training import DetectorEffort, train_detector
from emulator.vision.examples import TrainingSettings, ignore_progress
from emulator.vision.served_model import ServedModel
from tests.vision.detector.drawings import LABELS, drawing
from tests.vision.detector.test_proposals import ball_on_grass
from tests.vision.pictures import MemoryImage, encode

SHORT = DetectorEffort(passes=1, minimum_steps=2, megapixels=50, sides=(160,))


def test_things_that_coco_sees_are_outlined_and_others_are_not() -> None:
    balls = [(40, 60, 120), (250, 100, 180), (150, 20, 150)]
    pictures = [MemoryImage(str(ball), encode(ball_on_grass(*ball))) for ball in balls]
    boxes = [Annotation(480, 320, np.array([[x, y, x + size, y + size]], float), np.array([0])) for x, y, size in balls]
    assert outlined_share(pictures, boxes, threads=2) == 1
    corners = [Annotation(480, 320, np.array([[470.0, 1.0, 478.0, 9.0]]), np.array([0]))] * 3
    assert outlined_share(pictures, corners, threads=1) == 0
    empty = Annotation(480, 320, np.zeros((0, 4)), np.zeros(0, int))
    assert outlined_share([*pictures, pictures[0]], [*boxes, empty], threads=1) == 1, "backgrounds do not count"


def test_the_choice_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert choose_start(0.97) == Start.COCO
    assert choose_start(0.5) == Start.IMAGENET
    assert "97 %" in caplog.text
    assert "starting from imagenet" in caplog.text


@pytest.mark.parametrize("start", list(Start))
def test_both_starts_train_to_a_file_that_answers(start: Start, tmp_path: Path) -> None:
    """O-24: with two threads and with one the file is the same; the report says where it started."""
    files = []
    for threads in (1, 2):
        effort = DetectorEffort(**{**vars(SHORT), "start": start})
        settings = TrainingSettings(threads=threads)
        examples = [drawing(seed) for seed in range(3)]
        model = train_detector(examples, LABELS, settings, ignore_progress, effort)
        assert model.plan.start == start
        assert 0 <= float(str(model.report["outlined_by_coco"])) <= 1
        model.export(tmp_path / "model.onnx", dict.fromkeys(LABELS, 0.5), {})
        files.append((tmp_path / "model.onnx").read_bytes())
    assert files[0] == files[1]
    served = ServedModel.load(tmp_path / "model.onnx")
    data = encode(Image.new("RGB", (200, 150), (90, 120, 80)), "JPEG")
    assert all(prediction.label in LABELS for prediction in served.predict(data))
