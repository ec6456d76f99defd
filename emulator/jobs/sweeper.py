"""Removing what nothing refers to any more, in pieces and in the background: entries, model files, work directories."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from emulator.jobs.threads import in_thread
from emulator.s3.swept import SweptFolder
from emulator.storage.content_changes import sweep_content
from emulator.storage.contents import unreferenced_contents
from emulator.storage.engine import Database
from emulator.storage.jobs import is_work_open, list_jobs
from emulator.storage.versions import model_files

logger = logging.getLogger(__name__)

_ENTRIES_AT_ONCE = 2000
# Between two pieces, in the time that the last one took: one that nobody waits for leaves the writer to those who work.
_PAUSE = 1
_PAUSE_BESIDE_WORK = 19
_LONGEST_PAUSE_SECONDS = 1.0


class Sweeper:
    """Sweeps contents on demand. Lives on the event loop; the deletions run in threads of jobs, after all who ask.

    While work is open, an import or a training, it takes a twentieth of the time: nobody waits for a sweep.
    """

    def __init__(self, database: Database, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._database = database
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def sweep(self) -> None:
        """Begin to remove unreferenced contents, or make sure that a running sweep looks again."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        else:
            self._again = True

    async def stop(self) -> None:
        """End a running sweep; the next start takes it up again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                self._again = False
                for content_id in await self._database.read_in_thread(unreferenced_contents):
                    await self._remove(content_id)
                if not self._again:
                    return
        except Exception:
            logger.exception("contents could not be swept")

    async def _remove(self, content_id: int) -> None:
        piece = partial(sweep_content, content_id=content_id, limit=_ENTRIES_AT_ONCE)
        while True:
            began = time.perf_counter()
            if await in_thread(self._database.write_now, piece):
                return
            seconds = time.perf_counter() - began
            is_beside_work = await self._database.read_in_thread(is_work_open)
            pause = seconds * (_PAUSE_BESIDE_WORK if is_beside_work else _PAUSE)
            await self._sleep(min(pause, _LONGEST_PAUSE_SECONDS))


def sweep_models(database: Database, model_directory: Path, kept_in: SweptFolder | None = None) -> None:
    """Remove the model files that neither a version nor the outcome of a job names; or move them to `kept_in`."""
    kept = database.read_now(model_files) | {
        job.outcome.version["model_file"]
        for job in database.read_now(list_jobs)
        if job.outcome is not None and "model_file" in job.outcome.version
    }
    unnamed = [path for path in model_directory.iterdir() if path.name not in kept]
    if kept_in is not None:
        kept_in.take(unnamed)
        return
    for path in unnamed:
        path.unlink()


def sweep_files(database: Database, model_directory: Path, work_directory: Path) -> None:
    """At start: what a kill may have left. Models of no version are kept for a day, work directories of no job go."""
    swept = SweptFolder(model_directory.parent)
    swept.forget_old()
    sweep_models(database, model_directory, swept)
    open_jobs = {str(job.id) for job in database.read_now(list_jobs)}
    for path in work_directory.iterdir():
        if path.name not in open_jobs:
            shutil.rmtree(path, ignore_errors=True)
