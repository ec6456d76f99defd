"""Archives that cannot be taken over, whatever the reason: what there was goes on (O-15, O-19)."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from emulator.control.errors import ControlError
from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectLocation
from emulator.s3.embedded import EmbeddedS3
from emulator.server import lifecycle, state_load
from emulator.server.archive_files import ArchiveError
from emulator.server.state_archive import check_archive, pack
from support.calls import BUCKET, FAST, create_project, put_object, run_version, store
from support.in_process import ACCOUNT, REGION, InProcessEmulator
from support.stored_model import StoredModel, loaded_instead

OUTCOME = (
    "INSERT INTO jobs (kind, transition, resource_arn, project_arn, account, region, payload, policy, started_at,"
    " outcome) VALUES ('train', 'x', 'x', 'x', 'x', 'x', '{{}}', '{{}}', 0, '{}')"
)


@pytest.fixture
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """Model files are loaded as this model."""
    yield from loaded_instead(monkeypatch)


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
            monkeypatch.setattr(state_load, "replace_state", full_disk)
            with pytest.raises(OSError, match="No space"):
                await emulator.app.lifecycle.load(archive)
            described = await emulator.call("DescribeProjects")
            assert described["ProjectDescriptions"] == [], "the deletion ends at the first describing call"

    asyncio.run(story())


@pytest.mark.usefixtures("stored_model")
def test_work_and_models_go_on_when_a_reset_fails_for_want_of_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O-8, O-19: nothing stays in a transitional state, and what runs has its inference units."""

    def full_disk(_connection: object) -> None:
        raise OperationalError("DELETE", {}, Exception("database or disk is full"))

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            project = await create_project(emulator)
            running, starting = store(emulator, project, "running"), store(emulator, project, "starting")
            await run_version(emulator, running)
            await emulator.control("PUT", "/_emulator/transitions", {"starting": {"type": "describes", "count": 1}})
            await emulator.call("StartProjectVersion", ProjectVersionArn=starting, MinInferenceUnits=1)
            with monkeypatch.context() as patch:
                patch.setattr(lifecycle, "_forget", full_disk)
                status, answer = await emulator.control("POST", "/_emulator/reset")
                assert (status, answer["error"]["code"]) == (507, "NotEnoughSpace")
            described = await emulator.call("DescribeProjectVersions", ProjectArn=project)
            assert {one["Status"] for one in described["ProjectVersionDescriptions"]} == {"RUNNING"}
            lost = {"project_version": running, "units": 1, "seconds": 60}
            assert (await emulator.control("POST", "/_emulator/outage", lost))[0] == 200

    asyncio.run(story())


