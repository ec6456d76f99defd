"""GET and PUT /_emulator/state: the whole state as one archive, and back (O-15)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from emulator.control.accounts import Account
from emulator.control.transfer import new_directory, received_archive, remove_beside, sent_archive

ARCHIVE_NAME = "custom-labels-state.tar"


@dataclass(frozen=True, slots=True)
class StateArchive:
    """What these paths do. `save` writes an archive into a folder and gives its path; `load` checks and takes one over.

    `begins_an_archive` judges the first 512 bytes of a body, before more of it is kept. `work_directory` is where
    folders for transfers may be made; they are removed when the call is over.
    """

    save: Callable[[Path, bool, str | None], Awaitable[Path]]
    load: Callable[[Path, str | None], Awaitable[None]]
    begins_an_archive: Callable[[bytes], bool]
    work_directory: Path


def state_router(state: StateArchive) -> APIRouter:
    """The paths of the whole state."""
    router = APIRouter()

    @router.get("/_emulator/state")
    async def get_state(skip_damaged: bool = False, account: Account = None) -> Response:
        """O-15; with an account O-39."""

        async def write(directory: Path) -> Path:
            return await state.save(directory, skip_damaged, account)

        return await sent_archive(state.work_directory, ARCHIVE_NAME, write)

    @router.put("/_emulator/state")
    async def put_state(request: Request, account: Account = None) -> dict[str, str]:
        """O-15: nothing is replaced unless the archive is whole. With an account only what it has (O-39)."""
        directory = new_directory(state.work_directory)
        try:
            path = directory / ARCHIVE_NAME
            await received_archive(request, path, state.begins_an_archive)
            await state.load(path, account)
        finally:
            remove_beside(directory)
        return {"status": "loaded"}

    return router
