"""What the rows of the index mean to the rest of the S3."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

NULL_VERSION = "null"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. `versioning` is "", "Enabled" or "Suspended", `created` milliseconds, `acl` the JSON of `rules.acl`."""

    id: int
    name: str
    account: str
    region: str
    created: int
    versioning: str
    acl: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> Bucket:
        """From a row of `buckets`."""
        return cls(*(row[name] for name in ("id", "name", "account", "region", "created", "versioning", "acl")))


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum as S3 reports it: algorithm such as CRC32, type COMPOSITE or FULL_OBJECT, value in base64."""

    algorithm: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class ObjectProperties:
    """What a client says about an object beside its bytes. Names of headers and metadata are in lower case."""

    account: str
    storage_class: str = "STANDARD"
    headers: dict[str, str] = field(default_factory=dict)
    user_metadata: dict[str, str] = field(default_factory=dict)
    tags: list[tuple[str, str]] = field(default_factory=list)
    acl: str | None = None

    @classmethod
    def of(cls, row: sqlite3.Row) -> ObjectProperties:
        """From a row of `versions` or `uploads`."""
        return cls(
            row["account"],
            row["storage_class"],
            json.loads(row["headers"]),
            json.loads(row["user_metadata"]) if row["user_metadata"] != "{}" else {},
            [(key, value) for key, value in json.loads(row["tags"])] if row["tags"] != "[]" else [],
            row["acl"],
        )

    def columns(self) -> tuple[str, str, str, str, str, str | None]:
        """In the order account, storage_class, headers, user_metadata, tags, acl."""
        return (
            self.account,
            self.storage_class,
            json.dumps(self.headers),
            json.dumps(self.user_metadata),
            json.dumps(self.tags),
            self.acl,
        )


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker. `modified` in milliseconds, `size` in bytes."""

    sequence: int
    bucket_id: int
    key: str
    version_id: str
    is_latest: bool
    is_delete_marker: bool
    size: int
    etag: str
    modified: int
    checksum: Checksum | None
    part_count: int | None
    properties: ObjectProperties

    @classmethod
    def of(cls, row: sqlite3.Row) -> Version:
        """From a row of `versions`."""
        checksum = None
        if row["checksum"] is not None:
            checksum = Checksum(row["checksum_algorithm"], row["checksum_type"], row["checksum"])
        return cls(
            row["sequence"],
            row["bucket_id"],
            row["key"],
            row["version_id"],
            bool(row["is_latest"]),
            bool(row["is_delete_marker"]),
            row["size"],
            row["etag"],
            row["modified"],
            checksum,
            row["part_count"],
            ObjectProperties.of(row),
        )


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a version, or one part of an upload in progress. `checksum` in base64, of the upload's algorithm."""

    name: str
    part_number: int
    size: int
    etag: str
    checksum: str | None
    modified: int

    @classmethod
    def of(cls, row: sqlite3.Row) -> Blob:
        """From a row of `blobs`."""
        return cls(*(row[name] for name in ("name", "part_number", "size", "etag", "checksum", "modified")))


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload in progress."""

    upload_id: str
    bucket_id: int
    key: str
    initiated: int
    checksum_algorithm: str | None
    checksum_type: str | None
    properties: ObjectProperties

    @classmethod
    def of(cls, row: sqlite3.Row) -> Upload:
        """From a row of `uploads`."""
        return cls(
            row["upload_id"],
            row["bucket_id"],
            row["key"],
            row["initiated"],
            row["checksum_algorithm"],
            row["checksum_type"],
            ObjectProperties.of(row),
        )


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be stored. `blobs` are staged files in the order of their parts."""

    key: str
    size: int
    etag: str
    modified: int
    properties: ObjectProperties
    blobs: list[Blob]
    checksum: Checksum | None = None
    part_count: int | None = None
    upload_id: str | None = None
