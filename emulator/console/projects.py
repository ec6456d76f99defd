"""All projects of an account with their datasets and versions in one answer (C-5, C-7), and trainings (C-16, O-32)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.lookup import as_json
from emulator.console.project_documents import ProjectDocument, TrainingList, read_projects, training_documents
from emulator.domain.errors import ResourceInUseError
from emulator.operations.lookup import project_of, version_of
from emulator.storage.rows import Version

router = APIRouter()


class ProjectList(BaseModel):
    """Newest first."""

    projects: list[ProjectDocument]


class VersionWish(BaseModel):
    """One version."""

    version: str


class CancelledTraining(BaseModel):
    """What the version is now."""

    status: str
    status_message: str


@router.get("/projects", response_model=ProjectList)
async def get_projects(call: SignedCall) -> Response:
    """All projects of the account in the region, with datasets and versions."""

    def read(connection: Connection) -> Response:
        return as_json(ProjectList(projects=read_projects(connection, call.caller)))

    return await call.database.read_in_thread(read)


@router.get("/project")
async def get_project(call: SignedCall, project: str) -> ProjectDocument:
    """One project with datasets and versions."""

    def read(connection: Connection) -> ProjectDocument:
        return read_projects(connection, call.caller, project_of(call.operation(connection), project))[0]

    return await call.database.read_in_thread(read)


@router.get("/trainings")
async def get_trainings(call: SignedCall) -> TrainingList:
    """Trainings that wait or run, with their progress."""
    return TrainingList(trainings=training_documents(call.parts.trainings, call.caller, call.database))


@router.post("/training/cancel")
async def cancel_training(call: SignedCall, wish: VersionWish) -> CancelledTraining:
    """End a training that waits or runs: TRAINING_FAILED, unbilled (O-32)."""
    before = _find_version(call, wish.version)
    if not await call.parts.cancel_training(wish.version):
        raise ResourceInUseError(f"The version {before.name} is {before.status}; no training waits or runs.")
    after = _find_version(call, wish.version)
    return CancelledTraining(status=after.status, status_message=after.status_message)


def _find_version(call: ConsoleCall, arn: str) -> Version:
    return call.database.read(lambda connection: version_of(connection, call.caller, arn))
