"""The emulator's own way to the embedded objects: the ObjectStore port, without HTTP, from any thread or process."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from emulator.domain.caller import Caller
from emulator.domain.object_store import (
    ObjectAccessDeniedError,
    ObjectAction,
    ObjectHead,
    ObjectInOtherRegionError,
    ObjectLocation,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectStoreUnavailableError,
)
from emulator.s3.access import Requester, existing, on_behalf_of
from emulator.s3.errors import S3Error
from emulator.s3.events.outbox import Cause, ObjectEvent, announce
from emulator.s3.files import StagedBlob
from emulator.s3.http.checksums import hashed
from emulator.s3.http.request import require_key_length
from emulator.s3.index import listing, versions
from emulator.s3.index.listing import Selection
from emulator.s3.index.records import Blob, Bucket, NewVersion, ObjectProperties, Version
from emulator.s3.rules import policy
from emulator.s3.rules.ranges import ByteRange
from emulator.s3.vault import PIECE_BYTES, BlobReader, Vault, now, require_bucket, require_version

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource
    from emulator.domain.iam.requests import Context

_PAGE = 1_000
_NOT_FOUND = frozenset({"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})


def open_embedded_store(
    directory: Path, *, strict_owners: bool = False, key_source: KeySource | None = None
) -> EmbeddedObjectStore:
    """The objects of an embedded S3, for reading and writing beside the server's process.

    A plain function of a path, so that worker processes can be told it. Raises `NewerObjectIndexError`.
    """
    vault = Vault(directory, strict_owners=strict_owners, key_source=key_source)
    vault.open()
    return EmbeddedObjectStore(vault)


class EmbeddedObjectStore:
    """ObjectStore over a vault. Errors of S3 become those of the port."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def head(self, location: ObjectLocation, caller: Caller) -> ObjectHead:
        """See ObjectStore."""
        with _port_errors(location), self._vault.reading() as connection:
            version, bucket = self._find(connection, location, caller)
        return _head(version, bucket)

    @contextmanager
    def open(self, location: ObjectLocation, caller: Caller) -> Iterator[BinaryIO]:
        """See ObjectStore. The stream can be sought; it shows the version that was current when it was opened."""
        with _port_errors(location):
            version, _, reader = self._vault.read(lambda connection: self._find(connection, location, caller))
        try:
            with io.BufferedReader(_ObjectStream(reader, version.size), PIECE_BYTES) as stream:
                yield stream
        finally:
            reader.close()

    def get(self, location: ObjectLocation, caller: Caller) -> bytes:
        """See ObjectStore."""
        with _port_errors(location):
            version, _, reader = self._vault.read(lambda connection: self._find(connection, location, caller))
        try:
            return b"".join(reader.pieces(0, version.size))
        finally:
            reader.close()

    def put(self, location: ObjectLocation, body: BinaryIO | bytes, caller: Caller, content_type: str) -> None:
        """See ObjectStore. Durable when it returns."""
        with _port_errors(location):
            require_key_length(location.key)
        staged, etag = self._stage(body)
        try:
            with _port_errors(location), self._vault.changing() as change:
                bucket = self._bucket(change.connection, location.bucket, caller, "s3:PutObject", location.key)
                change.place([staged.name])
                modified = now()
                described = ObjectProperties(caller.account, headers={"content-type": content_type})
                blobs = [Blob(staged.name, 1, staged.size, etag, None, modified)]
                new = NewVersion(location.key, staged.size, etag, modified, described, blobs)
                version_id, unused = versions.add(change.connection, bucket, new)
                change.forget(unused)
                event = ObjectEvent("ObjectCreated:Put", new.key, version_id, new.size, etag)
                announce(change, bucket, event, Cause.within(caller.account))
        except BaseException:
            self._vault.files.discard(staged.name)
            raise

    def list(self, bucket: str, prefix: str, caller: Caller) -> Iterator[ObjectHead]:
        """See ObjectStore. Each page of 1,000 is one view of the index."""
        after, more = "", True
        while more:
            with _port_errors(ObjectLocation(bucket, prefix)), self._vault.reading() as connection:
                found = self._bucket(connection, bucket, caller, "s3:ListBucket", keys={"s3:prefix": (prefix,)})
                page = listing.objects(connection, found, Selection(prefix, "", after, _PAGE))
            yield from (_head(version, found) for version in page.items)
            after, more = page.last, page.is_truncated

    def require(self, action: ObjectAction, location: ObjectLocation, caller: Caller) -> None:
        """See ObjectStore. Objects under SSE-KMS are read by whoever may decrypt (S-11)."""
        try:
            if action == "s3:GetObject":
                self.head(location, caller)
            else:
                with _port_errors(location), self._vault.reading() as connection:
                    self._bucket(connection, location.bucket, caller, action, location.key)
        except ObjectNotFoundError:
            return

    def owner(self, bucket: str, caller: Caller) -> str:
        """See ObjectStore: the account that created the bucket."""
        with _port_errors(ObjectLocation(bucket, "")), self._vault.reading() as connection:
            return self._bucket(connection, bucket, caller, "s3:GetBucketAcl").account

    def known_owner(self, bucket: str, caller: Caller) -> str | None:
        """See ObjectStore: all owners are known."""
        return self.owner(bucket, caller)

    def close(self) -> None:
        """Close the index, for a store that was opened by `open_embedded_store`."""
        self._vault.close()

    def _requester(self, caller: Caller, keys: Context | None = None) -> Requester:
        vault = self._vault
        return Requester(
            caller.account,
            caller.region,
            caller.rights,
            vault.strict_owners,
            keys={**on_behalf_of(caller), **(keys or {})},
            key_source=vault.key_source,
        )

    def _bucket(
        self,
        connection: sqlite3.Connection,
        name: str,
        caller: Caller,
        action: str,
        key: str | None = None,
        keys: Context | None = None,
        version_id: str | None = None,
    ) -> Bucket:
        """The bucket, if the caller may do `action` with it. Raises ObjectInOtherRegionError (A-8) and as S3 does."""
        bucket = require_bucket(connection, name, self._requester(caller, keys), action, key, version_id=version_id)
        if bucket.region != caller.region:
            raise ObjectInOtherRegionError(f"the bucket {name} is in {bucket.region}, the call came to {caller.region}")
        return bucket

    def _find(self, connection: sqlite3.Connection, location: ObjectLocation, caller: Caller) -> tuple[Version, Bucket]:
        action = policy.action_on("s3:GetObject", location.version)
        bucket = self._bucket(connection, location.bucket, caller, action, location.key, version_id=location.version)
        requester = self._requester(caller)
        version = existing(
            requester,
            connection,
            bucket,
            lambda: require_version(connection, bucket, location.key, location.version),
        )
        requester.require_key(version.properties.headers, "kms:Decrypt", version.properties.account)
        return version, bucket

    def _stage(self, body: BinaryIO | bytes) -> tuple[StagedBlob, str]:
        digest = hashlib.md5(usedforsecurity=False)
        pieces = [body] if isinstance(body, bytes) else iter(partial(body.read, PIECE_BYTES), b"")
        staged = self._vault.files.stage(hashed(pieces, digest))
        return staged, digest.hexdigest()


class _ObjectStream(io.RawIOBase):
    """A seekable raw stream over a version's files."""

    def __init__(self, reader: BlobReader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = ByteRange(self._position, max(0, min(len(buffer), self._size - self._position)))
        filled = 0
        for piece in self._reader.pieces(wanted.start, wanted.length):
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        self._position += filled
        return filled


def _head(version: Version, bucket: Bucket) -> ObjectHead:
    return ObjectHead(version.key, version.size, version.etag, version.version_id if bucket.versioning else None)


@contextmanager
def _port_errors(location: ObjectLocation) -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        kind: type[ObjectStoreError]
        if error.code in _NOT_FOUND:
            kind = ObjectNotFoundError
        elif error.code == "AccessDenied" or error.code.startswith("KMS."):
            kind = ObjectAccessDeniedError
        else:
            kind = ObjectStoreUnavailableError
        raise kind(f"{location}: {error.message}") from error
    except (sqlite3.OperationalError, OSError) as error:
        raise ObjectStoreUnavailableError(f"{location}: {error}") from error
