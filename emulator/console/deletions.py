"""Deleting a project with all that belongs to it: goes on when the window closes (C-25 to C-27, M-1)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.task_documents import TaskAnswer, task_document
from emulator.console.task_runs import TaskRun, accept_task
from emulator.domain.errors import ResourceInUseError
from emulator.domain.states import DATASET_MOVES, VERSION_MOVES, Event, ProjectState, VersionState
from emulator.operations.context import AnyContext
from emulator.operations.datasets import delete_dataset
from emulator.operations.lookup import project_of
from emulator.operations.projects import delete_project
from emulator.operations.registry import Operation
from emulator.operations.versions import delete_project_version
from emulator.storage.datasets import list_datasets
from emulator.storage.projects import find_project
from emulator.storage.rows import Dataset, Project, Version
from emulator.storage.versions import list_versions

router = APIRouter()

DELETE_PROJECT = "delete-project"
_ALL = 2**31
_PAUSE = 0.05
What = Literal["project", "models", "datasets", "datasets_and_models"]


class DeletionWish(BaseModel):
    """A project, and what of it goes: all of it, or its models, its datasets, or both."""

    project: str
    what: What


class Deletion(BaseModel):
    """What the task works on, and how many resources there were. Stored under these names."""

    what: What
    number: int


@router.post("/deletions", status_code=202)
async def begin_deletion(call: SignedCall, wish: DeletionWish) -> TaskAnswer:
    """Begin to delete. While a model runs or trains nothing is deleted: ResourceInUseException."""
    _require_rights(call, wish)

    def accept(context: AnyContext) -> TaskAnswer:
        project = project_of(context, wish.project)
        versions, datasets = _children(context.connection, project, wish.what)
        for version in versions:
            _check_version(version)
        number = len(versions) + len(datasets) + (wish.what == "project")
        task = accept_task(context, DELETE_PROJECT, "deleting", project.arn, Deletion(what=wish.what, number=number))
        return TaskAnswer(task=task_document(task))

    return await call.write(accept)


def _require_rights(call: ConsoleCall, wish: DeletionWish) -> None:
    """Raises AccessDeniedException unless the caller may delete each of what goes."""
    if call.caller.rights is None:
        return
    from emulator.operations.authorization import authorize  # only where rights are looked at

    def named(connection: Connection) -> list[tuple[str, str, str]]:
        project = find_project(connection, wish.project)
        if project is None:
            return []  # the operation says so
        versions, datasets = _children(connection, project, wish.what)
        found = [("DeleteProjectVersion", "ProjectVersionArn", version.arn) for version in versions]
        return found + [("DeleteDataset", "DatasetArn", dataset.arn) for dataset in datasets]

    wanted = [("DeleteProject", "ProjectArn", wish.project)] if wish.what == "project" else []
    for operation, member, arn in wanted + call.database.read(named):
        authorize(call.parts.services(), call.caller, operation, {member: arn})


async def run_deletion(run: TaskRun) -> None:
    """Delete whatever is left, wait for it, and the project at last. What is gone already is not missed."""
    project_arn, wish = run.task.project_arn, Deletion.model_validate(run.task.payload)
    what = wish.what
    assert project_arn is not None
    while arns := await run.operation(partial(_delete_children, project_arn=project_arn, what=what)):
        left = len(arns) + (what == "project")
        await asyncio.to_thread(run.report, "deleting", max(0, wish.number - left), left)
        await run.services.runner.ended(*arns)
        await asyncio.sleep(_PAUSE)  # at the end of the emulator nothing is waited for any more
    if what == "project":
        await run.operation(partial(_delete_project, project_arn=project_arn))
        await run.services.runner.ended(project_arn)


def _children(connection: Connection, project: Project, what: str) -> tuple[list[Version], list[Dataset]]:
    """The versions and datasets that are meant."""
    versions = list_versions(connection, project.id, names=None, after=None, limit=_ALL)
    datasets = list_datasets(connection, [project.id])[project.id]
    return ([] if what == "datasets" else versions), ([] if what == "models" else datasets)


def _delete_children(context: AnyContext, project_arn: str, what: str) -> list[str]:
    """DeleteProjectVersion and DeleteDataset where the states allow it; the ARNs of all that is left."""
    project = find_project(context.connection, project_arn)
    versions, datasets = ([], []) if project is None else _children(context.connection, project, what)
    for version in versions:
        if version.status is not VersionState.DELETING:
            _check_version(version)
            _call(context, delete_project_version, ProjectVersionArn=version.arn)
    for dataset in datasets:
        if (dataset.status, Event.DELETE) in DATASET_MOVES:  # others are being changed: once more after that
            _call(context, delete_dataset, DatasetArn=dataset.arn)
    return [version.arn for version in versions] + [dataset.arn for dataset in datasets]


def _delete_project(context: AnyContext, project_arn: str) -> None:
    project = find_project(context.connection, project_arn)
    if project is not None and project.status is not ProjectState.DELETING:
        _call(context, delete_project, ProjectArn=project_arn)


def _check_version(version: Version) -> None:
    if version.status is not VersionState.DELETING and (version.status, Event.DELETE) not in VERSION_MOVES:
        raise ResourceInUseError(f"The model {version.name} is {version.status}; stop it or wait, then delete again.")


def _call(context: AnyContext, operation: Operation, **parameters: str) -> None:
    context.parameters = parameters
    operation(context)
