"""Loading an archive that cannot be taken over, whatever the reason: what there was goes on (O-15, O-19)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import lifecycle
from tests.support.in_process import InProcessEmulator


async def _saved(emulator: InProcessEmulator, directory: Path) -> Path:
    await asyncio.to_thread(directory.mkdir)
    return await emulator.app.lifecycle.save(directory)


def test_work_goes_on_when_the_state_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            await emulator.control("PUT", "/_emulator/transitions", {"deleting": {"type": "describes", "count": 1}})
            project = (await emulator.call("CreateProject", ProjectName="one"))["ProjectArn"]
            archive = await _saved(emulator, tmp_path / "archive")
            await emulator.call("DeleteProject", ProjectArn=project)
            monkeypatch.setattr(lifecycle, "replace_state", full_disk)
            with pytest.raises(OSError, match="No space"):
                await emulator.app.lifecycle.load(archive)
            described = await emulator.call("DescribeProjects")
            assert described["ProjectDescriptions"] == [], "the deletion ends at the first describing call"

    asyncio.run(story())


def test_a_control_call_that_fails_within_answers_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_self: object) -> None:
        raise OSError(28, "No space left on device")

    async def story() -> None:
        monkeypatch.setattr(lifecycle.Lifecycle, "reset", fails)
        emulator = InProcessEmulator(tmp_path / "data")
        async with emulator:
            transport = httpx.ASGITransport(app=emulator.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
                answer = await client.post("/_emulator/reset")
        assert answer.status_code == 500 and answer.json()["error"]["code"] == "InternalError"

    asyncio.run(story())
