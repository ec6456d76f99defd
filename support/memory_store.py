"""An object store in memory, for tests of what reads and writes objects."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectHead, ObjectLocation, ObjectNotFoundError


class MemoryObjectStore:
    """ObjectStore over a dictionary from (bucket, key) to bytes. Buckets in `denied` let nobody in."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.denied: set[str] = set()
        self.owners: dict[str, str] = {}

    def add(self, bucket: str, key: str, body: bytes) -> ObjectLocation:
        """Put an object there and give its place."""
        self.objects[bucket, key] = body
        return ObjectLocation(bucket, key)

    def head(self, location: ObjectLocation, caller: Caller) -> ObjectHead:
        """See ObjectStore."""
        body = self.get(location, caller)
        return ObjectHead(location.key, len(body), hashlib.md5(body).hexdigest())

    @contextmanager
    def open(self, location: ObjectLocation, caller: Caller) -> Iterator[BinaryIO]:
        """See ObjectStore."""
        yield io.BytesIO(self.get(location, caller))

    def get(self, location: ObjectLocation, _caller: Caller) -> bytes:
        """See ObjectStore."""
        if location.bucket in self.denied:
            raise ObjectAccessDeniedError(str(location))
        if (location.bucket, location.key) not in self.objects:
            raise ObjectNotFoundError(str(location))
        return self.objects[location.bucket, location.key]

    def put(self, location: ObjectLocation, body: BinaryIO | bytes, _caller: Caller, _content_type: str) -> None:
        """See ObjectStore."""
        if location.bucket in self.denied:
            raise ObjectAccessDeniedError(str(location))
        self.objects[location.bucket, location.key] = body if isinstance(body, bytes) else body.read()

    def list(self, bucket: str, prefix: str, _caller: Caller) -> Iterator[ObjectHead]:
        """See ObjectStore."""
        for (owner, key), body in sorted(self.objects.items()):
            if owner == bucket and key.startswith(prefix):
                yield ObjectHead(key, len(body), "")

    def require(self, action: str, location: ObjectLocation, caller: Caller) -> None:
        """Everybody may do everything."""

    def known_owner(self, bucket: str, caller: Caller) -> str | None:
        """See ObjectStore."""
        return self.owner(bucket, caller)

    def owner(self, bucket: str, _caller: Caller) -> str:
        """See ObjectStore."""
        return self.owners.get(bucket, "111122223333")
