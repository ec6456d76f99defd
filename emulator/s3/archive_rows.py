"""A trial of the rows of an object index from elsewhere: what the S3 could not read later is found out before."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from emulator.domain.moments import LATEST_MILLISECOND
from emulator.s3.errors import S3Error
from emulator.s3.index import schema
from emulator.s3.index.records import Blob, Bucket, Upload, Version
from emulator.s3.rules import acl, notification, policy

_TRIAL_NAME = "trial.sqlite3"
_ROWS_AT_ONCE = 1000
_MOMENTS = frozenset({"created", "modified", "initiated"})
_HEX_DIGITS = frozenset("0123456789abcdef")


class DamagedObjectsError(ValueError):
    """A folder that is not a whole copy of a store; the message says what is wrong."""


def check_rows(index: sqlite3.Connection, directory: Path) -> None:
    """Put every row of an upgraded index into a new one in `directory`, and read it there as the S3 does.

    Raises DamagedObjectsError.
    """
    path = directory / _TRIAL_NAME
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as trial:
            trial.execute("PRAGMA journal_mode = OFF")
            trial.execute("PRAGMA synchronous = OFF")
            schema.upgrade(trial)
            _compare_schemas(index, trial)
            for table in reversed(schema.TABLES):
                _take_over(index, trial, table)
            broken = trial.execute("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                raise DamagedObjectsError(f"a row of {broken[0]} refers to one of {broken[2]} that is missing")
            _check_values(trial)
            trial.row_factory = sqlite3.Row
            _read_all(trial)
    except (sqlite3.Error, S3Error, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, DamagedObjectsError):
            raise
        raise DamagedObjectsError(f"the object index has a row that cannot be taken over: {error}") from error
    finally:
        path.unlink(missing_ok=True)


def _compare_schemas(index: sqlite3.Connection, trial: sqlite3.Connection) -> None:
    for table in schema.TABLES:
        found, wanted = (one.execute(f"PRAGMA table_info({table})").fetchall() for one in (index, trial))
        if {column[1] for column in found} != {column[1] for column in wanted}:
            raise DamagedObjectsError(f"the table {table} of the object index is missing or has other columns")


def _take_over(index: sqlite3.Connection, trial: sqlite3.Connection, table: str) -> None:
    rows = index.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in rows.description]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    trial.execute("BEGIN")
    while batch := rows.fetchmany(_ROWS_AT_ONCE):
        trial.executemany(statement, [tuple(row) for row in batch])
    trial.execute("COMMIT")


def _check_values(trial: sqlite3.Connection) -> None:
    """SQLite keeps any type in any column."""
    for table in schema.TABLES:
        for _, name, kind, *_ in trial.execute(f"PRAGMA table_info({table})").fetchall():
            right = f"typeof({name}) = '{kind.lower()}'"
            if kind == "INTEGER":
                right += f" AND {name} BETWEEN 0 AND {LATEST_MILLISECOND if name in _MOMENTS else 2**53}"
            wrong = f"SELECT 1 FROM {table} WHERE NOT ({name} IS NULL OR ({right})) LIMIT 1"
            if trial.execute(wrong).fetchone() is not None:
                raise DamagedObjectsError(f"a row of {table} in the object index has a value in {name} that cannot be")


def _read_all(trial: sqlite3.Connection) -> None:
    for row in trial.execute("SELECT * FROM buckets"):
        acl.to_document(Bucket.of(row).acl, row["account"])
    for row in trial.execute("SELECT * FROM versions"):
        _check_version(trial, Version.of(row))
    for row in trial.execute("SELECT * FROM uploads"):
        upload = Upload.of(row)
        if upload.properties.acl is not None:
            acl.to_document(upload.properties.acl, upload.properties.account)
    for row in trial.execute("SELECT * FROM blobs"):
        if not _is_etag(Blob.of(row).etag):
            raise DamagedObjectsError(f"the object file {row['name']} has no MD5 in the index")
    for row in trial.execute("SELECT * FROM events"):
        json.loads(row["body"].encode("utf-8"))
        notification.parse_destination(row["destination"])
    wanted = "SELECT document FROM bucket_configurations WHERE kind = 'notification'"
    for (document,) in trial.execute(wanted):
        notification.of_document(document)
    policies = "SELECT document, name FROM bucket_configurations JOIN buckets ON id = bucket_id WHERE kind = 'policy'"
    for document, bucket in trial.execute(policies):
        policy.check(document, bucket)


def _check_version(trial: sqlite3.Connection, version: Version) -> None:
    stored = "SELECT coalesce(sum(size), 0) FROM blobs WHERE sequence = ?"
    if trial.execute(stored, (version.sequence,)).fetchone()[0] != version.size:
        raise DamagedObjectsError(f"the files of {version.key!r} have another size than the object")
    if not version.is_delete_marker and not _is_etag(version.etag.partition("-")[0]):
        raise DamagedObjectsError(f"the object {version.key!r} has no entity tag")
    described = version.properties
    for texts in (described.headers, described.user_metadata):
        json.dumps({str(name): value.encode("utf-8").decode("utf-8") for name, value in texts.items()})
    if described.acl is not None:
        acl.to_document(described.acl, described.account)


def _is_etag(text: str) -> bool:
    return len(text) == 32 and _HEX_DIGITS.issuperset(text)
