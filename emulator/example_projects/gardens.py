"""Places outside of a house."""

from __future__ import annotations

from emulator.example_projects.pictures import Canvas, Colour, jittered, shade

_SKIES: tuple[Colour, ...] = ((140, 190, 236), (186, 206, 224), (110, 168, 226), (214, 206, 196))
_LAWNS: tuple[Colour, ...] = ((96, 148, 66), (120, 160, 72), (78, 128, 62), (134, 148, 78))
_WALLS: tuple[Colour, ...] = ((196, 178, 150), (150, 84, 66), (210, 210, 204), (130, 150, 168), (226, 214, 180))
_WOODS: tuple[Colour, ...] = ((150, 108, 70), (176, 140, 100), (118, 86, 60), (196, 190, 182))


def _sky_and_lawn(canvas: Canvas, horizon: float) -> Colour:
    random = canvas.random
    canvas.rectangle(0, 0, canvas.width, horizon, jittered(random.choice(_SKIES), random))
    lawn = jittered(random.choice(_LAWNS), random)
    canvas.rectangle(0, horizon, canvas.width, canvas.height, lawn)
    for _ in range(260):
        x, y = random.uniform(0, canvas.width), random.uniform(horizon, canvas.height)
        blade = 1 + 4 * (y - horizon) / canvas.height
        canvas.line([(x, y), (x + random.uniform(-1, 1), y - blade)], shade(lawn, random.uniform(0.75, 1.3)), 0.6)
    return lawn


def _tree(canvas: Canvas, x: float, foot: float, size: float) -> None:
    random = canvas.random
    trunk = jittered((96, 70, 50), random)
    canvas.rectangle(x - size * 0.06, foot - size * 0.5, x + size * 0.06, foot, trunk)
    leaf = jittered(random.choice([(58, 108, 52), (82, 128, 60), (110, 120, 50)]), random)
    for _ in range(14):
        radius = size * random.uniform(0.12, 0.24)
        across, up = random.uniform(-0.3, 0.3) * size, random.uniform(0.45, 0.95) * size
        canvas.ellipse(x + across, foot - up, radius, radius * 0.9, shade(leaf, random.uniform(0.8, 1.25)))


def _shrub(canvas: Canvas, x: float, foot: float, size: float) -> None:
    random = canvas.random
    leaf = jittered((62, 112, 58), random, 20)
    for _ in range(9):
        across, up = random.uniform(-0.6, 0.6) * size, random.uniform(0.1, 0.7) * size
        canvas.ellipse(x + across, foot - up, size * 0.3, size * 0.28, shade(leaf, random.uniform(0.8, 1.25)))


def _fence(canvas: Canvas, top: float, bottom: float) -> None:
    random = canvas.random
    wood = jittered(random.choice(_WOODS), random)
    board, x = random.uniform(10, 20), -random.uniform(0, 12)
    while x < canvas.width:
        canvas.rectangle(
            x, top + random.uniform(0, 2), x + board - 1.5, bottom, shade(wood, random.uniform(0.88, 1.08))
        )
        x += board
    for share in (0.25, 0.8):
        y = top + (bottom - top) * share
        canvas.rectangle(0, y, canvas.width, y + 3, shade(wood, 0.8))


def draw_backyard(canvas: Canvas) -> None:
    """A lawn before a fence, trees, and something to play or to grill with."""
    random = canvas.random
    horizon = random.uniform(95, 130)
    _sky_and_lawn(canvas, horizon)
    for _ in range(random.randint(1, 3)):
        _tree(canvas, random.uniform(0, canvas.width), horizon - random.uniform(0, 12), random.uniform(80, 130))
    _fence(canvas, horizon - random.uniform(38, 55), horizon + random.uniform(2, 8))
    for _ in range(random.randint(1, 4)):
        _shrub(canvas, random.uniform(0, canvas.width), horizon + random.uniform(4, 16), random.uniform(14, 26))
    draw_thing = random.choice((_swing, _pool, _grill, _furniture))  # people sit in backyards as on patios
    draw_thing(canvas, random.uniform(90, 230), random.uniform(horizon + 60, 215))


