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

ACCOUNTS = ("111122223333", "444455556666")


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
        now = emulator.app.clocks.now()
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


@pytest.mark.usefixtures("stored_model")
def test_the_clock_of_an_account_moves_what_its_versions_cost_alone(tmp_path: Path) -> None:
    """O-10, O-13, O-39: hours that pass for one team; the years that its clock leaps pass for nobody."""
    long_ago, hour = 1_000_000_800, 3600
    arns: dict[str, str] = {}

    async def seconds(emulator: InProcessEmulator) -> list[float]:
        usage = (await emulator.control("GET", "/_emulator/usage"))[1]["versions"]
        by_arn = {row["project_version"]: row["running_seconds"] for row in usage}
        return [by_arn[arns[account]] for account in ACCOUNTS]

    async def first_story(emulator: InProcessEmulator) -> None:
        for account in ACCOUNTS:
            arns[account] = arn = store(emulator, await create_project(emulator, account=account))
            await emulator.call("StartProjectVersion", account, ProjectVersionArn=arn, MinInferenceUnits=1)
        await emulator.until(lambda: asyncio.sleep(0, len(emulator.app.fleet.running) == len(ACCOUNTS)))
        path = f"/_emulator/clock?account={ACCOUNTS[0]}"
        await emulator.control("PUT", path, {"mode": "manual", "now": long_ago})
        await emulator.control("POST", path.replace("clock", "clock/advance"), {"seconds": 2 * hour})
        assert await seconds(emulator) == pytest.approx([2 * hour, 0], abs=60)
        await emulator.control("DELETE", path)
        assert await seconds(emulator) == pytest.approx([2 * hour, 0], abs=60)
        await emulator.control("PUT", path, {"mode": "manual", "now": long_ago})
        await emulator.control("POST", path.replace("clock", "clock/advance"), {"seconds": hour})

    async def second_story(emulator: InProcessEmulator) -> None:
        assert (await emulator.control("GET", f"/_emulator/clock?account={ACCOUNTS[0]}"))[1]["own"] is False
        assert await seconds(emulator) == pytest.approx([3 * hour, 0], abs=60)

    for story in (first_story, second_story):
        play(tmp_path / "data", story, starting_seconds="0")
