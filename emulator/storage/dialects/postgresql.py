"""PostgreSQL: the state of one emulator in a database that others look after (O-37, docs/scale.md).

One writer at a time, as with SQLite: a transaction that writes begins with an advisory lock of the database. Readers
see one snapshot (REPEATABLE READ). Each commit notifies, so that whoever keeps a row knows when to ask again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import URL, make_url

from emulator.storage.dialects import Row
from emulator.storage.tables import metadata

logger = logging.getLogger(__name__)

CHANNEL = "custom_labels"
WRITER_LOCK = 0x43_4C_57_52
"""The advisory lock of whoever writes."""
_SECONDS_BETWEEN_LOOKS = 1.0
_ROWS_AT_ONCE = 1000


def driver_url(url: str | URL) -> str:
    """The URL as the driver itself takes it, password included."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class PostgresqlDialect:
    """The state in a database of a PostgreSQL server, version 14 or newer."""

    reads_wait = True

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy writes it: `postgresql+psycopg://user:password@host:port/database`."""
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._watch: _CommitWatch | None = None
        self._own_commits = 0

    @property
    def writing(self) -> dict[str, Any]:
        """A snapshot for each statement: one of the transaction would be taken before the lock is had."""
        return {"immediate": True, "isolation_level": "READ COMMITTED"}

    def open_engine(self) -> Engine:
        """An engine whose connections are tried before they are used, so that a server may restart."""
        engine = create_engine(
            self._url, isolation_level="REPEATABLE READ", pool_size=16, max_overflow=16, pool_pre_ping=True
        )
        event.listen(engine, "begin", _on_begin)
        return engine

    def data_version(self, connection: Connection) -> int:  # noqa: ARG002 (SQLite needs it)
        """Commits that were heard of. Those of other processes are heard of within milliseconds."""
        if self._watch is None:
            self._watch = _CommitWatch(driver_url(self._url))
        return self._own_commits + self._watch.heard

    def wrote(self) -> None:
        """What this process commits it knows before the notification comes."""
        self._own_commits += 1

    def close(self) -> None:
        """End the thread that listens."""
        if self._watch is not None:
            self._watch.close()


class _CommitWatch:
    """A thread that listens to commits. While it cannot, it counts on, so that nothing that is kept is believed."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._heard = 0
        self._listens = False
        self._closing = threading.Event()
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
                for _ in connection.notifies(timeout=_SECONDS_BETWEEN_LOOKS, stop_after=1):
                    self._heard += 1

    def close(self) -> None:
        self._closing.set()
        self._thread.join(2 * _SECONDS_BETWEEN_LOOKS)


class PostgresqlStatements:
    """PostgreSQL's words: arrays as parameters, COPY for many rows."""

    def is_among(self, column: ColumnElement[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
        """The values are one array."""
        listed = bindparam(None, list(values), type_=ARRAY(BigInteger if isinstance(column.type, Integer) else Text))
        return column == any_(listed)

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[Column[Any]], rows: Sequence[Row]
    ) -> None:
        """COPY."""
        names = ", ".join(column.name for column in columns)
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), "this is the dialect of PostgreSQL"
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def execute_many(self, connection: Connection, statement: str, rows: Sequence[Row]) -> None:
        """SQL with a `?` for each value."""
        connection.exec_driver_sql(statement.replace("?", "%s"), list(rows))

    def copy_out(self, connection: Connection, target: Path) -> None:
        """Table by table into a new file with the present schema."""
        from emulator.storage.engine import Database
        from emulator.storage.migrate import migrate

        copy = Database(target, is_scratch=True)
        try:
            migrate(copy)

            def fill(written: Connection) -> None:
                for table in metadata.sorted_tables:
                    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
                    for batch in rows.mappings().partitions():
                        written.execute(insert(table), [dict(row) for row in batch])

            copy.write_now(fill)
        finally:
            copy.close()

    def copy_in(self, connection: Connection, source: Path, tables: Sequence[Table]) -> None:
        """Row by row; ids that were given stay given."""
        from emulator.storage.engine import Database

        opened = Database(source)
        try:

            def fill(read: Connection) -> None:
                for table in tables:
                    rows = read.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
                    for batch in rows.mappings().partitions():
                        connection.execute(insert(table), [dict(row) for row in batch])

            opened.read_now(fill)
        finally:
            opened.close()
        for table in tables:
            _go_on_counting(connection, table)


STATEMENTS = PostgresqlStatements()


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Row ids that were taken over are not given again."""
    identity = table.autoincrement_column
    if identity is None:
        return
    sequence = func.pg_get_serial_sequence(table.name, identity.name)
    last = select(func.coalesce(func.max(identity), 0)).scalar_subquery()
    connection.execute(select(func.setval(sequence, func.greatest(last, 1), last > 0)))


def _on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("immediate", False):
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:lock), pg_notify(:channel, '')"),
            {"lock": WRITER_LOCK, "channel": CHANNEL},
        )
