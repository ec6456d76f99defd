"""Circuit boards: boxes around four kinds of parts (C-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from emulator.domain.manifest.findings import Box
from emulator.example_projects.pictures import Canvas, Colour, ExampleImage, ExampleProject, encoded, jittered, shade

SIZE = (400, 300)
TRAINING_IMAGES, TEST_IMAGES = 24, 12
_BOARDS: tuple[Colour, ...] = ((30, 96, 60), (24, 60, 112), (120, 32, 36), (34, 38, 42), (196, 180, 130))
_GOLD: Colour = (206, 176, 96)
_MOST_TRIES = 60
_MARGIN = 30
_GAP = 4


def _phototransistor(canvas: Canvas, x: float, y: float, size: float) -> tuple[float, float]:
    """A dark dome on two legs."""
    dome = jittered((44, 34, 48), canvas.random, 8)
    wide, high = size * 0.8, size * 1.2
    for leg in (-0.2, 0.2):
        canvas.line([(x + leg * size, y), (x + leg * size, y + high * 0.5)], (200, 204, 208), size * 0.07)
    canvas.rounded(x - wide / 2, y - high / 2, x + wide / 2, y + high * 0.22, wide / 2, dome)
    canvas.rectangle(x - wide * 0.56, y + high * 0.1, x + wide * 0.56, y + high * 0.24, shade(dome, 1.5))
    canvas.ellipse(x - wide * 0.16, y - high * 0.24, wide * 0.1, wide * 0.16, shade(dome, 2.6))
    return wide * 1.12, high


def _led(canvas: Canvas, x: float, y: float, size: float) -> tuple[float, float]:
    """A clear, bluish dome on two legs."""
    dome = jittered((196, 206, 232), canvas.random, 10)
    wide, high = size * 0.8, size * 1.2
    for leg in (-0.2, 0.2):
        canvas.line([(x + leg * size, y), (x + leg * size, y + high * 0.5)], (200, 204, 208), size * 0.07)
    canvas.rounded(x - wide / 2, y - high / 2, x + wide / 2, y + high * 0.22, wide / 2, dome)
    canvas.rectangle(x - wide * 0.56, y + high * 0.1, x + wide * 0.56, y + high * 0.24, shade(dome, 0.82))
    canvas.rectangle(x - wide * 0.2, y - high * 0.1, x + wide * 0.02, y + high * 0.1, (120, 124, 140))
    canvas.ellipse(x - wide * 0.18, y - high * 0.26, wide * 0.1, wide * 0.16, (250, 252, 255))
    return wide * 1.12, high


def _pot(canvas: Canvas, x: float, y: float, size: float) -> tuple[float, float]:
    """A blue box with a white dial that a screwdriver turns."""
    side = size * 1.3
    blue = jittered((46, 96, 186), canvas.random)
    canvas.rectangle(x - side / 2, y - side / 2, x + side / 2, y + side / 2, blue, shade(blue, 0.6))
    canvas.ellipse(x, y, side * 0.34, side * 0.34, (236, 232, 222), (170, 166, 156))
    slot = canvas.random.choice(((1, 0), (0, 1), (0.7, 0.7), (0.7, -0.7)))
    across, down = slot[0] * side * 0.26, slot[1] * side * 0.26
    canvas.line([(x - across, y - down), (x + across, y + down)], (96, 92, 88), side * 0.09)
    canvas.line([(x - down, y + across), (x + down, y - across)], (96, 92, 88), side * 0.05)
    return side, side


def _comparator(canvas: Canvas, x: float, y: float, size: float) -> tuple[float, float]:
    """A chip with legs along two sides."""
    wide, high = size * 2.0, size * 1.35
    body = jittered((38, 38, 42), canvas.random, 8)
    for number in range(4):
        leg = x - wide * 0.36 + number * wide * 0.24
        canvas.rectangle(leg - wide * 0.04, y - high / 2, leg + wide * 0.04, y + high / 2, (206, 208, 212))
    canvas.rectangle(x - wide / 2, y - high * 0.34, x + wide / 2, y + high * 0.34, body, shade(body, 1.6))
    canvas.ellipse(x - wide * 0.4, y + high * 0.18, wide * 0.035, wide * 0.035, (120, 120, 124))
    for row, share in ((-0.1, 0.5), (0.06, 0.36)):
        canvas.line(
            [(x - wide * share / 2, y + row * high), (x + wide * share / 2, y + row * high)], (150, 150, 152), 1
        )
    return wide, high


PARTS: Mapping[str, Callable[[Canvas, float, float, float], tuple[float, float]]] = MappingProxyType(
    {
        "ir_phototransistor": _phototransistor,
        "ir_led": _led,
        "pot_resistor": _pot,
        "comparator": _comparator,
    }
)
_SIZES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "ir_phototransistor": (0.9, 1.2),
        "ir_led": (0.9, 1.2),
        "pot_resistor": (1.3, 1.3),
        "comparator": (2.0, 1.35),
    }
)
"""Width and height in units of a part's size."""


