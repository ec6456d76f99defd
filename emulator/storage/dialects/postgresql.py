"""PostgreSQL: the state of one emulator in a database that others look after (O-37, docs/scale.md).

One writer at a time, as with SQLite: a transaction that writes begins with an advisory lock of the database. Readers
see one snapshot (REPEATABLE READ). Each commit notifies, so that whoever keeps a row knows when to ask again.

The writes of an emulator that owns the database (`storage.ownership`) are refused once another has taken over. Each
leaves a receipt, by which a commit whose answer was lost is known to have been or not.
"""

from __future__ import annotations

import itertools
import logging
import select as selecting
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    RootTransaction,
    Table,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError

from emulator.storage.dialects.interface import Expression, NotOwnerError, Options, Row, TableColumn
from emulator.storage.dialects.postgresql_links import connection_info, linked, owner_of
from emulator.storage.dialects.sqlite import SqliteDialect
from emulator.storage.null_characters import without_nulls
from emulator.storage.schema import create_schema
from emulator.storage.tables import metadata
from emulator.storage.turns import Turns

logger = logging.getLogger(__name__)

CHANNEL = "custom_labels"
WRITER_LOCK = 0x43_4C_57_52
"""The advisory lock of whoever writes."""
OWNER_TABLE = "database_owner"
"""One row: who has the state, and the receipt of its last write. It is not part of the state."""
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_BETWEEN_TRIES = 0.2
_ROWS_AT_ONCE = 1000


class PostgresqlDialect:
    """The state in a database of a PostgreSQL server, version 14 or newer."""

    reads_wait = True

    def __init__(self, url: str, *, leaves_receipts: bool) -> None:
        """`url` as SQLAlchemy writes it: `postgresql+psycopg://user:password@host:port/database`."""
        self._url = linked(url)
        self._owner = owner_of(url)
        self._receipts = itertools.count(1) if leaves_receipts else None
        self._receipt = 0
        self._watch: _CommitWatch | None = None
        self._own_commits = 0
        self._closing = threading.Event()

    @property
    def writing(self) -> Options:
        """A snapshot for each statement: one of the transaction would be taken before the lock is had."""
        return {"immediate": True, "isolation_level": "READ COMMITTED"}

    def open_engine(self) -> Engine:
        """An engine whose connections are tried before they are used, so that a server may restart."""
        engine = create_engine(
            self._url, isolation_level="REPEATABLE READ", pool_size=16, max_overflow=16, pool_pre_ping=True
        )
        event.listen(engine, "begin", self._on_begin)
        return engine

    def _on_begin(self, connection: Connection) -> None:
        """Begin to write: alone, as the owner, in one message. Raises NotOwnerError."""
        if not connection.get_execution_options().get("immediate", False):
            return
        statements = f"SELECT pg_advisory_xact_lock({WRITER_LOCK}); SELECT pg_notify('{CHANNEL}', '')"
        if self._owner is None:
            connection.exec_driver_sql(statements)
            return
        is_owner = f"SELECT 1 FROM {OWNER_TABLE} WHERE owner = '{self._owner}'"
        if self._receipts is not None:
            self._receipt = next(self._receipts)
            is_owner = f"UPDATE {OWNER_TABLE} SET receipt = {self._receipt} WHERE owner = '{self._owner}'"
        cursor = connection.exec_driver_sql(f"{statements}; {is_owner}").cursor
        while cursor.nextset():
            pass
        if cursor.rowcount != 1:
            raise NotOwnerError("another emulator has taken over the database")

    def open_log(self, engine: Engine, turns: Turns) -> None:
        """Every write waits for the server."""

    def commit(self, transaction: RootTransaction) -> None:
        """Commit. Where the link is lost before the answer comes, ask over another, for as long as that takes."""
        try:
            transaction.commit()
        except DBAPIError as error:
            if not error.connection_invalidated or not self._has_committed():
                raise

    def _has_committed(self) -> bool:
        """Whether the last write of this process has committed, once its transaction is over."""
        while self._receipts is not None and self._owner is not None and not self._closing.is_set():
            try:
                with psycopg.connect(connection_info(self._url), autocommit=True) as connection:
                    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                    connection.execute(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
                    receipts = f"SELECT receipt FROM {OWNER_TABLE} WHERE owner = '{self._owner}'"
                    return connection.execute(receipts).fetchone() == (self._receipt,)
            except psycopg.OperationalError as error:
                logger.debug("it is not known yet whether a write was committed: %s", error)
                self._closing.wait(_SECONDS_BETWEEN_TRIES)
        return False

    def is_lost(self, error: BaseException) -> bool:
        """A full disk is not a lost link, though the driver has one kind of error for both."""
        if not isinstance(error, DBAPIError) or isinstance(error.orig, psycopg.errors.DiskFull):
            return False
        return error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)

    def data_version(self, connect: Callable[[], Connection]) -> int:  # noqa: ARG002 (SQLite needs it)
        """Commits that were heard of. Those of other processes are heard of within milliseconds."""
        if self._watch is None:
            self._watch = _CommitWatch(connection_info(self._url))
        return self._own_commits + self._watch.heard

    def wrote(self) -> None:
        """What this process commits it knows before the notification comes."""
        self._own_commits += 1

    def close(self) -> None:
        """End the thread that listens, and whoever asks for the end of a commit."""
        self._closing.set()
        if self._watch is not None:
            self._watch.close()


