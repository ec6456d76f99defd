"""Readiness in the form of LocalStack's paths, for tools that wait for it there (O-39): read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter

from emulator.control.errors import ControlError
from emulator.domain.json_values import JsonObject

SERVICES = ("cloudwatch", "rekognition", "s3", "sts")
_STAGES = ("BOOT", "START", "READY", "SHUTDOWN")


def localstack_router(
    version: str,
    is_serving: Callable[[], bool],
    is_ready: Callable[[], bool],
    init_scripts: Mapping[str, str],
) -> APIRouter:
    """GET /_localstack/health, init and init/{stage}; `init_scripts` is live: names to RUNNING or SUCCESSFUL."""
    router = APIRouter(include_in_schema=False)

    @router.head("/_localstack/health")
    @router.get("/_localstack/health")
    async def health() -> JsonObject:
        """Which services answer. The version is the emulator's."""
        state = "running" if is_serving() else "starting"
        return {"services": dict.fromkeys(SERVICES, state), "edition": "community", "version": version}

    def completed() -> dict[str, bool]:
        return {"BOOT": True, "START": is_serving(), "READY": is_ready(), "SHUTDOWN": False}

    def scripts() -> list[dict[str, str]]:
        """All belong to the one stage that there is a folder for."""
        return [{"stage": "READY", "name": name, "state": state} for name, state in init_scripts.items()]

    @router.get("/_localstack/init")
    async def init() -> JsonObject:
        """The stages of the start, and what ran in them."""
        return {"completed": completed(), "scripts": scripts()}

    @router.get("/_localstack/init/{stage}")
    async def init_of_stage(stage: str) -> JsonObject:
        """One stage, in any case of letters."""
        name = stage.upper()
        if name not in _STAGES:
            raise ControlError("NotFound", f"There is no stage {stage}; there are {', '.join(_STAGES)}.", status=404)
        return {"completed": completed()[name], "scripts": scripts() if name == "READY" else []}

    return router
