"""A short run of chaos around PostgreSQL, and its oracle tried on a build that breaks a promise.

`make chaos DATABASE=postgresql` runs it for long.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import postgresql
from tests.faults.database_chaos import DatabaseChaos

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not postgresql.can_run(), reason="it forks, and needs a wheel of PostgreSQL"
)


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    result = DatabaseChaos(tmp_path, seed=4).run(kills=6, kills_between_checks=6)
    assert result.lost == []
    assert sum(result.kills.values()) == 6 and sum(result.acknowledged.values()) > 0


def test_the_oracle_notices_a_broken_promise(tmp_path: Path) -> None:
    result = DatabaseChaos(tmp_path, 6, "state-not-committed").run(kills=40, kills_between_checks=2)
    assert result.lost, "a build that loses what it acknowledged went unnoticed"
