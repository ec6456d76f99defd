"""The port through which the emulator reads and writes objects: the embedded S3 or any S3 endpoint stand behind it.

All methods are synchronous and thread-safe; they are called from worker threads and worker processes, never from the
event loop. `account` is the twelve-digit account of the caller (O-20) and `region` its region, for access rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from emulator.domain.caller import Caller


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """Where an object lies, as `S3Object` of the API names it."""

    bucket: str
    key: str
    version: str | None = None

    @classmethod
    def at(cls, address: str) -> ObjectLocation:
        """The object at `s3://bucket/key`, as source-refs have it."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What is known of an object without reading it. `size` in bytes, `etag` without quotes."""

    key: str
    size: int
    etag: str
    version: str | None = None


class ObjectStoreError(Exception):
    """An object could not be read or written; the base of those below."""


class ObjectNotFoundError(ObjectStoreError):
    """The bucket, the key or the version does not exist."""


class ObjectInOtherRegionError(ObjectNotFoundError):
    """The bucket is of another Region than the caller's: for the service it is not there (A-8)."""


class ObjectAccessDeniedError(ObjectStoreError):
    """The caller may not do this with the bucket or the object."""


class ObjectStoreUnavailableError(ObjectStoreError):
    """The store did not answer, or answered something that is not an S3 answer."""


ObjectAction = Literal["s3:GetObject", "s3:PutObject"]
"""What work does with objects, in IAM's words."""


class ObjectStore(Protocol):
    """Get, head, put, list and owner: all that the emulator asks of an S3."""

    def head(self, location: ObjectLocation, caller: Caller) -> ObjectHead:
        """Say how large an object is. Raises the errors above."""
        ...

    def open(self, location: ObjectLocation, caller: Caller) -> AbstractContextManager[BinaryIO]:
        """A stream over an object's bytes, read in pieces (never the whole object in memory)."""
        ...

    def get(self, location: ObjectLocation, caller: Caller) -> bytes:
        """An object's bytes, whole. Ask `head` first where the size matters."""
        ...

    def put(self, location: ObjectLocation, body: BinaryIO | bytes, caller: Caller, content_type: str) -> None:
        """Write an object; durable when this returns."""
        ...

    def list(self, bucket: str, prefix: str, caller: Caller) -> Iterator[ObjectHead]:
        """The current objects of a bucket whose keys start with `prefix`, in key order, in pages."""
        ...

    def require(self, action: ObjectAction, location: ObjectLocation, caller: Caller) -> None:
        """Raise ObjectAccessDeniedError if it is known beforehand that the caller may not do this (S-9).

        That the bucket or the object is missing is not told here. A store that would have to be asked over the
        network says what it knows without: what its buckets say, the work itself finds out.
        """
        ...

    def owner(self, bucket: str, caller: Caller) -> str:
        """The account id (embedded) or canonical user id (external) of a bucket's owner, for TE-10."""
        ...

    def known_owner(self, bucket: str, caller: Caller) -> str | None:
        """The same as far as it is known without the network; None where it is not. Raises the errors above."""
        ...
