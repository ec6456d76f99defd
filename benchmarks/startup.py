"""Cold start to ready, and memory when idle: `python -m benchmarks startup`."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import psutil

from support.server import EmulatorProcess

ROUNDS = 7


def seconds_to_ready(data_directory: Path) -> float:
    """Seconds from starting the process to GET /_emulator/ready answering 200 (asked every 50 ms)."""
    began = time.perf_counter()
    with EmulatorProcess(data_directory):
        return time.perf_counter() - began


def main() -> None:
    """Print the median over several starts, of a new directory and of one that exists, and the idle memory."""
    with tempfile.TemporaryDirectory() as folder:
        new = [seconds_to_ready(Path(folder) / str(number)) for number in range(ROUNDS)]
        existing = [seconds_to_ready(Path(folder) / "0") for _ in range(ROUNDS)]
    print(f"cold start to ready, new directory: median {statistics.median(new):.2f} s, best {min(new):.2f} s")
    print(f"cold start to ready, existing one:  median {statistics.median(existing):.2f} s, best {min(existing):.2f} s")
    with EmulatorProcess() as emulator:
        emulator.client("rekognition").describe_projects()
        time.sleep(1)
        memory = psutil.Process(emulator.process.pid).memory_info().rss
    print(f"memory when idle, after one request: {memory / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
