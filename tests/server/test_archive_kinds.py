"""Saving and loading after whatever was done before, and archives whose rows make no sense (O-15)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import random
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.control.errors import ControlError
from emulator.domain.states import VersionState
from emulator.s3.index import schema
from emulator.server import state_load
from emulator.server.all_work import take_up_all_work
from emulator.server.archive_files import ArchiveError
from emulator.server.parts import Parts
from emulator.server.state_archive import check_archive, pack
from emulator.storage.tables import metadata
from support.calls import BUCKET, FAST, create_dataset, create_project, put_object, run_version, store, version_status
from support.in_process import ACCOUNT, REGION, InProcessEmulator
from support.manifest_lines import line
from support.stored_model import StoredModel, loaded_instead

CREDENTIAL = f"{ACCOUNT}/20200101/{REGION}/s3/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature=00"}
KEYS = ("one", "two", "three")
TAGGING = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
VERSIONING = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
CORS = (
    b"<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>"
    b"</CORSConfiguration>"
)


@pytest.fixture(autouse=True)
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """Model files are loaded as this model."""
    yield from loaded_instead(monkeypatch)


class Story:
    """What a drawn list of steps does to an emulator; answers with an error are as good as others."""

    def __init__(self, emulator: InProcessEmulator, moments: random.Random) -> None:
        self.emulator = emulator
        self.random = moments
        self.uploads: list[tuple[str, str]] = []

    async def s3(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()} | SIGNED
        answer = await self.emulator.http.request(method, f"/{BUCKET}{path}", content=body, headers=named)
        assert answer.status_code < 500, answer.text
        return answer.status_code, re.sub(rb"<RequestId>\w+</RequestId>", b"", answer.content)

    def key(self) -> str:
        return self.random.choice(KEYS)

    async def put(self) -> None:
        await self.s3("PUT", f"/{self.key()}", self.random.randbytes(self.random.choice([0, 10, 5000])))

    async def copy(self) -> None:
        source = f"/{BUCKET}/{self.key()}"
        await self.s3("PUT", f"/{self.key()}", x_amz_copy_source=source, x_amz_metadata_directive="REPLACE")

    async def delete(self) -> None:
        await self.s3("DELETE", f"/{self.key()}")

    async def version_objects(self) -> None:
        await self.s3("PUT", "?versioning", VERSIONING)

    async def tag(self) -> None:
        await self.s3("PUT", f"/{self.key()}?tagging", TAGGING)

    async def grant(self) -> None:
        await self.s3("PUT", f"/{self.key()}?acl", x_amz_acl="public-read")

    async def configure(self) -> None:
        await self.s3("PUT", "?cors", CORS)
        await self.s3("PUT", "?tagging", TAGGING)

    async def begin_upload(self) -> None:
        key = self.key()
        _, answer = await self.s3("POST", f"/{key}?uploads")
        self.uploads.append((key, answer.partition(b"<UploadId>")[2].partition(b"<")[0].decode()))

    async def upload_part(self) -> None:
        if self.uploads:
            key, upload = self.random.choice(self.uploads)
            await self.s3("PUT", f"/{key}?partNumber=1&uploadId={upload}", b"part")

    async def copy_part(self) -> None:
        if self.uploads:
            key, upload = self.random.choice(self.uploads)
            source = f"/{BUCKET}/{self.key()}"
            await self.s3("PUT", f"/{key}?partNumber=2&uploadId={upload}", x_amz_copy_source=source)

    async def complete(self) -> None:
        if self.uploads:
            key, upload = self.uploads.pop()
            _, listed = await self.s3("GET", f"/{key}?uploadId={upload}")
            part = listed.partition(b"<Part>")[2].partition(b"</Part>")[0]
            await self.s3("POST", f"/{key}?uploadId={upload}", _completion(part))

    async def project(self) -> None:
        await self.emulator.code("CreateProject", ProjectName=f"p{self.random.randrange(4)}")

    async def dataset(self) -> None:
        name = f"p{self.random.randrange(4)}"
        described = await self.emulator.call("DescribeProjects")
        for one in described["ProjectDescriptions"]:
            if one["ProjectArn"].split("/")[1] == name and not one["Datasets"] and one["Status"] == "CREATED":
                await create_dataset(self.emulator, one["ProjectArn"], line("a", "circle"), line("b", "square"))

    async def model(self) -> None:
        arn = await self.any_project()
        if arn is not None:
            store(self.emulator, arn, f"v{self.random.randrange(1_000_000)}")

    async def run(self) -> None:
        arn = await self.any_project()
        if arn is not None:
            await run_version(self.emulator, store(self.emulator, arn, f"v{self.random.randrange(1_000_000)}"))

    async def remove_project(self) -> None:
        arn = await self.any_project()
        if arn is not None:
            await self.emulator.code("DeleteProject", ProjectArn=arn)

    async def any_project(self) -> str | None:
        described = (await self.emulator.call("DescribeProjects"))["ProjectDescriptions"]
        usable = [one["ProjectArn"] for one in described if one["Status"] == "CREATED"]
        return self.random.choice(usable) if usable else None

    async def seen(self) -> dict[str, Any]:
        """All that a client sees of objects, projects and versions."""
        described = (await self.emulator.call("DescribeProjects"))["ProjectDescriptions"]
        seen: dict[str, Any] = {
            "projects": {one["ProjectArn"]: one["Datasets"] for one in described if one["Status"] == "CREATED"}
        }
        for arn in seen["projects"]:
            versions = await self.emulator.call("DescribeProjectVersions", ProjectArn=arn)
            seen[arn] = {one["ProjectVersionArn"]: one["Status"] for one in versions["ProjectVersionDescriptions"]}
        for path in ("?versions", "?uploads", "?cors", "?tagging", "?versioning"):
            seen[path] = await self.s3("GET", path)
        for key in KEYS:
            seen[key] = [await self.s3("GET", f"/{key}{query}") for query in ("", "?tagging", "?acl")]
        return seen


STEPS: dict[str, Callable[[Story], Awaitable[None]]] = {
    name: getattr(Story, name)
    for name in (
        *("put", "copy", "delete", "version_objects", "tag", "grant", "configure"),
        *("begin_upload", "upload_part", "copy_part", "complete"),
        *("project", "dataset", "model", "run", "remove_project"),
    )
}


def _completion(part: bytes) -> bytes:
    number = part.partition(b"<PartNumber>")[2].partition(b"<")[0]
    etag = part.partition(b"<ETag>")[2].partition(b"</ETag>")[0]
    named = b"<Part><PartNumber>" + number + b"</PartNumber><ETag>" + etag + b"</ETag></Part>" if part else b""
    return b"<CompleteMultipartUpload>" + named + b"</CompleteMultipartUpload>"


async def _saved(emulator: InProcessEmulator, directory: Path) -> Path:
    await asyncio.to_thread(directory.mkdir)
    return await emulator.app.lifecycle.save(directory)


@settings(max_examples=6)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=25), seed=st.integers(0, 2**32))
def test_what_was_saved_after_any_operations_can_be_loaded(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], seed: int
) -> None:
    directory = tmp_path_factory.mktemp("story")

    async def story() -> None:
        async with InProcessEmulator(directory / "data", **FAST) as emulator:
            told = Story(emulator, random.Random(seed))
            await put_object(emulator, "one", b"first")
            for step in ("copy", *steps):
                await STEPS[step](told)
            archive = await _saved(emulator, directory / "archive")
            before = await told.seen()
            await emulator.control("POST", "/_emulator/reset")
            await emulator.app.lifecycle.load(archive)
            assert await told.seen() == before
            again = await _saved(emulator, directory / "again")
            await emulator.app.lifecycle.load(again)
            assert await told.seen() == before

    asyncio.run(story())


def test_an_archive_with_links_loads(tmp_path: Path) -> None:
    """As earlier releases wrote objects that were copied."""

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            await put_object(emulator, "one", b"the bytes of both")
            await Story(emulator, random.Random()).s3("PUT", "/two", x_amz_copy_source=f"/{BUCKET}/one")
            archive = await _saved(emulator, tmp_path / "archive")
            with tarfile.open(archive) as opened:
                opened.extractall(tmp_path / "linked", filter="data")
            first, second = sorted((tmp_path / "linked" / "objects" / "blobs").iterdir())
            second.unlink()
            second.hardlink_to(first)
            with tarfile.open(tmp_path / "linked.tar", "w") as old:
                for name in sorted(_files(tmp_path / "linked"), key=lambda name: name != "manifest.json"):
                    old.add(tmp_path / "linked" / name, name)
            with tarfile.open(tmp_path / "linked.tar") as old:
                assert [member.islnk() for member in old].count(True) == 1
            (tmp_path / "linked.tar").rename(tmp_path / "archive" / "linked.tar")
            await emulator.control("POST", "/_emulator/reset")
            await emulator.app.lifecycle.load(tmp_path / "archive" / "linked.tar")
            answers = [await emulator.http.get(f"/{BUCKET}/{key}", headers=SIGNED) for key in ("one", "two")]
            assert [answer.content for answer in answers] == [b"the bytes of both"] * 2

    asyncio.run(story())


def _files(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


async def _fill(emulator: InProcessEmulator) -> None:
    """At least one row in nearly every table."""
    project = await create_project(emulator)
    await create_dataset(emulator, project, line("a", "circle"), line("b", "square"))
    await run_version(emulator, store(emulator, project, "running"))
    store(emulator, project, "trained")
    await emulator.call("TagResource", ResourceArn=project, Tags={"k": "v"})
    await emulator.control("PUT", "/_emulator/transitions", {"deleting": {"type": "seconds", "seconds": 600}})
    await emulator.call("DeleteProject", ProjectArn=await create_project(emulator, "going"))
    await emulator.call(
        "PutProjectPolicy",
        ProjectArn=project,
        PolicyName="policy",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"999999999999"},'
        '"Action":"rekognition:CopyProjectVersion","Resource":"*"}]}',
    )
    story = Story(emulator, random.Random(1))
    await put_object(emulator, "one", b"body")
    for step in (story.version_objects, story.tag, story.grant, story.configure, story.put, story.delete):
        await step()
    await story.begin_upload()
    await story.upload_part()


CELLS = int(os.environ.get("ARCHIVE_CELLS", "40"))
"""How many columns are tried in one run, of about 160."""
WRONG_VALUES = ("'nonsense'", "-1", "NULL", "x'ff00'", "9223372036854775807", "'{}'", "'[1]'", "0", "1.5", "''")


def _cells() -> list[tuple[str, str, str]]:
    """Every column of both databases."""
    state = [("state.sqlite", table.name, column.name) for table in metadata.sorted_tables for column in table.columns]
    index = sqlite3.connect(":memory:", isolation_level=None)
    with closing(index):
        schema.upgrade(index)
        return state + [
            ("objects/objects.sqlite3", table, column[1])
            for table in schema.TABLES
            for column in index.execute(f"PRAGMA table_info({table})")
        ]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive as files."""
    directory = tmp_path_factory.mktemp("unpacked")

    async def story() -> None:
        async with InProcessEmulator(directory / "data", **FAST) as emulator:
            await _fill(emulator)
            with tarfile.open(await _saved(emulator, directory / "archive")) as archive:
                archive.extractall(directory / "files", filter="data")

    with pytest.MonkeyPatch.context() as patch, contextlib.contextmanager(loaded_instead)(patch):
        asyncio.run(story())
    (directory / "files" / "manifest.json").unlink()
    return directory / "files"


