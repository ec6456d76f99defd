"""Rooms inside of a house, and its plan."""

from __future__ import annotations

from emulator.example_projects.pictures import Canvas, Colour, jittered, shade

_WALLS: tuple[Colour, ...] = ((226, 220, 206), (206, 214, 218), (232, 226, 196), (198, 206, 190), (222, 206, 204))
_FLOORS: tuple[Colour, ...] = ((164, 126, 88), (128, 96, 68), (190, 178, 160), (150, 148, 146), (206, 180, 140))
_CLOTHS: tuple[Colour, ...] = (
    (70, 92, 140), (150, 64, 60), (196, 176, 140), (96, 118, 96), (120, 96, 130), (90, 90, 96), (212, 160, 90)
)  # fmt: skip


def _room(canvas: Canvas, low: float = 150, high: float = 178) -> float:
    """Wall and floor; gives the height of the line between them."""
    random = canvas.random
    floor = random.uniform(low, high)
    wall, boards = jittered(random.choice(_WALLS), random), jittered(random.choice(_FLOORS), random)
    canvas.rectangle(0, 0, canvas.width, floor, wall)
    canvas.rectangle(0, floor, canvas.width, canvas.height, boards)
    if random.random() < 0.6:
        for number in range(-4, 24):
            canvas.line(
                [(number * 18, floor), (160 + (number * 18 - 160) * 1.9, canvas.height)], shade(boards, 0.85), 1
            )
    canvas.rectangle(0, floor - 4, canvas.width, floor, shade(wall, 1.1))
    if random.random() < 0.5:  # a wall at one side
        side = random.uniform(24, 56)
        points = [(0.0, 0.0), (side, 22.0), (side, floor), (0.0, float(canvas.height))]
        if random.random() < 0.5:
            points = [(canvas.width - x, y) for x, y in points]
        canvas.polygon(points, shade(wall, 0.86))
    return floor


def _window(canvas: Canvas, x: float, y: float, wide: float, high: float) -> None:
    random = canvas.random
    canvas.rectangle(x - 4, y - 4, x + wide + 4, y + high + 4, (244, 244, 240))
    canvas.rectangle(x, y, x + wide, y + high, jittered((176, 208, 228), random))
    canvas.line([(x + wide / 2, y), (x + wide / 2, y + high)], (244, 244, 240), 2)
    if random.random() < 0.6:
        cloth = jittered(random.choice(_CLOTHS), random)
        for left, right in ((x - 14, x + 4), (x + wide - 4, x + wide + 14)):
            canvas.rectangle(left, y - 8, right, y + high + 18, cloth)


def _picture(canvas: Canvas, x: float, y: float) -> None:
    random = canvas.random
    wide, high = random.uniform(26, 54), random.uniform(22, 38)
    canvas.rectangle(x - 2, y - 2, x + wide + 2, y + high + 2, (60, 50, 44))
    canvas.rectangle(x, y, x + wide, y + high, jittered(random.choice(_CLOTHS), random, 30))
    canvas.ellipse(x + wide / 2, y + high / 2, wide / 5, high / 4, jittered((220, 206, 170), random, 30))


def _lamp(canvas: Canvas, x: float, foot: float, high: float) -> None:
    canvas.line([(x, foot), (x, foot - high)], (90, 80, 70), 1.6)
    canvas.polygon(
        [(x - 12, foot - high + 8), (x + 12, foot - high + 8), (x + 7, foot - high - 10), (x - 7, foot - high - 10)],
        (250, 232, 186),
    )


def _plant(canvas: Canvas, x: float, foot: float) -> None:
    random = canvas.random
    canvas.polygon([(x - 9, foot - 18), (x + 9, foot - 18), (x + 6, foot), (x - 6, foot)], (176, 110, 76))
    for _ in range(9):
        leaf = jittered((70, 124, 66), random, 20)
        canvas.line([(x, foot - 18), (x + random.uniform(-22, 22), foot - random.uniform(34, 62))], leaf, 3)


