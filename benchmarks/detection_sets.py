"""Detection sets for benchmarks/detection.py: from folders with Ground Truth manifests, and drawn ones."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from emulator.vision.examples import LabelledBox, TrainingExample

DRAWN_LABELS = ("cross", "disc")
LOGO_WORDS = ("Acme", "ORBIT", "nixo", "Zeta9", "KRAL", "puma-x", "Voltaic", "EE")


@dataclass(frozen=True)
class FilePicture:
    """An ImageSource that is a file."""

    path: Path

    @property
    def identity(self) -> str:
        return self.path.name

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True)
class DrawnPicture:
    """An ImageSource in memory."""

    identity: str
    data: bytes

    def read(self) -> bytes:
        return self.data


@dataclass(frozen=True)
class DetectionSet:
    """Pictures to train on and to test on; a brand set trains on logos with image-level labels."""

    labels: tuple[str, ...]
    train: list[TrainingExample]
    test: list[TrainingExample]


def folder_set(folder: Path) -> DetectionSet:
    """From train.jsonl, test.jsonl and images/."""
    train, test = (_read_manifest(folder, split) for split in ("train", "test"))
    labels = sorted(
        {box.label for example in train for box in example.boxes} | {label for item in train for label in item.labels}
    )
    return DetectionSet(tuple(labels), train, test)


def _read_manifest(folder: Path, split: str) -> list[TrainingExample]:
    examples = []
    for line in (folder / f"{split}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        picture = FilePicture(folder / "images" / Path(entry["source-ref"]).name)
        metadata = next(name for name in entry if name.endswith("-metadata"))
        if "class-map" not in entry[metadata]:
            examples.append(TrainingExample(picture, frozenset({entry[metadata]["class-name"]})))
            continue
        classes = entry[metadata]["class-map"]
        boxes = tuple(
            LabelledBox(classes[str(box["class_id"])], box["left"], box["top"], box["width"], box["height"])
            for box in entry[metadata.removesuffix("-metadata")]["annotations"]
        )
        examples.append(TrainingExample(picture, frozenset(), boxes))
    return examples


def drawn_set() -> DetectionSet:
    """Eight crosses and discs of 14 to 20 pixels in each picture of 1280 x 960."""
    return DetectionSet(DRAWN_LABELS, [_drawing(seed) for seed in range(30)], [_drawing(1000 + s) for s in range(15)])


def tiny_set() -> DetectionSet:
    """Eight crosses and discs of 12 pixels in each picture of 1280 x 960."""
    sizes = (12, 13)
    return DetectionSet(
        DRAWN_LABELS,
        [_drawing(seed, sizes=sizes) for seed in range(30)],
        [_drawing(1000 + seed, sizes=sizes) for seed in range(15)],
    )


def crowded_set() -> DetectionSet:
    """30 to 50 crosses and discs of 20 to 60 pixels in each picture of 640 x 480; they may touch."""
    options = {"size": (640, 480), "grid": (10, 8), "counts": (30, 51), "sizes": (20, 61)}
    return DetectionSet(
        DRAWN_LABELS,
        [_drawing(seed, **options) for seed in range(30)],
        [_drawing(1000 + seed, **options) for seed in range(15)],
    )


def _drawing(
    seed: int,
    size: tuple[int, int] = (1280, 960),
    grid: tuple[int, int] = (8, 6),
    counts: tuple[int, int] = (8, 9),
    sizes: tuple[int, int] = (14, 21),
) -> TrainingExample:
    """At most one object in a cell of the grid (columns, rows); `counts` and `sizes` (pixels): from, up to without."""
    random = np.random.default_rng(seed)
    picture = _grainy(*size, random)
    draw = ImageDraw.Draw(picture)
    boxes: list[LabelledBox] = []
    columns, rows = grid
    width, height = size[0] // columns, size[1] // rows
    count = counts[0] if counts[1] - counts[0] == 1 else int(random.integers(*counts))
    for cell in random.permutation(columns * rows)[:count]:
        side = int(random.integers(*sizes))
        left = int(cell) % columns * width + int(random.integers(0, max(1, width - side)))
        top = int(cell) // columns * height + int(random.integers(0, max(1, height - side)))
        box = LabelledBox(DRAWN_LABELS[int(random.integers(2))], left, top, side, side)
        colour = (235, 230, 240) if random.random() < 0.5 else (20, 15, 25)
        if box.label == "disc":
            draw.ellipse([left, top, left + side - 1, top + side - 1], fill=colour)
        else:
            third = side / 3
            draw.rectangle([left + third, top, left + side - 1 - third, top + side - 1], fill=colour)
            draw.rectangle([left, top + third, left + side - 1, top + side - 1 - third], fill=colour)
        boxes.append(box)
    return TrainingExample(encoded(f"drawing {seed}", picture), frozenset(), tuple(boxes))


def logo_set() -> DetectionSet:
    """Eight logos, five pictures each to train on; 48 scenes with one or two of them to test on."""
    logos = [_logo(number) for number in range(len(LOGO_WORDS))]
    random = np.random.default_rng(6)
    train = []
    for number, logo in enumerate(logos):
        for copy in range(5):
            factor = random.uniform(0.4, 1)
            small = logo.resize((int(logo.width * factor), int(logo.height * factor)))
            train.append(TrainingExample(encoded(f"logo {number} {copy}", small), frozenset({LOGO_WORDS[number]})))
    return DetectionSet(LOGO_WORDS, train, [_scene(logos, seed) for seed in range(48)])


def _logo(number: int) -> Image.Image:
    random = np.random.default_rng([5, number])
    ground, first, second = ((int(r), int(g), int(b)) for r, g, b in random.integers(0, 256, (3, 3)))
    picture = Image.new("RGB", (320, 150), ground if number % 2 else (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    if number % 4 == 0:
        draw.ellipse([15, 15, 125, 135], fill=first)
        draw.polygon([(40, 115), (70, 35), (100, 115)], fill=second)
    elif number % 4 == 1:
        draw.rectangle([20, 20, 120, 130], outline=first, width=14)
        draw.line([20, 130, 120, 20], fill=second, width=12)
    elif number % 4 == 2:
        for ring in range(3):
            draw.ellipse([12 + ring * 30, 35 + ring * 10, 72 + ring * 30, 95 + ring * 10], outline=first, width=8)
    else:
        draw.polygon([(20, 130), (70, 15), (120, 130), (70, 90)], fill=first)
    font = ImageFont.load_default(54)
    draw.text((135, 42), LOGO_WORDS[number], fill=second if number % 3 else first, font=font)
    return picture.crop((0, 0, min(320, int(draw.textbbox((135, 42), LOGO_WORDS[number], font=font)[2]) + 12), 150))


def _scene(logos: list[Image.Image], seed: int) -> TrainingExample:
    """Made by other means than the training's compositions: walls and floors of grainy colours, rotated logos."""
    random = np.random.default_rng([7, seed])
    scene = _grainy(640, 480, random)
    for _ in range(6):
        width, height = (int(value) for value in random.integers(60, 400, 2))
        corner = int(random.integers(-50, 600)), int(random.integers(-50, 440))
        scene.paste(_grainy(width, height, random).filter(ImageFilter.GaussianBlur(1)), corner)
    boxes: list[LabelledBox] = []
    for half in range(int(random.integers(1, 3))):
        number = int(random.integers(len(logos)))
        size = float(np.exp(random.uniform(np.log(70), np.log(200))))
        logo = logos[number]
        factor = size / np.sqrt(logo.width * logo.height)
        turned = logo.resize((int(logo.width * factor), int(logo.height * factor))).convert("RGBA")
        turned = turned.rotate(random.uniform(-10, 10), Image.Resampling.BICUBIC, expand=True)
        if turned.width > 310 or turned.height > 470:
            continue
        left = 320 * half + int(random.integers(0, 320 - turned.width))
        top = int(random.integers(0, 480 - turned.height))
        lit = ImageEnhance.Brightness(turned.convert("RGB")).enhance(random.uniform(0.6, 1.1))
        scene.paste(lit, (left, top), turned.getchannel("A"))
        boxes.append(LabelledBox(LOGO_WORDS[number], left, top, turned.width, turned.height))
    return TrainingExample(encoded(f"scene {seed}", scene), frozenset(), tuple(boxes))


def _grainy(width: int, height: int, random: np.random.Generator) -> Image.Image:
    ground = random.integers(60, 190, 3) + random.normal(0, 12, (height, width, 3))
    return Image.fromarray(ground.clip(0, 255).astype(np.uint8))


def encoded(identity: str, picture: Image.Image) -> DrawnPicture:
    """The picture as a JPEG in memory."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return DrawnPicture(identity, buffer.getvalue())
