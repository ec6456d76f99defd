"""SQLite, the default: one file, one writer, readers beside it (WAL).

Durability: `synchronous=NORMAL` in WAL mode. A commit that was acknowledged survives the death of the process at any
point, since the log is then with the operating system; docs/adr/002-sqlite-one-writer.md tells of power cuts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RootTransaction,
    Table,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.pool import QueuePool

from emulator.storage.dialects.interface import Expression, Options, Row, TableColumn
from emulator.storage.turns import Turns

BUSY_TIMEOUT_SECONDS = 30.0
_PRAGMAS = ("foreign_keys=ON", "temp_store=MEMORY", "cache_size=-8000")
LONGEST_LOG_BYTES = 16 * 2**20
# Checkpoints are for `SqliteLog`. A log that begins anew keeps its file, but for what says that it has grown again.
# A new file, which has nothing to lose, becomes one with a log without waiting for the disk; others are one already.
_LASTING = (
    "synchronous=OFF",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "wal_autocheckpoint=0",
    f"journal_size_limit={LONGEST_LOG_BYTES * 3 // 4}",
)
# A file that is thrown away, whatever happens, need not reach the disk: waiting for it is most of what saving takes.
_SCRATCH = ("journal_mode=MEMORY", "synchronous=OFF")
_ROWS_AT_ONCE = 1000


class SqliteDialect:
    """The state in one file."""

    reads_wait = False

    def __init__(self, path: Path, *, is_scratch: bool = False) -> None:
        self.path = path
        self._is_scratch = is_scratch
        self._pragmas = (*(_SCRATCH if is_scratch else _LASTING), *_PRAGMAS)

    @property
    def writing(self) -> Options:
        """Begin as a writer at once: two readers that both want to write would refuse each other."""
        return {"immediate": True}

    def open_engine(self) -> Engine:
        """An engine on the file."""
        engine = create_engine(
            f"sqlite:///{self.path}",
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS},
            poolclass=QueuePool,
            pool_size=16,
            max_overflow=16,
        )
        event.listen(engine, "connect", self._on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine

    def _on_connect(self, connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in self._pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def open_log(self, engine: Engine, turns: Turns) -> SqliteLog | None:
        """The file beside the database; what is thrown away has none."""
        return None if self._is_scratch else SqliteLog(self.path, engine, turns)

    def commit(self, transaction: RootTransaction) -> None:
        """The file is here: a commit that failed was none."""
        transaction.commit()

    def is_lost(self, error: BaseException) -> bool:  # noqa: ARG002 (PostgreSQL needs it)
        """A file does not go away."""
        return False

    def data_version(self, connect: Callable[[], Connection]) -> int:
        """Asking takes ten microseconds."""
        (version,) = driver(connect()).execute("PRAGMA data_version").fetchone()
        return int(version)

    def wrote(self) -> None:
        """The file itself tells."""

    def close(self) -> None:
        """Nothing watches."""


class SqliteStatements:
    """SQLite's words.

    Many rows go to the driver as text: SQLAlchemy takes longer to name the parameters of 100,000 rows than SQLite to
    store them.
    """

    def is_among(self, column: Expression, values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
        """The values are one JSON parameter: named one by one they would cost more than the search."""
        listed = func.json_each(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
        return column.in_(select(listed.c.value))

    def rows_among(self, connection: Connection, selection: str, among: Mapping[str, Sequence[int]]) -> Iterable[Row]:
        """The numbers are JSON; by the driver, since SQLAlchemy takes longer to write the statement down."""
        conditions = " AND ".join(f"{name} IN (SELECT value FROM json_each(?))" for name in among)
        parameters = tuple(json.dumps(values) for values in among.values())
        return driver(connection).execute(f"{selection} WHERE {conditions}", parameters)

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[TableColumn], rows: Sequence[Row]
    ) -> None:
        """Inserts by the driver."""
        names = ", ".join(column.name for column in columns)
        places = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({places})", list(rows))

    def execute_many(self, connection: Connection, statement: str, rows: Sequence[Row]) -> None:
        """SQL with a `?` for each value."""
        connection.exec_driver_sql(statement, list(rows))

    def copy_out(self, connection: Connection, target: Path) -> None:
        """A copy of the file."""
        (_, _, file) = driver(connection).execute("PRAGMA database_list").fetchone()
        # Through a second connection: SQLite does not back up from one that is within a transaction.
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA synchronous = OFF")  # copies are packed, or thrown away when the call is over
            source.backup(copy)

    def copy_in(self, connection: Connection, source: Path, tables: Sequence[Table]) -> None:
        """Row by row, as they are stored."""
        target = driver(connection)
        with closing(sqlite3.connect(source)) as opened:
            for table in tables:
                rows = opened.execute(f"SELECT * FROM {table.name}")
                columns = [column[0] for column in rows.description]
                places = ", ".join("?" * len(columns))
                statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"
                while batch := rows.fetchmany(_ROWS_AT_ONCE):
                    target.executemany(statement, batch)

    def highest_id(self, connection: Connection, table: Table) -> int:
        """What is kept of tables whose ids are never given twice, or the highest that is there."""
        kept = f"SELECT seq FROM sqlite_sequence WHERE name = '{table.name}'"
        found = connection.exec_driver_sql(
            f"SELECT max(coalesce(({kept}), 0), coalesce((SELECT max(id) FROM {table.name}), 0))"
        )
        return int(found.scalar_one())


class SqliteLog:
    """The write-ahead log of the state.

    Moving it into the database's file syncs three times, for some ten milliseconds each. So no commit does that: a
    thread does, once the log has grown, and the first write to the new log, which syncs too, is its own.
    """

    def __init__(self, path: Path, engine: Engine, turns: Turns) -> None:
        self._file = Path(f"{path}-wal")
        self._engine = engine
        self._turns = turns
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database-log")
        self._emptying: Future[None] | None = None

    def quick_connection(self) -> Connection:
        """Its transactions are begun by `begin_at_once`. It never returns to the pool, where connections wait."""
        connection = self._engine.connect().execution_options(is_begun=True)
        driver(connection).execute("PRAGMA busy_timeout=0")
        return connection

    def begin_at_once(self, connection: Connection) -> bool:
        """By the driver, in a fifth of the time. What else is wrong is told by whoever begins in a thread."""
        try:
            driver(connection).execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True

    def wrote(self) -> None:
        """Look at the log's size."""
        if self._emptying is not None and not self._emptying.done():
            return
        with suppress(FileNotFoundError, RuntimeError):  # nothing was written yet; the end has begun
            if self._file.stat().st_size > LONGEST_LOG_BYTES:
                self._emptying = self._thread.submit(self._empty)

    def close(self) -> None:
        """What is in the log stays there until the last connection is closed."""
        self._thread.shutdown(wait=True)

    def _empty(self) -> None:
        """What cannot be done now, on a full disk or while others read, is tried again after the next commit."""
        with self._engine.connect() as connection:
            target = driver(connection)
            with suppress(sqlite3.OperationalError):
                target.execute("PRAGMA wal_checkpoint(PASSIVE)")
                with self._turns.turn(of_request=False):
                    target.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the little that came meanwhile
                    (version,) = target.execute("PRAGMA user_version").fetchone()
                    target.execute(f"PRAGMA user_version={version}")


STATEMENTS = SqliteStatements()


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection), "this is the dialect of SQLite"
    return found


def _on_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("is_begun", False):
        return
    if options.get("immediate", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # By the driver, in a tenth of the time: this one cannot fail, so there is no error for SQLAlchemy to translate.
        driver(connection).execute("BEGIN")
