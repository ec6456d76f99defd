"""A short run of chaos, and its oracle tried on builds that break a promise; `make chaos` runs it for long."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.chaos import ACCOUNTS, Chaos
from tests.faults.forked_server import SABOTAGES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it forks, and looks at processes through /proc")


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    result = Chaos(tmp_path, seed=5, accounts=ACCOUNTS[:2]).run(kills=5, seconds=120)
    assert result.lost == []
    assert result.kills >= 1 and sum(result.acknowledged.values()) > 0


@pytest.mark.parametrize("sabotage", sorted(SABOTAGES))
def test_the_oracle_notices_a_broken_promise(tmp_path: Path, sabotage: str) -> None:
    chaos = Chaos(tmp_path, 6, sabotage, ACCOUNTS[:1], with_models=False, settled_seconds=10)
    result = chaos.run(kills=500, seconds=240)
    assert result.lost, "a build that loses what it acknowledged went unnoticed"
