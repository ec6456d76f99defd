"""Training pictures for brands: logos, bent and coloured as cameras see them, on drawn backgrounds (D-26)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from emulator.vision.detector.backgrounds import Colour, background, draw_clutter, random_colour, spectral_noise
from emulator.vision.detector.pictures import Sample
from emulator.vision.detector.registration import common_parts
from emulator.vision.layers import Array

PLAIN_BORDER_TOLERANCE = 30
PLAIN_BORDER_SHARE = 0.7
"""A logo stands on a plain ground when so much of its border has one colour, give or take the tolerance (0..255)."""
LARGEST_TRIM, LARGEST_TRIM_WITHOUT_GROUND = 0.9, 0.55
"""A logo is cut to what it shares with others if that is at most so much of its area."""
VISIBLE_ALPHA = 60
SMALLEST_SHARE, LARGEST_SHARE = 0.08, 0.75
"""Size of a logo (square root of its area) as a share of the picture's side."""
PANEL_PROBABILITY = 0.5
LARGEST_PANEL_MARGIN = 0.6
"""A logo that is pasted with its ground may stand on more of it: up to this share of its sides beyond each of them."""
CUT_CORNERS = 0.15
"""What shows of a logo without a plain ground is taken to leave out so much of the sides at the corners."""
MOST_LOGOS = 9
MEAN_DECOYS = 1.0
PLACING_ATTEMPTS = 10

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels of the composition."""


@dataclass(frozen=True)
class Logo:
    """`picture` RGB, cut to what shows of the logo; `alpha` L, its shape without the plain ground, None where the
    ground is not plain; `label` is an index; `ground` the colour of the plain ground, None without."""

    picture: Image.Image
    alpha: Image.Image | None
    label: int
    ground: Colour | None = None


def make_logo(picture: Image.Image, label: int) -> Logo:
    """Cut off a plain margin, so that boxes are as tight as an annotator's."""
    ground = _plain_ground(picture)
    alpha = _alpha_from_ground(picture, ground) if ground is not None else None
    bounds = alpha.point(_visible).getbbox() if alpha else None
    if alpha is None or bounds is None or min(bounds[2] - bounds[0], bounds[3] - bounds[1]) < 8:
        return Logo(picture, None, label)
    return Logo(picture.crop(bounds), alpha.crop(bounds), label, ground)


def trimmed_logos(logos: Sequence[Logo]) -> list[Logo]:
    """The logos, those with much around them cut to what they share with others of their label."""
    trimmed = list(logos)
    for label in {logo.label for logo in logos}:
        mine = [index for index, logo in enumerate(logos) if logo.label == label]
        parts = common_parts([logos[index].picture for index in mine])
        for index, (left, top, right, bottom) in zip(mine, parts, strict=True):
            logo = logos[index]
            # A plain margin is cut already; what others leave out there is more likely a part of the logo.
            largest = LARGEST_TRIM if logo.alpha is None else LARGEST_TRIM_WITHOUT_GROUND
            if (right - left) * (bottom - top) <= largest:
                width, height = logo.picture.size
                bounds = (round(left * width), round(top * height), round(right * width), round(bottom * height))
                alpha = logo.alpha.crop(bounds) if logo.alpha else None
                trimmed[index] = replace(logo, picture=logo.picture.crop(bounds), alpha=alpha)
    return trimmed


def _visible(value: int) -> int:
    return 255 * (value > VISIBLE_ALPHA)