def _board(canvas: Canvas) -> None:
    """The plate with its paths, holes, print, and parts that are not looked for."""
    random = canvas.random
    colour = jittered(random.choice(_BOARDS), random)
    canvas.rectangle(0, 0, *SIZE, jittered(random.choice([(150, 146, 140), (60, 60, 64), (206, 200, 190)]), random))
    edge = random.uniform(6, 20)
    canvas.rounded(edge, edge, SIZE[0] - edge, SIZE[1] - edge, 8, colour)
    for _ in range(26):
        x, y = random.uniform(edge, SIZE[0] - edge), random.uniform(edge, SIZE[1] - edge)
        points = [(x, y)]
        for _ in range(random.randint(1, 3)):
            x, y = random.choice(((x + random.uniform(-90, 90), y), (x, y + random.uniform(-70, 70))))
            points.append((min(max(x, edge), SIZE[0] - edge), min(max(y, edge), SIZE[1] - edge)))
        canvas.line(points, shade(colour, 1.3), random.uniform(1, 2.4))
        canvas.ellipse(*points[-1], 3, 3, _GOLD)
        canvas.ellipse(*points[-1], 1.3, 1.3, (40, 40, 40))
    for corner in ((edge + 10, edge + 10), (SIZE[0] - edge - 10, SIZE[1] - edge - 10)):
        canvas.ellipse(*corner, 6, 6, _GOLD)
        canvas.ellipse(*corner, 3.6, 3.6, (60, 60, 60))
    for _ in range(random.randint(6, 12)):
        _resistor(canvas, random.uniform(30, SIZE[0] - 30), random.uniform(30, SIZE[1] - 30))


def _resistor(canvas: Canvas, x: float, y: float) -> None:
    """A small part that no label is for."""
    random = canvas.random
    body = jittered((206, 180, 140), random)
    canvas.line([(x - 15, y), (x + 15, y)], (200, 204, 208), 1.2)
    canvas.rounded(x - 9, y - 3.4, x + 9, y + 3.4, 3, body)
    for ring in (-5, -1, 3):
        band = random.choice([(150, 60, 40), (60, 60, 60), (40, 80, 150), (210, 150, 50)])
        canvas.rectangle(x + ring, y - 3.4, x + ring + 2, y + 3.4, band)


def _drawn(number: int, side: str) -> ExampleImage:
    canvas = Canvas(*SIZE, (0, 0, 0), f"circuit boards {side} {number}")
    random = canvas.random
    _board(canvas)
    boxes: list[Box] = []
    wanted = [label for label in PARTS for _ in range(random.randint(1, 2))]
    random.shuffle(wanted)
    scale = random.uniform(26, 36)
    for label in wanted:
        size = scale * random.uniform(0.92, 1.08)
        wide, high = (part * size for part in _SIZES[label])
        for _ in range(_MOST_TRIES):
            x = random.uniform(_MARGIN + wide / 2, SIZE[0] - _MARGIN - wide / 2)
            y = random.uniform(_MARGIN + high / 2, SIZE[1] - _MARGIN - high / 2)
            if all(_is_apart(box, x, y, wide, high) for box in boxes):
                across, down = PARTS[label](canvas, x, y, size)
                boxes.append(Box(label, round(x - across / 2), round(y - down / 2), round(across), round(down)))
                break
    return ExampleImage(f"board-{number:02d}.jpg", encoded(canvas.finished()), (), tuple(boxes), SIZE)


def _is_apart(box: Box, x: float, y: float, wide: float, high: float) -> bool:
    """Whether a part of this size around (x, y) leaves a gap to one that is there."""
    across, down = abs(x - box.left - box.width / 2), abs(y - box.top - box.height / 2)
    return across > (wide + box.width) / 2 + _GAP or down > (high + box.height) / 2 + _GAP


def _pictures(side: str, count: int) -> Iterator[ExampleImage]:
    return (_drawn(number + 1, side) for number in range(count))


CIRCUIT_BOARDS = ExampleProject(
    id="circuit-boards",
    name="Circuit boards",
    stem="circuit_boards",
    labels=tuple(PARTS),
    has_boxes=True,
    training_images=TRAINING_IMAGES,
    test_images=TEST_IMAGES,
    train=lambda: _pictures("train", TRAINING_IMAGES),
    test=lambda: _pictures("test", TEST_IMAGES),
    sample=lambda: _drawn(1, "sample"),
)
