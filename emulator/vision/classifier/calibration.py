"""Making confidences mean what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from emulator.vision.classifier.logistic_regression import FloatArray, cross_entropy, sigmoid, softmax
from emulator.vision.images import PixelArray

_PLAIN = (0, 255, 127)
# Height and width in pixels that pictures of noise have before they are scaled to the input of a model.
_ORIGINAL_SIZES = ((64, 64), (128, 128), (224, 224), (240, 320), (480, 640), (512, 512), (768, 1024), (1200, 1200))
_EACH = 3
NOTHING_PICTURES = len(_PLAIN) + 2 * len(_ORIGINAL_SIZES) + 4 * _EACH
# Below 1 a model would become surer than its training made it, which a small hold-out cannot justify.
_TEMPERATURES = np.geomspace(1.0, 8.0, 43)


@dataclass(frozen=True)
class Calibration:
    """logits / temperature -> probability p -> (1 - doubt) · p + doubt · prior."""

    temperature: float
    doubt: float
    prior: float

    def probabilities(self, logits: npt.NDArray[np.floating], multi_label: bool) -> FloatArray:
        """Confidences [n, labels] in 0…1 from logits [n, labels]."""
        scaled = logits.astype(np.float64) / self.temperature
        raw = sigmoid(scaled) if multi_label else softmax(scaled)
        return np.asarray((1 - self.doubt) * raw + self.doubt * self.prior)


def calibrate(logits: FloatArray, targets: FloatArray, multi_label: bool, images: int | None = None) -> Calibration:
    """Fit a calibration to logits of pictures that the model had not seen; both arrays [n, labels].

    `images`: how many pictures the model was made from, if not only these.

    The temperature (Guo et al. 2017) minimises the log loss. The doubt, (k/2) / (n + k/2) for k equally likely answers,
    keeps a few right answers from claiming certainty (Jeffreys' prior of half an observation for each).
    """
    losses = [cross_entropy(logits / value, targets, multi_label).mean() for value in _TEMPERATURES]
    answers = 2 if multi_label else targets.shape[1]
    imagined = answers / 2
    return Calibration(
        temperature=float(_TEMPERATURES[int(np.argmin(losses))]),
        doubt=imagined / ((images or len(targets)) + imagined),
        prior=1 / answers,
    )


def expected_calibration_error(confidences: FloatArray, correct: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Mean gap of confidence and accuracy over equally wide bins, weighted by their counts (Naeini et al. 2015)."""
    indices = np.minimum((confidences * bins).astype(int), bins - 1)
    counts = np.bincount(indices, minlength=bins)
    confidence_sums = np.bincount(indices, weights=confidences, minlength=bins)
    correct_sums = np.bincount(indices, weights=correct.astype(np.float64), minlength=bins)
    return float(np.abs(confidence_sums - correct_sums).sum() / max(1, counts.sum()))


def nothing_pictures(side: int, random: np.random.Generator) -> Iterator[PixelArray]:
    """NOTHING_PICTURES pictures that show nothing, each uint8 [side, side, 3]: flat, noise, gradients, blurs and grain.

    A classifier that never saw such pictures is sure of some label; taught with equal shares it stays in doubt.
    """
    for brightness in _PLAIN:
        yield np.full((side, side, 3), brightness, np.uint8)
    # What scaling leaves of noise depends on the size that it had; each size looks like another texture.
    for size in _ORIGINAL_SIZES:
        yield _scaled(_noise(size, random), side)
    for index, size in enumerate(_ORIGINAL_SIZES):
        yield _scaled((_bell_noise, _specks)[index % 2](size, random), side)
    for painter in (_flat, _gradient, _blur, _grain):
        for _ in range(_EACH):
            yield painter(side, random)


def _colour(random: np.random.Generator) -> FloatArray:
    return random.integers(0, 256, 3).astype(np.float64)


def _flat(side: int, random: np.random.Generator) -> PixelArray:
    return np.broadcast_to(_colour(random).astype(np.uint8), (side, side, 3)).copy()


def _noise(size: tuple[int, int], random: np.random.Generator) -> PixelArray:
    return random.integers(0, 256, (*size, 3), dtype=np.uint8)


def _bell_noise(size: tuple[int, int], random: np.random.Generator) -> PixelArray:
    values = random.normal(random.uniform(64, 192), random.uniform(15, 80), (*size, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def _specks(size: tuple[int, int], random: np.random.Generator) -> PixelArray:
    return np.repeat(random.integers(0, 2, (*size, 1), dtype=np.uint8) * np.uint8(255), 3, axis=2)


def _gradient(side: int, random: np.random.Generator) -> PixelArray:
    share = np.linspace(0, 1, side)[:, None, None]
    picture = np.broadcast_to(share * _colour(random) + (1 - share) * _colour(random), (side, side, 3))
    return picture.astype(np.uint8)


def _blur(side: int, random: np.random.Generator) -> PixelArray:
    cells = int(random.integers(3, 40))
    small = random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def _grain(side: int, random: np.random.Generator) -> PixelArray:
    grain = random.standard_normal((side, side, 1)) * random.uniform(5, 60)
    return np.clip(_colour(random) + grain, 0, 255).astype(np.uint8)


def _scaled(pixels: PixelArray, side: int) -> PixelArray:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))