def draw_bathroom(canvas: Canvas) -> None:
    """Tiles, a tub, a basin below a mirror, sometimes a toilet."""
    random = canvas.random
    floor = _room(canvas)
    tile, size = (
        jittered(random.choice([(226, 236, 238), (190, 214, 220), (236, 230, 218)]), random),
        random.uniform(11, 19),
    )
    top = random.choice((0.0, random.uniform(50, 80)))
    canvas.rectangle(0, top, canvas.width, floor, tile)
    y = top
    while y < floor:
        canvas.line([(0, y), (canvas.width, y)], shade(tile, 0.88), 0.8)
        y += size
    for number in range(round(canvas.width / size) + 1):
        canvas.line([(number * size, top), (number * size, floor)], shade(tile, 0.88), 0.8)
    flip = random.random() < 0.5

    def at(x: float) -> float:
        return canvas.width - x if flip else x

    basin = random.uniform(60, 84)
    _mirror(canvas, at(basin), random.uniform(58, 74))
    canvas.rectangle(at(basin) - 34, floor - 48, at(basin) + 34, floor - 40, (246, 246, 244))
    canvas.rectangle(at(basin) - 30, floor - 40, at(basin) + 30, floor + 18, jittered((196, 182, 164), random, 30))
    canvas.ellipse(at(basin), floor - 46, 22, 6, (214, 220, 222))
    canvas.line([(at(basin), floor - 50), (at(basin), floor - 64), (at(basin) + 8, floor - 62)], (150, 156, 160), 2)
    left, right = sorted((at(random.uniform(150, 172)), at(random.uniform(288, 312))))
    canvas.rounded(left, floor - 24, right, floor + 34, 16, (248, 248, 248))
    canvas.rounded(left + 6, floor - 22, right - 6, floor - 8, 8, jittered((196, 220, 228), random))
    if random.random() < 0.5:
        cloth = jittered(random.choice(_CLOTHS), random, 20)
        for number in range(6):
            x = left + number * 7
            canvas.rectangle(x, 30, x + 6, floor - 14, shade(cloth, 1.0 - 0.08 * (number % 2)))
    else:
        canvas.line([(right - 16, 40), (right - 16, floor - 30)], (160, 166, 170), 2)
        canvas.ellipse(right - 20, 42, 10, 4, (160, 166, 170))
    if random.random() < 0.55:
        x = at(random.uniform(118, 132))
        canvas.rounded(x - 13, floor - 34, x + 13, floor - 4, 4, (244, 244, 244))
        canvas.ellipse(x, floor + 8, 15, 12, (250, 250, 250), (200, 200, 200))


def _mirror(canvas: Canvas, x: float, y: float) -> None:
    glass = jittered((206, 220, 228), canvas.random)
    if canvas.random.random() < 0.5:
        canvas.ellipse(x, y, 26, 32, (150, 130, 100))
        canvas.ellipse(x, y, 23, 29, glass)
    else:
        canvas.rectangle(x - 32, y - 28, x + 32, y + 28, (226, 226, 222))
        canvas.rectangle(x - 29, y - 25, x + 29, y + 25, glass)
    canvas.line([(x - 12, y + 10), (x + 6, y - 14)], (236, 242, 246), 2)


def draw_bedroom(canvas: Canvas) -> None:
    """A bed with pillows and a blanket, bedside tables with lamps, a window or a picture."""
    random = canvas.random
    floor = _room(canvas)
    middle, half = random.uniform(130, 190), random.uniform(64, 92)
    if random.random() < 0.5:
        _picture(canvas, middle - 20, random.uniform(24, 44))
    else:
        _window(canvas, random.choice((20.0, 240.0)), random.uniform(28, 44), 54, 64)
    head = jittered(random.choice([(120, 88, 62), (86, 70, 60), (214, 206, 196), (70, 76, 96)]), random)
    canvas.rounded(middle - half, floor - random.uniform(60, 80), middle + half, floor + 6, 6, head)
    foot = floor + random.uniform(48, 66)
    blanket = jittered(random.choice(_CLOTHS), random, 20)
    canvas.polygon(
        [
            (middle - half + 4, floor - 18),
            (middle + half - 4, floor - 18),
            (middle + half + 16, foot),
            (middle - half - 16, foot),
        ],
        (240, 238, 232),
    )
    canvas.polygon(
        [
            (middle - half, floor + 4),
            (middle + half, floor + 4),
            (middle + half + 18, foot + 4),
            (middle - half - 18, foot + 4),
        ],
        blanket,
    )
    canvas.polygon(
        [
            (middle - half, floor + 4),
            (middle + half, floor + 4),
            (middle + half + 3, floor + 14),
            (middle - half - 3, floor + 14),
        ],
        shade(blanket, 1.25),
    )
    for side in (-1, 1):
        canvas.rounded(
            middle + side * half / 2 - 26, floor - 30, middle + side * half / 2 + 26, floor - 4, 9, (250, 248, 244)
        )
        x = middle + side * (half + random.uniform(26, 36))
        canvas.rectangle(x - 16, floor - 26, x + 16, floor + 14, shade(head, 0.9))
        canvas.ellipse(x, floor - 8, 2, 2, (220, 200, 140))
        if random.random() < 0.8:
            _lamp(canvas, x, floor - 26, 24)


