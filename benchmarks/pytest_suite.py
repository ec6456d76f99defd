"""A suite of ten tests with a trained model through the pytest plugin: `python -m benchmarks pytest_suite`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.command_line import command_environment
from support.pictures import single_label_pictures
from support.server import PROJECT_ROOT

RUNS = 3
APPLICATION = PROJECT_ROOT / "tests" / "sample_application"


def main() -> None:
    """Print seconds from the start of pytest to its end, the best of three, in one process and over two workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in APPLICATION.glob("*.py"):
            shutil.copy(path, folder)
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -q -p no:cacheprovider\n")
        for shape, label in (("circle", "crack"), ("square", "whole")):
            (folder / "photographs" / label).mkdir(parents=True)
            for picture in single_label_pictures((shape,), 12):
                (folder / "photographs" / label / picture.name).write_bytes(picture.body)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
        for arguments in ((), ("-n", "2")):
            seconds = min(_seconds(folder, arguments) for _ in range(RUNS))
            print(f"pytest {' '.join(arguments)}: {seconds:.1f} s for ten tests, the training of their model included")


def _seconds(folder: Path, arguments: tuple[str, ...]) -> float:
    environment = command_environment({"PHOTOGRAPHS": str(folder / "photographs")})
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
