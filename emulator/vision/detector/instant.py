"""A detector in a second: linear classifiers and linear boxes on the frozen neck of the COCO network.

Nothing is trained by gradient descent, no picture is looked at twice. For tests of programs, not for production: the
metrics say honestly how little such a model knows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import threadpoolctl

from emulator.vision.detector.assignment import assign
from emulator.vision.detector.backgrounds import background
from emulator.vision.detector.decoding import CALIBRATION_OFFSET, CALIBRATION_SLOPE
from emulator.vision.detector.geometry import GREY, Letterbox
from emulator.vision.detector.graph import build_linear_graph
from emulator.vision.detector.known_boxes import fit_gate, gated
from emulator.vision.detector.losses import sigmoid
from emulator.vision.detector.model import DetectorModel
from emulator.vision.detector.plan import DetectorPlan, Start, make_plan
from emulator.vision.detector.trunk import Trunk
from emulator.vision.images import PixelArray
from emulator.vision.layers import Array

SIDES = (320, 448)
"""Lengths of the longer side of the input; very small objects are not worth the time of larger ones here."""
MOST_PICTURES = 100
BACKGROUNDS = 8
"""Drawn pictures that show none of the labels, so that not everything is taken for one."""
RANDOM_NEGATIVES = 2000
HARD_NEGATIVES = 800
FIRST_STEPS, LAST_STEPS = 3, 4
"""Of Newton's method: with random cells of background, then with those that look most like objects."""
MOST_HALVINGS = 6
SURVEYED_CELLS = 4001
"""So many cells of a level, evenly taken, are enough to standardise by."""
LABEL_PENALTY = 100.0
LOGO_PENALTY = 10.0
BOX_PENALTY = 3.0
"""Of the squared weights, on standardised features. Large ones answer less often for pictures of other things; logos,
that few cells show, would be lost with them."""


@dataclass(frozen=True)
class InstantSample:
    """A letterboxed picture uint8 (input height, input width, 3), its boxes (n, 4) in these pixels, labels (n,)."""

    pixels: Array
    boxes: Array
    labels: Array


@dataclass(frozen=True)
class _Cells:
    """The cells of all levels of all pictures, level by level: features (n, 192), labels (n,) and logarithms of
    distances in strides (n, 4), of which those of background mean nothing.

    Each level's cells are standardised by its `means` and `scales` (levels, 192), where they are needed.
    """

    features: Array
    labels: Array
    log_distances: Array
    bounds: tuple[int, ...]
    means: Array
    scales: Array

    def inputs(self, rows: Array) -> Array:
        """Standardised features and a one: float32 (rows, 193)."""
        levels = np.searchsorted(self.bounds, rows, side="right") - 1
        inputs = np.ones((len(rows), self.features.shape[1] + 1), np.float32)
        inputs[:, :-1] = (self.features[rows] - self.means[levels]) * self.scales[levels]
        return inputs

    def folded(self, weights: Array, level: int) -> tuple[Array, Array]:
        """Weights (193, k) for `inputs` as a kernel (192, k) and a bias (k,) for the level's own features."""
        kernel = weights[:-1] * self.scales[level][:, None]
        return kernel.astype(np.float32), (weights[-1] - self.means[level] @ kernel).astype(np.float32)

    def best_logits(self, weights: Array) -> Array:
        """(n,): of all cells, the highest of the labels."""
        parts = []
        for level, (first, last) in enumerate(itertools.pairwise(self.bounds)):
            kernel, bias = self.folded(weights, level)
            parts.append((self.features[first:last] @ kernel + bias).max(1))
        return np.concatenate(parts)