def test_objects_follow_at_the_next_start_when_a_load_was_killed_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O-15, O-19: never new projects with old objects."""

    def killed(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            await put_object(emulator, "key", b"of the archive")
            await emulator.call("CreateProject", ProjectName="of-the-archive")
            archive = await _saved(emulator, tmp_path / "data" / "work" / "state-1")
            await emulator.control("POST", "/_emulator/reset")
            await put_object(emulator, "key", b"of now")
            with monkeypatch.context() as patch:
                patch.setattr(EmbeddedS3, "load_from", killed)
                patch.setattr(state_load, "_put_back", killed)
                with pytest.raises(OSError, match="No space"):
                    await emulator.app.lifecycle.load(archive)
        for _ in range(2):
            async with InProcessEmulator(tmp_path / "data") as emulator:
                described = await emulator.call("DescribeProjects")
                names = [project["ProjectArn"].split("/")[1] for project in described["ProjectDescriptions"]]
                assert names == ["of-the-archive"]
                objects = emulator.app.s3.store()
                assert objects.get(ObjectLocation(BUCKET, "key"), Caller(ACCOUNT, REGION)) == b"of the archive"
                assert list((tmp_path / "data" / "work").iterdir()) == []

    asyncio.run(story())


def test_a_load_that_comes_while_the_emulator_starts_waits_until_it_has(
    tmp_path: Path, stored_model: StoredModel, caplog: pytest.LogCaptureFixture
) -> None:
    """O-15, O-19: work is taken up once, from the archive, and not once more from what was there before."""

    async def prepared() -> Path:
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            project = await create_project(emulator)
            arn = store(emulator, project)
            await run_version(emulator, arn)
            await emulator.control("PUT", "/_emulator/transitions", {"deleting": {"type": "seconds", "seconds": 600}})
            await emulator.call("DeleteProject", ProjectArn=await create_project(emulator, "going"))
            return await _saved(emulator, tmp_path / "archive")

    async def story() -> None:
        archive = await prepared()
        stored_model.may_be_loaded.clear()
        emulator = InProcessEmulator(tmp_path / "data")
        emulator.app.lifecycle.prepare()
        starting = asyncio.create_task(emulator.app.lifecycle.start())
        loading = asyncio.create_task(emulator.app.lifecycle.load(archive))
        await asyncio.wait([loading], timeout=0.5)
        stored_model.may_be_loaded.set()
        await asyncio.gather(starting, loading)
        await emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": time.time() + 600})
        described = await emulator.call("DescribeProjects")
        assert [project["ProjectArn"].split("/")[1] for project in described["ProjectDescriptions"]] == ["shapes"]
        await emulator.http.aclose()
        await emulator.app.lifecycle.stop()

    asyncio.run(story())
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_an_archive_that_the_disk_has_no_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            await emulator.call("CreateProject", ProjectName="one")
            archive = await _saved(emulator, tmp_path / "archive")
            await emulator.call("CreateProject", ProjectName="two")
            monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
            with pytest.raises(ControlError, match="1000 are free"):
                await emulator.app.lifecycle.load(archive)
            assert len((await emulator.call("DescribeProjects"))["ProjectDescriptions"]) == 2

    asyncio.run(story())


def test_a_control_call_that_fails_within_answers_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_self: object) -> None:
        raise OSError(5, "Input/output error")

    async def story() -> None:
        monkeypatch.setattr(lifecycle.Lifecycle, "reset", fails)
        emulator = InProcessEmulator(tmp_path / "data")
        async with emulator:
            transport = httpx.ASGITransport(app=emulator.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
                answer = await client.post("/_emulator/reset")
        assert answer.status_code == 500 and answer.json()["error"]["code"] == "InternalError"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("database", "statement"),
    [
        ("state.sqlite", "UPDATE versions SET model_file = '../../secret'"),
        ("state.sqlite", "UPDATE versions SET model_file = '..'"),
        ("state.sqlite", OUTCOME.format('{"event": "done", "values": {"model_file": "../../secret"}}')),
        ("state.sqlite", OUTCOME.format('{"event": "done", "deleted_file": "../../secret"}')),
        ("objects/objects.sqlite3", "UPDATE blobs SET name = '../../../secret', size = 6"),
    ],
)
def test_no_name_in_an_archive_leads_out_of_it(tmp_path: Path, database: str, statement: str) -> None:
    unpacked = tmp_path / "unpacked"

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            store(emulator, await create_project(emulator))
            await put_object(emulator, "key", b"body")
            with tarfile.open(await _saved(emulator, tmp_path / "archive")) as archive:
                archive.extractall(unpacked, filter="data")

    asyncio.run(story())
    (unpacked / "manifest.json").unlink()
    with closing(sqlite3.connect(unpacked / database)) as connection:
        connection.execute(statement)
        connection.commit()
    pack(unpacked, tmp_path / "changed.tar", "test")
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(ArchiveError, match="is not the name of"):
        check_archive(tmp_path / "changed.tar", tmp_path / "checked")


def test_a_member_that_unfolds_is_refused_before_it_does(tmp_path: Path) -> None:
    """A sparse member: sixteen bytes in the archive, a tebibyte on the disk."""
    listed = {"format": 1, "files": {"state.sqlite": {"size": 2**40}, "objects/objects.sqlite3": {}}}
    manifest = json.dumps(listed).encode()
    with tarfile.open(tmp_path / "sparse.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        first = tarfile.TarInfo("manifest.json")
        first.size = len(manifest)
        archive.addfile(first, io.BytesIO(manifest))
        member = tarfile.TarInfo("state.sqlite")
        member.size = 16
        member.pax_headers = {"GNU.sparse.map": "0,16", "GNU.sparse.size": str(2**40)}
        archive.addfile(member, io.BytesIO(b"SQLite format 3\0"))
    with pytest.raises(ArchiveError, match="does not belong into an archive"):
        check_archive(tmp_path / "sparse.tar", tmp_path / "unpacked")
    assert not (tmp_path / "unpacked" / "state.sqlite").exists()
