"""What a handler is given."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from emulator.s3.http.body import Body
from emulator.s3.http.request import S3Request
from emulator.s3.index.records import Bucket, Version
from emulator.s3.rules import policy
from emulator.s3.vault import Vault, require_bucket


@dataclass(slots=True)
class Call:
    """One request with its body, and the vault to answer from. `action` is the IAM name, for the bucket's policy."""

    request: S3Request
    body: Body
    vault: Vault
    action: str

    def bucket(self, connection: sqlite3.Connection) -> Bucket:
        """The request's bucket after the checks of `require_bucket`."""
        request = self.request
        action = policy.action_on(self.action, request.query.get("versionId"))
        key = request.key if action.removeprefix("s3:") not in ("ListBucket", "ListBucketVersions") else None
        return require_bucket(connection, request.bucket_name(), request.account, action, key, request.headers)

    def document(self) -> bytes:
        """The body, verified, where it is a document."""
        self.body.finish()
        return self.body.read()


def version_headers(bucket: Bucket, version_id: str) -> dict[str, str]:
    """x-amz-version-id, for buckets that have or had versioning."""
    return {"x-amz-version-id": version_id} if bucket.versioning else {}


def checksum_headers(version: Version) -> dict[str, str]:
    """x-amz-checksum-… and its type, for objects that have one."""
    checksum = version.checksum
    if checksum is None:
        return {}
    return {
        f"x-amz-checksum-{checksum.algorithm.lower()}": checksum.value,
        "x-amz-checksum-type": checksum.type,
    }