def _plain_ground(picture: Image.Image) -> Colour | None:
    """The colour that most of the border has."""
    pixels = np.asarray(picture, np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(border, 0)
    if (np.abs(border - ground).max(1) < PLAIN_BORDER_TOLERANCE).mean() < PLAIN_BORDER_SHARE:
        return None
    red, green, blue = (round(float(value)) for value in ground)
    return red, green, blue


def _alpha_from_ground(picture: Image.Image, ground: Colour) -> Image.Image:
    distance = np.abs(np.asarray(picture, np.float32) - np.array(ground, np.float32)).max(2)
    return Image.fromarray(np.clip((distance - 12) * 8, 0, 255).astype(np.uint8))


def compose(logos: Sequence[Logo], side: int, random: np.random.Generator) -> Sample:
    """A picture of side x side pixels with 0 to 9 logos and a few decoys: shuffled logos, words, textures."""
    picture = background(side, random)
    boxes: list[Box] = []
    labels: list[int] = []
    taken: list[Box] = []
    count = int(random.integers(0, MOST_LOGOS + 1))
    patches: list[Logo | None] = [logos[int(index)] for index in random.integers(0, len(logos), count)]
    patches += [None] * int(random.poisson(MEAN_DECOYS))
    for index in random.permutation(len(patches)):
        patch = patches[index]
        box = _paste(picture, patch or _decoy(logos, random), taken, random)
        if box is not None and patch is not None:
            boxes.append(box)
            labels.append(patch.label)
    picture = _photographed(picture, random)
    return Sample(picture, np.array(boxes, np.float64).reshape(-1, 4), np.array(labels, np.int64))


def _decoy(logos: Sequence[Logo], random: np.random.Generator) -> Logo:
    """Something that looks like a logo but is not one."""
    if random.random() < 0.5:
        return Logo(_shuffled(logos[int(random.integers(len(logos)))].picture, random), None, -1)
    width = int(random.integers(60, 180))
    plain = Image.new("RGB", (width, 72), random_colour(random))
    ground = spectral_noise(128, random).resize((width, 72)) if random.random() < 0.4 else plain
    return Logo(draw_clutter(ground, random, int(random.integers(1, 4))), None, -1)


def _shuffled(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """The logo cut into 2x2 or 3x3 pieces that have changed places."""
    count = int(random.integers(2, 4))
    width, height = max(picture.width // count, 1), max(picture.height // count, 1)
    pixels = np.asarray(picture.resize((width * count, height * count)))
    shuffled = np.empty_like(pixels)
    order = random.permutation(count * count)
    # In its own order it would be the logo itself, taught as a decoy.
    if (order == np.arange(count * count)).all():
        order = order[::-1]
    for target, source in enumerate(order):
        row, column = divmod(target, count)
        source_row, source_column = divmod(int(source), count)
        shuffled[row * height : (row + 1) * height, column * width : (column + 1) * width] = pixels[
            source_row * height : (source_row + 1) * height, source_column * width : (source_column + 1) * width
        ]
    return Image.fromarray(shuffled)


def _paste(picture: Image.Image, patch: Logo, taken: list[Box], random: np.random.Generator) -> Box | None:
    """Put the patch where nothing else is; the box of what shows of the logo, or None when there was no room."""
    width, height = _target_size(patch.picture.size, picture.width, random)
    colours, mask, shape = _warped(*_prepared(patch, width, height, random), random)
    bounds, box = mask.point(_visible).getbbox(), shape.point(_visible).getbbox()
    if bounds is None or box is None or min(box[2] - box[0], box[3] - box[1]) < 5:
        return None
    # The logo has to show as a whole; the panel that it stands on need not.
    corner = _place((box[2] - box[0], box[3] - box[1]), picture.size, taken, random)
    if corner is None:
        return None
    left, top = corner[0] - box[0], corner[1] - box[1]
    # A panel that would cover another logo is left out; the logo stays.
    if not all(_apart(_moved(bounds, left, top), other) for other in taken):
        mask, bounds = _cut_to(mask, box), box
    colours, mask = _lit(colours.crop(bounds), random), mask.crop(bounds)
    if random.random() < 0.4:
        mask = mask.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 1.5)))
    if random.random() < 0.25:
        opacity = random.uniform(0.7, 1)
        mask = mask.point(lambda value: int(value * opacity))
    picture.paste(colours, (left + bounds[0], top + bounds[1]), mask)
    taken.append(_moved(bounds, left, top))
    return _moved(box, left, top)


def _place(
    size: tuple[int, int], room: tuple[int, int], taken: Sequence[Box], random: np.random.Generator
) -> tuple[int, int] | None:
    """Left and top where a patch of this size lies over nothing else; None after some attempts."""
    if size[0] >= room[0] or size[1] >= room[1]:
        return None
    for _ in range(PLACING_ATTEMPTS):
        left, top = int(random.integers(0, room[0] - size[0])), int(random.integers(0, room[1] - size[1]))
        if all(_apart((left, top, left + size[0], top + size[1]), other) for other in taken):
            return left, top
    return None


def _moved(box: Box, left: int, top: int) -> Box:
    return box[0] + left, box[1] + top, box[2] + left, box[3] + top


def _cut_to(mask: Image.Image, box: Box) -> Image.Image:
    """The mask inside the box, nothing outside."""
    result = Image.new("L", mask.size)
    result.paste(mask.crop(box), box)
    return result


def _apart(first: Box, second: Box) -> bool:
    return first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]


def _target_size(size: tuple[int, int], side: int, random: np.random.Generator) -> tuple[int, int]:
    """Width and height that the patch gets, before it is bent; small ones are as frequent as large ones."""
    share = np.exp(random.uniform(np.log(SMALLEST_SHARE), np.log(LARGEST_SHARE)))
    factor = share * side / np.sqrt(size[0] * size[1])
    stretch = np.exp(random.uniform(-0.2, 0.2))
    width, height = size[0] * factor * stretch, size[1] * factor / stretch
    fitting = min(1.0, side * 0.97 / width, side * 0.97 / height)
    return max(8, int(width * fitting)), max(8, int(height * fitting))


