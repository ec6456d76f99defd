"""The tables of the object index, as a list of steps; `PRAGMA user_version` counts the steps that a file has taken.

Everything is an explicit column or JSON text of a documented shape, so that the file can be read with `sqlite3` alone.
Times are milliseconds since 1970, sizes bytes, entity tags hexadecimal without quotes.
"""

from __future__ import annotations

import sqlite3

_BUCKETS_AND_OBJECTS = """
CREATE TABLE buckets (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    versioning  TEXT    NOT NULL DEFAULT '' CHECK (versioning IN ('', 'Enabled', 'Suspended')),
    acl         TEXT    NOT NULL            -- JSON: {"schema": 1, "grants": [{"type", "grantee", "permission"}]}
);
CREATE INDEX buckets_by_account ON buckets (account, name);

-- Bucket sub-resources (cors, policy, tagging, lifecycle …) in the document form of the S3 API.
CREATE TABLE bucket_configurations (
    bucket_id  INTEGER NOT NULL REFERENCES buckets (id),
    kind       TEXT    NOT NULL,
    document   BLOB    NOT NULL,
    PRIMARY KEY (bucket_id, kind)
) WITHOUT ROWID;

-- One row a version of an object; `sequence` grows with time, so it orders the versions of a key.
CREATE TABLE versions (
    sequence            INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket_id           INTEGER NOT NULL REFERENCES buckets (id),
    key                 TEXT    NOT NULL,
    version_id          TEXT    NOT NULL,
    is_latest           INTEGER NOT NULL,
    is_delete_marker    INTEGER NOT NULL,
    account             TEXT    NOT NULL,
    size                INTEGER NOT NULL,
    etag                TEXT    NOT NULL,
    modified            INTEGER NOT NULL,
    storage_class       TEXT    NOT NULL,
    headers             TEXT    NOT NULL,   -- JSON: {"content-type": …, "cache-control": …}, names in lower case
    user_metadata       TEXT    NOT NULL,   -- JSON: {"name": "value"}, names in lower case without x-amz-meta-
    checksum_algorithm  TEXT,
    checksum_type       TEXT,
    checksum            TEXT,               -- base64, with -N after it for a composite one
    part_count          INTEGER,            -- of a multipart upload, else NULL
    upload_id           TEXT,               -- of the multipart upload that made it, else NULL
    tags                TEXT    NOT NULL,   -- JSON: [["key", "value"], …]
    acl                 TEXT,               -- as buckets.acl; NULL is private
    UNIQUE (bucket_id, key, version_id)
);
CREATE UNIQUE INDEX versions_latest ON versions (bucket_id, key) WHERE is_latest = 1;
CREATE INDEX versions_by_key ON versions (bucket_id, key, sequence DESC);
CREATE INDEX versions_by_upload ON versions (upload_id) WHERE upload_id IS NOT NULL;

CREATE TABLE uploads (
    upload_id           TEXT    PRIMARY KEY,
    bucket_id           INTEGER NOT NULL REFERENCES buckets (id),
    key                 TEXT    NOT NULL,
    account             TEXT    NOT NULL,
    initiated           INTEGER NOT NULL,
    storage_class       TEXT    NOT NULL,
    headers             TEXT    NOT NULL,
    user_metadata       TEXT    NOT NULL,
    checksum_algorithm  TEXT,
    checksum_type       TEXT,
    tags                TEXT    NOT NULL,
    acl                 TEXT
) WITHOUT ROWID;
CREATE INDEX uploads_by_key ON uploads (bucket_id, key, upload_id);

-- One row a file. It belongs to a finished version or to a part of an upload in progress, never to both.
CREATE TABLE blobs (
    name         TEXT    PRIMARY KEY,
    sequence     INTEGER REFERENCES versions (sequence),
    upload_id    TEXT    REFERENCES uploads (upload_id),
    part_number  INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    etag         TEXT    NOT NULL,
    checksum     TEXT,
    modified     INTEGER NOT NULL,
    CHECK ((sequence IS NULL) <> (upload_id IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX blobs_of_version ON blobs (sequence, part_number) WHERE sequence IS NOT NULL;
CREATE UNIQUE INDEX blobs_of_upload ON blobs (upload_id, part_number) WHERE upload_id IS NOT NULL;

CREATE TABLE console_buckets (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    bucket   TEXT NOT NULL,
    PRIMARY KEY (account, region)
) WITHOUT ROWID;
"""

_EVENTS = """
-- Events that wait to be sent. A row is written with the change that it tells of, and goes when the event was taken.
CREATE TABLE events (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    created      INTEGER NOT NULL,
    bucket       TEXT    NOT NULL,
    key          TEXT    NOT NULL,          -- "" for an event about the bucket
    destination  TEXT    NOT NULL,          -- ARN of a queue, topic or function
    account      TEXT    NOT NULL,          -- the owner of the bucket
    body         TEXT    NOT NULL,          -- JSON as the destination gets it
    sent_to      TEXT    NOT NULL           -- the ways by which it was sent already, with commas between them
);
CREATE INDEX events_by_age ON events (created);
"""

STEPS: tuple[str, ...] = (_BUCKETS_AND_OBJECTS, _EVENTS)
TABLES = ("events", "console_buckets", "blobs", "uploads", "versions", "bucket_configurations", "buckets")


class NewerObjectIndexError(Exception):
    """The index was written by a newer release of the emulator and is left untouched (O-3)."""


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an index file (or an empty one) to the newest schema, each step in one transaction.

    Raises `NewerObjectIndexError` before anything is changed.
    """
    if _steps_taken(connection) == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")  # Two processes may open a new directory at once: look again under the lock.
    try:
        taken = _steps_taken(connection)
        for script in STEPS[taken:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _steps_taken(connection: sqlite3.Connection) -> int:
    taken: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if taken > len(STEPS):
        raise NewerObjectIndexError(
            f"the object index has schema {taken}, this release knows schemas up to {len(STEPS)}: use the newer release"
        )
    return taken


def _statements(script: str) -> list[str]:
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
