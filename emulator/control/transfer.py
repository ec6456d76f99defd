"""Archives that control calls bring and fetch: through files in a folder that is removed when the call is over."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from emulator.control.errors import ControlError
from emulator.control.paths import TRANSFER_PREFIX

NO_ARCHIVE = "this is not an archive of the emulator: it does not begin with manifest.json"
"""What is said of a file that begins with something else."""

_PIECE = 1 << 20
_TAR_HEADER = 512


def new_directory(work_directory: Path) -> Path:
    """A folder for one transfer."""
    return Path(tempfile.mkdtemp(prefix=TRANSFER_PREFIX, dir=work_directory))


def remove_beside(directory: Path) -> None:
    """Remove a folder in a thread. Not awaited: the call may be one that is just being cancelled."""
    asyncio.get_running_loop().run_in_executor(None, partial(shutil.rmtree, directory, ignore_errors=True))


async def sent_archive(work_directory: Path, name: str, write: Callable[[Path], Awaitable[Path]]) -> Response:
    """The answer that carries what `write` puts into a new folder and gives the path of; `name` is for browsers."""
    directory = new_directory(work_directory)
    try:
        path = await write(directory)
        size = (await asyncio.to_thread(path.stat)).st_size
    except BaseException:
        remove_beside(directory)
        raise
    headers = {"content-length": str(size), "content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_pieces(path, directory), media_type="application/x-tar", headers=headers)


async def received_archive(
    request: Request, path: Path, begins_an_archive: Callable[[bytes], bool], limit: int | None = None
) -> None:
    """Write the body to a file, a mebibyte at a time.

    Raises ControlError, with nothing kept, for another beginning, and for more than `limit` bytes.
    """
    pending, size = bytearray(), 0
    pieces = request.stream()
    while len(pending) < _TAR_HEADER and (piece := await anext(pieces, None)) is not None:
        pending += piece
    if not begins_an_archive(bytes(pending[:_TAR_HEADER])):
        await _let_it_end(pieces)
        raise ControlError("InvalidArchive", NO_ARCHIVE)
    with path.open("xb") as file:
        async for piece in pieces:
            pending += piece
            if limit is not None and size + len(pending) > limit:
                await _let_it_end(pieces)
                raise ControlError("BodyTooLarge", f"The archive is larger than {limit} bytes.", status=413)
            if len(pending) >= _PIECE:
                size += len(pending)
                await asyncio.to_thread(file.write, bytes(pending))
                pending.clear()
        await asyncio.to_thread(file.write, bytes(pending))


async def _let_it_end(pieces: AsyncIterator[bytes]) -> None:
    """Who is still writing reads no answer."""
    async for _ in pieces:
        pass


async def _pieces(path: Path, directory: Path) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
    finally:
        remove_beside(directory)
