"""How long 250,000 manifest lines take to check, and how much memory: `python -m benchmarks manifests`.

Each case runs in a process of its own, so that its peak memory is its own. CPU seconds are the figures to compare: they
do not depend on what else the machine does. The manifests are written to a temporary folder.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from emulator.domain.manifest.dataset import DatasetExamination
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.reading import read_lines
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.manifest.training import validate_training
from emulator.lint.check import lint

METADATA = {"job-name": "labeling-job/pictures", "human-annotated": "yes", "creation-date": "2026-11-21T00:00:00"}


def image_level_line(number: int) -> dict[str, Any]:
    """About 480 bytes: two image-level labels."""
    line: dict[str, Any] = {"source-ref": f"s3://photographs/collection/images/{number:07}.jpg"}
    for name, label in (("kind", f"label {number % 100}"), ("size", f"size {number % 7}")):
        kind = {"confidence": 1, "class-name": label, "type": "groundtruth/image-classification"}
        line |= {name: 1, f"{name}-metadata": {**METADATA, **kind}}
    return line


def box_line(number: int) -> dict[str, Any]:
    """About 800 bytes: five boxes."""
    boxes = [{"class_id": n, "left": 20 * n, "top": 10, "width": 90, "height": 80} for n in range(5)]
    return {
        "source-ref": f"s3://photographs/collection/images/{number:07}.jpg",
        "boxes": {"image_size": [{"width": 640, "height": 480, "depth": 3}], "annotations": boxes},
        "boxes-metadata": {
            **METADATA,
            "objects": [{"confidence": 1}] * 5,
            "class-map": {str(n): f"label {n}" for n in range(5)},
            "type": "groundtruth/object-detection",
        },
    }


def write(path: Path, line: Callable[[int], dict[str, Any]], lines: int) -> None:
    """A manifest of this many lines."""
    with path.open("w") as file:
        file.writelines(json.dumps(line(number)) + "\n" for number in range(lines))


def examine(path: Path) -> str:
    """As CreateDataset does, without storing."""
    examination = DatasetExamination()
    for line in read(path):
        examination.feed(line)
    return f"{examination.entries:,} entries, {len(examination.labels)} labels, failure {examination.failure()}"


def validate(path: Path) -> str:
    """As a training does, without images; and both validation manifests."""
    result = validate_training(lambda: read(path), None, None)
    size = sum(len(line) for side in (result.training, result.testing) for line in side.validation_lines())
    return f"{len(result.training.usable):,} + {len(result.testing.usable):,} usable, {size / 1e6:.0f} MB written"


def lint_file(path: Path) -> str:
    """As `custom-labels lint --no-images` does."""
    return f"clean: {lint(path, None, None).is_clean}"


def refuse_line(path: Path) -> str:
    """Until the line after the last allowed one."""
    return refusal(path, ManifestLimits(lines=sum(1 for _ in path.open("rb")) - 1))


def refuse_byte(path: Path) -> str:
    """Until one byte too many has come."""
    return refusal(path, ManifestLimits(bytes=path.stat().st_size - 1))


def refusal(path: Path, limits: ManifestLimits) -> str:
    """What reading ends with."""
    try:
        with path.open("rb") as stream:
            for _ in read_lines(stream, limits):
                pass
    except ManifestFileError as error:
        return error.rule.code
    return "no error"


def read(path: Path) -> Iterator[Any]:
    """The lines of a file."""
    with path.open("rb") as stream:
        yield from read_lines(stream)


CASES: dict[str, Callable[[Path], str]] = {
    "dataset": examine,
    "training": validate,
    "lint": lint_file,
    "one line too many": refuse_line,
    "one byte too many": refuse_byte,
}


def measure(name: str, path: str) -> tuple[float, float, float, str]:
    """Seconds of wall time and of CPU time, peak resident megabytes, and what came out."""
    begun, begun_cpu = time.perf_counter(), time.process_time()
    outcome = CASES[name](Path(path))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    return seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, outcome


def main(lines: int = 250_000) -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        for kind, line in (("image-level", image_level_line), ("boxes", box_line)):
            path = Path(folder) / f"{kind}.manifest"
            write(path, line, lines)
            print(f"{kind}: {lines:,} lines, {path.stat().st_size / 1e6:.0f} MB")
            for name in CASES:
                with get_context("spawn").Pool(1) as pool:
                    seconds, cpu, megabytes, outcome = pool.apply(measure, (name, str(path)))
                each = f"{cpu / lines * 1e6:.0f} us a line"
                print(f"  {name:18} {seconds:5.1f} s, CPU {cpu:5.1f} s ({each}), peak {megabytes:.0f} MB: {outcome}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
