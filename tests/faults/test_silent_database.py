"""A PostgreSQL that neither answers nor goes away."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from emulator.operations import dispatch
from support import postgresql
from support.database_cluster import DatabaseCluster
from support.in_process import InProcessEmulator, play

pytestmark = pytest.mark.skipif(not postgresql.can_run(), reason="there is no wheel of PostgreSQL for this machine")


def test_calls_are_answered_and_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        project = (await emulator.call("CreateProject", ProjectName="kept"))["ProjectArn"]
        monkeypatch.setattr(dispatch, "SECONDS_OF_A_SILENT_DATABASE", 0.5)
        with cluster.frozen():
            assert await emulator.code("CreateProject", ProjectName="meanwhile") == "InternalServerError"
            assert await emulator.code("DescribeProjects", ProjectNames=["kept"]) == "InternalServerError"
        monkeypatch.undo()
        assert await emulator.code("CreateProject", ProjectName="afterwards") == "OK"
        described = (await emulator.call("DescribeProjects"))["ProjectDescriptions"]
        assert project in {one["ProjectArn"] for one in described}

    with closing(DatabaseCluster()) as cluster:
        play(tmp_path, story, database_url=cluster.url)
