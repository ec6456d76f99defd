"""Augmented views: the boxes must follow the pixels."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emulator.vision.detector.pictures import Sample
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.views import Augmentation, View, training_view
from emulator.vision.layers import Array

PLAN = DetectorPlan(192, 256, 192, 256, (), 0.0)
PLAIN = Augmentation(colour_probability=0.0)
RED = (250, 10, 10)


@dataclass(frozen=True)
class RedSquares:
    """Grey pictures with a red rectangle each."""

    size: tuple[int, int] = (320, 240)
    box: tuple[int, int, int, int] = (120, 60, 200, 140)

    def __len__(self) -> int:
        return 4

    def sample(self, index: int, number: int) -> Sample:  # noqa: ARG002 (every time the same)
        picture = Image.new("RGB", self.size, (100, 100, 100))
        left, top, right, bottom = self.box
        ImageDraw.Draw(picture).rectangle([left, top, right - 1, bottom - 1], fill=RED)
        return Sample(picture, np.array([self.box], np.float64), np.array([index]))


def red_box(pixels: Array) -> list[float]:
    """Bounds of what is red: left, top, right, bottom."""
    rows, columns = np.nonzero((pixels[:, :, 0] > 175) & (pixels[:, :, 1] < 60))
    return [float(bound) for bound in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]


def view(seed: int, plan: DetectorPlan = PLAN, augmentation: Augmentation = PLAIN, **source: object) -> View:
    return training_view(RedSquares(**source), 1, seed, plan, augmentation, np.random.default_rng(seed))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(25))
def test_boxes_lie_where_the_pixels_are(seed: int) -> None:
    seen = view(seed)
    assert seen.pixels.shape == (192, 256, 3)
    for box in seen.boxes:
        np.testing.assert_allclose(box, red_box(seen.pixels), atol=2.0)


@pytest.mark.parametrize("seed", range(10))
def test_boxes_of_a_mosaic_lie_where_the_pixels_are(seed: int) -> None:
    seen = view(seed, replace(PLAN, mosaic_probability=1.0))
    assert len(seen.boxes) == len(seen.labels)
    for left, top, right, bottom in seen.boxes.round().astype(int):
        inside = seen.pixels[top + 3 : bottom - 3, left + 3 : right - 3]
        assert (inside[..., 0] > 175).all()


def test_views_differ_and_repeat() -> None:
    assert view(1).pixels.tobytes() != view(2).pixels.tobytes()
    assert view(1).pixels.tobytes() == view(1).pixels.tobytes()


def test_logos_are_not_mirrored() -> None:
    """Without flips what is left of the box stays left of it."""
    augmentation = replace(PLAIN, flips=False, zoom=(1.0, 1.0), log_aspect=0.0)
    offcentre = [view(seed, augmentation=augmentation, box=(10, 60, 90, 140)).boxes[0] for seed in range(8)]
    assert all(box[0] < 128 for box in offcentre)


def test_crops_of_a_large_input_mostly_show_an_object() -> None:
    plan = DetectorPlan(1280, 1280, 256, 256, (), 0.0)
    shown = [len(view(seed, plan, box=(150, 60, 156, 66)).boxes) for seed in range(30)]
    assert sum(shown) >= 18


def test_an_object_of_which_hardly_anything_shows_is_not_asked_for() -> None:
    augmentation = replace(PLAIN, zoom=(6.0, 6.0), object_centred_probability=0.0)
    for seed in range(20):
        for box in view(seed, augmentation=augmentation, box=(0, 0, 40, 40)).boxes:
            assert (box[2] - box[0]) * (box[3] - box[1]) > 0.35 * (40 * 0.8 * 6) ** 2 * 0.95


def test_what_is_not_asked_for_is_not_called_background_either() -> None:
    augmentation = replace(PLAIN, zoom=(6.0, 6.0), object_centred_probability=0.0)
    seen = [view(seed, augmentation=augmentation) for seed in range(40)]
    assert any(len(one.remnants) for one in seen)
    for one in seen:
        assert len(one.boxes) + len(one.remnants) <= 1
        for box in one.remnants:
            np.testing.assert_allclose(box, red_box(one.pixels), atol=3.0)


def test_colours_change_but_places_do_not() -> None:
    plain, coloured = view(3), view(3, augmentation=Augmentation(colour_probability=1.0))
    assert plain.boxes.tolist() == coloured.boxes.tolist()
    assert plain.pixels.tobytes() != coloured.pixels.tobytes()


def test_a_background_picture_gives_a_view_without_boxes() -> None:
    class Background(RedSquares):
        def sample(self, index: int, number: int) -> Sample:  # noqa: ARG002
            return Sample(Image.new("RGB", (320, 240)), np.zeros((0, 4)), np.zeros(0, np.int64))

    seen = training_view(Background(), 0, 0, PLAN, Augmentation(), np.random.default_rng(0))
    assert seen.boxes.shape == (0, 4)
    assert seen.labels.shape == (0,)