class _CommitWatch:
    """A thread that listens to commits. While it cannot, it counts on, so that nothing that is kept is believed."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._heard = 0
        self._listens = False
        self._closing = threading.Event()
        self._closes, self._hears_closing = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="database-commits", daemon=True)
        self._thread.start()

    @property
    def heard(self) -> int:
        """Grows with every commit, and with every look while nothing can be heard."""
        if not self._listens:
            self._heard += 1
        return self._heard

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                logger.debug("cannot listen to commits: %s", error)
            finally:
                self._listens = False
            self._closing.wait(_SECONDS_BETWEEN_LOOKS)

    def _listen(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._heard += 1  # what was committed before is not heard of
            self._listens = True
            while not self._closing.is_set():
                selecting.select([connection.fileno(), self._hears_closing.fileno()], [], [])
                for _ in connection.notifies(timeout=0):
                    self._heard += 1

    def close(self) -> None:
        self._closing.set()
        self._closes.close()
        self._thread.join()
        self._hears_closing.close()


class PostgresqlStatements:
    """PostgreSQL's words: arrays as parameters, COPY for many rows."""

    def is_among(self, column: Expression, values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
        """The values are one array."""
        listed = bindparam(
            None, _storable(values), type_=ARRAY(BigInteger if isinstance(column.type, Integer) else Text)
        )
        return column == any_(listed)

    def rows_among(self, connection: Connection, selection: str, among: Mapping[str, Sequence[int]]) -> Iterable[Row]:
        """Each column's numbers are one array."""
        conditions = " AND ".join(f"{name} = ANY(%s)" for name in among)
        rows = connection.exec_driver_sql(f"{selection} WHERE {conditions}", tuple(map(list, among.values())))
        return [tuple(row) for row in rows]

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[TableColumn], rows: Sequence[Row]
    ) -> None:
        """COPY."""
        names = ", ".join(column.name for column in columns)
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), "this is the dialect of PostgreSQL"
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_storable(row))

    def execute_many(self, connection: Connection, statement: str, rows: Sequence[Row]) -> None:
        """SQL with a `?` for each value."""
        connection.exec_driver_sql(statement.replace("?", "%s"), [tuple(_storable(row)) for row in rows])

    def copy_out(self, connection: Connection, target: Path) -> None:
        """Table by table into a new file with the present schema."""
        with _file_opened(SqliteDialect(target, is_scratch=True)) as copy:
            create_schema(copy)
            _copy_rows(connection, copy, metadata.sorted_tables)

    def copy_in(self, connection: Connection, source: Path, tables: Sequence[Table]) -> None:
        """Row by row; ids that were given stay given."""
        with _file_opened(SqliteDialect(source)) as opened:
            _copy_rows(opened, connection, tables)
        for table in tables:
            _go_on_counting(connection, table)

    def highest_id(self, connection: Connection, table: Table) -> int:
        """What the sequence gave last, or the highest that is there."""
        last = func.pg_sequence_last_value(func.pg_get_serial_sequence(table.name, "id"))
        highest = select(func.max(table.c.id)).scalar_subquery()
        return int(
            connection.execute(select(func.greatest(func.coalesce(last, 0), func.coalesce(highest, 0)))).scalar_one()
        )


STATEMENTS = PostgresqlStatements()


@contextmanager
def _file_opened(file: SqliteDialect) -> Iterator[Connection]:
    """A connection to a SQLite file, within a transaction that commits at the end."""
    engine = file.open_engine()
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _copy_rows(source: Connection, target: Connection, tables: Sequence[Table]) -> None:
    for table in tables:
        rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
        for batch in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in batch])


def _storable(values: Sequence[object]) -> list[object]:
    """Values that go past the types of columns."""
    return [without_nulls(value) if isinstance(value, str) else value for value in values]


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Row ids that were taken over are not given again."""
    identity = table.autoincrement_column
    if identity is None:
        return
    sequence = func.pg_get_serial_sequence(table.name, identity.name)
    last = select(func.coalesce(func.max(identity), 0)).scalar_subquery()
    connection.execute(select(func.setval(sequence, func.greatest(last, 1), last > 0)))
