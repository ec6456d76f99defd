"""An empty state for the tests of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.storage.engine import Database
from emulator.storage.migrate import migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated database of this test alone."""
    opened = Database(tmp_path / "state.sqlite")
    migrate(opened)
    yield opened
    opened.close()