def draw_closet(canvas: Canvas) -> None:
    """Clothes on a rail, shelves with boxes and folded things, shoes below."""
    random = canvas.random
    inside = jittered(random.choice([(206, 196, 180), (232, 230, 226), (150, 120, 92)]), random)
    canvas.rectangle(0, 0, canvas.width, canvas.height, inside)
    edge = random.uniform(8, 26)
    for left, right in ((0.0, edge), (canvas.width - edge, float(canvas.width))):
        canvas.rectangle(left, 0, right, canvas.height, shade(inside, 0.8))
    split = random.uniform(150, 230)
    left, right = (edge + 4, split) if random.random() < 0.5 else (canvas.width - split, canvas.width - edge - 4)
    rail = random.uniform(40, 58)
    canvas.rectangle(edge, rail - 14, canvas.width - edge, rail - 9, shade(inside, 0.7))
    canvas.line([(left, rail), (right, rail)], (120, 124, 128), 2.4)
    x = left + 4
    while x < right - 12:
        wide, long = random.uniform(9, 16), random.uniform(70, 128)
        cloth = jittered(random.choice((*_CLOTHS, (240, 238, 234), (40, 42, 50))), random, 24)
        canvas.line([(x + wide / 2, rail), (x + wide / 2, rail + 7)], (120, 124, 128), 1)
        canvas.polygon(
            [
                (x, rail + 14),
                (x + wide / 2, rail + 6),
                (x + wide, rail + 14),
                (x + wide + 2, rail + long),
                (x - 2, rail + long),
            ],
            cloth,
        )
        x += wide * random.uniform(0.8, 1.1)
    start, end = (split + 6, canvas.width - edge - 4) if left < 40 else (edge + 4, canvas.width - split - 6)
    _shelves(canvas, start, end, inside)
    for number in range(random.randint(3, 6)):
        shoe = left + 8 + number * 22
        if shoe < right - 16:
            colour = jittered(random.choice(_CLOTHS), random, 20)
            canvas.rounded(shoe, 218, shoe + 16, 228, 4, colour)


def _shelves(canvas: Canvas, left: float, right: float, inside: Colour) -> None:
    random = canvas.random
    y = random.uniform(50, 70)
    while y < canvas.height + 20:
        canvas.rectangle(left, y, right, y + 4, shade(inside, 0.72))
        x = left + 3
        while x < right - 16:
            wide = random.uniform(14, 30)
            if random.random() < 0.4:
                canvas.rectangle(
                    x, y - 24, min(x + wide, right), y, jittered((190, 160, 120), random, 30), (120, 96, 70)
                )
            else:
                for layer in range(random.randint(2, 4)):
                    cloth = jittered(random.choice(_CLOTHS), random, 24)
                    canvas.rounded(x, y - 6 * (layer + 1), min(x + wide, right), y - 6 * layer, 2, cloth)
            x += wide + 3
        y += random.uniform(34, 46)


def draw_entry_way(canvas: Canvas) -> None:
    """A front door from inside, a mat, hooks with coats, a small table or an umbrella stand."""
    random = canvas.random
    floor = _room(canvas, 168, 190)
    door = random.uniform(110, 170)
    paint = jittered(random.choice([(240, 240, 236), (120, 60, 48), (66, 84, 100), (150, 116, 80)]), random)
    canvas.rectangle(door - 8, 34, door + 78, floor, (246, 244, 240))
    canvas.rectangle(door, 40, door + 70, floor, paint)
    for top, bottom in ((50, 86), (92, 128), (134, floor - 8)):
        for left in (door + 8, door + 39):
            canvas.rectangle(left, top, left + 23, bottom, shade(paint, 0.92), shade(paint, 0.78))
    if random.random() < 0.5:
        canvas.rectangle(door + 8, 50, door + 62, 86, jittered((190, 214, 226), random))
    canvas.ellipse(door + 64, 112, 2.6, 2.6, (214, 184, 96))
    mat = jittered(random.choice(_CLOTHS), random)
    canvas.polygon(
        [(door - 6, floor + 12), (door + 76, floor + 12), (door + 92, floor + 36), (door - 22, floor + 36)], mat
    )
    hooks = 30.0 if random.random() < 0.5 else 236.0
    canvas.rectangle(hooks, 62, hooks + 64, 67, (110, 82, 58))
    for number in range(random.randint(2, 4)):
        x = hooks + 8 + number * 17
        cloth = jittered(random.choice(_CLOTHS), random, 20)
        canvas.polygon([(x - 4, 68), (x + 4, 68), (x + 11, 78), (x + 10, 126), (x - 10, 126), (x - 11, 78)], cloth)
    other = 236.0 if hooks < 100 else 30.0
    if random.random() < 0.5:
        canvas.rectangle(other, floor - 44, other + 60, floor - 38, (120, 90, 64))
        for leg in (other + 4, other + 54):
            canvas.rectangle(leg, floor - 38, leg + 4, floor + 6, (120, 90, 64))
        _plant(canvas, other + 30, floor - 44)
        _mirror(canvas, other + 30, 68)
    else:
        canvas.rectangle(other + 20, floor - 30, other + 42, floor + 10, (90, 96, 104))
        for lean in (-8, 4):
            colour = jittered(random.choice(_CLOTHS), random, 20)
            canvas.line([(other + 31, floor - 28), (other + 31 + lean, floor - 74)], colour, 4)
    canvas.line([(door + 35, 0), (door + 35, 14)], (80, 80, 80), 1)
    canvas.ellipse(door + 35, 20, 10, 8, (252, 240, 206))


