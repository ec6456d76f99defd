"""The clients of `make contract`: environments of their own for Python's, a folder for npm's, the machine's for others.

What is installed lies in `.venv-contract/` (`CONTRACT_FOLDER` names another place) and is kept for the next run; what
cannot be had skips its tests with the reason. Several test processes may ask for the same thing at the same time.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.server import PROJECT_ROOT, environment_without_settings

LIFE, ROUND_TRIP = "project to answer", "S3 round trip"
"""What a client did, in the words of the table of docs/clients.md."""

LABELS = ["circle", "square"]
"""Of the photographs; the new one is a circle."""

KEYS = ["copy.jpg", "deep/large.bin", "ä b+c.jpg"]
"""What the programs of a round trip put into their bucket."""

Ran = Callable[[str, str, str], None]
"""Notes a client, its version and what it did."""

INSTALL_SECONDS = 600
CLIENT_SECONDS = 300

# What each environment of a Python client holds.
ENVIRONMENTS: Mapping[str, Sequence[str]] = {
    "boto3-1.26": ("boto3==1.26.*",),
    "boto3-1.34": ("boto3==1.34.*",),
    "asynchronous": ("aioboto3", "s3fs"),
    "others": ("minio", "pyarrow"),
    "readers": ("check-jsonschema", "tree-sitter", "tree-sitter-go", "tree-sitter-java", "tree-sitter-c-sharp"),
    "cloudformation": ("--editable", f"{PROJECT_ROOT}[cloudformation]"),
}


def folder() -> Path:
    """Where clients are installed; it is made."""
    place = Path(os.environ.get("CONTRACT_FOLDER") or PROJECT_ROOT / ".venv-contract")
    place.mkdir(exist_ok=True)
    return place


@contextmanager
def installing(name: str) -> Iterator[Path | None]:
    """The folder that a client is to be installed in, empty and held; None where it is there already.

    It counts as installed once the block ends without an error.
    """
    place = folder() / name
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / "installed").exists():
            yield None
            return
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        yield place
        (place / "installed").touch()


@functools.cache
def python_of(name: str) -> str:
    """The interpreter of an environment of ENVIRONMENTS; skips the test where pip cannot install it."""
    packages = ENVIRONMENTS[name]
    key = f"{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    interpreter = folder() / key / "bin" / "python"
    with installing(key) as place:
        if place is not None:
            run_or_skip([sys.executable, "-m", "venv", "--without-pip", str(place)])
            install = ["install", "--quiet", "--prefer-binary", *packages]
            run_or_skip([sys.executable, "-m", "pip", "--python", str(interpreter), *install])
    return str(interpreter)


@functools.cache
def npm_modules(*packages: str) -> Path:
    """The folder `node_modules` with packages; skips the test where npm cannot install them."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    key = f"npm-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    with installing(key) as place:
        if place is not None:
            (place / "package.json").write_text('{"name": "contract", "private": true}')
            run_or_skip([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages], place)
    return folder() / key / "node_modules"


def command(name: str, *places: str) -> str:
    """A command of the machine, from one of `places` before the path; skips the test where it is missing."""
    for place in places:
        if os.access(place, os.X_OK):
            return place
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run_or_skip(words: Sequence[str], directory: Path | None = None) -> str:
    """What a command printed that prepares a test; skips the test where it fails."""
    try:
        ended = subprocess.run(
            words, cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        pytest.skip(f"{Path(words[0]).name} {words[1]} took longer than {error.timeout} s")
    if ended.returncode:
        pytest.skip(f"{Path(words[0]).name} {words[1]} failed: {ended.stderr.strip()[-300:]}")
    return ended.stdout


def run_client(words: Sequence[str], environment: Mapping[str, str], directory: Path | None = None) -> str:
    """What a client printed; AssertionError with all that it said where it fails."""
    ended = subprocess.run(
        words,
        cwd=directory,
        env=environment_without_settings() | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CLIENT_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, (
        f"{words} ended with {ended.returncode}:\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
    )
    return ended.stdout


def answer_of(words: Sequence[str], environment: Mapping[str, str], directory: Path | None = None) -> Any:
    """The JSON that a client printed last."""
    return json.loads(run_client(words, environment, directory).splitlines()[-1])
