"""Trained models as files: what `custom-labels export` asks for (O-25)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from emulator.control.errors import ControlError
from emulator.storage.engine import Database
from emulator.storage.versions import find_version


def models_router(database: Database, model_path: Callable[[str], Path]) -> APIRouter:
    """`GET /_emulator/model?project_version=ARN`: the ONNX file of a trained version."""
    router = APIRouter()

    @router.get("/_emulator/model")
    async def model(project_version: str = "") -> Response:
        version = database.read(lambda connection: find_version(connection, project_version))
        if version is None:
            given = project_version or "(none given)"
            raise ControlError("NotFound", f"There is no project version {given}.", status=404)
        if version.model_file is None:
            raise ControlError("NotTrained", f"The version is {version.status} and has no model.", status=409)
        if not model_path(version.model_file).is_file():
            raise ControlError("DamagedState", f"The model file of {version.arn} is missing.", status=409)
        return FileResponse(model_path(version.model_file), media_type="application/octet-stream")

    return router
