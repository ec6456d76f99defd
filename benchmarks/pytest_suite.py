"""A suite of ten tests with a trained model through the pytest plugin: `python -m benchmarks pytest_suite`."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from emulator.testing import CustomLabels, running_emulator, trained_model
from emulator.testing.server import GUARD
from support.command_line import command_environment
from support.pictures import single_label_pictures
from support.server import PROJECT_ROOT

RUNS = 3
ADDED = 9
APPLICATION = PROJECT_ROOT / "tests" / "sample_application"
KEPT = Path(".pytest_cache")
PR_SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl."""


def main() -> None:
    """Print seconds from the start of pytest to its end, the best of three, and CPU seconds of all that it started, in
    one process and over two workers; and what one kept model costs each test.
    """
    _adopt_orphans()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in APPLICATION.glob("*.py"):
            shutil.copy(path, folder)
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -q\n")
        for shape, label in (("circle", "crack"), ("square", "whole")):
            (folder / "photographs" / label).mkdir(parents=True)
            for picture in single_label_pictures((shape,), 12):
                (folder / "photographs" / label / picture.name).write_bytes(picture.body)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
        for arguments in ((), ("-n", "2")):
            for is_kept in (False, True):
                runs = [_run(folder, arguments, is_kept=is_kept) for _ in range(RUNS)]
                what = "the model kept" if is_kept else "its training"
                seconds, cpu = (min(values) for values in zip(*runs, strict=True))
                print(f"pytest {' '.join(arguments):4}: {seconds:5.1f} s, {cpu:5.1f} CPU-s for ten tests with {what}")
        _print_added(folder)


def _run(folder: Path, arguments: tuple[str, ...], *, is_kept: bool) -> tuple[float, float]:
    """Seconds, and CPU seconds of pytest, its workers, the emulator and the training."""
    if not is_kept:
        shutil.rmtree(folder / KEPT, ignore_errors=True)
    environment = command_environment({"PHOTOGRAPHS": str(folder / "photographs")})
    began, cpu = time.perf_counter(), _cpu_of_children()
    command = [sys.executable, "-m", "pytest", *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    seconds = time.perf_counter() - began
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return seconds, _cpu_of_children() - cpu


def _adopt_orphans() -> None:
    """The emulator of a run outlives the xdist worker that started it: as our child its CPU time can be read."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _print_added(folder: Path) -> None:
    """What `trained_model` takes in a test, once its archive is there: bucket, project, version."""
    with running_emulator() as shared:
        trained_model(shared, folder / "photographs", keep_in=folder / "kept")
        emulator = psutil.Process(int((shared.run / GUARD).read_text())).children()[0]
        began, cpu, seconds = time.process_time(), sum(emulator.cpu_times()[:2]), []
        for _ in range(ADDED):
            with CustomLabels(shared.endpoint_url, shared.run) as custom_labels:
                start = time.perf_counter()
                trained_model(custom_labels, folder / "photographs", keep_in=folder / "kept")
                seconds.append(time.perf_counter() - start)
        cpu = (sum(emulator.cpu_times()[:2]) - cpu) / ADDED
        own = (time.process_time() - began) / ADDED
    [archive] = (folder / "kept").iterdir()
    print(f"a kept model of {archive.stat().st_size / 1e6:.1f} MB in an account: {statistics.median(seconds):.3f} s")
    print(
        f"(median of {ADDED}, the best {min(seconds):.3f}), {own:.3f} CPU-s in the test and {cpu:.3f} in the emulator"
    )


if __name__ == "__main__":
    main()
