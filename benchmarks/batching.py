"""Would threads or batches make inference cheaper? `python -m benchmarks batching`: CPU and wall time an image."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from benchmarks.inference import ACCOUNT, model_files, photograph
from emulator.vision.images import decode_resized
from emulator.vision.onnx_session import Session
from emulator.vision.served_model import INPUT, input_tensor
from support.running import RunningLab
from support.server import EmulatorProcess

ROUNDS = 4
IMAGES = 16


def main() -> None:
    """Print the cost of an image for one and two threads, and for batches of one to eight."""
    with EmulatorProcess(environment={"CUSTOM_LABELS_LOG_LEVEL": "warning"}) as emulator:
        RunningLab.create(emulator, ACCOUNT).trained.start_model()
        [model_file] = model_files(emulator)
        for threads, batch in ((1, 1), (2, 1), (1, 2), (1, 4), (1, 8)):
            cpu, wall = _cost(model_file, threads, batch)
            print(f"{threads} thread(s), batches of {batch}: {cpu:.1f} ms CPU, {wall:.1f} ms an image")


def _cost(model_file: Path, threads: int, batch: int) -> tuple[float, float]:
    session = Session(model_file, threads)
    shape = json.loads(session.metadata["input"])
    images = np.repeat(input_tensor(decode_resized(photograph(), shape["width"], shape["height"])), batch, axis=0)
    session.run({INPUT: images})
    costs = []
    for _ in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(IMAGES // batch):
            session.run({INPUT: images})
        costs.append(((time.process_time() - cpu) / IMAGES * 1e3, (time.perf_counter() - wall) / IMAGES * 1e3))
    return min(costs)


if __name__ == "__main__":
    main()