def draw_floor_plan(canvas: Canvas) -> None:
    """Lines on paper: walls, doors with their arcs, windows, measures, a few pieces of furniture."""
    random = canvas.random
    paper, ink = random.choice(
        [
            ((250, 250, 246), (40, 40, 44)),
            ((232, 240, 246), (30, 60, 110)),
            ((36, 66, 112), (226, 234, 244)),
            ((246, 238, 220), (84, 64, 44)),
        ]
    )
    canvas.rectangle(0, 0, canvas.width, canvas.height, paper)
    left, top, right, bottom = (random.uniform(*limits) for limits in ((22, 46), (22, 40), (270, 300), (196, 216)))
    walls = [
        (left, top, right, top),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
        (right, top, right, bottom),
    ]
    across = [left + (right - left) * share for share in sorted(random.uniform(0.25, 0.75) for _ in range(2))]
    down = top + (bottom - top) * random.uniform(0.38, 0.62)
    walls += [(left, down, across[1], down), (across[0], top, across[0], down), (across[1], top, across[1], bottom)]
    if random.random() < 0.6:
        x = left + (right - left) * random.uniform(0.2, 0.5)
        walls.append((x, down, x, bottom))
    for x1, y1, x2, y2 in walls:
        canvas.line([(x1, y1), (x2, y2)], ink, 3.2)
    for x1, y1, x2, y2 in random.sample(walls, 5):
        share = random.uniform(0.25, 0.6)
        x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
        if x1 == x2:
            canvas.line([(x, y - 12), (x, y + 12)], paper, 4)
            canvas.arc(x, y - 12, 24, 0, 90, ink, 0.8)
        else:
            canvas.line([(x - 12, y), (x + 12, y)], paper, 4)
            canvas.arc(x - 12, y, 24, 270, 360, ink, 0.8)
    for _ in range(random.randint(5, 9)):
        x, y = random.uniform(left + 12, right - 40), random.uniform(top + 12, bottom - 30)
        wide, high = random.uniform(12, 32), random.uniform(10, 22)
        if random.random() < 0.7:
            canvas.rectangle(x, y, x + wide, y + high, paper, ink)
        else:
            canvas.ellipse(x + 10, y + 10, 9, 9, paper, ink)
        canvas.line([(x, y + high + 4), (x + wide, y + high + 4)], ink, 0.8)
    y = bottom + 10
    canvas.line([(left, y), (right, y)], ink, 0.7)
    for x in (left, across[0], across[1], right):
        canvas.line([(x, y - 4), (x, y + 4)], ink, 0.7)


