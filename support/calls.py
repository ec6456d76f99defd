"""Calls that stories of an emulator in process are made of."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from emulator.domain.states import VersionState
from emulator.storage.engine import Database
from emulator.storage.projects import find_project
from emulator.storage.versions import add_version, find_version
from support.in_process import ACCOUNT, REGION, InProcessEmulator
from support.manifest_lines import manifest
from support.pictures import draw_picture

BUCKET = "pictures"
JPEG = base64.b64encode(draw_picture(["circle"], 1).body).decode()
FAST = {"starting_seconds": "0", "stopping_seconds": "0", "deleting_seconds": "0"}
"""Settings under which versions start, stop and go at once."""


async def put_object(emulator: InProcessEmulator, key: str, body: bytes, bucket: str = BUCKET) -> None:
    """Put an object into the embedded S3 as the test's account."""
    credential = f"{ACCOUNT}/20200101/{REGION}/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"}
    for path, content in ((f"/{bucket}", b""), (f"/{bucket}/{key}", body)):
        answer = await emulator.http.put(path, content=content, headers=headers)
        assert answer.status_code in (200, 409), answer.text


async def create_project(emulator: InProcessEmulator, name: str = "shapes", account: str = ACCOUNT) -> str:
    """The ARN of a new project."""
    arn: str = (await emulator.call("CreateProject", account, ProjectName=name))["ProjectArn"]
    return arn


async def create_dataset(emulator: InProcessEmulator, project: str, *lines: str) -> str:
    """A complete training dataset, by way of UpdateDatasetEntries."""
    arn: str = (await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TRAIN"))["DatasetArn"]
    await emulator.call("UpdateDatasetEntries", DatasetArn=arn, Changes=changes(*lines))
    await until_dataset_is(emulator, arn, "UPDATE_COMPLETE")
    return arn


def changes(*lines: str) -> dict[str, str]:
    """Lines as the member Changes of UpdateDatasetEntries."""
    return {"GroundTruth": base64.b64encode(manifest(*lines)).decode()}


async def describe_dataset(emulator: InProcessEmulator, arn: str) -> dict[str, Any]:
    """The DatasetDescription of a dataset."""
    described: dict[str, Any] = (await emulator.call("DescribeDataset", DatasetArn=arn))["DatasetDescription"]
    return described


async def until_dataset_is(emulator: InProcessEmulator, arn: str, status: str) -> None:
    """Wait for a status of a dataset."""

    async def reached() -> bool:
        return bool((await describe_dataset(emulator, arn))["Status"] == status)

    await emulator.until(reached)


async def version_status(emulator: InProcessEmulator, arn: str) -> str | None:
    """The status of a version as it is stored, None if there is no such version."""
    version = emulator.app.database.read_now(lambda connection: find_version(connection, arn))
    return None if version is None else version.status


async def until_version_is(emulator: InProcessEmulator, arn: str, status: str | None) -> None:
    """Wait for a status of a version, or with None until it is gone."""

    async def reached() -> bool:
        return await version_status(emulator, arn) == status

    await emulator.until(reached)


def store_version(database: Database, models: Path, project_arn: str, name: str = "first", **values: Any) -> str:
    """A trained version with a model file, as if a training had ended."""
    arn = project_arn.rpartition("/")[0] + f"/version/{name}/1690556751958"
    (models / f"{name}.stored.onnx").write_bytes(b"a model")

    def add(connection: Connection) -> None:
        project = find_project(connection, project_arn)
        assert project is not None
        columns = {
            "status": VersionState.TRAINING_COMPLETED,
            "status_message": "The model is ready to run.",
            "model_file": f"{name}.stored.onnx",
            "output_bucket": BUCKET,
            "training_input": {},
            "testing_input": {},
            "result_keys": {},
        }
        add_version(connection, project_id=project.id, name=name, arn=arn, created_at=1690556751958, **columns | values)

    database.write_now(add)
    return arn


def store(emulator: InProcessEmulator, project_arn: str, name: str = "first", **values: Any) -> str:
    """`store_version` into an emulator."""
    return store_version(emulator.app.database, emulator.app.directories.models, project_arn, name, **values)


async def run_version(emulator: InProcessEmulator, arn: str) -> None:
    """Start a version and wait until it runs."""
    await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=1)
    await until_version_is(emulator, arn, "RUNNING")
