"""The door to the state: one writer at a time, readers beside it, one transaction a request.

Which database it is in is the business of `dialects`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from emulator.domain.jobs import DatabaseLostError
from emulator.storage.dialects import dialect_for
from emulator.storage.dialects.interface import WriteAheadLog
from emulator.storage.turns import Turns

Result = TypeVar("Result")

MOST_CACHED = 256


def open_database(place: str) -> Database:
    """The database at a URL or a path, both as text, for a worker: its work is repeated where it fails."""
    return Database(place if "://" in place else Path(place), leaves_receipts=False)


class Database:
    """The door to the state: `read` and `write_quick` where it is quick, their slower namesakes where not."""

    def __init__(self, place: Path | str, *, is_scratch: bool = False, leaves_receipts: bool = True) -> None:
        """`place`: the path of a SQLite file, or the URL of a database of PostgreSQL.

        A file that `is_scratch` is thrown away whatever happens: nothing waits for the disk.
        """
        self.place = place
        self._dialect = dialect_for(place, is_scratch=is_scratch, leaves_receipts=leaves_receipts)
        self.engine = self._dialect.open_engine()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="database-reader")
        self._turns = Turns()
        self._log = self._dialect.open_log(self.engine, self._turns)
        self._loop_connection: Connection | None = None
        self._quick_connection: Connection | None = None
        self._cached: dict[Hashable, Any] = {}
        self._cached_at: int | None = None

    def read(self, function: Callable[[Connection], Result]) -> Result:
        """Run sub-millisecond reads on the calling thread, on a connection kept for it: the event loop's only."""
        connection = self._connection()
        try:
            with connection.begin():
                return function(connection)
        except DBAPIError as error:
            if error.connection_invalidated:  # the server went away: the next call asks for another connection
                connection.close()
                self._loop_connection = None
            raise

    def read_cached(self, key: Hashable, function: Callable[[Connection], Result]) -> Result:
        """`read`, whose result is given again for the same `key` until any connection, of any process, commits.

        For what is read with every call and changes rarely: asking for the `data_version` costs a tenth of a query.
        """
        self._forget_what_changed()
        if key not in self._cached:
            self._cached[key] = self.read(function)
        return cast(Result, self._cached[key])

    async def read_cached_in_thread(self, key: Hashable, function: Callable[[Connection], Result]) -> Result:
        """`read_cached` for a database whose reads wait: only what is not kept goes to a reader thread."""
        version = self._forget_what_changed()
        if key in self._cached:
            return cast(Result, self._cached[key])
        result = await self.read_in_thread(function)
        if self._forget_what_changed() == version:
            self._cached[key] = result
        return result

    def _forget_what_changed(self) -> int:
        data_version = self.data_version()
        if data_version != self._cached_at or len(self._cached) >= MOST_CACHED:
            self._cached.clear()
            self._cached_at = data_version
        return data_version

    def data_version(self) -> int:
        """A number that differs from the last one if any other connection, of any process, has committed since.

        For the event loop: asking takes ten microseconds.
        """
        return self._dialect.data_version(self._connection)

    @property
    def reads_wait(self) -> bool:
        """Whether a read waits for another process: then it has no place on the event loop."""
        return self._dialect.reads_wait

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error says that the database went away, so that the same may be tried again."""
        return isinstance(error, DatabaseLostError) or self._dialect.is_lost(error)

    def _connection(self) -> Connection:
        if self._loop_connection is None:
            self._loop_connection = self.engine.connect()
        return self._loop_connection

    def read_now(self, function: Callable[[Connection], Result]) -> Result:
        """Run reads on the calling thread, whichever it is, on a connection of their own."""
        with self.engine.begin() as connection:
            return function(connection)

    async def read_in_thread(self, function: Callable[[Connection], Result]) -> Result:
        """Run longer reads (pages of entries) in a reader thread, within one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, function)

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        """Run `function` in one transaction in the writer thread; committed when this returns, or nothing was done."""
        in_turn = partial(self._write_in_turn, function, of_request=True)
        return await asyncio.get_running_loop().run_in_executor(self._writer, in_turn)

    async def write_quick(self, function: Callable[[Connection], Result]) -> Result:
        """`write` on the event loop, for what takes a millisecond: the way to the writer thread and back takes longer.

        While somebody else has the turn, the event loop goes on. What would wait for another process or for the disk
        is left to threads.
        """
        if self._log is None:
            return await self.write(function)
        await self._turns.take()
        try:
            connection = self._begun_quickly(self._log)
            if connection is not None:
                result = self._committed(connection, function)
                self._log.wrote()
                return result
        finally:
            self._turns.give_back()
        return await self.write(function)

    def _begun_quickly(self, log: WriteAheadLog) -> Connection | None:
        """The event loop's connection with a transaction that writes; None while another process has one."""
        if self._quick_connection is None:
            self._quick_connection = log.quick_connection()
        return self._quick_connection if log.begin_at_once(self._quick_connection) else None

    def _committed(self, connection: Connection, function: Callable[[Connection], Result]) -> Result:
        try:
            with connection.begin():
                return function(connection)
        except DBAPIError:  # nobody knows in what state it is
            connection.invalidate()
            connection.close()
            self._quick_connection = None
            raise

    def write_now(self, function: Callable[[Connection], Result]) -> Result:
        """Run `function` in one immediate transaction on the calling thread (jobs, workers, start-up, tests)."""
        return self._write_in_turn(function, of_request=False)

    def _write_in_turn(self, function: Callable[[Connection], Result], *, of_request: bool) -> Result:
        with (
            self._turns.turn(of_request=of_request),
            self.engine.connect().execution_options(**self._dialect.writing) as connection,
        ):
            with connection.begin() as transaction:
                result = function(connection)
                self._dialect.commit(transaction)
            self._dialect.wrote()
        if self._log is not None:
            self._log.wrote()
        return result

    def close(self) -> None:
        """End the threads and the connections; what was committed stays."""
        self._dialect.close()
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        if self._log is not None:
            self._log.close()
        for connection in (self._loop_connection, self._quick_connection):
            if connection is not None:
                connection.close()
        self._loop_connection = self._quick_connection = None
        self.engine.dispose()
