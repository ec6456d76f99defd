"""Augmented views of the training pictures: every one is drawn anew, none is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from emulator.vision.detector.geometry import GREY, areas
from emulator.vision.detector.pictures import Sample, SampleSource
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.layers import Array

SMALLEST_VISIBLE_SHARE = 0.35
SMALLEST_VISIBLE_AREA = 16.0
"""Square pixels."""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601."""


@dataclass(frozen=True)
class Augmentation:
    """How far views may differ from the letterboxed picture."""

    zoom: tuple[float, float] = (0.6, 1.5)
    mosaic_zoom: tuple[float, float] = (0.8, 2.0)
    """Relative to the quarter that the picture fills."""
    log_aspect: float = 0.1
    flips: bool = True
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.4
    colour_probability: float = 0.8
    object_centred_probability: float = 0.7
    """Of crops of large inputs: many would show no object at all."""


@dataclass(frozen=True)
class View:
    """`pixels` uint8 (height, width, 3), boxes (n, 4) in its pixels, labels (n,); `remnants` (m, 4) are what shows of
    objects that are too much cut off to be asked for, but are not background either."""

    pixels: Array
    boxes: Array
    labels: Array
    remnants: Array


@dataclass(frozen=True)
class _Canvas:
    """A view in the making."""

    picture: Image.Image
    boxes: Array
    labels: Array
    remnants: Array


def training_view(
    source: SampleSource,
    index: int,
    number: int,
    plan: DetectorPlan,
    augmentation: Augmentation,
    random: np.random.Generator,
) -> View:
    """View `number` of the training: picture `index`, or a mosaic that begins with it."""
    if random.random() < plan.mosaic_probability:
        canvas = _mosaic(source, index, number, plan, augmentation, random)
    else:
        sample = source.sample(index, number)
        size = (plan.view_width, plan.view_height)
        scale = min(plan.input_width / sample.picture.width, plan.input_height / sample.picture.height)
        canvas = _place(sample, size, scale, augmentation.zoom, augmentation, random)
    picture = canvas.picture
    if random.random() < augmentation.colour_probability:
        picture = _recoloured(picture, augmentation, random)
    return View(np.asarray(picture), canvas.boxes, canvas.labels, canvas.remnants)


def _mosaic(
    source: SampleSource,
    index: int,
    number: int,
    plan: DetectorPlan,
    augmentation: Augmentation,
    random: np.random.Generator,
) -> _Canvas:
    """Four pictures in the four quarters of the view."""
    width, height = plan.view_width // 2, plan.view_height // 2
    picture = Image.new("RGB", (plan.view_width, plan.view_height), (GREY, GREY, GREY))
    indices = [index, *(int(other) for other in random.integers(0, len(source), 3))]
    corners = ((0, 0), (width, 0), (0, height), (width, height))
    quarters = []
    for other, (left, top) in zip(indices, corners, strict=True):
        sample = source.sample(other, number)
        scale = min(width / sample.picture.width, height / sample.picture.height)
        quarter = _place(sample, (width, height), scale, augmentation.mosaic_zoom, augmentation, random)
        picture.paste(quarter.picture, (left, top))
        shift = np.array([left, top, left, top])
        quarters.append((quarter.boxes + shift, quarter.labels, quarter.remnants + shift))
    boxes, labels, remnants = (np.concatenate(parts) for parts in zip(*quarters, strict=True))
    return _Canvas(picture, boxes, labels, remnants)


def _place(
    sample: Sample,
    size: tuple[int, int],
    scale: float,
    zoom: tuple[float, float],
    augmentation: Augmentation,
    random: np.random.Generator,
) -> _Canvas:
    """The picture, zoomed, stretched, moved and perhaps mirrored, on grey; boxes that hardly show become remnants."""
    width, height = size
    factor = scale * np.exp(random.uniform(np.log(zoom[0]), np.log(zoom[1])))
    stretch = np.exp(random.uniform(-augmentation.log_aspect, augmentation.log_aspect))
    factors = np.array([factor * stretch, factor / stretch])
    focus = None
    if len(sample.boxes) and random.random() < augmentation.object_centred_probability:
        box = sample.boxes[random.integers(len(sample.boxes))]
        focus = (box[:2] + box[2:]) / 2
    offsets = np.array(
        [
            _offset(
                factors[axis] * sample.picture.size[axis],
                size[axis],
                None if focus is None else focus[axis] * factors[axis],
                random,
            )
            for axis in (0, 1)
        ]
    )
    canvas = _drawn(sample.picture, size, factors, offsets)
    boxes = sample.boxes * np.tile(factors, 2) + np.tile(offsets, 2)
    if augmentation.flips and random.random() < 0.5:
        canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        boxes = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
    visible = np.clip(boxes, 0, [width, height, width, height])
    shows = (areas(visible) > SMALLEST_VISIBLE_SHARE * areas(boxes)) & (areas(visible) > SMALLEST_VISIBLE_AREA)
    return _Canvas(canvas, visible[shows], sample.labels[shows], visible[~shows & (areas(visible) > 0)])


def _offset(extent: float, side: int, focus: float | None, random: np.random.Generator) -> float:
    """Where a picture of `extent` pixels begins in a view of `side`: all of the smaller one shows. When far less than
    the picture fits, `focus` (in pixels of the scaled picture) is brought into view."""
    room = side - extent
    lowest, highest = min(0.0, room), max(0.0, room)
    if focus is not None and extent > 2 * side:
        lowest, highest = max(lowest, 0.1 * side - focus), min(highest, 0.9 * side - focus)
        highest = max(lowest, highest)
    return float(random.uniform(lowest, highest))


def _drawn(picture: Image.Image, size: tuple[int, int], factors: Array, offsets: Array) -> Image.Image:
    """Cut out what will show and scale it, antialiased, in one go."""
    canvas = Image.new("RGB", size, (GREY, GREY, GREY))
    # In pixels of the picture: only what the view will show is scaled.
    first = np.maximum(0, -offsets / factors)
    last = np.minimum(picture.size, (np.array(size) - offsets) / factors)
    left, top = (int(value) for value in np.round(first * factors + offsets))
    right, bottom = (int(value) for value in np.round(last * factors + offsets))
    target = (max(1, right - left), max(1, bottom - top))
    window = (float(first[0]), float(first[1]), float(last[0]), float(last[1]))
    canvas.paste(picture.resize(target, Image.Resampling.BILINEAR, box=window), (left, top))
    return canvas


def _recoloured(canvas: Image.Image, augmentation: Augmentation, random: np.random.Generator) -> Image.Image:
    """Brightness, contrast and saturation, all in one colour matrix."""
    brightness, contrast, saturation = (
        random.uniform(1 - reach, 1 + reach)
        for reach in (augmentation.brightness, augmentation.contrast, augmentation.saturation)
    )
    # The mean brightness, which contrast pivots on; 256 pixels tell it as well as all of them.
    middle = float(np.asarray(canvas.resize((16, 16), Image.Resampling.BOX)).mean((0, 1)) @ LUMINANCE) * brightness
    colours = saturation * np.eye(3) + (1 - saturation) * LUMINANCE
    matrix = np.column_stack([brightness * contrast * colours, np.full(3, (1 - contrast) * middle)])
    return canvas.convert("RGB", tuple(float(value) for value in matrix.ravel()))
