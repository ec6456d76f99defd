"""Making datasets for tasks, once however often a task is taken up again."""

from __future__ import annotations

from emulator.console.task_runs import TaskFailedError, TaskRun
from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectLocation
from emulator.domain.states import DatasetState
from emulator.operations.context import AnyContext
from emulator.operations.datasets import create_dataset
from emulator.storage.console_labels import remember_upload_place
from emulator.storage.datasets import find_dataset


async def create_from_manifest(
    run: TaskRun,
    name: str,
    *,
    project_arn: str,
    kind: str,
    manifest: ObjectLocation,
    uploads: ObjectLocation,
    tags: dict[str, str] | None = None,
) -> str:
    """CreateDataset of a kind (TRAIN, TEST) from a manifest; its ARN goes into the task's result under `name`.

    `uploads` is where images that are added later go (D-17). Nothing is done where an earlier run did it.
    """
    if name in run.result:
        return str(run.result[name])
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": manifest.bucket, "Name": manifest.key}}}
    parameters: JsonObject = {"ProjectArn": project_arn, "DatasetType": kind, "DatasetSource": source}
    parameters["Tags"] = tags or {}

    def create(context: AnyContext) -> str:
        context.parameters = parameters
        arn = str(create_dataset(context)["DatasetArn"])
        dataset = find_dataset(context.connection, arn)
        assert dataset is not None
        remember_upload_place(context.connection, dataset.id, uploads.bucket, uploads.key)
        run.result[name] = arn
        return arn

    return await run.operation(create)


async def until_created(run: TaskRun, *arns: str) -> None:
    """Wait until datasets are made. Raises TaskFailedError with the message of one that failed."""
    await run.services.runner.ended(*arns)
    for arn in arns:
        dataset = run.database.read(lambda connection, arn=arn: find_dataset(connection, arn))  # type: ignore[misc]
        if dataset is not None and dataset.status is DatasetState.CREATE_FAILED:
            raise TaskFailedError(dataset.status_message)
