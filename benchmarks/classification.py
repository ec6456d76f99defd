"""How well and how fast image classifiers train: F1, calibration, time and memory.

    python -m benchmarks.classification ants-bees trees scenes
    python -m benchmarks.classification --effort fast --data FOLDER SET

A set is a folder of the data folder with train.jsonl, test.jsonl (Ground Truth manifests with image-level labels) and
images/. F1 is the plain mean over the labels, each at its assumed threshold (ME-3, ME-5). "Others" are pictures of all
other sets of the folder (`open_set`): how well the highest confidence tells the test pictures from them, and which
share of them gets a label at the assumed thresholds.
Every set runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.detection_sets import FilePicture, encoded
from emulator.domain.evaluation.classification import evaluate_classification
from emulator.vision import images
from emulator.vision.classifier.calibration import expected_calibration_error, nothing_pictures
from emulator.vision.examples import Effort, TrainedModel, TrainingExample, TrainingSettings
from emulator.vision.served_model import ServedModel
from emulator.vision.training import train

SETS = ("ants-bees", "trees", "scenes")
HEAD = (
    "| set | F1 | accuracy | ECE | nothing | AUROC, others answered | features | CPU-s | wall s | test CPU-s | peak MB "
    "| ms an answer |"
)
ROW = (
    "| {set} | {F1:.3f} | {accuracy:.3f} | {ECE:.3f} | {nothing:.2f} | {auroc:.3f}, {answered:.3f} "
    "| {features} | {cpu:.0f} | {wall:.0f} "
    "| {test_cpu:.0f} | {memory:.0f} | {answer:.0f} |"
)

OTHERS_OF_A_SET = 200

Matrix = npt.NDArray[np.float64]


def read_set(folder: Path) -> tuple[list[TrainingExample], list[TrainingExample]]:
    """Training and test examples of a folder."""
    train_examples, test_examples = (_read_manifest(folder, split) for split in ("train", "test"))
    return train_examples, test_examples


def _read_manifest(folder: Path, split: str) -> list[TrainingExample]:
    examples = []
    for line in (folder / f"{split}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        labels = frozenset(
            value["class-name"] for value in entry.values() if isinstance(value, dict) and "class-name" in value
        )
        examples.append(TrainingExample(FilePicture(folder / "images" / Path(entry["source-ref"]).name), labels))
    return examples


def confidence_matrix(model: TrainedModel, examples: list[TrainingExample]) -> Matrix:
    """Confidences [images, labels]."""
    answers = model.predict([example.image for example in examples])
    named = [{prediction.label: prediction.confidence for prediction in answer} for answer in answers]
    return np.array([[answer[label] for label in model.labels] for answer in named])


def run(name: str, data: Path, settings: TrainingSettings) -> dict[str, object]:
    """Train on one set and measure."""
    train_examples, test_examples = read_set(data / name)
    labels = sorted({label for example in train_examples for label in example.labels})
    wall, cpu = time.perf_counter(), time.process_time()
    model = train("classification", train_examples, labels, settings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    test_cpu = time.process_time()
    confidences = confidence_matrix(model, test_examples)
    test_cpu = time.process_time() - test_cpu
    truth = np.array([[float(label in example.labels) for label in labels] for example in test_examples])
    evaluation = evaluate_classification(labels, confidences.astype(np.float32), truth > 0.5)
    if model.report["multi_label"]:
        right = (confidences > 0.5) == (truth > 0.5)
        error = expected_calibration_error(confidences.ravel(), truth.ravel() > 0.5)
    else:
        right = confidences.argmax(axis=1) == truth.argmax(axis=1)
        error = expected_calibration_error(confidences.max(axis=1), right)
    return {
        "set": name,
        "F1": evaluation.f1,
        "accuracy": float(right.mean()),
        "ECE": error,
        "nothing": confidence_in_nothing(model),
        **open_set(model, confidences, evaluation.thresholds(), other_pictures(data, name)),
        "features": model.report["features"],
        "cpu": cpu,
        "wall": wall,
        "test_cpu": test_cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "answer": milliseconds_an_answer(model, test_examples),
        "report": model.report,
    }


def other_pictures(data: Path, name: str) -> list[TrainingExample]:
    """Up to OTHERS_OF_A_SET pictures of each other set of the folder, spread over it."""
    others = []
    for folder in sorted(path for path in data.iterdir() if (path / "images").is_dir() and path.name != name):
        files = sorted((folder / "images").iterdir())
        others += [TrainingExample(FilePicture(file)) for file in files[:: -(-len(files) // OTHERS_OF_A_SET)]]
    return others


def open_set(
    model: TrainedModel, own: Matrix, thresholds: dict[str, float], others: list[TrainingExample]
) -> dict[str, float]:
    """`open_set_figures` of other pictures, from the confidences [images, labels] in the test pictures."""
    return open_set_figures(own, confidence_matrix(model, others), [thresholds[label] for label in model.labels])


def open_set_figures(own: Matrix, found: Matrix, thresholds: Sequence[float]) -> dict[str, float]:
    """`auroc` of the highest confidence, test pictures against others; `answered`: the share of others with a label.

    Both are confidences [images, labels], `own` in test pictures, `found` in others.
    """
    if not len(found):
        return {"auroc": float("nan"), "answered": 0.0}
    highest = np.concatenate([own.max(axis=1), found.max(axis=1)])
    # Equal confidences count half: rank from below and from above, and take the mean.
    ranks = [np.searchsorted(np.sort(highest), own.max(axis=1), side) for side in ("left", "right")]
    below = np.mean(ranks, axis=0).sum() - len(own) ** 2 / 2
    answered = (found >= np.array(thresholds)).any(axis=1)
    return {"auroc": float(below / (len(own) * len(found))), "answered": float(answered.mean())}


def confidence_in_nothing(model: TrainedModel) -> float:
    """The highest confidence in pictures of nothing that the training did not see."""
    pictures = nothing_pictures(400, np.random.default_rng(99))
    sources = [encoded(f"nothing {number}", Image.fromarray(pixels)) for number, pixels in enumerate(pictures)]
    return max(answer[0].confidence for answer in model.predict(sources))


def milliseconds_an_answer(model: TrainedModel, examples: list[TrainingExample]) -> float:
    """Of the exported file on one core, decoding a JPEG of 640 × 480 included; the median in processor time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.export(path, dict.fromkeys(model.labels, 0.5), {})
        served = ServedModel.load(path, threads=1)
    buffer = io.BytesIO()
    Image.fromarray(images.decode_resized(examples[0].image.read(), 640, 480)).save(buffer, "JPEG", quality=90)
    times = []
    for _ in range(20):
        begin = time.process_time()
        served.predict(buffer.getvalue())
        times.append(time.process_time() - begin)
    return float(np.median(times[2:])) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), help="folders of the data folder")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--effort", choices=[effort.value for effort in Effort], default=Effort.STANDARD.value)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="run one set in this process and print JSON")
    arguments = parser.parse_args([] if __name__ != "__main__" else None)
    settings = TrainingSettings(arguments.seed, Effort(arguments.effort), arguments.threads)
    if arguments.json:
        print(json.dumps(run(arguments.sets[0], arguments.data, settings)))
        return
    print(f"effort {arguments.effort}, seed {arguments.seed}, {arguments.threads} threads of {os.cpu_count()} cores")
    print(HEAD)
    print("|" + "---|" * (HEAD.count("|") - 1))
    for name in arguments.sets:
        options = ["--data", str(arguments.data), "--effort", arguments.effort, "--seed", str(arguments.seed)]
        command = [sys.executable, "-m", "benchmarks.classification", name, "--json", *options]
        command += ["--threads", str(arguments.threads)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(ROW.format(**found), flush=True)


if __name__ == "__main__":
    main()
