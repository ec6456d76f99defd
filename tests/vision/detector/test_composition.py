"""Compositions for brands: logos lie where the boxes say, and look like what cameras see."""

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from emulator.vision.detector.backgrounds import background, draw_clutter, spectral_noise
from emulator.vision.detector.composition import Logo, compose, make_logo, perspective, trimmed_logos


def red_mark(size: tuple[int, int] = (80, 60), ground: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """A red square of 40 px in the middle of a plain ground."""
    picture = Image.new("RGB", size, ground)
    left, top = (size[0] - 40) // 2, (size[1] - 40) // 2
    ImageDraw.Draw(picture).rectangle([left, top, left + 39, top + 39], fill=(255, 0, 0))
    return picture


def test_a_plain_margin_is_cut_off() -> None:
    logo = make_logo(red_mark(), 3)
    assert logo.picture.size == (40, 40)
    assert logo.label == 3
    assert logo.alpha is not None
    assert logo.alpha.getextrema() == (255, 255)


def test_a_photographed_logo_keeps_its_ground() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8))
    logo = make_logo(noise, 0)
    assert logo.alpha is None
    assert logo.picture.size == (70, 50)


def test_a_single_colour_is_a_logo_as_it_is() -> None:
    logo = make_logo(Image.new("RGB", (50, 50), (10, 20, 30)), 0)
    assert logo.picture.size == (50, 50)


def test_boxes_and_labels_belong_together_and_do_not_touch() -> None:
    logos = [make_logo(red_mark(), 0), make_logo(red_mark(ground=(0, 0, 0)), 1)]
    counts = []
    for seed in range(20):
        sample = compose(logos, 192, np.random.default_rng(seed))
        assert sample.picture.size == (192, 192)
        assert sample.boxes.shape == (len(sample.labels), 4)
        assert set(sample.labels.tolist()) <= {0, 1}
        for index, first in enumerate(sample.boxes):
            assert 0 <= first[0] < first[2] <= 192
            assert 0 <= first[1] < first[3] <= 192
            for second in sample.boxes[index + 1 :]:
                assert first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
        counts.append(len(sample.labels))
    assert max(counts) >= 3
    assert min(counts) == 0, "pictures without a logo teach what is none"


def test_the_box_of_a_logo_is_where_the_picture_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With decoys and the camera switched off, what differs from the background is what the boxes enclose."""
    monkeypatch.setattr("emulator.vision.detector.composition.MEAN_DECOYS", 0.0)
    monkeypatch.setattr("emulator.vision.detector.composition._photographed", lambda picture, _: picture)
    monkeypatch.setattr("emulator.vision.detector.composition.PANEL_PROBABILITY", 0.0)
    monkeypatch.setattr("emulator.vision.detector.composition.CUT_CORNERS", 0.0)
    plain = Image.new("RGB", (192, 192), (90, 90, 140))
    monkeypatch.setattr("emulator.vision.detector.composition.background", lambda _side, _random: plain.copy())
    logo = Logo(Image.new("RGB", (60, 40), (255, 255, 0)), None, 0)
    for seed in range(12):
        sample = compose([logo], 192, np.random.default_rng(seed))
        changed = np.asarray(ImageChops.difference(sample.picture, plain).convert("L")) > 5
        inside = np.zeros_like(changed)
        for left, top, right, bottom in sample.boxes.astype(int):
            inside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = True
            assert changed[top:bottom, left:right].mean() > 0.3
        assert not changed[~inside].any()


def test_the_ground_around_a_logo_does_not_belong_to_its_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """A red square on white, pasted with more and less of the white: boxes enclose the red alone."""
    monkeypatch.setattr("emulator.vision.detector.composition.MEAN_DECOYS", 0.0)
    monkeypatch.setattr("emulator.vision.detector.composition.PANEL_PROBABILITY", 1.0)
    monkeypatch.setattr("emulator.vision.detector.composition._photographed", lambda picture, _: picture)
    monkeypatch.setattr("emulator.vision.detector.composition._lit", lambda picture, _: picture)
    monkeypatch.setattr(
        "emulator.vision.detector.composition.background", lambda side, _random: Image.new("RGB", (side, side))
    )
    on_panels = 0
    for seed in range(30):
        sample = compose([make_logo(red_mark(), 0)], 256, np.random.default_rng(seed))
        pixels = np.asarray(sample.picture).astype(int)
        # Whatever was done to the colours, the mark differs from its ground and that from the black background.
        red = pixels.max(2) - pixels.min(2) > 90
        outside = np.ones_like(red)
        for left, top, right, bottom in sample.boxes.astype(int):
            outside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = False
        assert not (red & outside).any()
        on_panels += int((pixels.min(2) > 100)[outside].sum() > 200)
    assert on_panels > 5


def test_a_logo_is_cut_to_what_others_of_its_label_show() -> None:
    """One of three pictures of a mark has noise around it; a picture of something else stays as it is."""
    random = np.random.default_rng(3)
    mark = draw_clutter(Image.new("RGB", (120, 80), (200, 200, 40)), random, 12)
    noisy = Image.fromarray(random.integers(90, 150, (160, 240, 3), dtype=np.uint8))
    noisy.paste(mark, (60, 40))
    other = spectral_noise(100, random)
    logos = [Logo(picture, None, label) for picture, label in ((mark, 0), (mark.copy(), 0), (noisy, 0), (other, 1))]
    trimmed = trimmed_logos(logos)
    assert [logo.picture.size for logo in trimmed[:2]] == [(120, 80), (120, 80)]
    assert trimmed[3].picture.size == (100, 100)
    width, height = trimmed[2].picture.size
    assert 110 <= width <= 145
    assert 70 <= height <= 100


def test_the_same_numbers_compose_the_same_picture() -> None:
    logos = [make_logo(red_mark(), 0)]
    first, second = (compose(logos, 128, np.random.default_rng(4)) for _ in range(2))
    assert first.picture.tobytes() == second.picture.tobytes()
    assert first.boxes.tolist() == second.boxes.tolist()


def test_a_perspective_takes_the_corners_where_they_belong() -> None:
    target = np.array([[3.0, 1], [20, 4], [18, 15], [1, 12]])
    source = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    a, b, c, d, e, f, g, h = perspective(target, source)
    for (x, y), (u, v) in zip(target, source, strict=True):
        depth = g * x + h * y + 1
        np.testing.assert_allclose([(a * x + b * y + c) / depth, (d * x + e * y + f) / depth], [u, v], atol=1e-9)


def test_backgrounds_differ_and_fill_the_picture() -> None:
    pictures = [background(96, np.random.default_rng(seed)) for seed in range(4)]
    assert all(picture.size == (96, 96) and picture.mode == "RGB" for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert np.asarray(spectral_noise(96, np.random.default_rng(0))).std() > 5


def test_clutter_draws_on_the_picture() -> None:
    drawn = draw_clutter(Image.new("RGB", (96, 96)), np.random.default_rng(1), 12)
    assert np.asarray(drawn).any()
