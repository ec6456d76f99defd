"""Flowers: several labels a picture: the kind, whether it has leaves, and how far it has grown (C-4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from emulator.example_projects.pictures import Canvas, Colour, ExampleImage, ExampleProject, encoded, jittered, shade

SIZE = (256, 256)
LEAVES = ("with_leaves", "without_leaves")
GROWTH = ("fully_grown", "not_fully_grown")
TRAINING_IMAGES, TEST_IMAGES = 60, 40
_GROUNDS: tuple[Colour, ...] = (
    (60, 66, 58),
    (120, 108, 92),
    (166, 176, 168),
    (86, 94, 110),
    (206, 202, 192),
    (44, 48, 54),
)


def _petal(canvas: Canvas, x: float, y: float, angle: float, length: float, wide: float, fill: Colour) -> None:
    """A leaf-shaped form from (x, y) in the direction of an angle (radians)."""
    points = []
    for step in range(13):
        share = step / 12
        half = wide * math.sin(math.pi * share) ** 0.8
        for side in (1, -1):
            along, off = length * share, half * side
            points.append((step if side == 1 else 25 - step, along, off))
    points.sort()
    canvas.polygon(
        [
            (x + along * math.cos(angle) - off * math.sin(angle), y + along * math.sin(angle) + off * math.cos(angle))
            for _, along, off in points
        ],
        fill,
    )


def _camellia(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Rings of many round petals, pink, red or white."""
    random = canvas.random
    colour = jittered(random.choice([(214, 70, 110), (190, 40, 60), (240, 196, 206)]), random)
    for ring in range(5):
        radius, count = size * (1 - ring * 0.2), 9 - ring
        turn = random.uniform(0, 6)
        for number in range(count):
            angle = turn + number * 2 * math.pi / count
            px, py = x + math.cos(angle) * radius * 0.55, y + math.sin(angle) * radius * 0.55
            canvas.ellipse(
                px,
                py,
                radius * 0.46,
                radius * 0.46,
                shade(colour, 0.78 + 0.09 * ring),
                shade(colour, 0.62 + 0.09 * ring),
            )
    canvas.ellipse(x, y, size * 0.16, size * 0.16, shade(colour, 1.25))