def _changed(unpacked: Path, directory: Path, database: str, statement: str) -> Path | None:
    """An archive with right checksums after a statement; None if the schema does not let the statement pass."""
    files = directory / "files"
    shutil.copytree(unpacked, files)
    with closing(sqlite3.connect(files / database)) as connection:
        try:
            changed = connection.execute(statement).rowcount
        except sqlite3.Error:
            return None
        connection.commit()
    if not changed:
        return None
    pack(files, directory / "changed.tar", "test")
    return directory / "changed.tar"


def test_wrong_values_in_any_column_change_nothing_or_can_be_lived_with(unpacked: Path, tmp_path: Path) -> None:
    """Either the archive is refused and all is as before, or it is loaded, answers no 5xx, and starts again."""
    drawn = random.Random(21)
    cells = [(*cell, drawn.choice(WRONG_VALUES)) for cell in drawn.sample(_cells(), CELLS)]

    async def story() -> None:
        emulator = InProcessEmulator(tmp_path / "data", **FAST)
        async with emulator:
            present = Story(emulator, random.Random(2))
            await put_object(emulator, "one", b"present")
            await create_project(emulator, "present")
            before = await present.seen()
            for number, (database, table, column, value) in enumerate(cells):
                where = tmp_path / str(number)
                archive = _changed(unpacked, where, database, f"UPDATE {table} SET {column} = {value}")
                if archive is None:
                    continue
                what = f"{table}.{column} = {value}"
                try:
                    await emulator.app.lifecycle.load(archive)
                except ControlError as error:
                    assert error.code == "InvalidArchive", what
                    assert await present.seen() == before, what
                else:
                    await present.seen()
                    async with InProcessEmulatorOn(emulator, where):
                        pass
                    (where / "present").mkdir()
                    await emulator.control("POST", "/_emulator/reset")
                    await put_object(emulator, "one", b"present")
                    await create_project(emulator, "present")
                    before = await present.seen()

    asyncio.run(story())


