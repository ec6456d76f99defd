"""Pictures that tests draw, and their manifest lines.

A label is a shape in its own colour (`SHAPES`) on a varied background, so that a small training set is enough to tell
them apart. The same arguments always give the same bytes.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SHAPES = {"circle": (214, 40, 40), "square": (36, 84, 204), "triangle": (245, 196, 32), "cross": (28, 140, 60)}
SINGLE_LABELS: Sequence[str] = ("circle", "square")
SEVERAL_LABELS: Sequence[str] = ("circle", "square", "cross")
CREATION_DATE = "2026-01-02T03:04:05.678"


@dataclass(frozen=True, slots=True)
class Box:
    """Where a label is in a picture, in pixels from the top left corner."""

    label: str
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, `name` with extension; `boxes` has one box for each of `labels`, in the same order."""

    name: str
    body: bytes
    labels: tuple[str, ...]
    boxes: tuple[Box, ...]
    width: int
    height: int


def draw_picture(
    labels: Sequence[str], seed: int, size: tuple[int, int] = (128, 128), kind: str = "PNG", name: str | None = None
) -> Picture:
    """Draw at most four labels, each in a quarter of the picture of its own; `kind` is PNG or JPEG."""
    random = np.random.default_rng([seed, *size])
    width, height = size
    image = _background(random, width, height)
    draw = ImageDraw.Draw(image)
    quarters = random.permutation(4)[: len(labels)]
    boxes = tuple(
        _draw_shape(draw, label, random, int(quarter), size) for label, quarter in zip(labels, quarters, strict=True)
    )
    file = io.BytesIO()
    image.save(file, kind)
    extension = "jpg" if kind == "JPEG" else "png"
    name = name or f"{'-'.join(labels) or 'nothing'}-{seed:04d}.{extension}"
    return Picture(name, file.getvalue(), tuple(labels), boxes, width, height)


def palette_picture_without_palette(side: int = 80) -> bytes:
    """A PNG of 8 bits and colour type 3 without its PLTE chunk: it opens and loads, and cannot become RGB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 3, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(range(side)) for _ in range(side)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _background(random: np.random.Generator, width: int, height: int) -> Image.Image:
    """A smooth gradient between two muted colours with noise."""
    corners = random.integers(70, 190, size=(2, 2, 3), dtype=np.uint8)
    image = Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC)
    noise = random.normal(0, 14, size=(height, width, 3))
    pixels = np.clip(np.asarray(image, dtype=np.float64) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1))


def _draw_shape(
    draw: ImageDraw.ImageDraw, label: str, random: np.random.Generator, quarter: int, size: tuple[int, int]
) -> Box:
    half_width, half_height = size[0] // 2, size[1] // 2
    side = int(random.integers(min(half_width, half_height) * 6 // 10, min(half_width, half_height) * 9 // 10))
    left = (quarter % 2) * half_width + int(random.integers(0, half_width - side))
    top = (quarter // 2) * half_height + int(random.integers(0, half_height - side))
    right, bottom, middle = left + side, top + side, left + side // 2
    colour = SHAPES[label]
    if label == "circle":
        draw.ellipse((left, top, right, bottom), fill=colour)
    elif label == "square":
        draw.rectangle((left, top, right, bottom), fill=colour)
    elif label == "triangle":
        draw.polygon([(middle, top), (right, bottom), (left, bottom)], fill=colour)
    else:
        arm = side // 3
        draw.rectangle((left + arm, top, right - arm, bottom), fill=colour)
        draw.rectangle((left, top + arm, right, bottom - arm), fill=colour)
    return Box(label, left, top, side, side)


def single_label_pictures(labels: Sequence[str], each: int, seed: int = 0, **options: Any) -> list[Picture]:
    """`each` pictures of every label, one label a picture, label after label."""
    return [
        draw_picture([label], seed + 1000 * place + number, **options)
        for place, label in enumerate(labels)
        for number in range(each)
    ]


def several_label_pictures(labels: Sequence[str], count: int, seed: int = 0, **options: Any) -> list[Picture]:
    """Pictures with one label up to all of them, every label in about half of the pictures."""
    random = np.random.default_rng(seed)
    pictures = []
    for number in range(count):
        chosen = [label for label in labels if random.random() < 0.5] or [labels[number % len(labels)]]
        pictures.append(draw_picture(chosen, seed + number, **options))
    return pictures


def image_level_line(picture: Picture, bucket: str, prefix: str = "images/") -> str:
    """A manifest line with one image-level attribute for each label (F-3, F-4); unlabelled with no label."""
    line: dict[str, object] = {"source-ref": f"s3://{bucket}/{prefix}{picture.name}"}
    for number, label in enumerate(picture.labels):
        line[f"shape{number}"] = 1
        line[f"shape{number}-metadata"] = {
            "confidence": 1,
            "job-name": f"labeling-job/shape{number}",
            "class-name": label,
            "human-annotated": "yes",
            "creation-date": CREATION_DATE,
            "type": "groundtruth/image-classification",
        }
    return json.dumps(line)


def box_line(picture: Picture, bucket: str, prefix: str = "images/") -> str:
    """A manifest line with the boxes of a picture (F-5)."""
    names = sorted({box.label for box in picture.boxes})
    annotations = [
        {
            "class_id": names.index(box.label),
            "left": box.left,
            "top": box.top,
            "width": box.width,
            "height": box.height,
        }
        for box in picture.boxes
    ]
    return json.dumps(
        {
            "source-ref": f"s3://{bucket}/{prefix}{picture.name}",
            "boxes": {
                "image_size": [{"width": picture.width, "height": picture.height, "depth": 3}],
                "annotations": annotations,
            },
            "boxes-metadata": {
                "objects": [{"confidence": 1} for _ in annotations],
                "class-map": {str(number): name for number, name in enumerate(names)},
                "type": "groundtruth/object-detection",
                "human-annotated": "yes",
                "creation-date": CREATION_DATE,
                "job-name": "labeling-job/boxes",
            },
        }
    )


def image_level_manifest(pictures: Iterable[Picture], bucket: str, prefix: str = "images/") -> bytes:
    """JSON Lines of `image_level_line`, each ended by a newline."""
    return "".join(image_level_line(picture, bucket, prefix) + "\n" for picture in pictures).encode()


def box_manifest(pictures: Iterable[Picture], bucket: str, prefix: str = "images/") -> bytes:
    """JSON Lines of `box_line`, each ended by a newline."""
    return "".join(box_line(picture, bucket, prefix) + "\n" for picture in pictures).encode()


def upload_pictures(s3: Any, pictures: Iterable[Picture], bucket: str, prefix: str = "images/") -> None:
    """Put the pictures into an existing bucket through a boto3 S3 client."""
    for picture in pictures:
        s3.put_object(Bucket=bucket, Key=f"{prefix}{picture.name}", Body=picture.body)
