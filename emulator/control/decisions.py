"""GET /_emulator/decisions: who was let do what, and by which statement (O-33)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from emulator.control.accounts import Account
from emulator.domain.json_values import JsonObject

ReadDecisions = Callable[[str | None], list[JsonObject]]


def decisions_router(read: ReadDecisions) -> APIRouter:
    """The last thousand decisions, newest first; none in modes `off` and `signature`."""
    router = APIRouter()

    @router.get("/_emulator/decisions")
    async def decisions(account: Account = None) -> JsonObject:
        return {"decisions": read(account)}

    return router
