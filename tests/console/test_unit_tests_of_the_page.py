"""The page's own unit tests, which run in Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


def test_the_units_of_the_page() -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules" / "vitest").is_dir():
        pytest.skip("web/node_modules is missing: make console fetches it")
    ended = subprocess.run(["npm", "test", "--silent"], cwd=WEB, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-8_000:]
