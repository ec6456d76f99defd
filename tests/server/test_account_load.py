"""What an account has comes back from an archive, and nothing of the others' changes (O-15, O-39)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.control.errors import ControlError
from emulator.s3.embedded import EmbeddedS3
from emulator.server import account_load
from emulator.server.state_archive import check_archive, pack
from support.calls import JPEG, changes, create_project, store, until_version_is
from support.in_process import REGION, InProcessEmulator, play
from support.manifest_lines import line
from support.stored_model import StoredModel, loaded_instead

FIRST, SECOND = "111122223333", "444455556666"
SETTINGS = {"starting_seconds": "0", "stopping_seconds": "0", "deleting_seconds": "0"}


@pytest.fixture(autouse=True)
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """Model files are loaded as this model."""
    yield from loaded_instead(monkeypatch)


class Team:
    """An account with a project, a dataset, a running version and a bucket."""

    def __init__(self, emulator: InProcessEmulator, account: str, name: str) -> None:
        self.emulator = emulator
        self.account = account
        self.name = name
        self.version = ""

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return await self.emulator.call(operation, self.account, **parameters)

    async def s3(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        credential = f"{self.account}/20200101/{REGION}/s3/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"}
        answer = await self.emulator.http.request(method, f"/{path}", content=body, headers=headers)
        return answer.status_code, answer.content

    async def settle(self) -> None:
        """Make it."""
        project = await create_project(self.emulator, self.name, self.account)
        await self.add_entries(project, self.name)
        self.version = store(self.emulator, project, self.name)
        await self.call("TagResource", ResourceArn=self.version, Tags={"team": self.name})
        await self.call("StartProjectVersion", ProjectVersionArn=self.version, MinInferenceUnits=1)
        await until_version_is(self.emulator, self.version, "RUNNING")
        for path in (self.name, f"{self.name}/a.txt"):
            assert (await self.s3("PUT", path, self.name.encode() if "/" in path else b""))[0] == 200

    async def add_entries(self, project: str, *names: str) -> None:
        """A dataset with an entry for each name."""
        dataset = (await self.call("CreateDataset", ProjectArn=project, DatasetType="TRAIN"))["DatasetArn"]
        lines = [line(name, name, bucket=self.name) for name in names]
        await self.call("UpdateDatasetEntries", DatasetArn=dataset, Changes=changes(*lines))

        async def is_complete() -> bool:
            described = await self.call("DescribeDataset", DatasetArn=dataset)
            return bool(described["DatasetDescription"]["Status"] == "UPDATE_COMPLETE")

        await self.emulator.until(is_complete)

    async def seen(self) -> dict[str, Any]:
        """All that the account sees, and whether its model answers."""
        found: dict[str, Any] = {"projects": (await self.call("DescribeProjects"))["ProjectDescriptions"]}
        for project in found["projects"]:
            arn = project["ProjectArn"]
            versions = await self.call("DescribeProjectVersions", ProjectArn=arn)
            found[arn] = versions["ProjectVersionDescriptions"]
            for dataset in project["Datasets"]:
                of = {"DatasetArn": dataset["DatasetArn"]}
                found[dataset["DatasetArn"]] = (
                    (await self.call("ListDatasetEntries", **of))["DatasetEntries"],
                    (await self.call("ListDatasetLabels", **of))["DatasetLabelDescriptions"],
                )
            for version in found[arn]:
                of = {"ProjectVersionArn": version["ProjectVersionArn"]}
                found[f"tags of {arn}"] = await self.call("ListTagsForResource", ResourceArn=of["ProjectVersionArn"])
                found[f"answer of {arn}"] = await self.call("DetectCustomLabels", **of, Image={"Bytes": JPEG})
        for path in (f"{self.name}/a.txt", f"{self.name}?versions"):
            status, body = await self.s3("GET", path)
            found[path] = status, body if status == 200 else b""
        return found


def teams(emulator: InProcessEmulator) -> tuple[Team, Team]:
    return Team(emulator, FIRST, "first"), Team(emulator, SECOND, "second")


async def saved(emulator: InProcessEmulator) -> Path:
    """An archive of FIRST, in a folder for transfers."""
    folder = emulator.app.directories.work / "state-of-the-test"
    await asyncio.to_thread(folder.mkdir)
    archive = await emulator.app.lifecycle.save(folder, account=FIRST)
    await asyncio.to_thread((folder / "state.tar").rename, folder / "archive.tar")
    assert archive.parent == folder
    return folder / "archive.tar"


async def changed(first: Team, second: Team) -> None:
    """Both go on: ids of rows that the archive has are given to others."""
    await first.s3("PUT", "first/a.txt", b"changed")
    await first.s3("PUT", "first/b.txt", b"new")
    await first.call("StopProjectVersion", ProjectVersionArn=first.version)
    await create_project(first.emulator, "of-later", FIRST)
    await second.add_entries(await create_project(second.emulator, "one-more", SECOND), "circle", "square")
    await second.s3("PUT", "second/b.txt", b"new")


def test_an_account_comes_back_while_the_others_work_on(tmp_path: Path) -> None:
    """Also after a restart; a model of another account is not stopped, nor is a call let go that is held for it."""

    async def first_story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        await first.settle()
        await second.settle()
        archive, before = await saved(emulator), await first.seen()
        await changed(first, second)
        policy = {"copying": {"type": "seconds", "seconds": 3600}}
        await emulator.control("PUT", f"/_emulator/transitions?account={SECOND}", policy)
        projects = (await second.call("DescribeProjects"))["ProjectDescriptions"]
        by_name = {one["ProjectArn"].split("/")[1]: one["ProjectArn"] for one in projects}
        copy = {
            "SourceProjectArn": by_name["second"],
            "SourceProjectVersionArn": second.version,
            "DestinationProjectArn": by_name["one-more"],
        }
        await second.call("CopyProjectVersion", **copy, VersionName="copy", OutputConfig={"S3Bucket": "second"})
        names = {"ProjectArn": copy["DestinationProjectArn"], "VersionNames": ["copy"]}
        held = asyncio.create_task(emulator.call("DescribeProjectVersions", SECOND, user_agent="test m/B", **names))
        running = next(one for one in emulator.app.fleet.running if one.model.account == SECOND)
        await emulator.app.lifecycle.load(archive, FIRST)
        assert running in emulator.app.fleet.running
        assert not held.done()
        held.cancel()
        assert await first.seen() == before
        theirs = await second.call("DescribeProjects")
        assert {one["ProjectArn"].split("/")[1] for one in theirs["ProjectDescriptions"]} == {"second", "one-more"}
        assert await second.s3("GET", "second/b.txt") == (200, b"new")
        await first.add_entries(await create_project(emulator, "afterwards", FIRST), "circle")
        seen.extend([await first.seen(), (await second.s3("GET", "second?versions"))[1]])
        first_version.append(first.version)

    async def second_story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        await until_version_is(emulator, first_version[0], "RUNNING")
        assert await first.seen() == seen[0]
        assert (await second.s3("GET", "second?versions"))[1] == seen[1]

    seen: list[Any] = []
    first_version: list[str] = []
    for story in (first_story, second_story):
        play(tmp_path / "data", story, **SETTINGS)


def test_a_bucket_that_somebody_else_has_by_now_changes_nothing(tmp_path: Path) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        await first.settle()
        archive = await saved(emulator)
        assert (await emulator.control("POST", f"/_emulator/reset?account={FIRST}"))[0] == 200
        await create_project(emulator, "new", FIRST)
        await second.s3("PUT", "first")
        before = await first.seen(), await second.seen()
        with pytest.raises(ControlError, match="first") as caught:
            await emulator.app.lifecycle.load(archive, FIRST)
        assert caught.value.code == "BucketTaken"
        assert (await first.seen(), await second.seen()) == before
        assert list(emulator.app.directories.models.iterdir()) == []
        with pytest.raises(ControlError, match=f"nothing of the account {SECOND}"):
            await emulator.app.lifecycle.load(await again(archive), SECOND)

    async def again(archive: Path) -> Path:
        folder = archive.parent.with_name("state-once-more")
        await asyncio.to_thread(folder.mkdir)
        return await asyncio.to_thread(archive.rename, folder / "archive.tar")

    play(tmp_path / "data", story, **SETTINGS)


_ASKED_BY_OTHERS = json.dumps(
    {"source_arn": "x", "asked_by": json.dumps({"identity": "arn:aws:iam::444455556666:root"})}
)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO tags VALUES ('arn:aws:rekognition:us-east-1:444455556666:project/a/1', 'team', 'other')",
        "UPDATE datasets SET arn = replace(arn, '111122223333', '444455556666')",
        f"UPDATE jobs SET kind = 'copy-dataset', payload = '{_ASKED_BY_OTHERS}'",
    ],
    ids=["tags", "datasets", "rights"],
)
def test_an_archive_cannot_speak_of_other_accounts(tmp_path: Path, statement: str) -> None:
    """Who holds the control token of an account may do nothing to the others, whatever archive they make."""

    async def story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        await first.settle()
        await second.settle()
        await emulator.control("PUT", "/_emulator/transitions", {"deleting": {"type": "seconds", "seconds": 3600}})
        await first.call("DeleteProject", ProjectArn=await create_project(emulator, "going", FIRST))
        archive = await saved(emulator)
        unpacked = tmp_path / "unpacked"
        await asyncio.to_thread(unpacked.mkdir)
        await asyncio.to_thread(lambda: check_archive(archive, unpacked))
        with closing(sqlite3.connect(unpacked / "state.sqlite")) as state, state:
            assert state.execute(statement).rowcount == 1
        archive.unlink()
        await asyncio.to_thread(pack, unpacked, archive, "1")
        before = await first.seen(), await second.seen()
        with pytest.raises(ControlError, match="444455556666") as caught:
            await emulator.app.lifecycle.load(archive, FIRST)
        assert caught.value.code == "InvalidArchive"
        assert (await first.seen(), await second.seen()) == before

    play(tmp_path / "data", story, **SETTINGS)


def _failing_after_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of objects cannot be committed, after the state was."""

    def load(_s3: EmbeddedS3, _directory: Path, _account: str, commit: Callable[[], None]) -> None:
        commit()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EmbeddedS3, "load_account_from", load)


