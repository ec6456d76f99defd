"""Writes first_release.sql: a small state as the first release keeps it, as text.

    python -m tests.upgrade.write_first_release

It was run once, with the schema of revision 0001, and is kept to show where the file comes from. Running it with a
later schema would defeat the purpose of the tests, so it refuses to.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from emulator.storage.schema import HEAD_REVISION
from support.calls import FAST, create_dataset, create_project, run_version, store, until_version_is
from support.in_process import InProcessEmulator
from support.manifest_lines import line

FIRST_REVISION = "0001"
TARGET = Path(__file__).with_name("first_release.sql")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "444455556666"},
            "Action": "rekognition:CopyProjectVersion",
            "Resource": "*",
        }
    ],
}


async def fill(emulator: InProcessEmulator) -> None:
    """One of everything, and a start and an update that are under way."""
    project = await create_project(emulator, "shapes")
    dataset = await create_dataset(emulator, project, line("a", "circle", "square"), line("b", "circle"), line("c"))
    policy = {"ProjectArn": project, "PolicyName": "copy", "PolicyDocument": json.dumps(POLICY)}
    await emulator.call("PutProjectPolicy", **policy)
    await emulator.call("TagResource", ResourceArn=dataset, Tags={"stage": "first"})
    running = store(emulator, project, "running", f1_score=0.75, billable_seconds=3)
    await run_version(emulator, running)
    stopped = store(emulator, project, "stopped")
    await run_version(emulator, stopped)
    await emulator.call("StopProjectVersion", ProjectVersionArn=stopped)
    await until_version_is(emulator, stopped, "STOPPED")
    store(emulator, project, "starting")
    slowly = {"type": "seconds", "seconds": 1}
    await emulator.control("PUT", "/_emulator/transitions", {"starting": slowly, "dataset": slowly})
    starting = project.rpartition("/")[0] + "/version/starting/1690556751958"
    await emulator.call("StartProjectVersion", ProjectVersionArn=starting, MinInferenceUnits=2, MaxInferenceUnits=3)


def main() -> None:
    """Fill a state, end in the middle of work, and write the database down."""
    if HEAD_REVISION != FIRST_REVISION:
        sys.exit(f"This is revision {HEAD_REVISION}; the file tells of {FIRST_REVISION}.")
    from emulator.jobs import hosting
    from support.stored_model import StoredModel

    model = StoredModel()
    model.may_answer.set()
    hosting._load_model = lambda _path: model  # type: ignore[assignment, return-value]
    directory = Path(tempfile.mkdtemp())

    async def whole() -> None:
        async with InProcessEmulator(directory, **FAST) as emulator:
            await fill(emulator)

    asyncio.run(whole())
    connection = sqlite3.connect(directory / "state.sqlite")
    TARGET.write_text("".join(f"{statement}\n" for statement in connection.iterdump()))
    connection.close()
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
