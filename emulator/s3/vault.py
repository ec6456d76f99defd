"""The embedded S3 below its HTTP surface: index and files together, so that they never contradict each other.

The order of every change: bytes to the disk under a temporary name; then one transaction that moves them to their
place and writes the rows; then, after the commit, the removal of what they replaced. A process killed in between leaves
files that no row names, never a row whose file is missing; `start` removes those files.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from emulator.s3.access import Requester
from emulator.s3.errors import S3Error
from emulator.s3.files import INDEX_NAME, BlobFiles
from emulator.s3.index import buckets, schema, versions
from emulator.s3.index.database import Database
from emulator.s3.index.records import Blob, Bucket, Version

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource

Result = TypeVar("Result")
PIECE_BYTES = 1 << 20
_READ_ATTEMPTS = 20
_REMOVED_AT_ONCE = 2_000


class DamagedBlobError(OSError):
    """The bytes of an object are not those that were stored."""


class MissingIndexError(Exception):
    """A database is missing or empty while the files that it named are there; nothing was changed."""


def is_missing_or_empty(database: Path) -> bool:
    """Whether there is no database file, or one without a byte."""
    return not database.is_file() or database.stat().st_size == 0


@dataclass(slots=True)
class Change:
    """One write transaction: its connection, the files it moved into place, the files it made superfluous.

    `has_events` says that it keeps events to be sent.
    """

    connection: sqlite3.Connection
    _files: BlobFiles
    placed: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    has_events: bool = False

    def place(self, names: Iterable[str]) -> None:
        """Move staged files to where the rows of this transaction will name them."""
        for name in names:
            self._files.place(name)
            self.placed.append(name)

    def forget(self, names: Iterable[str]) -> None:
        """Remove these files once the transaction is committed."""
        self.unused.extend(names)


class Notifier(Protocol):
    """Who sends the events that changes keep."""

    def wake(self) -> None:
        """There are events to send. Returns at once."""
        ...

    def problem_with(self, arn: str, account: str) -> str | None:
        """Why events cannot be sent to a destination on behalf of an account; None where they can."""
        ...


class SilentNotifier:
    """Of processes that write objects and leave the sending to the server."""

    def wake(self) -> None:
        """The server looks by itself."""

    def problem_with(self, arn: str, account: str) -> str | None:  # noqa: ARG002
        """No destination can be asked."""
        return "Events are sent by the server alone."


class Vault:
    """Index and files of one object directory. Usable from any thread, and from several processes at once.

    With `strict_owners` the buckets of other accounts need a policy that opens them (O-33). `key_source` gives the keys
    of KMS that there are; without it they are not known, and any may be named where nobody's rights are looked at.
    """

    def __init__(self, directory: Path, *, strict_owners: bool = False, key_source: KeySource | None = None) -> None:
        self.strict_owners = strict_owners
        self.key_source = key_source
        self.files = BlobFiles(directory)
        self._index = directory / INDEX_NAME
        self.database = Database(self._index)
        self._directory = directory
        self._open_lock = threading.Lock()
        self.opened = False
        self.notifier: Notifier = SilentNotifier()

    def open(self) -> None:
        """Make the folders and the index ready, once. Raises `NewerObjectIndexError` and changes nothing."""
        with self._open_lock:
            if not self.opened:
                self._directory.mkdir(parents=True, exist_ok=True)
                self.database.upgrade()
                self.files.create()
                self.opened = True

    def start(self) -> int:
        """`open`, then take away what a killed process left behind; the number of files.

        Unfinished writes are removed, files in place that no row names are set aside for a day. To be called by the
        server only, before it serves: a writer in another process would lose what it is spooling. Raises
        MissingIndexError, and changes nothing, where there are files and no index that could name them.
        """
        self.require_index()
        self.open()
        self.files.forget_set_aside()
        return self.files.clear_spool() + self._sweep(keep=True)

    def require_index(self) -> None:
        """Raises MissingIndexError where there are files of objects and no index that could name them."""
        if is_missing_or_empty(self._index) and self.files.has_blobs():
            raise MissingIndexError(f"{self._index.name} is missing or empty, though there are files of objects")

    def close(self) -> None:
        """Close the index's connections."""
        self.database.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view of the index."""
        with self.database.reading() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """A change that happens as a whole or not at all."""
        change: Change | None = None
        try:
            with self.database.writing() as connection:
                change = Change(connection, self.files)
                yield change
        except BaseException:
            if change is not None:
                self.files.remove(change.placed)
            raise
        self.files.remove(change.unused)
        if change.has_events:
            self.notifier.wake()

    def read(self, find: Callable[[sqlite3.Connection], tuple[Version, Result]]) -> tuple[Version, Result, BlobReader]:
        """Look up a version and hold its files until the reader is closed.

        `find` is asked again when the version was replaced in between; what it raises is raised. Raises InternalError
        if the files are missing.
        """
        for _ in range(_READ_ATTEMPTS):
            with self.reading() as connection:
                version, result = find(connection)
                blobs = versions.blobs(connection, version.sequence)
            with contextlib.suppress(FileNotFoundError):
                return version, result, BlobReader(self.files, blobs)
        raise S3Error("InternalError", f"The bytes of version {version.version_id} could not be opened.")

    def reset_account(self, account: str) -> None:
        """Remove every bucket of an account, with all that is in it (O-39)."""
        with self.changing() as change:
            change.forget(buckets.remove_account(change.connection, account))

    def reset(self) -> None:
        """Remove every bucket and object; the files of many objects are removed after this returns."""
        with self.database.writing() as connection:
            # Rows name all files but what a killed process left, which the next start sets aside.
            few = connection.execute("SELECT name FROM blobs LIMIT ?", (_REMOVED_AT_ONCE,)).fetchall()
            for table in schema.TABLES:
                connection.execute(f"DELETE FROM {table}")
        self.files.remove([row["name"] for row in few])
        if len(few) == _REMOVED_AT_ONCE:
            threading.Thread(target=self._sweep, name="s3-sweep", daemon=True).start()

    def sweep(self) -> int:
        """Remove placed files that no row names; the number of files removed."""
        return self._sweep()

    def _sweep(self, *, keep: bool = False) -> int:
        """Remove placed files that no row names; with `keep` they are set aside.

        Each folder is looked through inside a write transaction: writers move files into place inside theirs, so a file
        that is unnamed here is not one whose row is just about to be committed.
        """
        removed = 0
        for shard in self.files.shards():
            with self.database.writing() as connection:
                orphans = versions.unnamed(connection, self.files.names_in(shard))
                if keep:
                    self.files.set_aside(orphans)
                else:
                    self.files.remove(orphans)
            removed += len(orphans)
        return removed


class BlobReader:
    """The bytes of a version, read piece by piece from its files, which stay until `close`."""

    def __init__(self, files: BlobFiles, blobs: list[Blob]) -> None:
        self._files = files
        self.blobs = blobs
        self.names = [blob.name for blob in blobs]
        self._holding = True
        files.hold(self.names)

    def pieces(self, start: int, length: int) -> Iterator[bytes]:
        """`length` bytes from `start` on, at most a mebibyte at a time. Raises DamagedBlobError."""
        position = 0
        for blob in self.blobs:
            skip = max(0, start - position)
            position += blob.size
            if skip >= blob.size or length == 0:
                continue
            taken = min(blob.size - skip, length)
            length -= taken
            yield from self._pieces_of(blob, skip, taken)

    def _pieces_of(self, blob: Blob, skip: int, length: int) -> Iterator[bytes]:
        """Bytes of one file. Of a whole one the last piece is given only if all have the MD5 that the index has."""
        digest = hashlib.md5(usedforsecurity=False) if length == blob.size else None
        with self._files.open(blob.name) as file:
            file.seek(skip)
            left = length
            while left:
                piece = file.read(min(left, PIECE_BYTES))
                if not piece:
                    raise DamagedBlobError(f"the file {blob.name} is shorter than the index says")
                left -= len(piece)
                if digest is not None:
                    digest.update(piece)
                    if not left and digest.hexdigest() != blob.etag:
                        raise DamagedBlobError(f"the file {blob.name} has other bytes than were stored")
                yield piece

    def close(self) -> None:
        """Let go of the files."""
        if self._holding:
            self._holding = False
            self._files.release(self.names)


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def require_bucket(
    connection: sqlite3.Connection,
    name: str,
    requester: Requester,
    action: str,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    version_id: str | None = None,
) -> Bucket:
    """The bucket, if it exists and the caller may do `action` (if any) with it, or with a version of the object `key`.

    Raises NoSuchBucket; AccessDenied when the expected owner is another one or when `access` says so.
    """
    bucket = buckets.find(connection, name)
    if bucket is None:
        raise S3Error("NoSuchBucket", BucketName=name)
    expected = headers.get("x-amz-expected-bucket-owner") if headers else None
    if expected is not None and expected != bucket.account:
        raise S3Error("AccessDenied")
    if action:
        requester.require(connection, bucket, action, key, version_id)
    return bucket


def require_version(connection: sqlite3.Connection, bucket: Bucket, key: str, version_id: str | None) -> Version:
    """The current or the named version of an object, never a delete marker.

    Raises NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker that is asked for by its id.
    """
    if version_id is None:
        version = versions.latest(connection, bucket, key)
        if version is None:
            raise S3Error("NoSuchKey", Key=key)
        if version.is_delete_marker:
            marker = {"x-amz-delete-marker": "true", "x-amz-version-id": version.version_id}
            raise S3Error("NoSuchKey", headers=marker, Key=key)
        return version
    found = versions.find(connection, bucket, key, version_id)
    if found is None:
        raise S3Error("NoSuchVersion", Key=key, VersionId=version_id)
    if found.is_delete_marker:
        marker = {"x-amz-delete-marker": "true", "x-amz-version-id": version_id, "allow": "DELETE"}
        raise S3Error("MethodNotAllowed", headers=marker, Method="GET", ResourceType="DeleteMarker")
    return found
