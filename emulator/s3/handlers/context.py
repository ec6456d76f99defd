"""What a handler is given."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from emulator.s3.access import Requester
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
    _has_asked: bool = False

    def requester(self, *, is_recorded: bool = True) -> Requester:
        """Who asks, and by which request."""
        request, rights = self.request, self.request.rights
        if rights is not None and not is_recorded:
            rights = replace(rights, record=None)
        vault = self.vault
        return Requester(
            request.account, request.region, rights, vault.strict_owners, request, key_source=vault.key_source
        )

    def bucket(self, connection: sqlite3.Connection) -> Bucket:
        """The request's bucket after the checks of `require_bucket`."""
        request = self.request
        version_id = request.query.get("versionId")
        action = policy.action_on(self.action, version_id)
        # What a call asks before and within its transaction is one decision.
        requester = self.requester(is_recorded=not self._has_asked)
        self._has_asked = True
        key = request.key if action.removeprefix("s3:") not in ("ListBucket", "ListBucketVersions") else None
        return require_bucket(connection, request.bucket_name(), requester, action, key, request.headers, version_id)

    def require_also(self, connection: sqlite3.Connection, bucket: Bucket) -> None:
        """Raises AccessDenied, or as KMS does, for what a new object's headers need besides s3:PutObject.

        That is s3:PutObjectAcl, s3:PutObjectTagging, and the KMS key of SSE-KMS (S-11).
        """
        request, requester = self.request, self.requester()
        requester.require_key(request.headers, "kms:GenerateDataKey", request.account)
        if requester.rights is None:
            return
        if any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name in request.headers):
            requester.require(connection, bucket, "s3:PutObjectAcl", request.key)
        if "x-amz-tagging" in request.headers:
            requester.require(connection, bucket, "s3:PutObjectTagging", request.key)

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
