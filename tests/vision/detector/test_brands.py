"""Brand detectors learn from logos alone to find them in pictures (D-26)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emulator.vision.detector.brands import EFFORTS, BrandEffort, train_brand_detector
from emulator.vision.detector.model import DetectorModel
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import Effort, ModelKind, TrainingExample, TrainingSettings, ignore_progress
from emulator.vision.training import train
from tests.vision.pictures import MemoryImage, encode

LABELS = ("sun", "stripe")
QUICK = BrandEffort(steps=30, picture_side=192, sides=(192,))
SHORT = replace(QUICK, steps=1)


def logo(label: str) -> Image.Image:
    picture = Image.new("RGB", (90, 90), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    if label == "sun":
        draw.ellipse([5, 5, 84, 84], fill=(250, 150, 0))
        draw.ellipse([30, 30, 59, 59], fill=(120, 0, 140))
    else:
        for line in range(4):
            draw.rectangle([5, 6 + 21 * line, 84, 17 + 21 * line], fill=(0, 90, 200) if line % 2 else (0, 0, 0))
    return picture


def example(*labels: str) -> TrainingExample:
    picture = logo(labels[0]) if labels else Image.new("RGB", (64, 64))
    return TrainingExample(MemoryImage(" ".join(labels), encode(picture)), frozenset(labels))


def test_a_label_without_a_logo_is_known_but_not_learnt(caplog: pytest.LogCaptureFixture) -> None:
    model = train_brand_detector([example("sun")], LABELS, TrainingSettings(), ignore_progress, SHORT)
    assert model.labels == LABELS
    assert "stripe" in caplog.text


def test_a_brand_training_gives_a_detection_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EFFORTS, Effort.FAST, SHORT)
    settings = TrainingSettings(effort=Effort.FAST)
    model = train(ModelKind.BRAND, [example("sun"), example("stripe")], LABELS, settings)
    assert isinstance(model, DetectorModel)
    assert model.kind == ModelKind.DETECTION
    assert model.plan.mosaic_probability == 0
    assert model.report["steps"] == 1


def test_pictures_with_several_labels_are_left_out() -> None:
    """One cannot tell which of the logos they show."""
    with pytest.raises(UnusableTrainingDataError, match="exactly one"):
        train_brand_detector([example("sun", "stripe"), example()], LABELS, TrainingSettings(), ignore_progress, SHORT)


def test_the_same_logos_give_the_same_file(tmp_path: Path) -> None:
    """O-24."""
    files = []
    for threads in (1, 2):
        settings = TrainingSettings(threads=threads)
        model = train_brand_detector([example(label) for label in LABELS], LABELS, settings, ignore_progress, SHORT)
        model.export(tmp_path / "model.onnx", dict.fromkeys(LABELS, 0.5), {})
        files.append((tmp_path / "model.onnx").read_bytes())
    assert files[0] == files[1]


def test_a_logo_is_found_in_a_scene() -> None:
    settings = TrainingSettings()
    model = train_brand_detector([example(label) for label in LABELS], LABELS, settings, ignore_progress, QUICK)
    right = 0
    for index, label in enumerate(LABELS * 2):
        ground = np.random.default_rng(index).normal(120, 15, (120, 160, 3)).clip(0, 255).astype(np.uint8)
        scene = Image.fromarray(ground)
        left, top = 4 + 20 * index, 2 + 10 * index
        scene.paste(logo(label).crop((5, 5, 85, 85)).resize((60, 60)), (left, top))
        best = model.predict([MemoryImage(f"scene {index}", encode(scene))])[0][0]
        assert best.box is not None
        centre = (best.box[0] + best.box[2] / 2) * 160, (best.box[1] + best.box[3] / 2) * 120
        right += best.label == label and abs(centre[0] - left - 30) < 12 and abs(centre[1] - top - 30) < 12
    assert right >= 3