def draw_kitchen(canvas: Canvas) -> None:
    """Cupboards above and below a worktop, a stove with its hood, a fridge, pots."""
    random = canvas.random
    floor = _room(canvas, 182, 200)
    front = jittered(
        random.choice([(240, 238, 232), (150, 110, 76), (96, 116, 110), (70, 84, 108), (206, 184, 150)]), random
    )
    top = jittered(random.choice([(70, 70, 74), (206, 200, 190), (160, 120, 84)]), random)
    counter = floor - random.uniform(62, 72)
    splash = jittered(random.choice([(220, 226, 226), (190, 206, 196), (214, 196, 170)]), random)
    canvas.rectangle(0, 84, canvas.width, counter, splash)
    for y in range(84, round(counter), 8):
        canvas.line([(0, y), (canvas.width, y)], shade(splash, 0.9), 0.6)
    fridge = random.choice((0, 262))
    stove = random.uniform(110, 190)
    x = 0.0
    while x < canvas.width:
        wide = random.uniform(36, 52)
        canvas.rectangle(x + 1, counter + 8, x + wide - 1, floor + 6, front, shade(front, 0.78))
        canvas.ellipse(x + wide - 7, counter + 18, 1.8, 1.8, (120, 116, 110))
        if not stove - 24 < x + wide / 2 < stove + 44:
            canvas.rectangle(x + 1, 18, x + wide - 1, 80, front, shade(front, 0.78))
            canvas.ellipse(x + wide - 7, 70, 1.8, 1.8, (120, 116, 110))
        x += wide
    canvas.rectangle(0, counter, canvas.width, counter + 8, top)
    canvas.polygon([(stove - 14, 82), (stove + 56, 82), (stove + 36, 52), (stove + 6, 52)], (176, 180, 184))
    canvas.rectangle(stove + 8, 0, stove + 34, 52, (186, 190, 194))
    canvas.rectangle(stove - 10, counter + 4, stove + 52, floor + 8, (60, 62, 66))
    canvas.rectangle(stove - 4, counter + 26, stove + 46, floor - 4, (34, 36, 40), (120, 120, 124))
    for knob in range(4):
        canvas.ellipse(stove + 2 + knob * 13, counter + 16, 2.6, 2.6, (210, 210, 210))
    for place in (stove + 4, stove + 34):
        if random.random() < 0.75:
            pot = jittered(random.choice([(150, 154, 160), (176, 60, 50), (60, 90, 110)]), random)
            canvas.rounded(place - 10, counter - 16, place + 10, counter, 3, pot)
    canvas.rounded(fridge, 44, fridge + 58, floor + 10, 4, jittered((214, 218, 222), random))
    canvas.line([(fridge, 96), (fridge + 58, 96)], (150, 154, 158), 1.4)
    if random.random() < 0.6:
        sink = 240 if fridge == 0 else 80
        canvas.line(
            [(sink, counter), (sink, counter - 20), (sink + 12, counter - 20), (sink + 12, counter - 12)],
            (150, 156, 160),
            2,
        )


def draw_living_space(canvas: Canvas) -> None:
    """A sofa with cushions, a low table on a rug, a screen or a picture, a lamp, a plant."""
    random = canvas.random
    floor = _room(canvas)
    rug = jittered(random.choice(_CLOTHS), random, 20)
    canvas.ellipse(160, floor + 44, random.uniform(90, 130), random.uniform(18, 26), rug)
    x, wide = random.uniform(60, 110), random.uniform(116, 156)
    if random.random() < 0.5:
        _window(canvas, random.uniform(20, 220), 26, random.uniform(56, 80), 66)
    else:
        for number in range(random.randint(1, 3)):
            _picture(canvas, 70 + number * 64, random.uniform(26, 50))
    sofa = jittered(random.choice(_CLOTHS), random, 20)
    canvas.rounded(x, floor - 52, x + wide, floor + 8, 9, shade(sofa, 0.9))
    canvas.rounded(x + 12, floor - 22, x + wide - 12, floor + 10, 6, sofa)
    canvas.line([(x + wide / 2, floor - 22), (x + wide / 2, floor + 8)], shade(sofa, 0.75), 1)
    for side in (x - 8, x + wide - 12):
        canvas.rounded(side, floor - 32, side + 20, floor + 14, 7, shade(sofa, 1.08))
    for _ in range(random.randint(1, 4)):
        place = random.uniform(x + 14, x + wide - 36)
        canvas.rounded(place, floor - 38, place + 24, floor - 16, 5, jittered(random.choice(_CLOTHS), random, 40))
    table = random.uniform(110, 170)
    wood = jittered((140, 104, 72), random, 20)
    canvas.polygon(
        [(table, floor + 30), (table + 74, floor + 30), (table + 86, floor + 42), (table - 12, floor + 42)], wood
    )
    for leg in (table - 8, table + 78):
        canvas.rectangle(leg, floor + 42, leg + 4, floor + 60, shade(wood, 0.8))
    if random.random() < 0.5:
        screen = 240.0 if x < 86 else 4.0
        canvas.rectangle(screen, floor - 62, screen + 62, floor - 24, (26, 28, 32))
        canvas.rectangle(screen - 4, floor - 18, screen + 68, floor + 8, (110, 86, 64))
    else:
        _lamp(canvas, random.choice((30.0, 290.0)), floor + 12, random.uniform(92, 116))
    if random.random() < 0.6:
        _plant(canvas, random.choice((22.0, 300.0)), floor + 18)
