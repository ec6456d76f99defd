"""What each released version wrote opens in this one: its archive, and its data directory after a kill.

`releases/` is written by `python -m tests.upgrade.write_release`, once for each release.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectLocation
from support.calls import JPEG, until_version_is
from support.in_process import InProcessEmulator, play

RELEASES = sorted(path for path in Path(__file__).with_name("releases").iterdir() if path.is_dir())
STATES = {"running": "RUNNING", "trained": "TRAINING_COMPLETED"}

pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    """The folder of one release."""
    folder: Path = request.param
    return folder


@pytest.fixture
def expected(release: Path) -> dict[str, Any]:
    """The account, the bucket, the ARNs by name, and the SHA-256 of objects by key."""
    document: dict[str, Any] = json.loads((release / "expected.json").read_text())
    return document


def test_its_archive_loads(release: Path, expected: dict[str, Any], tmp_path: Path) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        archive = gzip.decompress((release / "state.tar.gz").read_bytes())
        answer = await emulator.http.put("/_emulator/state", content=archive)
        assert answer.json() == {"status": "loaded"}
        await check(emulator, expected, STATES)
        saved = await emulator.http.get("/_emulator/state")
        assert (await emulator.http.put("/_emulator/state", content=saved.content)).json() == {"status": "loaded"}
        await check(emulator, expected, STATES)

    play(tmp_path, story)


def test_its_data_directory_opens_and_goes_on(release: Path, expected: dict[str, Any], tmp_path: Path) -> None:
    with tarfile.open(release / "data.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    with closing(sqlite3.connect(tmp_path / "data" / "state.sqlite")) as connection:
        [(started_at,)] = connection.execute("SELECT started_at FROM jobs").fetchall()

    async def story(emulator: InProcessEmulator) -> None:
        await check(emulator, expected, STATES | {"trained": "STARTING"})
        # The start that was under way lasts until ten minutes after it began.
        await emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": started_at / 1000 + 601})
        await until_version_is(emulator, expected["arns"]["trained"], "RUNNING")
        await emulator.call("StopProjectVersion", ProjectVersionArn=expected["arns"]["running"])

    async def whole() -> None:
        emulator = InProcessEmulator(tmp_path / "data")
        emulator.app.clocks.set_manual(started_at / 1000)  # whenever the test runs
        async with emulator:
            await story(emulator)

    asyncio.run(whole())


async def check(emulator: InProcessEmulator, expected: dict[str, Any], states: dict[str, str]) -> None:
    """Everything that the release was told is there."""
    arns, account = expected["arns"], expected["account"]
    caller, store = Caller(account, "us-east-1"), emulator.app.objects
    for key, digest in expected["objects"].items():
        body = await asyncio.to_thread(store.get, ObjectLocation(expected["bucket"], key), caller)
        assert hashlib.sha256(body).hexdigest() == digest, key
    [project] = (await emulator.call("DescribeProjects", account))["ProjectDescriptions"]
    assert project["ProjectArn"] == arns["project"]
    for side, count in (("TRAIN", 10), ("TEST", 2)):
        entries = await emulator.call("ListDatasetEntries", account, DatasetArn=arns[side])
        assert len(entries["DatasetEntries"]) == count
        labels = await emulator.call("ListDatasetLabels", account, DatasetArn=arns[side])
        assert [one["LabelName"] for one in labels["DatasetLabelDescriptions"]] == ["circle", "square"]
    described = await emulator.call("DescribeProjectVersions", account, ProjectArn=arns["project"])
    found = {one["ProjectVersionArn"]: one["Status"] for one in described["ProjectVersionDescriptions"]}
    assert found == {arns[name]: state for name, state in states.items()}
    answer = await emulator.call(
        "DetectCustomLabels", account, ProjectVersionArn=arns["running"], Image={"Bytes": JPEG}
    )
    assert answer == {"CustomLabels": [{"Name": "circle", "Confidence": 75.0}]}
    tags = await emulator.call("ListTagsForResource", account, ResourceArn=arns["trained"])
    assert tags == {"Tags": {"stage": "release"}}
    policies = await emulator.call("ListProjectPolicies", account, ProjectArn=arns["project"])
    assert [one["PolicyName"] for one in policies["ProjectPolicies"]] == ["copy"]
