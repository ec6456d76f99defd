"""Queries for multipart uploads in progress and their parts."""

from __future__ import annotations

import sqlite3

from emulator.s3.index.records import Blob, Bucket, Upload


def find(connection: sqlite3.Connection, bucket: Bucket, key: str, upload_id: str) -> Upload | None:
    """An upload in progress."""
    row = connection.execute(
        "SELECT * FROM uploads WHERE upload_id = ? AND bucket_id = ? AND key = ?", (upload_id, bucket.id, key)
    ).fetchone()
    return Upload.of(row) if row else None


def add(connection: sqlite3.Connection, upload: Upload) -> None:
    """Begin an upload."""
    connection.execute(
        "INSERT INTO uploads (upload_id, bucket_id, key, initiated, checksum_algorithm, checksum_type, "
        "account, storage_class, headers, user_metadata, tags, acl) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            upload.upload_id,
            upload.bucket_id,
            upload.key,
            upload.initiated,
            upload.checksum_algorithm,
            upload.checksum_type,
            *upload.properties.columns(),
        ),
    )


def put_part(connection: sqlite3.Connection, upload: Upload, part: Blob) -> list[str]:
    """Store a part, replacing one of the same number; the file of the replaced one."""
    replaced = [
        row["name"]
        for row in connection.execute(
            "SELECT name FROM blobs WHERE upload_id = ? AND part_number = ?", (upload.upload_id, part.part_number)
        )
    ]
    connection.execute(
        "DELETE FROM blobs WHERE upload_id = ? AND part_number = ?", (upload.upload_id, part.part_number)
    )
    connection.execute(
        "INSERT INTO blobs (name, upload_id, part_number, size, etag, checksum, modified) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (part.name, upload.upload_id, part.part_number, part.size, part.etag, part.checksum, part.modified),
    )
    return replaced


def parts(connection: sqlite3.Connection, upload: Upload, after: int = 0, limit: int = 10_000) -> list[Blob]:
    """The parts of an upload with numbers above `after`, by number."""
    rows = connection.execute(
        "SELECT * FROM blobs WHERE upload_id = ? AND part_number > ? ORDER BY part_number LIMIT ?",
        (upload.upload_id, after, limit),
    )
    return [Blob.of(row) for row in rows]


def remove(connection: sqlite3.Connection, upload: Upload) -> list[str]:
    """Forget an upload and its parts; the files of the parts."""
    names = [blob.name for blob in parts(connection, upload)]
    connection.execute("DELETE FROM blobs WHERE upload_id = ?", (upload.upload_id,))
    connection.execute("DELETE FROM uploads WHERE upload_id = ?", (upload.upload_id,))
    return names