def test_what_cannot_be_taken_up_whole_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        await first.settle()
        await second.settle()
        archive = await saved(emulator)
        await changed(first, second)
        before = await first.call("DescribeProjects"), await second.seen()
        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
            _failing_after_commit(patch)
            await emulator.app.lifecycle.load(archive, FIRST)
        assert (await first.call("DescribeProjects"), await second.seen()) == before
        assert await first.s3("GET", "first/a.txt") == (200, b"changed")

    play(tmp_path / "data", story, **SETTINGS)


def test_a_kill_between_state_and_objects_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O-19: the next start brings the objects."""
    expected: list[Any] = []

    async def first_story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        await first.settle()
        await second.settle()
        archive = await saved(emulator)
        expected.append(await first.seen())
        await changed(first, second)
        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
            _failing_after_commit(patch)
            patch.setattr(account_load, "_put_back", lambda *_arguments: None)
            await emulator.app.lifecycle.load(archive, FIRST)

    async def second_story(emulator: InProcessEmulator) -> None:
        first, second = teams(emulator)
        assert await first.s3("GET", "first/a.txt") == (200, b"first")
        assert (await first.s3("GET", "first/b.txt"))[0] == 404
        assert await second.s3("GET", "second/b.txt") == (200, b"new")
        projects = (await first.call("DescribeProjects"))["ProjectDescriptions"]
        assert projects == expected[0]["projects"]

    for story in (first_story, second_story):
        play(tmp_path / "data", story, **SETTINGS)
