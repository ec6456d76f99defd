"""GET and PUT /_emulator/state: the whole state as one archive, and back (O-15)."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from emulator.control.errors import ControlError

ARCHIVE_NAME = "custom-labels-state.tar"
TRANSFER_PREFIX = "state-"
"""What the names of folders for transfers begin with."""

NO_ARCHIVE = "this is not an archive of the emulator: it does not begin with manifest.json"
"""What is said of a file that begins with something else."""

_PIECE = 1 << 20
_TAR_HEADER = 512


@dataclass(frozen=True, slots=True)
class StateArchive:
    """What these paths do. `save` writes an archive into a folder and gives its path; `load` checks and takes one over.

    `begins_an_archive` judges the first 512 bytes of a body, before more of it is kept. `work_directory` is where
    folders for transfers may be made; they are removed when the call is over.
    """

    save: Callable[[Path, bool], Awaitable[Path]]
    load: Callable[[Path], Awaitable[None]]
    begins_an_archive: Callable[[bytes], bool]
    work_directory: Path


def state_router(state: StateArchive) -> APIRouter:
    """The paths of the whole state."""
    router = APIRouter()

    @router.get("/_emulator/state")
    async def get_state(skip_damaged: bool = False) -> Response:
        """O-15."""
        directory = _new_directory(state)
        try:
            path = await state.save(directory, skip_damaged)
            size = (await asyncio.to_thread(path.stat)).st_size
        except BaseException:
            _remove_beside(directory)
            raise
        headers = {
            "content-length": str(size),
            "content-disposition": f'attachment; filename="{ARCHIVE_NAME}"',
        }
        return StreamingResponse(_pieces(path, directory), media_type="application/x-tar", headers=headers)

    @router.put("/_emulator/state")
    async def put_state(request: Request) -> dict[str, str]:
        """O-15: nothing is replaced unless the archive is whole."""
        directory = _new_directory(state)
        try:
            path = directory / ARCHIVE_NAME
            await _receive(request, path, state.begins_an_archive)
            await state.load(path)
        finally:
            _remove_beside(directory)
        return {"status": "loaded"}

    return router


def _new_directory(state: StateArchive) -> Path:
    return Path(tempfile.mkdtemp(prefix=TRANSFER_PREFIX, dir=state.work_directory))


def _remove_beside(directory: Path) -> None:
    """Remove a folder in a thread. Not awaited: the call may be one that is just being cancelled."""
    asyncio.get_running_loop().run_in_executor(None, partial(shutil.rmtree, directory, ignore_errors=True))


async def _receive(request: Request, path: Path, begins_an_archive: Callable[[bytes], bool]) -> None:
    """Write the body to a file, a mebibyte at a time. Raises ControlError, with nothing kept, for another beginning."""
    pending = bytearray()
    pieces = request.stream()
    while len(pending) < _TAR_HEADER and (piece := await anext(pieces, None)) is not None:
        pending += piece
    if not begins_an_archive(bytes(pending[:_TAR_HEADER])):
        async for _ in pieces:  # who is still writing reads no answer
            pass
        raise ControlError("InvalidArchive", NO_ARCHIVE)
    with path.open("xb") as file:
        async for piece in pieces:
            pending += piece
            if len(pending) >= _PIECE:
                await asyncio.to_thread(file.write, bytes(pending))
                pending.clear()
        await asyncio.to_thread(file.write, bytes(pending))


async def _pieces(path: Path, directory: Path) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
    finally:
        _remove_beside(directory)
