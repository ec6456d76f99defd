"""Images of a folder in S3 become a dataset; the names of its folders become labels (D-4, D-7)."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from typing import IO, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection

from emulator.console.context import SignedCall
from emulator.console.errors import ConsoleError
from emulator.console.lookup import console_bucket, in_store_thread
from emulator.console.new_datasets import create_from_manifest, until_created
from emulator.console.project_documents import dataset_name
from emulator.console.task_documents import TaskAnswer, task_document
from emulator.console.task_runs import TaskFailedError, TaskRun, accept_task
from emulator.domain.errors import ResourceAlreadyExistsError
from emulator.domain.manifest.writing import image_level_pair, line_bytes, now
from emulator.domain.object_store import ObjectLocation
from emulator.jobs.threads import in_thread
from emulator.operations.context import AnyContext
from emulator.operations.lookup import project_of
from emulator.storage.datasets import find_dataset_of_project
from emulator.storage.rows import Project

router = APIRouter()

IMPORT_FOLDER = "import-folder"
_ADDRESS = re.compile(r"s3://([0-9A-Za-z.\-_]{3,255})(?:/(.*))?", re.DOTALL)
_IMAGES = (".jpg", ".jpeg", ".png")
_ATTRIBUTE = "folder-label"
_JOB = f"labeling-job/{_ATTRIBUTE}"
_IN_MEMORY = 8 * 1024 * 1024
_BETWEEN_REPORTS = 500


class FolderWish(BaseModel):
    """What is to be imported: `labels_from_folders` takes the direct child folder for the label (D-7)."""

    project: str
    dataset_type: Literal["TRAIN", "TEST"]
    s3_uri: str
    labels_from_folders: bool = True
    tags: dict[str, str] = {}


class FolderImport(BaseModel):
    """What the task works on: the project's name and the folder that was found. Stored under these names."""

    name: str
    dataset_type: Literal["TRAIN", "TEST"]
    bucket: str
    prefix: str
    labels: bool
    tags: dict[str, str]


@router.post("/imports/folder", status_code=202)
async def import_folder(call: SignedCall, wish: FolderWish) -> TaskAnswer:
    """Begin to import a folder; the task's result has the dataset's ARN and what was found."""
    folder = folder_of(wish.s3_uri)

    def check(connection: Connection) -> None:
        _project_without(call.operation(connection), wish)

    await call.database.read_in_thread(check)
    await console_bucket(call)

    def look() -> bool:
        found = call.parts.objects.list(folder.bucket, folder.key, call.caller)
        return next(iter(found), None) is not None

    if not await in_store_thread(look):
        raise ConsoleError("NoSuchKey", f"There is nothing at {folder}.", status=404)

    def accept(context: AnyContext) -> TaskAnswer:
        project = _project_without(context, wish)
        found = FolderImport(
            name=project.name,
            dataset_type=wish.dataset_type,
            bucket=folder.bucket,
            prefix=folder.key,
            labels=wish.labels_from_folders,
            tags=wish.tags,
        )
        task = accept_task(context, IMPORT_FOLDER, "listing", project.arn, found)
        return TaskAnswer(task=task_document(task))

    return await call.write(accept)


def folder_of(s3_uri: str) -> ObjectLocation:
    """The bucket and the prefix, empty or with a slash at its end, of an S3 URI. Raises ConsoleError."""
    match = _ADDRESS.fullmatch(s3_uri.strip())
    if match is None:
        raise ConsoleError("InvalidParameterException", "The S3 URI must be of the form s3://bucket/folder/.")
    prefix = match[2] or ""
    return ObjectLocation(match[1], prefix if not prefix or prefix.endswith("/") else f"{prefix}/")


def _project_without(context: AnyContext, wish: FolderWish) -> Project:
    """The project, which has no dataset of the kind yet. Raises RuleError."""
    project = project_of(context, wish.project)
    if find_dataset_of_project(context.connection, project.id, wish.dataset_type.lower()) is not None:
        message = f"The project {project.name} already has a dataset of type {wish.dataset_type}."
        raise ResourceAlreadyExistsError(message)
    return project


async def run_folder_import(run: TaskRun) -> None:
    """List, write a manifest into the console's bucket, create the dataset from it."""
    wish = FolderImport.model_validate(run.task.payload)
    project_arn = run.task.project_arn
    assert project_arn is not None
    folder = ObjectLocation(wish.bucket, wish.prefix)
    manifest = await in_thread(_write_manifest, run, folder)
    arn = await create_from_manifest(
        run,
        "dataset_arn",
        project_arn=project_arn,
        kind=wish.dataset_type,
        manifest=manifest,
        uploads=folder,
        tags=wish.tags,
    )
    await until_created(run, arn)


def _write_manifest(run: TaskRun, folder: ObjectLocation) -> ObjectLocation:
    wish = FolderImport.model_validate(run.task.payload)
    bucket = run.buckets.find(run.caller)
    if bucket is None:
        raise TaskFailedError("The console's bucket was deleted.")
    name = dataset_name(wish.name, wish.dataset_type.lower())
    manifest = ObjectLocation(bucket, f"datasets/{name}/{run.task.id}.manifest")
    if "dataset_arn" in run.result:
        return manifest
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        images = _write_lines(run, folder, file)
        if not images:
            raise TaskFailedError(f"There are no JPEG or PNG images at {folder}.")
        run.report("writing", images, images)
        file.seek(0)
        run.objects.put(manifest, file, run.caller, "application/json")  # type: ignore[arg-type]
    run.report("creating", 0, 1)
    return manifest


def _write_lines(run: TaskRun, folder: ObjectLocation, file: IO[bytes]) -> int:
    """A line for each image below the folder, those directly in it without a label; other files are skipped."""
    has_labels = FolderImport.model_validate(run.task.payload).labels
    created, labels, skipped, images = now(), Counter[str](), 0, 0
    for head in run.objects.list(folder.bucket, folder.key, run.caller):
        if not head.key.lower().endswith(_IMAGES):
            skipped += not head.key.endswith("/")
            continue
        images += 1
        line: dict[str, object] = {"source-ref": f"s3://{folder.bucket}/{head.key}"}
        label, slash, _ = head.key.removeprefix(folder.key).partition("/")
        if slash and label and has_labels:
            labels[label] += 1
            line |= image_level_pair(_ATTRIBUTE, label, 1, _JOB, created)
        file.write(line_bytes(line))
        if images % _BETWEEN_REPORTS == 0:
            run.report("listing", images, 0)
    run.result |= {"images": images, "labels": len(labels), "skipped": skipped}
    return images
