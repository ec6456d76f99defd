"""Starting, resetting and ending an emulator: what happens in which order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from emulator.jobs.sweeper import sweep_files, sweep_models
from emulator.s3.vault import MissingIndexError, is_missing_or_empty
from emulator.server.account_reset import reset_account
from emulator.server.all_work import drop_all_work, remove_work_files, take_up_all_work
from emulator.server.definition_files import Definitions
from emulator.server.init_scripts import InitScriptError, check_init_directory, run_init_scripts
from emulator.server.loop_watch import LoopWatch
from emulator.server.parts import Parts
from emulator.storage.installation import forget_unfinished_load, token_secret, unfinished_load
from emulator.storage.kept_metrics import forget_kept_metrics
from emulator.storage.migrate import migrate
from emulator.storage.reset import delete_everything
from emulator.wire.asgi import Receive, Send
from emulator.wire.pipeline import RekognitionEdge

if TYPE_CHECKING:
    from emulator.server.state_archive import CheckedArchive

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 10.0


class Lifecycle:
    """The life of one emulator. What saving and loading need is imported with the first of them: a start does without.

    `serving` is set once, when requests can be served: init scripts send some before `ready` (O-7). Whoever serves sets
    `endpoint`, for those scripts, `announce`, which is called once it is ready, `complete`, which is called once what
    the start did not wait for is built too, and `give_up`, which is called when the start fails; `failure` then says
    why. `init_scripts` has the states of the scripts that began.
    `ending` is set when the end begins. `epoch` counts the times that everything became another: resets and loads;
    whoever holds `reset_lock` keeps them away.
    """

    def __init__(
        self,
        parts: Parts,
        build_edge: Callable[[bytes], RekognitionEdge],
        build_what_is_behind: Callable[[], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._build_what_is_behind = build_what_is_behind
        self._loop_watch = LoopWatch(parts.measurements)
        self._build_edge = build_edge
        self._edge: RekognitionEdge | None = None
        self.ready = asyncio.Event()
        self.serving = asyncio.Event()
        self.ending = asyncio.Event()
        self.epoch = 0
        self.endpoint = ""
        self.failure: str | None = None
        self.give_up: Callable[[], None] = lambda: None
        self.announce: Callable[[], None] = lambda: None
        self.complete: Callable[[], None] = lambda: None
        self.init_scripts: dict[str, str] = {}
        self._starting: asyncio.Task[None] | None = None
        self.reset_lock = asyncio.Lock()

    @property
    def edge(self) -> RekognitionEdge:
        """The Rekognition endpoint. It is there once `serving` is set: its page tokens need the stored secret."""
        assert self._edge is not None, "serving means that the edge was built"
        return self._edge

    def prepare(self) -> None:
        """What must succeed before requests are taken: schema, object index, files with faults and answers (O-3).

        Raises NewerSchemaError, NewerObjectIndexError, MissingIndexError, SettingsError.
        """
        parts = self._parts
        check_init_directory(parts.settings)
        directories = parts.directories
        is_file = not parts.settings.database_url
        if is_file and is_missing_or_empty(directories.database) and any(directories.models.iterdir()):
            raise MissingIndexError(f"{directories.database.name} is missing or empty, though there are models")
        parts.s3.require_index()
        migrate(parts.database)
        parts.s3.start()
        self._finish_load()
        self._given = Definitions.read(parts.settings)
        self._given.give(parts.faults, parts.answers)
        sweep_files(parts.database, parts.directories.models, parts.directories.work)

    def _finish_load(self) -> None:
        """A kill came between the database of a loaded archive and its objects: these follow now (O-15, O-19)."""
        parts = self._parts
        unfinished = parts.database.read_now(unfinished_load)
        if unfinished is None:
            return
        folder, account = unfinished
        objects = parts.directories.work / folder
        remove_work_files(parts)
        if objects.is_dir() and account is not None:
            parts.s3.load_account_from(objects, account)
        elif objects.is_dir():
            parts.s3.load_from(objects)
        else:
            logger.error("the objects of the archive that was being loaded are gone; load it again")
        parts.database.write_now(forget_unfinished_load)

    async def start(self) -> None:
        """Take up what an earlier process left and become ready."""
        parts = self._parts
        secret = parts.database.write_now(token_secret)
        self._edge = self._build_edge(secret)
        async with self.reset_lock:  # whoever loads or resets now would take the same work up twice
            await take_up_all_work(parts)
        parts.metrics_keeper.start()
        self._loop_watch.start()
        parts.fleet.start()
        parts.running_watch.start()
        self.serving.set()
        settings = parts.settings
        await run_init_scripts(Path(settings.init_dir), self.endpoint, settings.default_account, self.init_scripts)
        self.ready.set()
        self.announce()
        logger.info("ready")

    async def settle(self) -> None:
        """The clock was moved: let units scale and every change that is due show (O-10)."""
        self._parts.fleet.refresh()
        await self._parts.fleet.write()
        await self._parts.running_watch.look()
        await self._parts.runner.settle_due(SETTLE_SECONDS)

    async def reset(self, account: str | None = None) -> None:
        """O-8: end all work, forget everything, return to the state of a fresh install; or for one account (O-39)."""
        parts = self._parts
        if account is not None:
            async with self.reset_lock:
                await reset_account(parts, account)
                self._given.give(parts.faults, parts.answers, account)
            return
        async with self.reset_lock:
            await drop_all_work(parts)
            try:
                await parts.database.write(_forget)
                # Once more, for what was accepted before everything was forgotten and began only now.
                await drop_all_work(parts)
                await asyncio.to_thread(self._reset_files)
                self._given.give(parts.faults, parts.answers)
                parts.policies.reset()
                parts.clocks.give_up()
                parts.clocks.set_real()
                self.epoch += 1
            except BaseException:
                # What could not be forgotten, on a full disk, goes on.
                await take_up_all_work(parts)
                raise
            parts.runner.resume()

    async def save(self, directory: Path, skip_damaged: bool = False, account: str | None = None) -> Path:
        """O-15: write the whole state, or what one account has, into an archive in this folder; its path.

        Raises ControlError where files are missing that the state names, unless they may be skipped.
        """
        from emulator.server.state_save import save_state

        async with self.reset_lock:
            return await save_state(self._parts, directory, skip_damaged=skip_damaged, account=account)

    async def load(self, archive: Path, account: str | None = None) -> None:
        """O-15: make an archive the whole state, once it is found whole. Raises ControlError with nothing changed.

        With an account what the archive has of it takes the place of what it has here, and nothing else changes (O-39).
        """
        from emulator.server.state_load import checked_archive, load_state

        parts = self._parts
        checked = await asyncio.to_thread(checked_archive, parts, archive)
        if account is not None:
            await self._load_account(checked, account)
            return
        async with self.reset_lock:
            self.serving.clear()
            try:
                await load_state(parts, checked, archive.parent / "before")
            finally:
                self.epoch += 1
                await asyncio.to_thread(sweep_models, parts.database, parts.directories.models)
                self.serving.set()

    async def _load_account(self, checked: CheckedArchive, account: str) -> None:
        from emulator.server.account_load import keep_account_of, load_account

        kept = await asyncio.to_thread(keep_account_of, checked, account)
        async with self.reset_lock:
            await load_account(self._parts, kept, account)

    def _reset_files(self) -> None:
        parts = self._parts
        parts.s3.reset()
        for path in parts.directories.models.iterdir():
            path.unlink()
        remove_work_files(parts)

    def let_go(self) -> None:
        """The end begins: answer all calls now that are held or delayed (O-3, O-11, O-18)."""
        self.ending.set()
        self._parts.runner.let_go()

    async def stop(self) -> None:
        """End gracefully: work is left resumable, then the files are closed."""
        parts = self._parts
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await parts.runner.stop()
        await parts.sweeper.stop()
        await parts.running_watch.close()
        await self._loop_watch.close()
        try:
            await parts.fleet.close()
            await parts.metrics_keeper.close()
        except SQLAlchemyError:
            logger.exception("what was measured last could not be written down")
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        parts = self._parts
        parts.hosting.close()
        parts.s3.close()
        parts.database.close()

    async def serve_lifespan(self, receive: Receive, send: Send) -> None:
        """The ASGI lifespan protocol: start in the background, so that health answers at once (O-6)."""
        await receive()
        self._starting = asyncio.create_task(self._start_or_log())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start_or_log(self) -> None:
        try:
            await self.start()
            await self._build_what_is_behind()
            self.complete()
        except InitScriptError as error:
            self._fail(f"the init script {error}")
        except Exception as error:
            logger.debug("the emulator could not start", exc_info=error)
            self._fail(f"the emulator could not start: {type(error).__name__}: {error}")

    def _fail(self, why: str) -> None:
        self.failure = why
        self.give_up()


def _forget(connection: Connection) -> None:
    delete_everything(connection)
    forget_kept_metrics(connection)