def _prepared(
    patch: Logo, width: int, height: int, random: np.random.Generator
) -> tuple[Image.Image, Image.Image, Image.Image]:
    """The patch at width x height: its colours as another print or another light shows them, the mask through which
    they will be pasted, and the shape that its box will enclose; the first two perhaps with a panel around."""
    colours = patch.picture.resize((width, height), Image.Resampling.BILINEAR)
    shape = (_cut_corners(colours.size) if patch.alpha is None else patch.alpha).resize(
        colours.size, Image.Resampling.BILINEAR
    )
    if patch.alpha is not None and random.random() < 0.5:
        mask = shape
    else:
        mask = Image.new("L", colours.size, 255)
        if random.random() < PANEL_PROBABILITY:
            colours, mask, shape = _on_panel(colours, shape, patch.ground, random)
    choice = random.random()
    if choice < 0.1:
        colours = Image.eval(colours, lambda value: 255 - value)
    elif choice < 0.2:
        colours = colours.convert("L").convert("RGB")
    for enhancer, reach in ((ImageEnhance.Brightness, 0.45), (ImageEnhance.Contrast, 0.5), (ImageEnhance.Color, 0.6)):
        colours = enhancer(colours).enhance(random.uniform(1 - reach, 1 + reach))
    return colours, mask, shape


def _cut_corners(size: tuple[int, int]) -> Image.Image:
    """A mask without the corners: few logos reach into those, so a turned one is smaller than its turned rectangle."""
    shape = Image.new("L", size)
    x, y = (side * CUT_CORNERS for side in size)
    right, bottom = size[0] - 1, size[1] - 1
    corners = [
        (x, 0),
        (right - x, 0),
        (right, y),
        (right, bottom - y),
        (right - x, bottom),
        (x, bottom),
        (0, bottom - y),
        (0, y),
    ]
    ImageDraw.Draw(shape).polygon(corners, fill=255)
    return shape


def _on_panel(
    colours: Image.Image, shape: Image.Image, ground: Colour | None, random: np.random.Generator
) -> tuple[Image.Image, Image.Image, Image.Image]:
    """The logo on more of its ground, so that the edge of the ground is not taken for that of the logo."""
    margins = random.uniform(0, LARGEST_PANEL_MARGIN, 4) * np.tile(colours.size, 2)
    left, top, right, bottom = (int(margin) for margin in margins)
    pads = ((top, bottom), (left, right))
    if ground is None:
        pixels = np.pad(np.asarray(colours), (*pads, (0, 0)), mode="edge")
        panel = Image.fromarray(pixels).filter(ImageFilter.BoxBlur(random.uniform(0, 4)))
        panel.paste(colours, (left, top))
    else:
        panel = Image.new("RGB", (colours.width + left + right, colours.height + top + bottom), ground)
        panel.paste(colours, (left, top))
    return panel, Image.new("L", panel.size, 255), Image.fromarray(np.pad(np.asarray(shape), pads))


def _warped(
    colours: Image.Image, mask: Image.Image, shape: Image.Image, random: np.random.Generator
) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Mostly sheared, turned and seen from the side."""
    if random.random() >= 0.7:
        return colours, mask, shape
    width, height = colours.size
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    if random.random() < 0.6:
        corners *= 1 + random.uniform(-0.18, 0.18, (4, 1))
    corners[:, 0] += random.uniform(-0.2, 0.2) * corners[:, 1]
    angle = random.uniform(-0.3, 0.3)
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners -= corners.min(0)
    size = (max(4, int(np.ceil(corners[:, 0].max())) + 1), max(4, int(np.ceil(corners[:, 1].max())) + 1))
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    coefficients = tuple(float(value) for value in perspective(corners, source))
    colours, mask, shape = (
        layer.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
        for layer in (colours, mask, shape)
    )
    return colours, mask, shape


def perspective(target: Array, source: Array) -> Array:
    """The eight coefficients of the projective map from four points (4, 2) in the result to four in the source, in
    the order that Pillow's PERSPECTIVE transform wants."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows), np.array(values))


def _lit(colours: Image.Image, random: np.random.Generator) -> Image.Image:
    """Sometimes brighter on one side than on the other."""
    if random.random() >= 0.3:
        return colours
    left, right = random.uniform(0.5, 1.3, 2)
    shade = np.linspace(left, right, colours.width)[None, :, None]
    return Image.fromarray(np.clip(np.asarray(colours) * shade, 0, 255).astype(np.uint8))


def _photographed(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """Lens blur, sensor noise, JPEG; exposure is the views' business."""
    if random.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.5)))
    if random.random() < 0.3:
        pixels = np.asarray(picture, np.float32)
        grain = random.standard_normal((*pixels.shape[:2], 1), np.float32) * np.float32(random.uniform(2, 15))
        picture = Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))
    if random.random() < 0.5:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(random.integers(25, 90)))
        picture = Image.open(buffer).convert("RGB")
    return picture
