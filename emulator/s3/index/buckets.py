"""Queries for buckets and their configuration documents."""

from __future__ import annotations

import sqlite3

from emulator.s3.index.records import Bucket


def find(connection: sqlite3.Connection, name: str) -> Bucket | None:
    """The bucket of this name, whoever owns it: names are global, as in S3."""
    row = connection.execute("SELECT * FROM buckets WHERE name = ?", (name,)).fetchone()
    return Bucket.of(row) if row else None


def add(connection: sqlite3.Connection, name: str, account: str, region: str, created: int, acl: str) -> None:
    """Store a bucket; the caller has looked that the name is free."""
    connection.execute(
        "INSERT INTO buckets (name, account, region, created, acl) VALUES (?, ?, ?, ?, ?)",
        (name, account, region, created, acl),
    )


def remove(connection: sqlite3.Connection, bucket: Bucket) -> list[str]:
    """Forget a bucket without objects, its configuration and unfinished uploads; the names of the parts' files."""
    blobs = [
        row["name"]
        for row in connection.execute(
            "SELECT name FROM blobs WHERE upload_id IN (SELECT upload_id FROM uploads WHERE bucket_id = ?)",
            (bucket.id,),
        )
    ]
    connection.execute(
        "DELETE FROM blobs WHERE upload_id IN (SELECT upload_id FROM uploads WHERE bucket_id = ?)", (bucket.id,)
    )
    connection.execute("DELETE FROM uploads WHERE bucket_id = ?", (bucket.id,))
    connection.execute("DELETE FROM bucket_configurations WHERE bucket_id = ?", (bucket.id,))
    connection.execute("DELETE FROM console_buckets WHERE bucket = ?", (bucket.name,))
    connection.execute("DELETE FROM buckets WHERE id = ?", (bucket.id,))
    return blobs


def remove_account(connection: sqlite3.Connection, account: str) -> list[str]:
    """Forget every bucket of an account with all that is in it; the names of the files."""
    of_account = "SELECT id FROM buckets WHERE account = ?"
    of_versions = f"SELECT sequence FROM versions WHERE bucket_id IN ({of_account})"
    found = connection.execute(f"SELECT name FROM blobs WHERE sequence IN ({of_versions})", (account,))
    blobs = [row["name"] for row in found]
    connection.execute(f"DELETE FROM blobs WHERE sequence IN ({of_versions})", (account,))
    connection.execute(f"DELETE FROM versions WHERE bucket_id IN ({of_account})", (account,))
    connection.execute("DELETE FROM events WHERE account = ?", (account,))
    connection.execute("DELETE FROM console_buckets WHERE account = ?", (account,))
    for row in connection.execute("SELECT * FROM buckets WHERE account = ?", (account,)).fetchall():
        blobs += remove(connection, Bucket.of(row))
    return blobs


def is_empty(connection: sqlite3.Connection, bucket: Bucket) -> bool:
    """Whether no version and no delete marker is left."""
    return connection.execute("SELECT 1 FROM versions WHERE bucket_id = ? LIMIT 1", (bucket.id,)).fetchone() is None


def of_account(
    connection: sqlite3.Connection, account: str, after: str, prefix: str, region: str | None, limit: int
) -> list[Bucket]:
    """Up to `limit` buckets of an account (in a region) whose names start with `prefix` and come after `after`."""
    rows = connection.execute(
        "SELECT * FROM buckets WHERE account = ? AND name > ? AND substr(name, 1, ?) = ? "
        "AND region = coalesce(?, region) ORDER BY name LIMIT ?",
        (account, after, len(prefix), prefix, region, limit),
    )
    return [Bucket.of(row) for row in rows]


def set_versioning(connection: sqlite3.Connection, bucket: Bucket, versioning: str) -> None:
    """Store "Enabled" or "Suspended"."""
    connection.execute("UPDATE buckets SET versioning = ? WHERE id = ?", (versioning, bucket.id))


def set_acl(connection: sqlite3.Connection, bucket: Bucket, acl: str) -> None:
    """Store the JSON of `rules.acl`."""
    connection.execute("UPDATE buckets SET acl = ? WHERE id = ?", (acl, bucket.id))


def configuration(connection: sqlite3.Connection, bucket: Bucket, kind: str) -> bytes | None:
    """A configuration document as it was put, or nothing."""
    row = connection.execute(
        "SELECT document FROM bucket_configurations WHERE bucket_id = ? AND kind = ?", (bucket.id, kind)
    ).fetchone()
    return row["document"] if row else None


def set_configuration(connection: sqlite3.Connection, bucket: Bucket, kind: str, document: bytes | None) -> None:
    """Store or (None) forget a configuration document."""
    connection.execute("DELETE FROM bucket_configurations WHERE bucket_id = ? AND kind = ?", (bucket.id, kind))
    if document is not None:
        connection.execute(
            "INSERT INTO bucket_configurations (bucket_id, kind, document) VALUES (?, ?, ?)",
            (bucket.id, kind, document),
        )


def console_bucket(connection: sqlite3.Connection, account: str, region: str) -> str | None:
    """The name of the console bucket that was made for an account in a region (S-4)."""
    row = connection.execute(
        "SELECT bucket FROM console_buckets WHERE account = ? AND region = ?", (account, region)
    ).fetchone()
    return row["bucket"] if row else None


def remember_console_bucket(connection: sqlite3.Connection, account: str, region: str, bucket: str) -> None:
    """Store the name of the console bucket."""
    connection.execute(
        "INSERT OR REPLACE INTO console_buckets (account, region, bucket) VALUES (?, ?, ?)", (account, region, bucket)
    )
