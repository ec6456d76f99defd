"""Whether a caller may do something with a bucket or an object: its rights, the bucket's policy, the bucket's owner.

Where nobody's rights are looked at (`CUSTOM_LABELS_AUTH=off`) a caller is its account: it may do everything that no
policy denies, with buckets of other accounts as well unless they are `strict` (O-33).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from emulator.domain.caller import Caller
from emulator.s3.errors import S3Error
from emulator.s3.http import presigned
from emulator.s3.index import buckets, versions
from emulator.s3.index.records import Bucket, Version

if TYPE_CHECKING:
    from emulator.domain.iam.documents import Policy
    from emulator.domain.iam.evaluation import Decision
    from emulator.domain.iam.keys import KeySource
    from emulator.domain.iam.requests import Context
    from emulator.domain.iam.rights import Rights
    from emulator.s3.http.request import S3Request

KMS = "aws:kms"
_ENCRYPTION, _KEY_ID = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
_LISTING = frozenset({"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"})
_LIST_PARAMETERS = ("prefix", "delimiter", "max-keys")
# Headers whose values are condition keys under their own names (the service authorization reference of S3).
_HEADERS = (
    *("x-amz-acl", "x-amz-storage-class", _ENCRYPTION, _KEY_ID, "x-amz-copy-source", "x-amz-metadata-directive"),
    *("x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write"),
    *("x-amz-grant-write-acp", "x-amz-website-redirect-location", "x-amz-content-sha256", "x-amz-object-ownership"),
    *("if-match", "if-none-match"),
)
_WITHOUT_TAGS = frozenset(
    {"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"}
    | {"s3:ListMultipartUploadParts"}
)
_HASH = "x-amz-content-sha256"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, and by which request, or else with which condition keys.

    `is_strict`: buckets of other accounts need a policy that opens them. `key_source` gives the keys of KMS, where they
    are known but nobody's rights are looked at.
    """

    account: str
    region: str
    rights: Rights | None = None
    is_strict: bool = False
    request: S3Request | None = None
    keys: Context = field(default_factory=dict)
    key_source: KeySource | None = None

    def require(
        self,
        connection: sqlite3.Connection,
        bucket: Bucket,
        action: str,
        key: str | None = None,
        version_id: str | None = None,
    ) -> None:
        """Raises AccessDenied unless the caller may do `action` with the bucket, or with the object `key` in it.

        `version_id` is the version that it is about, None for the latest one.
        """
        document = buckets.configuration(connection, bucket, "policy")
        if self.rights is None and document is None and not (self.is_strict and self.account != bucket.account):
            return
        resource = f"arn:aws:s3:::{bucket.name}" + (f"/{key}" if key is not None else "")
        decision = self._decided(connection, bucket, document, action, resource, key, version_id)
        self._refuse(decision, bucket, action)

    def require_of_service(self, action: str, resource: str, more: Context | None = None) -> None:
        """Raises AccessDenied unless the caller's own policies allow what belongs to no bucket yet.

        `more` are condition keys that the request's document brings.
        """
        if self.rights is not None:
            keys = {**({} if self.request is None else _keys_of(self.request, action)), **(more or {})}
            decision = self.rights.ask(action, resource, context=keys)
            if not self.rights.permits(decision):
                raise S3Error("AccessDenied", decision.message)

    def may_list(self, connection: sqlite3.Connection, bucket: Bucket) -> bool:
        """Whether the caller may know which objects are not there. To others S3 says AccessDenied (NoSuchKey)."""
        if self.rights is None:
            return True
        document = buckets.configuration(connection, bucket, "policy")
        decision = self._decided(connection, bucket, document, "s3:ListBucket", f"arn:aws:s3:::{bucket.name}", None)
        return self.rights.permits(decision)

    def require_key(self, headers: Mapping[str, str], action: str, account: str) -> None:
        """Raises AccessDenied, KMS.NotFoundException or KMS.DisabledException for a key that cannot be used (S-11).

        `headers` are those of an object or of the request that makes one, `action` is such as `kms:Decrypt`; `account`
        is who wrote the object, whose keys an id without an ARN means.
        """
        name = headers.get(_KEY_ID)
        has_keys = self.rights is not None or self.key_source is not None
        if not has_keys or name is None or not headers.get(_ENCRYPTION, "").startswith(KMS):
            return
        from emulator.domain.iam.keys import KeyDeniedError, KeyDisabledError, KeyNotFoundError, named_key_arn

        arn = named_key_arn(name, account, self.region)
        try:
            if self.rights is not None:
                self.rights.require_key(arn, action, self.region, "s3")
            elif self.key_source is not None:
                self.key_source().usable(arn, account, self.region)
        except (KeyNotFoundError, KeyDisabledError, KeyDeniedError) as error:
            if self.rights is None or self.rights.is_enforced:
                code = {KeyNotFoundError: "KMS.NotFoundException", KeyDisabledError: "KMS.DisabledException"}
                raise S3Error(code.get(type(error), "AccessDenied"), str(error)) from None

    def _refuse(self, decision: Decision, bucket: Bucket, action: str) -> None:
        if decision.allowed or (self.rights is not None and not self.rights.is_enforced):
            return
        from emulator.domain.iam.requests import PrincipalKind

        kind = decision.request.principal.kind
        is_owner = kind in (PrincipalKind.ROOT, PrincipalKind.ACCOUNT) and self.account == bucket.account
        if is_owner and action.endswith("BucketPolicy"):
            return  # The owner can always mend a policy.
        raise S3Error("AccessDenied", decision.message)

    def _decided(
        self,
        connection: sqlite3.Connection,
        bucket: Bucket,
        document: bytes | None,
        action: str,
        resource: str,
        key: str | None,
        version_id: str | None = None,
    ) -> Decision:
        from emulator.domain.iam.documents import PolicyKind, parse_stored_policy  # only where rights are looked at

        policies: tuple[Policy, ...] = ()
        if document is not None:
            policies = (parse_stored_policy(document, PolicyKind.BUCKET, bucket.name),)
        rights, owner = self.rights, bucket.account
        if rights is None:
            rights = _rights_of_account(self)
            owner = bucket.account if self.is_strict else self.account
        keys: dict[str, Sequence[str]] = {
            "aws:resourceaccount": (bucket.account,),
            "s3:resourceaccount": (bucket.account,),
            # The endpoint that AWS is asked at is that of the bucket's Region, whatever the signature says.
            "aws:requestedregion": (bucket.region,),
            **self.keys,
        }
        if self.request is not None:
            keys |= _keys_of(self.request, action)
        if version_id is not None:
            keys["s3:versionid"] = (version_id,)
        if key is not None and tags_decide(action, (*rights.policies.all, *policies)):
            keys |= _existing_tags(connection, bucket, key, version_id)
        return rights.ask(action, resource, owner=owner, resource_policies=policies, context=keys)


