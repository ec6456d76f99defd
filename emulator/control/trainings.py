"""Ending a training before its time: what `custom-labels cancel` asks for (O-32)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter

from emulator.control.errors import ControlError
from emulator.domain.json_values import JsonObject
from emulator.storage.engine import Database
from emulator.storage.versions import find_version

CancelTraining = Callable[[str], Awaitable[bool]]


def trainings_router(database: Database, cancel: CancelTraining) -> APIRouter:
    """`DELETE /_emulator/trainings/{arn}`: a training that waits or runs becomes TRAINING_FAILED, unbilled."""
    router = APIRouter()

    @router.delete("/_emulator/trainings/{arn:path}")
    async def cancel_training(arn: str) -> JsonObject:
        version = database.read(lambda connection: find_version(connection, arn))
        if version is None:
            raise ControlError("NotFound", f"There is no project version {arn}.", status=404)
        if not await cancel(arn):
            raise ControlError(
                "NotTraining", f"The version is {version.status}; no training waits or runs.", status=409
            )
        after = database.read(lambda connection: find_version(connection, arn))
        if after is None:
            raise ControlError("NotFound", f"The project version {arn} is gone.", status=404)
        return {"project_version": arn, "status": after.status, "status_message": after.status_message}

    return router
