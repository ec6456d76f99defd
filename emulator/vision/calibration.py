"""Making confidences mean what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from emulator.vision.images import PixelArray
from emulator.vision.logistic_regression import FloatArray, cross_entropy, sigmoid, softmax

NOTHING_PICTURES = 20
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


def nothing_pictures(side: int, random: np.random.Generator, count: int = NOTHING_PICTURES) -> Iterator[PixelArray]:
    """Pictures that show nothing, each uint8 [side, side, 3]: flat, noisy, gradients, blurs and grain.

    A classifier that never saw such pictures is sure of some label; taught with equal shares it stays in doubt.
    """
    painters = (_flat, _noise, _gradient, _blur, _grain)
    for index in range(count):
        if index < 2:
            yield np.full((side, side, 3), 255 * index, np.uint8)
        else:
            yield painters[index % len(painters)](side, random)


def _colour(random: np.random.Generator) -> FloatArray:
    return random.integers(0, 256, 3).astype(np.float64)


def _flat(side: int, random: np.random.Generator) -> PixelArray:
    return np.broadcast_to(_colour(random).astype(np.uint8), (side, side, 3)).copy()


def _noise(side: int, random: np.random.Generator) -> PixelArray:
    return random.integers(0, 256, (side, side, 3), dtype=np.uint8)


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
