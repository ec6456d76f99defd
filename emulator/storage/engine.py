"""SQLite by SQLAlchemy: one writer thread, readers beside it (WAL), one transaction a request.

Durability: `synchronous=NORMAL` in WAL mode. A commit that was acknowledged survives the death of the process at any
point, since the log is then with the operating system; docs/adr/002-sqlite-one-writer.md tells of power cuts.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

Result = TypeVar("Result")

BUSY_TIMEOUT_SECONDS = 30.0
MOST_CACHED = 256


def open_engine(path: Path) -> Engine:
    """An engine on one SQLite file; the execution option `immediate` begins transactions as writers."""
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS},
        poolclass=QueuePool,
        pool_size=16,
        max_overflow=16,
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("immediate", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # By the driver, in a tenth of the time: this one cannot fail, so there is no error for SQLAlchemy to translate.
        _driver(connection).execute("BEGIN")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


class _Turns:
    """Who may write next in this process: a request before the work of jobs.

    SQLite's own lock is left to other processes: who waits for it sleeps up to a tenth of a second between two tries.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._requests = 0

    @contextmanager
    def turn(self, *, of_request: bool) -> Iterator[None]:
        """Wait for the turn, and keep it for the block."""
        with self._changed:
            self._requests += of_request
            try:
                self._changed.wait_for(lambda: not self._is_taken and (of_request or not self._requests))
            finally:
                self._requests -= of_request
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()


class Database:
    """The door to the state: `read` where it is quick, `read_in_thread` where it is not, `write` through one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = open_engine(path)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="database-reader")
        self._turns = _Turns()
        self._loop_connection: Connection | None = None
        self._cached: dict[Hashable, Any] = {}
        self._cached_at: int | None = None

    def read(self, function: Callable[[Connection], Result]) -> Result:
        """Run sub-millisecond reads on the calling thread, on a connection kept for it: the event loop's only."""
        connection = self._connection()
        with connection.begin():
            return function(connection)

    def read_cached(self, key: Hashable, function: Callable[[Connection], Result]) -> Result:
        """`read`, whose result is given again for the same `key` until any connection, of any process, commits.

        For what is read with every call and changes rarely: asking SQLite for `data_version` costs a tenth of a query.
        """
        data_version = self.data_version()
        if data_version != self._cached_at or len(self._cached) >= MOST_CACHED:
            self._cached.clear()
            self._cached_at = data_version
        if key not in self._cached:
            self._cached[key] = self.read(function)
        return cast(Result, self._cached[key])

    def data_version(self) -> int:
        """A number that differs from the last one if any other connection, of any process, has committed since.

        For the event loop: asking takes ten microseconds.
        """
        (version,) = _driver(self._connection()).execute("PRAGMA data_version").fetchone()
        return int(version)

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

    def write_now(self, function: Callable[[Connection], Result]) -> Result:
        """Run `function` in one immediate transaction on the calling thread (jobs, workers, start-up, tests)."""
        return self._write_in_turn(function, of_request=False)

    def _write_in_turn(self, function: Callable[[Connection], Result], *, of_request: bool) -> Result:
        with (
            self._turns.turn(of_request=of_request),
            self.engine.connect().execution_options(immediate=True) as connection,
            connection.begin(),
        ):
            return function(connection)

    def close(self) -> None:
        """End the threads and the connections; what was committed stays."""
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        if self._loop_connection is not None:
            self._loop_connection.close()
            self._loop_connection = None
        self.engine.dispose()
