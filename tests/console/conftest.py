"""The page of one account."""

from __future__ import annotations

import pytest

from support.console import ConsoleClient
from support.server import EmulatorProcess


@pytest.fixture
def console(emulator: EmulatorProcess, account: str) -> ConsoleClient:
    """The console's API for the test's own account on the shared emulator."""
    return ConsoleClient(emulator, account)
