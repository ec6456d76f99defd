"""Connections to the object index: many readers, one writer at a time, in this process and in others."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.s3.index import schema

_BUSY_TIMEOUT_MS = 20_000
_PAGE_CACHE_KIB = 2_048


class Database:
    """A SQLite file in WAL mode with a small pool of connections.

    `synchronous = NORMAL` means that a commit is in the operating system's hands when it returns: it survives the death
    of the process at any point. A power cut can take the last commits, never the file's consistency.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._writer_lock = threading.Lock()
        self._closed = False

    def upgrade(self) -> None:
        """Create the file or bring its schema up to date. Raises `NewerObjectIndexError`."""
        with self._connection() as connection:
            schema.upgrade(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the index, however many statements are asked of it."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end of the block and rolled back if the block raises."""
        # The lock keeps this process's threads in a queue; SQLite's own (which polls) is left to other processes.
        with self._writer_lock, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back after some errors
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close idle connections; those in use close when they come back."""
        with self._idle_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        finally:
            with self._idle_lock:
                keep = not self._closed
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_MS / 1000
        )
        connection.row_factory = sqlite3.Row
        # A new file, which has nothing to lose, gets its log without waiting for the disk; others have one already.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection
