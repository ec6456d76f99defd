"""What each database of the state must be able to do: `sqlite` and `postgresql` have it, `dialects` chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, Engine, RootTransaction, Table

from emulator.storage.turns import Turns

Expression = ColumnElement[Any]
TableColumn = Column[Any]
Options = dict[str, Any]
Row = tuple[Any, ...]
"""A row's values, in the order of columns named beside it."""


class NotOwnerError(Exception):
    """Another emulator has taken over the database: this one writes nothing any more."""


class Statements(Protocol):
    """What is said differently to each database."""

    def is_among(self, column: Expression, values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
        """Whether a column is one of many values, which are one parameter."""

    def rows_among(self, connection: Connection, selection: str, among: Mapping[str, Sequence[int]]) -> Iterable[Row]:
        """The rows of a selection without conditions whose columns, by name, are each one of many numbers."""

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[TableColumn], rows: Sequence[Row]
    ) -> None:
        """Insert many rows of plain numbers, truth values and text."""

    def execute_many(self, connection: Connection, statement: str, rows: Sequence[Row]) -> None:
        """Execute SQL that both databases know, with a `?` for each value of a row, for each row."""

    def copy_out(self, connection: Connection, target: Path) -> None:
        """Write the whole state into a new SQLite file, within the connection's transaction."""

    def copy_in(self, connection: Connection, source: Path, tables: Sequence[Table]) -> None:
        """Add all rows that tables have in a SQLite file with the same schema, within the connection's transaction."""

    def highest_id(self, connection: Connection, table: Table) -> int:
        """The highest row id that a table has given or has; 0 while it has given none."""


class WriteAheadLog(Protocol):
    """What has been committed and is not in the database's file yet, and the writes of the event loop that fill it."""

    def quick_connection(self) -> Connection:
        """A connection for the event loop's writes: it waits for nobody."""

    def begin_at_once(self, connection: Connection) -> bool:
        """Begin a transaction that writes on a `quick_connection`; False while another process has one."""

    def wrote(self) -> None:
        """This process has committed. Returns at once; a log that has grown is emptied in the background."""

    def close(self) -> None:
        """End what is done in the background."""


class Dialect(Protocol):
    """One database as `engine.Database` uses it."""

    reads_wait: bool
    """Whether a read waits for another process, so that it has no place on the event loop."""

    def open_engine(self) -> Engine:
        """An engine whose transactions read one snapshot; the options `writing` begin one that writes, alone."""

    @property
    def writing(self) -> Options:
        """Execution options of a connection whose transactions write."""

    def open_log(self, engine: Engine, turns: Turns) -> WriteAheadLog | None:
        """The log of a database that the event loop writes to; None where every write waits for another process."""

    def commit(self, transaction: RootTransaction) -> None:
        """Commit, or raise where nothing was committed."""

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error says that the database went away or cannot be reached."""

    def data_version(self, connect: Callable[[], Connection]) -> int:
        """A number that differs from the last one if anybody else has committed since.

        `connect` gives a connection that has not written, if one is needed.
        """

    def wrote(self) -> None:
        """This process has committed."""

    def close(self) -> None:
        """End what watches."""
