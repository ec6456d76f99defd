"""Make the statistic of what all pictures share, which tells known pictures from others (emulator/vision/open_set.py).

It looks at emoji through the backbone, each on a drawn ground: about 1,350 things of daily life of which every one
shows its kind clearly, and no photograph. Run it after quantise_backbones.py. Nothing of this is needed to use the
emulator.
On Debian 12, in a virtual environment of its own:

    apt-get install fonts-noto-color-emoji
    pip install "numpy>=2" onnxruntime pillow fonttools
    python models/build_generic_statistic.py

It writes `generic_statistic.npz` beside itself and its entry into `checksums.json`. PROVENANCE.md says what is in it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image, ImageDraw, ImageFont

FloatArray = npt.NDArray[np.float64]

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
# Debian's fonts-noto-color-emoji 2.042-0+deb12u1.
FONT_SHA256 = "e5899ed38b8ed83e08bd3ac5de09791e9d19d288333a796de1d35ad17396f1ec"
BACKBONE = "efficientnet_lite2_int8.onnx"
# The only size of the font's bitmaps, and the size in pixels that they have there.
GLYPH_POINTS = 109
GLYPH_SIZE = (136, 128)
FIRST_CODE_POINT = 0x2000
# Parts of sequences: alone they show nothing or a letter.
PARTS = ("TAG", "REGIONAL", "VARIATION", "ZERO", "COMBINING", "EMOJI MODIFIER", "EMOJI COMPONENT")
# What a picture measures changes what is seen in it: half of the statistic comes from each of these sides.
SIDES = (224, 320)
SMALLEST_SHARE = 0.4
DIRECTIONS = 64
SHRINKAGE = 0.2
CHANNELS = 1280


def code_points(font: Path) -> list[int]:
    """The characters of the font that show something by themselves."""
    found = importlib.import_module("fontTools.ttLib").TTFont(font).getBestCmap()
    return [
        point
        for point in sorted(found)
        if point >= FIRST_CODE_POINT and not unicodedata.name(chr(point), PARTS[0]).startswith(PARTS)
    ]


def glyph(font: ImageFont.FreeTypeFont, point: int) -> Image.Image | None:
    """The bitmap of a character, RGBA, without its margins; None where it is empty."""
    image = Image.new("RGBA", GLYPH_SIZE)
    ImageDraw.Draw(image).text((0, 0), chr(point), font=font, embedded_color=True)
    box = image.getbbox()
    return image.crop(box) if box else None


def ground(side: int, random: np.random.Generator) -> Image.Image:
    """A plain colour, a gradient or a blur, RGBA side × side."""
    kind = random.integers(3)
    if kind == 2:
        cells = int(random.integers(2, 12))
        coarse = random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).convert("RGBA")
    first = random.integers(0, 256, 3).astype(np.float64)
    last = random.integers(0, 256, 3) if kind else first
    share = np.linspace(0, 1, side)[:, None, None]
    pixels = np.broadcast_to(share * last + (1 - share) * first, (side, side, 3)).astype(np.uint8)
    if random.random() < 0.5:
        pixels = pixels.transpose(1, 0, 2)
    return Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBA")


def pictures(font: Path, side: int, random: np.random.Generator) -> Iterator[npt.NDArray[np.uint8]]:
    """A picture uint8 [side, side, 3] of each emoji, somewhere on a ground, two fifths of the side large or more."""
    opened = ImageFont.truetype(font, GLYPH_POINTS)
    for point in code_points(font):
        image = glyph(opened, point)
        if image is None:
            continue
        scale = side * random.uniform(SMALLEST_SHARE, 1) / max(image.size)
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        picture = ground(side, random)
        place = int(random.integers(0, side - size[0] + 1)), int(random.integers(0, side - size[1] + 1))
        picture.alpha_composite(image.resize(size, Image.Resampling.BICUBIC), place)
        yield np.asarray(picture.convert("RGB"))


def features(folder: Path, font: Path) -> FloatArray:
    """Square roots of the mean features of all pictures, float64 [pictures, CHANNELS]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / BACKBONE, options, providers=["CPUExecutionProvider"])
    found = []
    for side in SIDES:
        for pixels in pictures(font, side, np.random.default_rng(side)):
            image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)
            (cells,) = session.run(["c6"], {"image": image})
            found.append(np.sqrt(cells[0].mean(axis=(1, 2), dtype=np.float64)))
    return np.array(found)


def statistic(generic: FloatArray) -> dict[str, npt.NDArray[np.float16]]:
    """mean [CHANNELS]; axes [DIRECTIONS, CHANNELS] in which pictures differ most; gain [DIRECTIONS] to even them.

    The gain shrinks a direction to the spread of the others: what tells any two pictures apart, such as how busy they
    are, must not decide what a picture is like.
    """
    mean = generic.mean(axis=0)
    _, lengths, axes = np.linalg.svd(generic - mean, full_matrices=False)
    variance = lengths[:DIRECTIONS] ** 2 / len(generic)
    base = SHRINKAGE * variance.mean()
    gain = np.sqrt(base / (variance + base))
    return {
        "mean": mean.astype(np.float16),
        "axes": axes[:DIRECTIONS].astype(np.float16),
        "gain": gain.astype(np.float16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--font", type=Path, default=FONT)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="folder of the backbones")
    arguments = parser.parse_args()
    digest = hashlib.sha256(arguments.font.read_bytes()).hexdigest()
    if digest != FONT_SHA256:
        raise SystemExit(f"{arguments.font} is another version of the font: its SHA-256 is {digest}")
    path = arguments.output / "generic_statistic.npz"
    generic = features(arguments.output, arguments.font)
    np.savez(path, **statistic(generic))  # type: ignore[arg-type]
    data = path.read_bytes()
    checksums = arguments.output / "checksums.json"
    entries = json.loads(checksums.read_text())
    entries[path.name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    checksums.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n")
    print(f"{len(generic)} pictures, {len(data)} bytes")


if __name__ == "__main__":
    main()
