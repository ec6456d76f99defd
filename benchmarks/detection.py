"""How well and how fast detectors train: AP at an overlap of 0.5, best F1, calibration, time and memory.

    python benchmarks/detection.py --data ../shared/data bccd cutlery
    python benchmarks/detection.py --effort fast drawn

A set is a folder of the data folder with train.jsonl, test.jsonl (Ground Truth manifests with boxes; a brand set trains
on image-level labels) and images/. "Others" are photographs of other folders: how well the highest confidence tells the
test pictures from them, and the shares answered with a box at the assumed thresholds and at 50 %. Four sets need no
data: `drawn` has objects of 14 to 20 pixels in pictures of 1280 x 960, `tiny` objects of 12, `crowded` 30 to 50 objects
a picture, `logos` is a brand training with logos alone, tried on drawn scenes. Every set runs in a process of its own,
so that its peak memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.classification import open_set_figures
from benchmarks.detection_sets import (
    DetectionSet,
    FilePicture,
    crowded_set,
    drawn_set,
    encoded,
    folder_set,
    logo_set,
    tiny_set,
)
from emulator.domain.evaluation.detection import ImageBoxes, evaluate_detection
from emulator.vision import images
from emulator.vision.classifier.calibration import nothing_pictures
from emulator.vision.detector.geometry import intersections_over_unions
from emulator.vision.detector.model import DetectorModel
from emulator.vision.examples import (
    Effort,
    LabelledBox,
    ModelKind,
    Prediction,
    Progress,
    TrainingExample,
    TrainingSettings,
)
from emulator.vision.layers import Array
from emulator.vision.training import train

MATCH = 0.5
CALIBRATION_BINS = 15
FOREIGN = ("ants-bees", "scenes", "trees", "bccd", "brands", "cutlery")
FOREIGN_PICTURES = 20
"""Of each of these folders, as far as they are there."""
DOUBLE_OVERLAP = 0.4
HEAD = (
    "set | AP@0.5 | best F1 | ECE | doubles | nothing | AUROC, others answered, at 50 % | input | levels | steps "
    "| CPU-s | wall s | peak MB | CPU-ms an answer"
)
ROW = (
    "| {set} | {AP:.3f} | {F1:.3f} | {ECE:.3f} | {doubles} | {nothing:.2f} "
    "| {auroc:.3f}, {answered:.3f}, {at_half:.3f} | {input} | {levels} | {steps} "
    "| {cpu:.0f} | {wall:.0f} | {memory:.0f} | {answer:.0f} |"
)


@dataclass(frozen=True)
class LabelScores:
    """Average precision (area under the interpolated curve) and best F1 of one label, and (confidence, is right) of
    its detections."""

    average_precision: float
    best_f1: float
    detections: Array


def score_label(
    label: str, examples: Sequence[TrainingExample], predictions: Sequence[list[Prediction]]
) -> LabelScores:
    """Each detection, best first, takes the free object that it overlaps most, if by half or more."""
    detections, total = [], 0
    for example, answer in zip(examples, predictions, strict=True):
        facts = images.probe(example.image.read())
        scale = np.array([facts.width, facts.height, facts.width, facts.height])
        truth = np.array(
            [[b.left, b.top, b.left + b.width, b.top + b.height] for b in example.boxes if b.label == label]
        )
        truth = truth.reshape(-1, 4)
        total += len(truth)
        free = np.ones(len(truth), bool)
        for prediction in answer:
            if prediction.label != label or prediction.box is None:
                continue
            left, top, width, height = prediction.box
            box = np.array([[left, top, left + width, top + height]]) * scale
            overlaps = np.where(free, intersections_over_unions(box, truth)[0], 0.0)
            best = int(overlaps.argmax()) if len(overlaps) else -1
            is_right = best >= 0 and overlaps[best] >= MATCH
            if is_right:
                free[best] = False
            detections.append((prediction.confidence, float(is_right)))
    if not detections:
        return LabelScores(0.0, 0.0, np.zeros((0, 2)))
    ranked = np.array(sorted(detections, key=lambda item: -item[0]))
    right = np.cumsum(ranked[:, 1])
    recall, precision = right / max(total, 1), right / np.arange(1, len(ranked) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    average_precision = float((np.diff(np.concatenate([[0], recall])) * envelope).sum())
    return LabelScores(average_precision, float((2 * right / (total + np.arange(1, len(ranked) + 1))).max()), ranked)


def calibration_error(detections: Array) -> float:
    """Expected calibration error over detections (n, 2)."""
    bins = np.minimum((detections[:, 0] * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs(float((detections[bins == index, 0] - detections[bins == index, 1]).sum())) for index in set(bins)]
    return sum(gaps) / max(1, len(detections))


def doubles(predictions: Sequence[list[Prediction]]) -> int:
    """Pairs of boxes of one label, both of 50 % or more, that overlap by more than DOUBLE_OVERLAP."""
    count = 0
    for answer in predictions:
        sure = [item for item in answer if item.confidence >= 0.5]
        boxes = np.array([item.box for item in sure], np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        alike = np.array([item.label for item in sure])[:, None] == np.array([item.label for item in sure])
        overlaps = intersections_over_unions(boxes, boxes) > DOUBLE_OVERLAP
        count += int(np.triu(overlaps & alike, 1).sum())
    return count


def highest_confidences(labels: Sequence[str], predictions: Sequence[list[Prediction]]) -> Array:
    """[images, labels], 0 where no box has a label."""
    found = np.zeros((len(predictions), len(labels)))
    for row, answer in zip(found, predictions, strict=True):
        for item in answer:
            row[labels.index(item.label)] = max(row[labels.index(item.label)], item.confidence)
    return found


def assumed_thresholds(
    labels: Sequence[str], examples: Sequence[TrainingExample], predictions: Sequence[list[Prediction]]
) -> list[float]:
    """Those that a training through the API derives from the answers to its test pictures (ME-5)."""
    truth, found = [], []
    for example, answer in zip(examples, predictions, strict=True):
        facts = images.probe(example.image.read())
        scale = np.array([facts.width, facts.height] * 2)
        boxes = [item for item in example.boxes if item.label in labels]
        truth.append(_image_boxes(labels, boxes, [[item.left, item.top, item.width, item.height] for item in boxes]))
        found.append(_image_boxes(labels, answer, [np.array(item.box) * scale for item in answer]))
    thresholds = evaluate_detection(labels, truth, found).evaluation.thresholds()
    return [thresholds[label] for label in labels]


def _image_boxes(
    labels: Sequence[str], items: Sequence[LabelledBox | Prediction], boxes: Sequence[Sequence[float] | Array]
) -> ImageBoxes:
    return ImageBoxes(
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array([labels.index(item.label) for item in items], np.int64),
        np.array([getattr(item, "confidence", 1.0) for item in items], np.float32),
    )


def other_pictures(name: str, data: Path) -> list[FilePicture]:
    """Some photographs of other folders, which show none of the labels."""
    pictures = []
    for folder in FOREIGN:
        if folder != name and (data / folder / "test.jsonl").is_file():
            lines = (data / folder / "test.jsonl").read_text().splitlines()[:FOREIGN_PICTURES]
            pictures += [
                FilePicture(data / folder / "images" / Path(json.loads(line)["source-ref"]).name) for line in lines
            ]
    return pictures


def run(name: str, data: Path, settings: TrainingSettings) -> dict[str, object]:
    """Trains on one set and measures."""
    detection_set = _load(name, data)
    labels = detection_set.labels

    def show(progress: Progress) -> None:
        if sys.stderr.isatty():
            print(f"\r{name}: {progress.stage} {progress.done}/{progress.total}  ", end="", file=sys.stderr)

    wall, cpu = time.perf_counter(), time.process_time()
    has_boxes = any(example.boxes for example in detection_set.train)
    model = train(ModelKind.DETECTION if has_boxes else ModelKind.BRAND, detection_set.train, labels, settings, show)
    assert isinstance(model, DetectorModel)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    predictions = model.predict([example.image for example in detection_set.test])
    scores = [score_label(label, detection_set.test, predictions) for label in labels]
    return {
        "set": name,
        "AP": float(np.mean([score.average_precision for score in scores])),
        "F1": float(np.mean([score.best_f1 for score in scores])),
        "ECE": calibration_error(np.concatenate([score.detections for score in scores])),
        "doubles": doubles(predictions),
        "nothing": confidence_in_nothing(model),
        **open_set_figures(
            highest_confidences(labels, predictions),
            others := highest_confidences(labels, model.predict(other_pictures(name, data))),
            assumed_thresholds(labels, detection_set.test, predictions),
        ),
        "at_half": float((others >= 0.5).any(axis=1).sum() / max(1, len(others))),
        "input": f"{model.plan.input_width}x{model.plan.input_height}",
        "levels": " ".join(level.name for level in model.plan.levels),
        "steps": model.report["steps"],
        "cpu": cpu,
        "wall": wall,
        "memory": memory,
        "answer": _milliseconds_an_answer(model, detection_set),
    }


def _milliseconds_an_answer(model: DetectorModel, detection_set: DetectionSet) -> float:
    """CPU time of an answer, decoding included; the median of some pictures."""
    single = DetectorModel(model.graph, model.labels, model.plan, {}, threads=1)
    times: list[float] = []
    start = time.process_time()

    def tick(_: Progress) -> None:
        nonlocal start
        times.append(time.process_time() - start)
        start = time.process_time()

    single.predict([example.image for example in (detection_set.test * 10)[:20]], tick)
    return float(np.median(times[2:])) * 1000


def confidence_in_nothing(model: DetectorModel) -> float:
    """The highest confidence on pictures that show nothing: black, white, noise, gradients, blurs."""
    pictures = nothing_pictures(max(model.plan.input_height, model.plan.input_width), np.random.default_rng(0))
    sources = [encoded(f"nothing {number}", Image.fromarray(pixels)) for number, pixels in enumerate(pictures)]
    return max((answer[0].confidence for answer in model.predict(sources) if answer), default=0.0)


def _load(name: str, data: Path) -> DetectionSet:
    drawn = {"drawn": drawn_set, "tiny": tiny_set, "crowded": crowded_set, "logos": logo_set}
    return drawn[name]() if name in drawn else folder_set(data / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", help="folders of the data folder, or drawn, tiny, crowded, logos")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--effort", choices=[effort.value for effort in Effort], default=Effort.STANDARD.value)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="run one set in this process and print JSON")
    arguments = parser.parse_args()
    settings = TrainingSettings(arguments.seed, Effort(arguments.effort), arguments.threads)
    if arguments.json:
        print(json.dumps(run(arguments.sets[0], arguments.data, settings)))
        return
    print(f"effort {arguments.effort}, seed {arguments.seed}, {arguments.threads} threads of {os.cpu_count()} cores")
    print(f"| {HEAD} |")
    print("|---" * (HEAD.count("|") + 1) + "|")
    for name in arguments.sets:
        options = ["--data", str(arguments.data), "--effort", arguments.effort, "--seed", str(arguments.seed)]
        command = [sys.executable, __file__, name, "--json", "--threads", str(arguments.threads), *options]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(ROW.format(**found), flush=True)


if __name__ == "__main__":
    main()