def _swing(canvas: Canvas, x: float, foot: float) -> None:
    random = canvas.random
    colour = random.choice([(176, 60, 50), (60, 90, 160), (120, 90, 60)])
    high, wide = random.uniform(70, 92), random.uniform(46, 64)
    for side in (-1, 1):
        canvas.line([(x + side * wide, foot), (x + side * (wide - 12), foot - high)], colour, 3)
        canvas.line([(x + side * (wide - 24), foot), (x + side * (wide - 12), foot - high)], colour, 3)
    canvas.line([(x - wide + 12, foot - high), (x + wide - 12, foot - high)], colour, 3)
    for seat in (-wide / 3, wide / 3):
        for rope in (-6, 6):
            canvas.line([(x + seat + rope, foot - high), (x + seat + rope, foot - 20)], (70, 70, 70), 0.8)
        canvas.rectangle(x + seat - 8, foot - 21, x + seat + 8, foot - 18, (60, 50, 44))


def _pool(canvas: Canvas, x: float, foot: float) -> None:
    across = canvas.random.uniform(60, 95)
    canvas.ellipse(x, foot - 12, across + 8, 30, (206, 200, 190))
    canvas.ellipse(x, foot - 12, across, 24, jittered((70, 168, 206), canvas.random))
    for _ in range(10):
        y = foot - 12 + canvas.random.uniform(-14, 14)
        left = x + canvas.random.uniform(-0.6, 0.4) * across
        canvas.line([(left, y), (left + 14, y)], (160, 214, 232), 1)


def _grill(canvas: Canvas, x: float, foot: float) -> None:
    for leg in (-14, 14):
        canvas.line([(x + leg, foot), (x + leg * 0.5, foot - 36)], (60, 60, 64), 2)
    canvas.ellipse(x, foot - 44, 24, 13, (40, 40, 44))
    canvas.ellipse(x, foot - 50, 24, 16, jittered((120, 40, 36), canvas.random, 24))
    canvas.rectangle(x - 5, foot - 69, x + 5, foot - 65, (180, 180, 180))


def draw_front_yard(canvas: Canvas) -> None:
    """The front of a house with a door, a path to it, a lawn and shrubs."""
    random = canvas.random
    horizon = random.uniform(140, 165)
    _sky_and_lawn(canvas, horizon)
    wall = jittered(random.choice(_WALLS), random)
    left, right = random.uniform(20, 60), random.uniform(240, 300)
    top = random.uniform(62, 84)
    canvas.rectangle(left, top, right, horizon + 4, wall)
    for y in range(round(top) + 5, round(horizon), 7):
        canvas.line([(left, y), (right, y)], shade(wall, 0.92), 0.6)
    roof = jittered(random.choice([(98, 60, 52), (70, 74, 84), (120, 92, 70)]), random)
    peak = (left + right) / 2 + random.uniform(-50, 50)
    canvas.polygon([(left - 14, top), (right + 14, top), (peak, top - random.uniform(38, 56))], roof)
    door = left + (right - left) * random.uniform(0.35, 0.6)
    paint = random.choice([(150, 40, 40), (40, 70, 110), (236, 236, 230), (80, 56, 40), (50, 92, 70)])
    canvas.rectangle(door - 4, horizon - 58, door + 30, horizon + 4, (240, 240, 236))
    canvas.rectangle(door, horizon - 54, door + 26, horizon + 4, paint)
    canvas.ellipse(door + 22, horizon - 26, 1.6, 1.6, (220, 190, 90))
    for x in (left + 14, door - 60, door + 46, right - 44):
        if left + 6 < x < right - 36 and not door - 42 < x < door + 34:
            _window(canvas, x, horizon - 56, 32, 30)
    stone = jittered((180, 174, 164), random)
    across = random.uniform(-30, 30)
    canvas.polygon(
        [(door - 2, horizon + 4), (door + 28, horizon + 4), (door + 60 + across, 240), (door - 34 + across, 240)], stone
    )
    for _ in range(random.randint(3, 6)):
        x = random.uniform(left, right)
        if not door - 26 < x < door + 52:
            _shrub(canvas, x, horizon + 10, random.uniform(12, 20))
    if random.random() < 0.5:
        _tree(canvas, random.choice((16, 304)), horizon + random.uniform(6, 30), random.uniform(100, 140))


def _window(canvas: Canvas, left: float, top: float, wide: float, high: float) -> None:
    canvas.rectangle(left - 2, top - 2, left + wide + 2, top + high + 2, (240, 240, 236))
    canvas.rectangle(left, top, left + wide, top + high, jittered((120, 150, 176), canvas.random))
    canvas.line([(left + wide / 2, top), (left + wide / 2, top + high)], (240, 240, 236), 1.2)
    canvas.line([(left, top + high / 2), (left + wide, top + high / 2)], (240, 240, 236), 1.2)


