"""Queries for versions of objects and the files that hold their bytes.

Functions that take rows away return the names of the files that nothing names any more; the caller removes them after
the commit (never before: a crash in between must leave the object readable).
"""

from __future__ import annotations

import json
import secrets
import sqlite3

from emulator.s3.index.records import NULL_VERSION, Blob, Bucket, NewVersion, ObjectProperties, Version


def latest(connection: sqlite3.Connection, bucket: Bucket, key: str) -> Version | None:
    """The newest version of a key, which may be a delete marker."""
    row = connection.execute(
        "SELECT * FROM versions WHERE bucket_id = ? AND key = ? AND is_latest = 1", (bucket.id, key)
    ).fetchone()
    return Version.of(row) if row else None


def find(connection: sqlite3.Connection, bucket: Bucket, key: str, version_id: str) -> Version | None:
    """One version of a key by its id ("null" for the one written without versioning)."""
    row = connection.execute(
        "SELECT * FROM versions WHERE bucket_id = ? AND key = ? AND version_id = ?", (bucket.id, key, version_id)
    ).fetchone()
    return Version.of(row) if row else None


def made_by_upload(connection: sqlite3.Connection, bucket: Bucket, key: str, upload_id: str) -> Version | None:
    """The version that a finished multipart upload made, if it is still there."""
    row = connection.execute(
        "SELECT * FROM versions WHERE upload_id = ? AND bucket_id = ? AND key = ?", (upload_id, bucket.id, key)
    ).fetchone()
    return Version.of(row) if row else None


def blobs(connection: sqlite3.Connection, sequence: int) -> list[Blob]:
    """The files of a version in the order of their bytes."""
    rows = connection.execute("SELECT * FROM blobs WHERE sequence = ? ORDER BY part_number", (sequence,))
    return [Blob.of(row) for row in rows]


def add(connection: sqlite3.Connection, bucket: Bucket, new: NewVersion) -> tuple[str, list[str]]:
    """Make a version the newest of its key. Returns its version id and the files of what it replaced."""
    version_id, unused = _make_room(connection, bucket, new.key)
    checksum = new.checksum
    cursor = connection.execute(
        "INSERT INTO versions (bucket_id, key, version_id, is_latest, is_delete_marker, size, etag, modified, "
        "account, storage_class, headers, user_metadata, tags, acl, "
        "checksum_algorithm, checksum_type, checksum, part_count, upload_id) "
        "VALUES (?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            bucket.id,
            new.key,
            version_id,
            new.size,
            new.etag,
            new.modified,
            *new.properties.columns(),
            checksum.algorithm if checksum else None,
            checksum.type if checksum else None,
            checksum.value if checksum else None,
            new.part_count,
            new.upload_id,
        ),
    )
    connection.executemany(
        "INSERT INTO blobs (name, sequence, part_number, size, etag, checksum, modified) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (blob.name, cursor.lastrowid, blob.part_number, blob.size, blob.etag, blob.checksum, blob.modified)
            for blob in new.blobs
        ],
    )
    return version_id, unused


def add_delete_marker(
    connection: sqlite3.Connection, bucket: Bucket, key: str, account: str, modified: int
) -> tuple[str, list[str]]:
    """Put a delete marker on top of a key. Returns its version id and the files of the null version it replaced."""
    version_id, unused = _make_room(connection, bucket, key)
    connection.execute(
        "INSERT INTO versions (bucket_id, key, version_id, is_latest, is_delete_marker, size, etag, modified, "
        "account, storage_class, headers, user_metadata, tags, acl) VALUES (?, ?, ?, 1, 1, 0, '', ?, ?, ?, ?, ?, ?, ?)",
        (bucket.id, key, version_id, modified, *ObjectProperties(account).columns()),
    )
    return version_id, unused


def remove(connection: sqlite3.Connection, version: Version) -> list[str]:
    """Take one version away for good; the version before it becomes the newest. Returns its files."""
    unused = _remove_row(connection, version.sequence)
    if version.is_latest:
        connection.execute(
            "UPDATE versions SET is_latest = 1 WHERE sequence = "
            "(SELECT max(sequence) FROM versions WHERE bucket_id = ? AND key = ?)",
            (version.bucket_id, version.key),
        )
    return unused


def set_tags(connection: sqlite3.Connection, version: Version, tags: list[tuple[str, str]]) -> None:
    """Replace the tags of a version."""
    connection.execute("UPDATE versions SET tags = ? WHERE sequence = ?", (json.dumps(tags), version.sequence))


def set_acl(connection: sqlite3.Connection, version: Version, acl: str) -> None:
    """Replace the ACL of a version by the JSON of `rules.acl`."""
    connection.execute("UPDATE versions SET acl = ? WHERE sequence = ?", (acl, version.sequence))


def unnamed(connection: sqlite3.Connection, names: list[str]) -> list[str]:
    """Those of the given files that no row names."""
    query = "SELECT 1 FROM blobs WHERE name = ?"
    return [name for name in names if connection.execute(query, (name,)).fetchone() is None]


def _make_room(connection: sqlite3.Connection, bucket: Bucket, key: str) -> tuple[str, list[str]]:
    """Demote or (without versioning, or suspended: the null version) replace what a new version comes to lie on."""
    if bucket.versioning == "Enabled":
        connection.execute(
            "UPDATE versions SET is_latest = 0 WHERE bucket_id = ? AND key = ? AND is_latest = 1", (bucket.id, key)
        )
        return secrets.token_urlsafe(24), []
    row = connection.execute(
        "SELECT sequence FROM versions WHERE bucket_id = ? AND key = ? AND version_id = ?",
        (bucket.id, key, NULL_VERSION),
    ).fetchone()
    unused = _remove_row(connection, row["sequence"]) if row else []
    connection.execute(
        "UPDATE versions SET is_latest = 0 WHERE bucket_id = ? AND key = ? AND is_latest = 1", (bucket.id, key)
    )
    return NULL_VERSION, unused


def _remove_row(connection: sqlite3.Connection, sequence: int) -> list[str]:
    names = [row["name"] for row in connection.execute("SELECT name FROM blobs WHERE sequence = ?", (sequence,))]
    connection.execute("DELETE FROM blobs WHERE sequence = ?", (sequence,))
    connection.execute("DELETE FROM versions WHERE sequence = ?", (sequence,))
    return names
