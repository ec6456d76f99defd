"""What more than 10,000 pictures teach a classifier: `python -m benchmarks polygons --images 10000 20000 40000`.

Polygons of 3 to 14 corners, each number a label, of any size, turned and stretched, faint on noise: hard to tell apart
for the frozen features. Every number of pictures is trained in a process of its own and tested on the same TEST_IMAGES.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.classification import confidence_matrix
from emulator.domain.evaluation.classification import evaluate_classification
from emulator.vision.examples import Effort, TrainingExample, TrainingSettings
from emulator.vision.training import train

SIDE = 96
LABELS = tuple(f"{corners:02d} corners" for corners in range(3, 15))
TEST_IMAGES = 2_500
_FIRST_TEST_IMAGE = 10_000_000
_OVERSAMPLING = 2


@dataclass(frozen=True)
class DrawnPicture:
    """An ImageSource that is drawn when it is read; pictures of the same number are the same."""

    number: int

    @property
    def identity(self) -> str:
        """The number."""
        return f"polygon {self.number}"

    def read(self) -> bytes:
        """A JPEG of SIDE × SIDE pixels."""
        random = np.random.default_rng(self.number)
        side = SIDE * _OVERSAMPLING
        back = random.integers(40, 216, 3)
        colour = np.clip(back + random.choice((-1, 1)) * random.integers(15, 40, 3), 0, 255)
        corners = 3 + self.number % len(LABELS)
        angles = random.uniform(0, 2 * math.pi) + (np.arange(corners) + random.uniform(-0.2, 0.2, corners)) * (
            2 * math.pi / corners
        )
        radius = random.uniform(0.18, 0.4) * side
        place = random.uniform(radius, side - radius, 2)
        stretch = random.uniform(0.75, 1, 2)
        points = place + radius * stretch * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        image = Image.new("RGB", (side, side), tuple(int(value) for value in back))
        ImageDraw.Draw(image).polygon([(x, y) for x, y in points], fill=tuple(int(value) for value in colour))
        pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64)
        noisy = pixels + random.normal(0, 12, (SIDE, SIDE, 1))
        buffer = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
        return buffer.getvalue()


def examples(first: int, count: int) -> list[TrainingExample]:
    """`count` pictures from number `first` on, the labels by turns."""
    numbers = range(first, first + count)
    return [TrainingExample(DrawnPicture(number), frozenset({LABELS[number % len(LABELS)]})) for number in numbers]


def run(count: int, effort: Effort, directory: Path | None) -> dict[str, object]:
    """Train with so many pictures and test."""
    settings = TrainingSettings(0, effort, 2, directory)
    wall, cpu = time.perf_counter(), time.process_time()
    model = train("classification", examples(0, count), LABELS, settings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    test = examples(_FIRST_TEST_IMAGE, TEST_IMAGES)
    confidences = confidence_matrix(model, test)
    truth = np.array([[label in example.labels for label in LABELS] for example in test])
    evaluation = evaluate_classification(LABELS, confidences.astype(np.float32), truth)
    accuracy = (confidences.argmax(axis=1) == truth.argmax(axis=1)).mean()
    return {
        "images": count,
        "f1": evaluation.f1,
        "accuracy": float(accuracy),
        "cpu": cpu,
        "wall": wall,
        "memory": peak,
        "report": model.report,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks polygons", description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 20_000, 40_000])
    parser.add_argument("--effort", default="fast", choices=[effort.value for effort in Effort])
    parser.add_argument("--directory", type=Path, help="where features are kept")
    parser.add_argument("--json", action="store_true", help="run one number in this process and print JSON")
    arguments = parser.parse_args()
    if arguments.json:
        print(json.dumps(run(arguments.images[0], Effort(arguments.effort), arguments.directory)))
        return
    print("| pictures | used | F1 | accuracy | CPU-s | seconds | MB at the peak | learning curve: pictures, loss |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for count in arguments.images:
            options = ["--images", str(count), "--effort", arguments.effort]
            options += ["--directory", str(arguments.directory or scratch), "--json"]
            command = [sys.executable, "-m", "benchmarks", "polygons", *options]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(output.splitlines()[-1])
            report = found["report"]
            curve = " ".join(f"{point['images']}: {point['loss']}" for point in report.get("learning_curve", []))
            used = report["images"]
            figures = f"{found['f1']:.3f} | {found['accuracy']:.3f} | {found['cpu']:.0f} | {found['wall']:.0f}"
            print(f"| {count} | {used} | {figures} | {found['memory']:.0f} | {curve} |", flush=True)
            print(report.get("large_set", ""), report["features"], report["fine_tuning"], file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
