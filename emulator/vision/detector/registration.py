"""What the pictures of one logo have in common: each is laid over the others, and what sticks out is cut off.

Logos are cropped by hand, some closely and some with a lot around them. Where the ground is plain the edge of the logo
can be seen (composition.make_logo); elsewhere the other pictures of the same label tell where it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emulator.vision.layers import Array

SIDE = 48
"""Pictures are compared at a size of SIDE x SIDE pixels, in their own shape."""
TRANSFORM = 128
"""Side of the Fourier transforms in pixels."""
LARGEST_SIDE = 72
"""So that what overlaps far too little is all that a shift can wrap around."""
DIRECTIONS = 8
WEAK_EDGE = 0.05
"""Differences of neighbouring pixels (0…1) that count half; strong ones count equally, whatever their strength."""
SCALES = tuple(np.exp(np.linspace(np.log(0.55), np.log(1.8), 11)))
ASPECTS = (0.85, 1.0, 1.18)
SMALLEST_OVERLAP = 0.6
"""Of the smaller of two pictures; less in common is left to chance."""
SMALLEST_LIKENESS = 0.33
MOST_PARTNERS = 5
SMALLEST_SIDE_SHARE = 0.3
"""Less than so much of a picture's width or height is not taken for the logo."""


@dataclass(frozen=True)
class _Edges:
    """Transforms of a picture's edge directions, of their energy, and of the area that the picture covers."""

    width: int
    height: int
    energy: float
    directions: Array
    energies: Array
    area: Array


def common_parts(pictures: Sequence[Image.Image]) -> list[tuple[float, float, float, float]]:
    """For each picture of one logo the part that it shares with others: left, top, right, bottom, in fractions of it.

    The whole of it, where fewer than two of the others are like it.
    """
    sizes = [_comparable_size(picture) for picture in pictures]
    parts = []
    for index, picture in enumerate(pictures):
        edges = _edges(picture, *sizes[index])
        partners = [(index + step) % len(pictures) for step in range(1, min(len(pictures), MOST_PARTNERS + 1))]
        found = [_register(edges, pictures[partner], sizes[partner]) for partner in partners]
        parts.append(_agreed([placement for likeness, placement in found if likeness >= SMALLEST_LIKENESS]))
    return parts


def _comparable_size(picture: Image.Image) -> tuple[int, int]:
    factor = SIDE / np.sqrt(picture.width * picture.height)
    longest = LARGEST_SIDE / max(picture.width, picture.height)
    factor = min(factor, longest)
    return max(8, round(picture.width * factor)), max(8, round(picture.height * factor))


def _edges(picture: Image.Image, width: int, height: int) -> _Edges:
    """Edges by direction, without sign: a bright logo on a dark ground is like a dark one on a bright ground."""
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    slopes: Array = np.array(np.gradient(pixels, axis=(0, 1)))
    strongest = np.hypot(*slopes).argmax(2)[None, ..., None]
    vertical, horizontal = np.take_along_axis(slopes, strongest, 3)[..., 0]
    strength = np.hypot(vertical, horizontal)
    strength /= strength + WEAK_EDGE
    direction = np.mod(np.arctan2(vertical, horizontal), np.pi) / np.pi * DIRECTIONS
    lower, share = np.floor(direction).astype(int), direction - np.floor(direction)
    planes: Array = np.zeros((DIRECTIONS, height, width), np.float32)
    rows, columns = np.mgrid[:height, :width]
    planes[lower % DIRECTIONS, rows, columns] += strength * (1 - share)
    planes[(lower + 1) % DIRECTIONS, rows, columns] += strength * share
    for axis in (1, 2):
        # A little blur forgives what the scales and shapes that are tried do not fit exactly.
        planes = (np.roll(planes, 1, axis) + 2 * planes + np.roll(planes, -1, axis)) / 4
    planes -= planes.mean()
    energies = np.square(planes).sum(0)
    transforms = [np.fft.rfft2(part, (TRANSFORM, TRANSFORM)) for part in (planes, energies, np.ones_like(energies))]
    return _Edges(width, height, float(energies.sum()), *transforms)


def _register(edges: _Edges, other: Image.Image, size: tuple[int, int]) -> tuple[float, Array]:
    """The best likeness 0…1 of any placement of the other picture, and that: left, top, right, bottom in fractions."""
    best, placement = 0.0, np.array([0.0, 0.0, 1.0, 1.0])
    for scale, aspect in itertools.product(SCALES, ASPECTS):
        width, height = round(size[0] * scale * aspect), round(size[1] * scale / aspect)
        if min(width, height) < 8 or max(width, height) > LARGEST_SIDE:
            continue
        likeness = _likeness(edges, _edges(other, width, height))
        top, left = np.unravel_index(likeness.argmax(), likeness.shape)
        if likeness[top, left] > best:
            best = float(likeness[top, left])
            x, y = (int(shift) - TRANSFORM * (shift >= TRANSFORM // 2) for shift in (left, top))
            placement = np.array([x, y, x + width, y + height]) / np.array([edges.width, edges.height] * 2)
    return best, np.clip(placement, 0, 1)


def _likeness(edges: _Edges, other: _Edges) -> Array:
    """(TRANSFORM, TRANSFORM), for every shift: the geometric mean of two normalised correlations.

    That over what both have in common favours small overlaps, that over all they have favours large ones.
    """

    def correlation(first: Array, second: Array) -> Array:
        result: Array = np.fft.irfft2(first * second.conj(), (TRANSFORM, TRANSFORM))
        return result

    common = np.fft.irfft2((edges.directions * other.directions.conj()).sum(0), (TRANSFORM, TRANSFORM))
    within = correlation(edges.energies, other.area) * correlation(edges.area, other.energies)
    overlap = correlation(edges.area, other.area)
    enough = overlap > SMALLEST_OVERLAP * min(edges.width * edges.height, other.width * other.height)
    # Squares of both correlations; rounding leaves traces where nothing overlaps.
    local = np.square(common) / np.maximum(within, 1e-3)
    whole = np.square(common) / max(edges.energy * other.energy, 1e-3)
    likeness: Array = np.where(enough & (common > 0), np.sqrt(np.sqrt(local * whole)), 0)
    return likeness


def _agreed(placements: Sequence[Array]) -> tuple[float, float, float, float]:
    """What at least two of the pictures, this one counted, leave on every side."""
    if len(placements) < 2:
        return 0.0, 0.0, 1.0, 1.0
    sides = np.sort(np.array([[0.0, 0.0, 1.0, 1.0], *placements]), 0)
    left, top, right, bottom = (float(side) for side in (*sides[-2, :2], *sides[1, 2:]))
    if min(right - left, bottom - top) < SMALLEST_SIDE_SHARE:
        return 0.0, 0.0, 1.0, 1.0
    return left, top, right, bottom