def draw_patio(canvas: Canvas) -> None:
    """A terrace of boards or stones with a table, chairs, an umbrella and pots, before a glass door."""
    random = canvas.random
    floor = random.uniform(118, 140)
    if random.random() < 0.4:  # it looks out on the garden
        _sky_and_lawn(canvas, floor - random.uniform(10, 30))
        _fence(canvas, floor - random.uniform(60, 76), floor - 8)
    else:
        wall = jittered(random.choice(_WALLS), random)
        canvas.rectangle(0, 0, canvas.width, floor, wall)
        left = random.uniform(20, 150)
        canvas.rectangle(left, 24, left + 130, floor, (236, 236, 232))
        for x in (left + 4, left + 68):
            canvas.rectangle(x, 28, x + 58, floor - 2, jittered((132, 160, 178), random))
    _paving(canvas, floor)
    if random.random() < 0.6:
        for number in range(14):
            x = number * 25
            canvas.ellipse(x, 12 + 8 * abs((number % 6) - 3) / 3, 2.4, 2.4, (255, 226, 140))
    x, foot = random.uniform(110, 210), random.uniform(196, 222)
    _furniture(canvas, x, foot)
    for _ in range(random.randint(1, 3)):
        pot = random.choice((random.uniform(12, 50), random.uniform(270, 308)))
        canvas.polygon([(pot - 11, foot - 22), (pot + 11, foot - 22), (pot + 8, foot), (pot - 8, foot)], (170, 92, 62))
        _shrub(canvas, pot, foot - 20, 16)


def _furniture(canvas: Canvas, x: float, foot: float) -> None:
    """A table with two chairs, mostly under an umbrella."""
    random = canvas.random
    for side in (-1, 1):
        _chair(canvas, x + side * random.uniform(56, 76), foot - random.uniform(0, 14), side)
    has_umbrella = random.random() < 0.65
    if has_umbrella:
        canvas.line([(x, foot), (x, 60)], (150, 140, 126), 2.4)
    canvas.ellipse(x, foot - 46, 48, 11, jittered(random.choice(_WOODS), random))
    for leg in (-30, 30):
        canvas.line([(x + leg, foot - 40), (x + leg * 1.1, foot)], (90, 80, 70), 2)
    if has_umbrella:
        cloth = random.choice([(186, 60, 52), (60, 110, 120), (226, 200, 140), (60, 84, 140), (220, 220, 214)])
        wide, high = random.uniform(76, 104), random.uniform(30, 44)
        canvas.polygon([(x - wide, 66 + high), (x + wide, 66 + high), (x, 60)], cloth)
        canvas.polygon([(x - wide / 3, 66 + high), (x + wide / 3, 66 + high), (x, 60)], shade(cloth, 0.85))


def _paving(canvas: Canvas, floor: float) -> None:
    """Boards, or stones."""
    random = canvas.random
    if random.random() < 0.5:
        wood = jittered(random.choice(_WOODS), random)
        canvas.rectangle(0, floor, canvas.width, canvas.height, wood)
        y, step = floor, 4.0
        while y < canvas.height:
            canvas.line([(0, y), (canvas.width, y)], shade(wood, 0.78), 1)
            y, step = y + step, step * 1.14
        return
    stone = jittered((178, 168, 152), random)
    canvas.rectangle(0, floor, canvas.width, canvas.height, stone)
    for number in range(-6, 26):
        canvas.line([(number * 16, floor), (160 + (number * 16 - 160) * 2.4, canvas.height)], shade(stone, 0.82), 1)
    y, step = floor, 6.0
    while y < canvas.height:
        canvas.line([(0, y), (canvas.width, y)], shade(stone, 0.82), 1)
        y, step = y + step, step * 1.3


def _chair(canvas: Canvas, x: float, foot: float, side: int) -> None:
    colour = jittered(canvas.random.choice([(70, 70, 74), (150, 120, 88), (226, 226, 220)]), canvas.random)
    canvas.rectangle(x - 15, foot - 28, x + 15, foot - 23, colour)
    canvas.rectangle(x + side * 15 - 2, foot - 60, x + side * 15 + 2, foot - 24, colour)
    for bar in range(4):
        canvas.line([(x + side * 15 - 10, foot - 56 + bar * 8), (x + side * 15 + 6, foot - 56 + bar * 8)], colour, 1.4)
    for leg in (-13, 13):
        canvas.line([(x + leg, foot - 24), (x + leg, foot)], colour, 1.8)
