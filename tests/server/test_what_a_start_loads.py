"""A start waits for what it needs to answer, and for nothing else; all the rest is imported behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.server import PROJECT_ROOT, EmulatorProcess, wait_until

# What may be imported before the emulator is ready; `serve` imports no more than this program does.
PACKAGES = {"click", "emulator", "greenlet", "httptools", "pybase64", "sqlalchemy", "typing_extensions", "uvicorn"}
PACKAGES |= {"uvloop"}
# Imported by Python itself where an installation has them, before anything of the emulator.
SITES_OWN = {"sitecustomize", "usercustomize"}
PARTS = {"commands", "control", "domain", "jobs", "operations", "s3", "server", "settings", "storage", "wire"}
# And of these parts, what may not.
LATER = (
    *("emulator.control.app", "emulator.control.body", "emulator.control.knobs", "emulator.control.state"),
    *("emulator.domain.evaluation", "emulator.domain.manifest.training"),
    *("emulator.jobs.version_jobs", "emulator.jobs.dataset_jobs", "emulator.jobs.ingest"),
    *("emulator.s3.application", "emulator.s3.archive", "emulator.s3.external", "emulator.s3.handlers"),
    *("emulator.storage.dialects.postgresql", "sqlalchemy.dialects.postgresql"),
    *("emulator.server.behind", "emulator.server.console_parts", "emulator.server.state_archive"),
)
# What none of the small services waits for: FastAPI takes longer than all that a start imports.
HEAVY = {"fastapi", "pydantic", "emulator.control.app"}
START = """
import asyncio, json, sys
from pathlib import Path
import emulator.commands.serve, emulator.server.header_limits, uvicorn, uvloop
from emulator.server.app import create_app
from emulator.settings import Settings

async def start():
    app = create_app(Settings.read({}, {}), Path(sys.argv[1]))
    app.lifecycle.prepare()
    await app.lifecycle.start()
    names = [n for n in sys.modules if getattr(sys.modules[n], "__file__", None) and ".so" not in n]
    await app.lifecycle.stop()
    return names

print(json.dumps(asyncio.run(start())))
"""


def loaded_by_a_start(directory: Path) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", START, str(directory)], cwd=PROJECT_ROOT, check=True, capture_output=True
    )
    return set(json.loads(ended.stdout))


def test_a_start_imports_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    """A new directory, and one that is there: its schema is current, so Alembic is not needed."""
    for _ in range(2):
        names = loaded_by_a_start(tmp_path)
        packages = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - SITES_OWN
        assert {name for name in packages if not name.startswith("_")} <= PACKAGES
        parts = {name.split(".")[1] for name in names if name.startswith("emulator.")}
        assert parts <= PARTS
        assert [name for name in names if name.startswith(LATER)] == []


def test_what_is_behind_a_start_follows_by_itself(tmp_path: Path) -> None:
    """Nobody asks for it, and it is there: the next call of each part waits for no import."""
    with EmulatorProcess(tmp_path / "data", {"PYTHONVERBOSE": "1"}) as emulator:
        wait_until(lambda: "import 'emulator.console.task_works'" in emulator.log(), what="what is behind the start")
        assert "import 'anyio._backends._asyncio'" in emulator.log(), "the first file of an answer would wait for it"


def test_small_services_do_not_wait_for_the_libraries_of_the_control_application() -> None:
    program = "import sys, emulator.server.behind_services; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
    )
    assert set(ended.stdout.split()) & HEAVY == set()
