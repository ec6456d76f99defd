"""All objects of the embedded S3 as a folder, and back (O-15): a copy of the index and the files that it names."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from emulator.s3.archive_rows import DamagedObjectsError, check_rows
from emulator.s3.files import BLOB_NAME, BLOBS_NAME, INDEX_NAME
from emulator.s3.index import buckets, schema, versions
from emulator.s3.index.records import Version
from emulator.s3.vault import Vault

_ROWS_AT_ONCE = 1000


def save_objects(vault: Vault, directory: Path, *, skip_damaged: bool = False) -> list[str]:
    """Write the objects as they are at one moment into an empty folder. Writers wait; files are linked, not copied.

    Where the file of an object is missing it raises DamagedObjectsError, which names the object; with `skip_damaged`
    such objects are left out of the copy. Returns what was left out, as `bucket/key`.
    """
    vault.open()
    blobs = directory / BLOBS_NAME
    blobs.mkdir(parents=True)
    left_out: list[str] = []
    with vault.changing() as change, closing(sqlite3.connect(directory / INDEX_NAME)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # it is packed, or thrown away when the call is over
        copy_database(change.connection, copy)
        for (name,) in change.connection.execute("SELECT name FROM blobs"):
            try:
                vault.files.copy_out(name, blobs / name)
            except FileNotFoundError:
                owner = _forget_owner(copy, name)
                if not skip_damaged:
                    raise DamagedObjectsError(f"the file {name} of the object {owner} is missing") from None
                left_out.append(owner)
        copy.commit()
    with closing(sqlite3.connect(directory / INDEX_NAME)) as copy:
        for (name,) in copy.execute("SELECT name FROM blobs"):
            assert (blobs / name).is_file(), "what is named was copied"
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    return sorted(set(left_out))


def accounts_of_objects(directory: Path) -> set[str]:
    """Whose buckets are in a folder that `save_objects` wrote."""
    with _opened(directory) as index:
        return {str(account) for (account,) in index.execute("SELECT DISTINCT account FROM buckets")}


def keep_objects_of(account: str, directory: Path) -> None:
    """Take the buckets of all other accounts out of a folder that `save_objects` wrote (O-39)."""
    with closing(sqlite3.connect(directory / INDEX_NAME)) as copy:
        copy.row_factory = sqlite3.Row
        others = copy.execute("SELECT DISTINCT account FROM buckets WHERE account <> ?", (account,)).fetchall()
        for row in others:
            for name in buckets.remove_account(copy, row["account"]):
                (directory / BLOBS_NAME / name).unlink()
        copy.execute("DELETE FROM console_buckets WHERE account <> ?", (account,))
        copy.execute("DELETE FROM events WHERE account <> ?", (account,))
        copy.commit()
        copy.execute("VACUUM")


def _forget_owner(index: sqlite3.Connection, blob: str) -> str:
    """Take the version, or the part of an upload, that a file belongs to out of an index; `bucket/key` of it."""
    row = index.execute(
        "SELECT blobs.sequence, buckets.name || '/' || coalesce(versions.key, uploads.key) "
        "FROM blobs LEFT JOIN versions USING (sequence) LEFT JOIN uploads ON uploads.upload_id = blobs.upload_id "
        "JOIN buckets ON buckets.id = coalesce(versions.bucket_id, uploads.bucket_id) WHERE blobs.name = ?",
        (blob,),
    ).fetchone()
    if row is None:  # another file of the same object was missing too
        return "(already named)"
    sequence, owner = row
    if sequence is None:
        index.execute("DELETE FROM blobs WHERE name = ?", (blob,))
    else:
        index.row_factory = sqlite3.Row
        version = index.execute("SELECT * FROM versions WHERE sequence = ?", (sequence,)).fetchone()
        versions.remove(index, Version.of(version))
        index.row_factory = None
    return str(owner)


def check_objects(directory: Path) -> None:
    """Raise DamagedObjectsError, or NewerObjectIndexError, unless the folder is a whole copy. Upgrades its index.

    Every row is put into a new index with its constraints, and read once, so that nothing of it can fail later.
    """
    with _opened(directory) as index:
        schema.upgrade(index)
        if index.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise DamagedObjectsError("the object index is damaged")
        _check_blobs(index, directory)
        check_rows(index, directory)


def _check_blobs(index: sqlite3.Connection, directory: Path) -> None:
    for name, size in index.execute("SELECT name, size FROM blobs"):
        if not BLOB_NAME.fullmatch(str(name)):
            raise DamagedObjectsError(f"{str(name)[:200]!r} is not the name of an object file")
        path = directory / BLOBS_NAME / name
        if not path.is_file() or path.stat().st_size != size:
            raise DamagedObjectsError(f"the object file {name} is missing or has another size")


def load_objects(vault: Vault, directory: Path) -> None:
    """Replace all objects by those of a folder that `check_objects` has passed, which stays as it is.

    The files get new names, so that none can meet one that is there. The index changes in one transaction; cut off
    before, this can be done again.
    """
    vault.open()
    with _opened(directory) as index:
        names = {str(name): secrets.token_hex(16) for (name,) in index.execute("SELECT name FROM blobs")}
        vault.files.take_in({directory / BLOBS_NAME / name: new_name for name, new_name in names.items()})
        with vault.changing() as change:
            for table in schema.TABLES:
                change.connection.execute(f"DELETE FROM {table}")
            for table in reversed(schema.TABLES):
                _copy_table(index, change.connection, table, names)
            change.place(names.values())
    vault.sweep()


class BucketsTakenError(Exception):
    """Buckets of an archive belong to other accounts by now; the message names some."""


def load_account(vault: Vault, directory: Path, account: str, commit: Callable[[], None]) -> None:
    """Replace the objects of an account by those of a folder that `keep_objects_of` has left nothing else in (O-39).

    As `load_objects`, but for the others, whose buckets stay. `commit` is called within the transaction, last. Raises
    BucketsTakenError, and what `commit` raises, with nothing changed.
    """
    vault.open()
    with _opened(directory) as index:
        names = {str(name): secrets.token_hex(16) for (name,) in index.execute("SELECT name FROM blobs")}
        vault.files.take_in({directory / BLOBS_NAME / name: new_name for name, new_name in names.items()})
        with vault.changing() as change:
            change.forget(buckets.remove_account(change.connection, account))
            _require_free_names(index, change.connection)
            moved = _moved_columns(change.connection)
            for table in reversed(schema.TABLES):
                _copy_table(index, change.connection, table, names, moved.get(table))
            change.place(names.values())
            commit()


def _require_free_names(index: sqlite3.Connection, present: sqlite3.Connection) -> None:
    wanted = [name for (name,) in index.execute("SELECT name FROM buckets ORDER BY name")]
    taken = [name for name in wanted if present.execute("SELECT 1 FROM buckets WHERE name = ?", (name,)).fetchone()]
    if taken:
        raise BucketsTakenError(f"Other accounts have buckets of the archive by now: {', '.join(taken[:10])}.")


def _moved_columns(present: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """What is added to the row ids of an index, by table and column, to stand behind those that are here."""

    def highest(table: str, column: str) -> int:
        (found,) = present.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()
        kept = present.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return max(int(found), 0 if kept is None else int(kept[0]))

    bucket, sequence = highest("buckets", "id"), highest("versions", "sequence")
    return {
        "buckets": {"id": bucket},
        "bucket_configurations": {"bucket_id": bucket},
        "versions": {"sequence": sequence, "bucket_id": bucket},
        "uploads": {"bucket_id": bucket},
        "blobs": {"sequence": sequence},
        "events": {"id": highest("events", "id")},
    }


def copy_database(writer: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy what is committed. `writer` holds the write lock, so nothing is committed meanwhile.

    The copy is read through a second connection: SQLite does not back up from one that is within a transaction.
    """
    (_, _, file) = writer.execute("PRAGMA database_list").fetchone()
    with closing(sqlite3.connect(file)) as source:
        source.backup(target)


def _copy_table(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    table: str,
    names: dict[str, str],
    moved: Mapping[str, int] | None = None,
) -> None:
    """Copy all rows. `names` are new ones of blobs, `moved` says what is added to which columns."""
    rows = source.execute(f"SELECT * FROM {table}")
    columns = [column[0] for column in rows.description]
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    renamed = columns.index("name") if table == "blobs" else None
    added = [(columns.index(column), by) for column, by in (moved or {}).items()]
    while batch := rows.fetchmany(_ROWS_AT_ONCE):
        values = [list(row) for row in batch]
        if renamed is not None:
            for row in values:
                row[renamed] = names[row[renamed]]
        for position, by in added:
            for row in values:
                row[position] = None if row[position] is None else row[position] + by
        target.executemany(statement, values)


@contextmanager
def _opened(directory: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(directory / INDEX_NAME, isolation_level=None)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise DamagedObjectsError(f"the object index is damaged: {error}") from error