def fit_instantly(
    samples: Sequence[InstantSample],
    labels: Sequence[str],
    plan: DetectorPlan,
    threads: int,
    seed: int,
    penalty: float = LABEL_PENALTY,
) -> DetectorModel:
    """A detector from up to MOST_PICTURES samples, at least one of them with a box; the same for the same input."""
    trunk = Trunk(byte_front=False, start=Start.COCO, levels=plan.levels)
    with ThreadPoolExecutor(threads, "detector-instant") as pool:
        samples = [*samples, *pool.map(partial(_nothing, plan, seed), range(BACKGROUNDS))]
        features = list(pool.map(lambda sample: trunk.features(sample.pixels[None])[2:], samples))
        with threadpoolctl.threadpool_limits(1, user_api="blas"):
            cells = _cells(samples, features, plan)
            weights = _fitted(cells, len(labels), penalty, pool, np.random.default_rng(seed))
    graph = build_linear_graph([_for_level(weights, cells, level) for level in range(len(plan.levels))], plan)
    gate = fit_gate(
        [sample.labels for sample in samples],
        lambda number: (samples[number].pixels, samples[number].boxes),
        plan,
        threads,
        seed,
    )
    report: dict[str, object] = {
        "pictures": len(samples) - BACKGROUNDS,
        "steps": 0,
        "plan": plan.as_metadata(),
        "known": gate.report(),
    }
    return DetectorModel(gated(graph, gate, plan), labels, plan, report, threads)


def instant_plan(
    sizes: Sequence[tuple[int, int]], boxes: Sequence[Array], labels: Sequence[Array], sides: Sequence[int] = SIDES
) -> DetectorPlan:
    """As make_plan, for pictures of (width, height) with boxes (n, 4) and labels (n,)."""
    plan = make_plan(sizes, boxes, labels, sides, large_sides=())
    return replace(plan, start=Start.COCO, byte_front=False, mosaic_probability=0.0)


def evenly(count: int) -> list[int]:
    """The indices of at most MOST_PICTURES of so many pictures."""
    return [int(place) for place in np.linspace(0, count - 1, min(count, MOST_PICTURES))]


def letterboxed(pixels: PixelArray, boxes: Array, labels: Array, plan: DetectorPlan) -> InstantSample:
    """A picture uint8 (height, width, 3) that just fits into the plan's input, its boxes in its own pixels."""
    height, width = pixels.shape[:2]
    place = Letterbox.fit(width, height, plan.input_width, plan.input_height)
    canvas = np.full((plan.input_height, plan.input_width, 3), GREY, np.uint8)
    canvas[place.top : place.top + height, place.left : place.left + width] = pixels
    return InstantSample(canvas, boxes + np.array([place.left, place.top] * 2), labels)


def _nothing(plan: DetectorPlan, seed: int, number: int) -> InstantSample:
    picture = background(max(plan.input_height, plan.input_width), np.random.default_rng([seed, number, 3]))
    pixels = np.asarray(picture.resize((plan.input_width, plan.input_height)))
    return InstantSample(pixels, np.zeros((0, 4)), np.zeros(0, np.int64))


def _cells(samples: Sequence[InstantSample], features: Sequence[Sequence[Array]], plan: DetectorPlan) -> _Cells:
    """`features`: for each sample, for each level (1, rows, columns, 192)."""
    nothing = np.zeros((0, 4))
    flat, labels, log_distances, means, scales = [], [], [], [], []
    for level, maps in zip(plan.levels, zip(*features, strict=True), strict=True):
        flat.append(np.concatenate([cells.reshape(-1, cells.shape[-1]) for cells in maps]))
        count = len(flat[-1])
        sparse = flat[-1][np.linspace(0, count - 1, min(count, SURVEYED_CELLS)).astype(int)]
        means.append(sparse.mean(0))
        scales.append(1 / (sparse.std(0) + 1e-2 * sparse.std() + 1e-6))
        for sample in samples:
            target = assign(sample.boxes, sample.labels, nothing, plan.input_height, plan.input_width, level)
            labels.append(target.labels)
            log_distances.append(np.log(np.maximum(target.distances, 0.5) / level.stride))
    bounds = (0, *(int(end) for end in np.cumsum([len(part) for part in flat])))
    return _Cells(
        np.concatenate(flat),
        np.concatenate(labels),
        np.concatenate(log_distances),
        bounds,
        np.array(means),
        np.array(scales),
    )