def tags_decide(action: str, policies: Iterable[Policy]) -> bool:
    """Whether any of the policies asks for an object's tags (`s3:ExistingObjectTag/…`) where `action` has them.

    In S3 no tag says whether an object may be overwritten or deleted.
    """
    from emulator.domain.iam.documents import OBJECT_TAG  # only where rights are looked at

    return action not in _WITHOUT_TAGS and any(OBJECT_TAG in policy.tag_keys for policy in policies)


def on_behalf_of(caller: Caller) -> Context:
    """The condition keys of requests that Rekognition makes with the rights of its caller; none without rights."""
    if caller.rights is None:
        return {}
    from emulator.domain.iam.requests import forwarded_keys

    return forwarded_keys("rekognition")


def _rights_of_account(requester: Requester) -> Rights:
    """The rights of a caller of whom only the account is known: all that no policy denies."""
    from emulator.domain.iam.evaluation import PolicySet
    from emulator.domain.iam.requests import account_principal, moment_keys
    from emulator.domain.iam.rights import Rights

    context: dict[str, Sequence[str]] = {
        **moment_keys(time.time()),
        "aws:requestedregion": (requester.region,),
        "aws:securetransport": ("true",),  # the emulator speaks plain HTTP where AWS would be asked by HTTPS
    }
    request = requester.request
    if request is not None:
        context["aws:sourceip"] = (request.client_address,)
        for key, header in (("aws:useragent", "user-agent"), ("aws:referer", "referer")):
            if header in request.headers:
                context[key] = (request.headers[header],)
    return Rights(account_principal(requester.account), PolicySet(), context)


def _keys_of(request: S3Request, action: str) -> dict[str, Sequence[str]]:
    """The condition keys of S3 that a request brings."""
    headers, query = request.headers, request.query
    keys: dict[str, Sequence[str]] = {f"s3:{name}": (headers[name],) for name in _HEADERS if name in headers}
    keys |= _keys_of_signature(request)
    if action in _LISTING:
        keys |= {f"s3:{name}": (query[name],) for name in _LIST_PARAMETERS if name in query}
    if "x-amz-tagging" in headers:
        from emulator.domain.iam.requests import keys_of_tags  # only where rights are looked at

        tags = parse_qsl(headers["x-amz-tagging"], keep_blank_values=True)
        keys |= keys_of_tags("s3:requestobjecttag/", tags)
        keys["s3:requestobjecttagkeys"] = [name for name, _ in tags]
    return keys


def _keys_of_signature(request: S3Request) -> dict[str, Sequence[str]]:
    """The keys of how a request is signed; none for one that is not. Only what is presigned has an age."""
    headers, query = request.headers, request.query
    if "X-Amz-Signature" in query:
        kind, signed_at = "REST-QUERY-STRING", query.get("X-Amz-Date", "")
    elif "authorization" in headers:
        kind, signed_at = "REST-HEADER", ""
    elif "x-amz-signature" in headers:  # the fields of a form
        kind, signed_at = "POST", headers.get("x-amz-date", "")
    else:
        return {}
    keys: dict[str, Sequence[str]] = {"s3:authtype": (kind,), "s3:signatureversion": ("AWS4-HMAC-SHA256",)}
    age = presigned.signature_age(signed_at, datetime.now(UTC))
    if age is not None:
        keys["s3:signatureage"] = (str(age),)
    if kind == "REST-QUERY-STRING" and (_HASH not in headers or _HASH in map(str.lower, query)):
        keys[f"s3:{_HASH}"] = ("UNSIGNED-PAYLOAD",)  # in S3's words presigned URLs always are
    return keys


def _existing_tags(
    connection: sqlite3.Connection, bucket: Bucket, key: str, version_id: str | None
) -> dict[str, Sequence[str]]:
    """The tags of the version that is asked for: another one may have others."""
    if version_id is None:
        version = versions.latest(connection, bucket, key)
    else:
        version = versions.find(connection, bucket, key, version_id)
    if version is None or version.is_delete_marker:
        return {}
    from emulator.domain.iam.documents import OBJECT_TAG  # only where rights are looked at
    from emulator.domain.iam.requests import keys_of_tags

    return keys_of_tags(OBJECT_TAG, version.properties.tags)


Find = Callable[[], Version]


def existing(requester: Requester, connection: sqlite3.Connection, bucket: Bucket, find: Find) -> Version:
    """What `find` gives; who may not list the bucket is not told that a key is missing, but AccessDenied, as in S3."""
    try:
        return find()
    except S3Error as error:
        if error.code == "NoSuchKey" and not requester.may_list(connection, bucket):
            raise S3Error("AccessDenied") from None
        raise