def _helleborus(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Five broad pointed petals, pale green to purple, with a wreath of stamens."""
    random = canvas.random
    colour = jittered(random.choice([(196, 206, 166), (130, 76, 120), (216, 200, 206)]), random)
    turn = random.uniform(0, 6)
    for number in range(5):
        angle = turn + number * 2 * math.pi / 5
        _petal(canvas, x, y, angle, size, size * 0.42, shade(colour, random.uniform(0.88, 1.05)))
        tip = (x + math.cos(angle) * size * 0.9, y + math.sin(angle) * size * 0.9)
        canvas.line([(x, y), tip], shade(colour, 0.76), 1)
    for _ in range(26):
        angle, far = random.uniform(0, 2 * math.pi), size * random.uniform(0.12, 0.3)
        canvas.ellipse(
            x + math.cos(angle) * far, y + math.sin(angle) * far, size * 0.035, size * 0.035, (232, 214, 120)
        )
    canvas.ellipse(x, y, size * 0.09, size * 0.09, (150, 170, 90))


def _jonquil(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Six yellow petals around an orange trumpet."""
    random = canvas.random
    colour = jittered(random.choice([(244, 214, 70), (250, 236, 150)]), random, 10)
    turn = random.uniform(0, 6)
    for number in range(6):
        angle = turn + number * math.pi / 3
        _petal(canvas, x, y, angle, size, size * 0.26, shade(colour, random.uniform(0.9, 1.05)))
    trumpet = jittered((236, 140, 30), random, 12)
    canvas.ellipse(x, y, size * 0.36, size * 0.34, trumpet)
    canvas.ellipse(x, y, size * 0.25, size * 0.23, shade(trumpet, 0.72))
    for number in range(12):
        angle = number * math.pi / 6
        canvas.ellipse(
            x + math.cos(angle) * size * 0.35, y + math.sin(angle) * size * 0.33, size * 0.06, size * 0.06, trumpet
        )


def _mauve_honey_myrtle(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A ball of thin mauve threads with yellow tips."""
    random = canvas.random
    colour = jittered((176, 110, 190), random)
    for _ in range(230):
        angle, far = random.uniform(0, 2 * math.pi), size * random.uniform(0.6, 1.02)
        tip = (x + math.cos(angle) * far, y + math.sin(angle) * far)
        canvas.line([(x, y), tip], shade(colour, random.uniform(0.75, 1.3)), 0.9)
        canvas.ellipse(*tip, size * 0.025, size * 0.025, (242, 226, 150))
    canvas.ellipse(x, y, size * 0.14, size * 0.14, shade(colour, 0.7))


def _mediterranean_spurge(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A head of many small lime cups with brown hearts."""
    random = canvas.random
    colour = jittered((178, 200, 70), random)
    for _ in range(34):
        angle, far = random.uniform(0, 2 * math.pi), size * random.uniform(0, 0.9) ** 0.8
        px, py = x + math.cos(angle) * far * 0.9, y + math.sin(angle) * far * 0.9
        radius = size * random.uniform(0.13, 0.19)
        canvas.ellipse(px, py, radius, radius * 0.85, shade(colour, random.uniform(0.85, 1.15)), shade(colour, 0.7))
        canvas.ellipse(px, py, radius * 0.3, radius * 0.28, (110, 66, 50))


KINDS: Mapping[str, Callable[[Canvas, float, float, float], None]] = MappingProxyType(
    {
        "camellia": _camellia,
        "helleborus": _helleborus,
        "jonquil": _jonquil,
        "mauve_honey_myrtle": _mauve_honey_myrtle,
        "mediterranean_spurge": _mediterranean_spurge,
    }
)
_BUDS: Mapping[str, Colour] = MappingProxyType(
    {
        "camellia": (206, 70, 104),
        "helleborus": (178, 168, 150),
        "jonquil": (240, 212, 80),
        "mauve_honey_myrtle": (170, 112, 184),
        "mediterranean_spurge": (176, 196, 76),
    }
)


def _bud(canvas: Canvas, kind: str, x: float, y: float, size: float) -> None:
    """A flower that has not opened: what will open shows above green sepals."""
    random = canvas.random
    colour = jittered(_BUDS[kind], random)
    if kind in ("mauve_honey_myrtle", "mediterranean_spurge"):
        for _ in range(18):
            angle, far = random.uniform(0, 2 * math.pi), size * random.uniform(0, 0.36)
            px, py = x + math.cos(angle) * far, y + math.sin(angle) * far * 1.2
            canvas.ellipse(px, py, size * 0.11, size * 0.11, shade(colour, random.uniform(0.7, 1.2)))
    else:
        for turn in (-0.35, 0.3, 0.0):
            _petal(
                canvas,
                x,
                y + size * 0.5,
                -math.pi / 2 + turn,
                size * 1.05,
                size * 0.26,
                shade(colour, 1.0 - abs(turn) * 0.6),
            )
    green = jittered((96, 136, 70), random)
    for turn in (-0.7, 0.0, 0.7):
        _petal(
            canvas,
            x,
            y + size * 0.62,
            -math.pi / 2 + turn,
            size * 0.62,
            size * 0.14,
            shade(green, 1.0 - abs(turn) * 0.2),
        )


def _leaves(canvas: Canvas, x: float, y: float, size: float) -> None:
    random = canvas.random
    green = jittered(random.choice([(52, 104, 54), (88, 132, 62), (64, 92, 70)]), random)
    for _ in range(random.randint(6, 9)):
        angle = random.uniform(0, 2 * math.pi)
        start = (x + math.cos(angle) * size * 0.3, y + math.sin(angle) * size * 0.3)
        length = size * random.uniform(1.1, 1.7)
        _petal(canvas, *start, angle, length, length * 0.2, shade(green, random.uniform(0.8, 1.2)))
        end = (start[0] + math.cos(angle) * length * 0.9, start[1] + math.sin(angle) * length * 0.9)
        canvas.line([start, end], shade(green, 1.35), 1)


def _drawn(kind: str, leaves: str, growth: str, number: int, side: str) -> ExampleImage:
    canvas = Canvas(*SIZE, (0, 0, 0), f"flowers {side} {kind} {leaves} {growth} {number}")
    random = canvas.random
    ground = jittered(random.choice(_GROUNDS), random)
    canvas.rectangle(0, 0, *SIZE, ground)
    for _ in range(24):
        spot = shade(ground, random.uniform(0.8, 1.25))
        radius = random.uniform(14, 54)
        canvas.ellipse(random.uniform(0, SIZE[0]), random.uniform(0, SIZE[1]), radius, radius, spot)
    x, y = (SIZE[0] / 2 + random.uniform(-26, 26) for _ in range(2))
    size = random.uniform(62, 88) if growth == GROWTH[0] else random.uniform(34, 48)
    canvas.line([(x, y), (x + random.uniform(-30, 30), SIZE[1])], jittered((90, 126, 70), random), 4)
    if leaves == LEAVES[0]:
        _leaves(canvas, x, y, 72)
    if growth == GROWTH[0]:
        KINDS[kind](canvas, x, y, size)
    else:
        _bud(canvas, kind, x, y, size)
    return ExampleImage(
        f"{kind}-{leaves}-{growth}-{number}.jpg", encoded(canvas.finished()), (kind, leaves, growth), (), SIZE
    )


def _pictures(side: str, each: int) -> Iterator[ExampleImage]:
    for number in range(each):
        for kind in KINDS:
            for leaves in LEAVES:
                for growth in GROWTH:
                    yield _drawn(kind, leaves, growth, number + 1, side)


FLOWERS = ExampleProject(
    id="flowers",
    name="Flowers",
    stem="flowers",
    labels=(*KINDS, *LEAVES, *GROWTH),
    has_boxes=False,
    training_images=TRAINING_IMAGES,
    test_images=TEST_IMAGES,
    train=lambda: _pictures("train", TRAINING_IMAGES // 20),
    test=lambda: _pictures("test", TEST_IMAGES // 20),
    sample=lambda: _drawn("camellia", LEAVES[0], GROWTH[0], 1, "sample"),
)