class InProcessEmulatorOn(InProcessEmulator):
    """A second emulator on a copy of the first one's directory: does it start?"""

    def __init__(self, other: InProcessEmulator, where: Path) -> None:
        target = where / "copy"
        shutil.copytree(other.app.directories.root, target)
        super().__init__(target, **FAST)


def test_what_cannot_be_taken_up_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason: projects, objects and what runs are those of before, also after a restart."""

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            await _fill(emulator)
            archive = await _saved(emulator, tmp_path / "archive")
            await emulator.control("POST", "/_emulator/reset")
            present = Story(emulator, random.Random(3))
            await put_object(emulator, "two", b"present")
            await run_version(emulator, store(emulator, await create_project(emulator, "present")))
            before = await present.seen()
            calls = []

            async def fails_once(parts: Parts) -> None:
                calls.append(1)
                if len(calls) == 1:
                    raise RuntimeError("cannot be taken up")
                await take_up_all_work(parts)

            monkeypatch.setattr(state_load, "take_up_all_work", fails_once)
            with pytest.raises(RuntimeError):
                await emulator.app.lifecycle.load(archive)
            assert await present.seen() == before
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            assert await Story(emulator, random.Random(3)).seen() == before

    asyncio.run(story())


def test_a_running_version_without_a_model_fails_alone(tmp_path: Path) -> None:
    """O-19: a row that makes no sense fails its version; the emulator starts."""

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            project = await create_project(emulator)
            broken, sound = store(emulator, project, "broken"), store(emulator, project, "sound")
            for arn in (broken, sound):
                await run_version(emulator, arn)
        with closing(sqlite3.connect(tmp_path / "data" / "state.sqlite")) as connection:
            connection.execute("UPDATE versions SET model_file = NULL WHERE name = 'broken'")
            connection.commit()
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            assert [await version_status(emulator, arn) for arn in (broken, sound)] == ["FAILED", "RUNNING"]

    asyncio.run(story())


def test_missing_files_are_named_and_can_be_left_out(tmp_path: Path) -> None:
    """A version whose model is gone, an object whose bytes are: saving says which, and how to go on."""

    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data", **FAST) as emulator:
            project = await create_project(emulator)
            lost, kept = store(emulator, project, "lost"), store(emulator, project, "kept")
            for key in ("lost", "kept"):
                await put_object(emulator, key, f"body of {key}".encode())
            (tmp_path / "data" / "models" / "lost.stored.onnx").unlink()
            answer = await emulator.http.get("/_emulator/state")
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "DamagedState")
            assert lost in answer.json()["error"]["message"] and "skip" in answer.json()["error"]["message"]
            assert (await emulator.http.get(f"/_emulator/model?project_version={lost}")).status_code == 409
            [blob] = [path for path in (tmp_path / "data/objects/blobs").rglob("*") if _holds(path, b"body of lost")]
            blob.unlink()
            answer = await emulator.http.get("/_emulator/state?skip_damaged=true")
            assert answer.status_code == 200
            loaded = await emulator.http.put("/_emulator/state", content=answer.content)
            assert loaded.status_code == 200, loaded.text
            described = await emulator.call("DescribeProjectVersions", ProjectArn=project)
            status = {one["ProjectVersionArn"]: one["Status"] for one in described["ProjectVersionDescriptions"]}
            assert status == {lost: VersionState.TRAINING_FAILED, kept: VersionState.TRAINING_COMPLETED}
            told = Story(emulator, random.Random())
            assert (await told.s3("GET", "/kept"))[1] == b"body of kept"
            assert (await told.s3("GET", "/lost"))[0] == 404

    asyncio.run(story())


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def test_a_body_that_does_not_begin_as_an_archive_is_not_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with InProcessEmulator(tmp_path / "data") as emulator:
            kept: list[int] = []

            async def body() -> Any:
                for _ in range(64):
                    kept.append(sum(path.stat().st_size for path in (tmp_path / "data/work").rglob("*")))
                    yield b"\0" * 65_536

            answer = await emulator.http.put("/_emulator/state", content=body())
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidArchive")
            assert max(kept) < 65_536

    asyncio.run(story())


def test_a_link_that_leads_to_what_is_not_an_object_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        listed: dict[str, dict[str, str]] = {
            "state.sqlite": {},
            "objects/objects.sqlite3": {},
            f"objects/blobs/{'a' * 32}": {},
        }
        manifest = json.dumps({"format": 1, "files": listed}).encode()
        first = tarfile.TarInfo("manifest.json")
        first.size = len(manifest)
        archive.addfile(first, io.BytesIO(manifest))
        link = tarfile.TarInfo(f"objects/blobs/{'a' * 32}")
        link.type, link.linkname = tarfile.LNKTYPE, "../../lock"
        archive.addfile(link)
    with pytest.raises(ArchiveError, match="does not belong"):
        check_archive(tmp_path / "bad.tar", tmp_path / "unpacked")
