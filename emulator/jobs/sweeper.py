"""Removing what nothing refers to any more, in pieces and in the background: entries, model files, work directories."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

from emulator.s3.swept import SweptFolder
from emulator.storage.content_changes import sweep_content, unreferenced_contents
from emulator.storage.engine import Database
from emulator.storage.jobs import list_jobs
from emulator.storage.versions import model_files

logger = logging.getLogger(__name__)

_ENTRIES_AT_ONCE = 2000


class Sweeper:
    """Sweeps contents on demand. Lives on the event loop; the deletions run in the writer thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
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
        while not await self._database.write(lambda c: sweep_content(c, content_id, _ENTRIES_AT_ONCE)):
            await asyncio.sleep(0)


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
