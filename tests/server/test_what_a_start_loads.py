"""A start does not wait for libraries that only pictures, trainings or an outside S3 need."""

from __future__ import annotations

import json
import subprocess
import sys

from support.server import PROJECT_ROOT

LATER = ("numpy", "PIL", "onnx", "onnxruntime", "boto3", "alembic", "emulator.vision.images")


def test_heavy_libraries_are_loaded_with_their_first_use() -> None:
    program = f"import sys, json, emulator.server.app; print(json.dumps([n for n in {LATER!r} if n in sys.modules]))"
    printed = subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, check=True, capture_output=True)
    assert json.loads(printed.stdout) == []
