"""Training pictures for brands: logos, bent and coloured as cameras see them, on drawn backgrounds (D-26)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from emulator.vision.detector.backgrounds import background, draw_clutter, random_colour, spectral_noise
from emulator.vision.detector.pictures import Sample
from emulator.vision.layers import Array

PLAIN_BORDER_TOLERANCE = 30
PLAIN_BORDER_SHARE = 0.7
"""A logo stands on a plain ground when so much of its border has one colour, give or take the tolerance (0..255)."""
VISIBLE_ALPHA = 60
SMALLEST_SHARE, LARGEST_SHARE = 0.08, 0.75
"""Size of a logo (square root of its area) as a share of the picture's side."""
MOST_LOGOS = 9
MEAN_DECOYS = 1.0
PLACING_ATTEMPTS = 10


@dataclass(frozen=True)
class Logo:
    """`picture` RGB, cut to what shows of the logo; `alpha` L, its shape without the plain ground, None where the
    ground is not plain; `label` is an index."""

    picture: Image.Image
    alpha: Image.Image | None
    label: int


def make_logo(picture: Image.Image, label: int) -> Logo:
    """Cuts off a plain margin, so that boxes are as tight as an annotator's."""
    alpha = _alpha_from_border(picture)
    bounds = alpha.point(_visible).getbbox() if alpha else None
    if alpha is None or bounds is None or min(bounds[2] - bounds[0], bounds[3] - bounds[1]) < 8:
        return Logo(picture, None, label)
    return Logo(picture.crop(bounds), alpha.crop(bounds), label)


def _visible(value: int) -> int:
    return 255 * (value > VISIBLE_ALPHA)


def _alpha_from_border(picture: Image.Image) -> Image.Image | None:
    pixels = np.asarray(picture, np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(border, 0)
    if (np.abs(border - ground).max(1) < PLAIN_BORDER_TOLERANCE).mean() < PLAIN_BORDER_SHARE:
        return None
    distance = np.abs(pixels - ground).max(2)
    return Image.fromarray(np.clip((distance - 12) * 8, 0, 255).astype(np.uint8))


def compose(logos: Sequence[Logo], side: int, random: np.random.Generator) -> Sample:
    """A picture of side x side pixels with 0 to 9 logos and a few decoys: shuffled logos, words, textures."""
    picture = background(side, random)
    boxes: list[tuple[int, int, int, int]] = []
    labels: list[int] = []
    taken: list[tuple[int, int, int, int]] = []
    count = int(random.integers(0, MOST_LOGOS + 1))
    patches: list[Logo | None] = [logos[int(index)] for index in random.integers(0, len(logos), count)]
    patches += [None] * int(random.poisson(MEAN_DECOYS))
    for index in random.permutation(len(patches)):
        patch = patches[index]
        box = _paste(picture, patch or _decoy(logos, random), taken, random)
        if box is not None:
            taken.append(box)
            if patch is not None:
                boxes.append(box)
                labels.append(patch.label)
    picture = _photographed(picture, random)
    return Sample(picture, np.array(boxes, np.float64).reshape(-1, 4), np.array(labels, np.int64))


def _decoy(logos: Sequence[Logo], random: np.random.Generator) -> Logo:
    """Something that looks like a logo and is none."""
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
    if (order == np.arange(count * count)).all():
        order = order[::-1]
    for target, source in enumerate(order):
        row, column = divmod(target, count)
        source_row, source_column = divmod(int(source), count)
        shuffled[row * height : (row + 1) * height, column * width : (column + 1) * width] = pixels[
            source_row * height : (source_row + 1) * height, source_column * width : (source_column + 1) * width
        ]
    return Image.fromarray(shuffled)


def _paste(
    picture: Image.Image, patch: Logo, taken: list[tuple[int, int, int, int]], random: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """Puts the patch where nothing else is; its box, or None when there was no room."""
    colours, alpha = _warped(
        *_prepared(patch, random), *_target_size(patch.picture.size, picture.width, random), random
    )
    bounds = alpha.point(_visible).getbbox()
    if bounds is None:
        return None
    colours, alpha = _lit(colours.crop(bounds), random), alpha.crop(bounds)
    width, height = colours.size
    if width >= picture.width or height >= picture.height or min(width, height) < 5:
        return None
    for _ in range(PLACING_ATTEMPTS):
        left, top = int(random.integers(0, picture.width - width)), int(random.integers(0, picture.height - height))
        box = (left, top, left + width, top + height)
        if all(_apart(box, other) for other in taken):
            break
    else:
        return None
    if random.random() < 0.4:
        alpha = alpha.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 1.5)))
    if random.random() < 0.25:
        opacity = random.uniform(0.7, 1)
        alpha = alpha.point(lambda value: int(value * opacity))
    picture.paste(colours, (left, top), alpha)
    return box


def _apart(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    return first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]


def _target_size(size: tuple[int, int], side: int, random: np.random.Generator) -> tuple[int, int]:
    """Width and height that the patch gets, before it is bent; small ones are as frequent as large ones."""
    share = np.exp(random.uniform(np.log(SMALLEST_SHARE), np.log(LARGEST_SHARE)))
    factor = share * side / np.sqrt(size[0] * size[1])
    stretch = np.exp(random.uniform(-0.2, 0.2))
    width, height = size[0] * factor * stretch, size[1] * factor / stretch
    fitting = min(1.0, side * 0.97 / width, side * 0.97 / height)
    return max(8, int(width * fitting)), max(8, int(height * fitting))


def _prepared(patch: Logo, random: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Colours as another print or another light shows them, and the shape that will be pasted."""
    colours = patch.picture
    alpha = patch.alpha if patch.alpha is not None and random.random() < 0.5 else Image.new("L", colours.size, 255)
    choice = random.random()
    if choice < 0.1:
        colours = Image.eval(colours, lambda value: 255 - value)
    elif choice < 0.2:
        colours = colours.convert("L").convert("RGB")
    for enhancer, reach in ((ImageEnhance.Brightness, 0.45), (ImageEnhance.Contrast, 0.5), (ImageEnhance.Color, 0.6)):
        colours = enhancer(colours).enhance(random.uniform(1 - reach, 1 + reach))
    return colours, alpha


def _warped(
    colours: Image.Image, alpha: Image.Image, width: int, height: int, random: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    """Scaled to width x height and, mostly, sheared, turned and seen from the side."""
    colours = colours.resize((width, height), Image.Resampling.BILINEAR)
    alpha = alpha.resize((width, height), Image.Resampling.BILINEAR)
    if random.random() >= 0.7:
        return colours, alpha
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
    return (
        colours.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR),
        alpha.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR),
    )


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
