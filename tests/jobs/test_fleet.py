"""The inference units of running versions and the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from support.calls import create_project, store
from support.in_process import InProcessEmulator, play
from support.stored_model import StoredModel, loaded_instead


@pytest.fixture
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """Model files are loaded as this model."""
    yield from loaded_instead(monkeypatch)


@pytest.mark.usefixtures("stored_model")
def test_a_full_disk_delays_what_units_cost_and_loses_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O-13, O-23."""

    async def full_disk(_change: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    async def story(emulator: InProcessEmulator) -> None:
        arn = store(emulator, await create_project(emulator))
        await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=2)
        await emulator.until(lambda: asyncio.sleep(0, bool(emulator.app.fleet.running)))
        now = emulator.app.clock.now()
        await emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": now})
        before = (await emulator.control("GET", "/_emulator/usage"))[1]["total"]["unit_seconds"]
        lost = {"project_version": arn, "units": 1, "seconds": 1000}
        assert (await emulator.control("POST", "/_emulator/outage", lost))[0] == 200
        with monkeypatch.context() as patch:
            patch.setattr(emulator.app.database, "write", full_disk)
            assert (await emulator.control("GET", "/_emulator/usage"))[0] == 507
        await emulator.control("POST", "/_emulator/clock/advance", {"seconds": 1000})
        after = (await emulator.control("GET", "/_emulator/usage"))[1]["total"]["unit_seconds"]
        assert after - before == pytest.approx(1000, abs=0.1), "one of the two units was lost"

    play(tmp_path / "data", story, starting_seconds="0")
