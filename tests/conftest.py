"""Fixtures of the tests that speak to a running emulator.

Each xdist worker starts one emulator for all its tests; tests stay apart by using an account of their own (O-20).
A test that kills, restarts or configures an emulator asks for one of its own.
"""

from __future__ import annotations

import gc
import os
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from emulator.storage.engine import Database
from emulator.storage.migrate import migrate
from support import postgresql
from support.server import EmulatorProcess, environment_without_settings

LOG_TAIL_CHARACTERS = 8_000
LEAST_MEMORY = 8 * 2**30

# The same examples in every run, and no machine too slow for one: a run says what the change did, not what chance did.
# `--hypothesis-profile exploring` draws new ones, and `make fuzz` draws them by the hundred thousand.
_ANY_MACHINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("steady", derandomize=True, database=None, deadline=None, suppress_health_check=_ANY_MACHINE)
settings.register_profile("exploring", derandomize=False, deadline=None, suppress_health_check=_ANY_MACHINE)
settings.load_profile("steady")

# The suite of an application, which tests/testing/test_plugin.py runs as its author would.
collect_ignore = ["sample_application"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database postgresql` runs tests/storage, operations and jobs over the other database."""
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="where the state is kept")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the developer's own AWS profile and emulator settings out of every test."""
    for name in set(os.environ) - set(environment_without_settings()):
        del os.environ[name]
    os.environ[postgresql.CHOICE] = config.getoption("--database")
    if config.option.markexpr != "contract":  # whose images of containers are large
        _keep_files_in_memory()
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true"
    )


def _keep_files_in_memory() -> None:
    """Let temporary files lie in memory where there is plenty: else most of a test is waiting for the disk to write."""
    memory, available = Path("/dev/shm"), 0
    if not memory.is_dir() or "TMPDIR" in os.environ:
        return
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    found = os.statvfs(memory)
    is_large = available >= LEAST_MEMORY and found.f_bavail * found.f_frsize >= LEAST_MEMORY // 2
    if is_large and not found.f_flag & os.ST_NOEXEC and os.access(memory, os.W_OK | os.X_OK):
        os.environ["TMPDIR"] = tempfile.tempdir = str(memory)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the emulator printed when a test that used it fails."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, EmulatorProcess):
                report.sections.append((f"log of {name}", value.log()[-LOG_TAIL_CHARACTERS:]))
    return report


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no collection of garbage has to look at them, which takes it 0.3 s."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def collected_garbage() -> Iterator[None]:
    """Collect a module's garbage at its end.

    Else connections may be finalized in the middle of a later test that is deep in a recursion on purpose, where
    closing them fails.
    """
    yield
    gc.collect()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty state in a migrated database of this test alone."""
    opened = Database(postgresql.database_url(tmp_path) if postgresql.is_chosen() else tmp_path / "state.sqlite")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def dropped_databases() -> Iterator[None]:
    """Databases of PostgreSQL go with the test that they were made for."""
    yield
    if postgresql.is_chosen():
        postgresql.drop_databases()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """The emulator that all tests of this worker share; use the fixture `account` to stay apart."""
    with EmulatorProcess(tmp_path_factory.mktemp("emulator") / "data") as process:
        yield process


@pytest.fixture
def start_emulator(tmp_path: Path) -> Iterator[Callable[..., EmulatorProcess]]:
    """Start an emulator for this test alone: `start_emulator(environment={...})`; the same data directory each time."""
    started: list[EmulatorProcess] = []

    def start(environment: Mapping[str, str] | None = None, **options: Any) -> EmulatorProcess:
        process = EmulatorProcess(tmp_path / "data", environment, **options)
        started.append(process)
        return process.start()

    yield start
    for process in started:
        process.close()


@pytest.fixture
def fresh_emulator(start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """An emulator for this test alone, with default settings and an empty data directory."""
    return start_emulator()


@pytest.fixture
def account() -> str:
    """A twelve-digit account that no other test uses."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


@pytest.fixture
def rekognition(emulator: EmulatorProcess, account: str) -> Any:
    """A Rekognition client of the test's own account on the shared emulator."""
    return emulator.client("rekognition", account)


@pytest.fixture
def s3(emulator: EmulatorProcess, account: str) -> Any:
    """An S3 client of the test's own account on the shared emulator."""
    return emulator.client("s3", account)