def _fitted(cells: _Cells, label_count: int, penalty: float, pool: Executor, random: np.random.Generator) -> Array:
    """Weights (193, labels + 4) for standardised features and a one, the same for all levels: the network's own towers
    are the same for all levels, too."""
    labels = cells.labels
    positive, background = np.nonzero(labels >= 0)[0], np.nonzero(labels < 0)[0]
    boxes = _ridge(cells.inputs(positive).astype(np.float64), cells.log_distances[positive])
    # Nearly every cell is background: begin with the constant alone.
    shares = (labels[:, None] == np.arange(label_count)).mean(0).clip(1e-4, 0.5)
    weights = np.zeros((cells.features.shape[1] + 1, label_count))
    weights[-1] = np.log(shares / (1 - shares))
    whole = positive
    for steps in (FIRST_STEPS, LAST_STEPS):
        some = random.permutation(background)[:RANDOM_NEGATIVES]
        rows = np.concatenate([whole, some])
        # Those that were drawn stand for the others.
        counts = np.ones(len(rows), np.float32)
        counts[len(whole) :] = len(background) / max(1, len(some))
        inputs, found = cells.inputs(rows), labels[rows]
        regress = partial(_newton, inputs, counts, penalty, steps)
        weights = np.array(list(pool.map(regress, [found == label for label in range(label_count)], weights.T))).T
        order = np.argsort(-cells.best_logits(weights)[background], kind="stable")
        whole, background = np.append(whole, background[order[:HARD_NEGATIVES]]), background[order[HARD_NEGATIVES:]]
    return np.concatenate([weights, boxes], 1)


def _newton(inputs: Array, counts: Array, penalty: float, steps: int, target: Array, start: Array) -> Array:
    """Logistic regression by Newton's method, from `start` (features,) on; a step that makes the loss larger is halved.

    `inputs` float32 (rows, features), the last one being one; each row counts as `counts` (rows,) rows.
    """
    penalties = np.full(inputs.shape[1], penalty)
    penalties[-1] = 1e-3

    def loss(solution: Array) -> float:
        logits = inputs @ solution.astype(np.float32)
        losses = np.logaddexp(0, logits) - target * logits
        return float(counts @ losses) + float(penalties @ np.square(solution)) / 2

    solution, found = start, loss(start)
    for _ in range(steps):
        chance = sigmoid(inputs @ solution.astype(np.float32))
        slope = counts * np.maximum(chance * (1 - chance), 1e-4)
        gradient = inputs.T @ (counts * (chance - target)) + penalties * solution
        step = np.linalg.solve((inputs * slope[:, None]).T @ inputs + np.diag(penalties), gradient)
        for _ in range(MOST_HALVINGS):
            smaller = loss(solution - step)
            if smaller < found:
                solution, found = solution - step, smaller
                break
            step = step / 2
        else:
            break
    return solution


def _ridge(inputs: Array, targets: Array) -> Array:
    """Least squares with a penalty, the last input being one -> (features, targets)."""
    penalty = BOX_PENALTY * np.eye(inputs.shape[1])
    penalty[-1, -1] = 1e-3
    solution: Array = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ targets)
    return solution


def _for_level(weights: Array, cells: _Cells, level: int) -> tuple[Array, Array]:
    """The convolution of one level (192, labels + 4), (labels + 4,), standardisation and calibration folded in."""
    kernel, bias = cells.folded(weights, level)
    # The graph will calibrate as if a network had been trained.
    kernel[:, :-4] /= CALIBRATION_SLOPE
    bias[:-4] = (bias[:-4] - CALIBRATION_OFFSET) / CALIBRATION_SLOPE
    return kernel, bias
