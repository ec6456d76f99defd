"""Tags and ACLs of objects; CORS, policy and tags of buckets."""

from __future__ import annotations

import json
import sqlite3

from emulator.s3.access import existing
from emulator.s3.errors import S3Error
from emulator.s3.events.outbox import Cause, ObjectEvent, announce
from emulator.s3.handlers.context import Call, version_headers
from emulator.s3.http.request import S3Request
from emulator.s3.http.response import S3Response, no_content, xml_response
from emulator.s3.index import buckets, versions
from emulator.s3.index.records import Bucket, Version
from emulator.s3.rules import acl, cors, policy, tagging
from emulator.s3.vault import Change, Vault, require_version
from emulator.wire import xml


def get_object_tagging(call: Call) -> S3Response:
    """GetObjectTagging."""
    with call.vault.reading() as connection:
        bucket, version = _object(call, connection)
    return xml_response(tagging.to_document(version.properties.tags), version_headers(bucket, version.version_id))


def put_object_tagging(call: Call) -> S3Response:
    """PutObjectTagging replaces all tags."""
    tags = tagging.from_document(call.document(), tagging.MOST_OBJECT_TAGS)
    return S3Response(200, _set_tags(call, tags, "ObjectTagging:Put"))


def delete_object_tagging(call: Call) -> S3Response:
    """DeleteObjectTagging."""
    return no_content(_set_tags(call, [], "ObjectTagging:Delete"))


def get_object_acl(call: Call) -> S3Response:
    """GetObjectAcl: the object's owner and the grants."""
    with call.vault.reading() as connection:
        bucket, version = _object(call, connection)
    owner = version.properties.account
    stored = version.properties.acl or acl.private(owner)
    return xml_response(acl.to_document(stored, owner), version_headers(bucket, version.version_id))


def put_object_acl(call: Call) -> S3Response:
    """PutObjectAcl by canned name, grant headers or document."""
    body = call.document()
    with call.vault.changing() as change:
        bucket, version = _object(call, change.connection)
        owner = version.properties.account
        stored = acl.from_headers(call.request.headers, owner, bucket.account) or acl.from_document(body)
        versions.set_acl(change.connection, version, stored)
        _announce(call, change, bucket, version, "ObjectAcl:Put")
    return S3Response(200)


def get_bucket_cors(call: Call) -> S3Response:
    """GetBucketCors."""
    return xml_response(_configuration(call, "cors", "NoSuchCORSConfiguration"))


def put_bucket_cors(call: Call) -> S3Response:
    """PutBucketCors: checked, then kept as it came."""
    body = call.document()
    cors.parse(body)
    _configure(call, "cors", body)
    return S3Response(200)


def delete_bucket_cors(call: Call) -> S3Response:
    """DeleteBucketCors."""
    _configure(call, "cors", None)
    return no_content()


def get_bucket_policy(call: Call) -> S3Response:
    """GetBucketPolicy."""
    document = _configuration(call, "policy", "NoSuchBucketPolicy")
    return S3Response(200, {"content-type": "application/json"}, document)


def put_bucket_policy(call: Call) -> S3Response:
    """PutBucketPolicy: checked, then kept and enforced (Deny statements)."""
    body = call.document()
    policy.check(body, call.request.bucket_name())
    _configure(call, "policy", body)
    return no_content()


def delete_bucket_policy(call: Call) -> S3Response:
    """DeleteBucketPolicy."""
    _configure(call, "policy", None)
    return no_content()


def get_bucket_policy_status(call: Call) -> S3Response:
    """GetBucketPolicyStatus: public when a statement without condition allows everybody."""
    statements = json.loads(_configuration(call, "policy", "NoSuchBucketPolicy"))["Statement"]
    public = any(
        statement.get("Effect") == "Allow"
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and not statement.get("Condition")
        for statement in (statements if isinstance(statements, list) else [statements])
    )
    return xml_response(xml.document("PolicyStatus", xml.leaf("IsPublic", public)))


def get_bucket_tagging(call: Call) -> S3Response:
    """GetBucketTagging."""
    return xml_response(_configuration(call, "tagging", "NoSuchTagSet"))


def put_bucket_tagging(call: Call) -> S3Response:
    """PutBucketTagging replaces all tags."""
    tags = tagging.from_document(call.document(), tagging.MOST_BUCKET_TAGS)
    _configure(call, "tagging", tagging.to_document(tags))
    return no_content()


def delete_bucket_tagging(call: Call) -> S3Response:
    """DeleteBucketTagging."""
    _configure(call, "tagging", None)
    return no_content()


def preflight(call: Call) -> S3Response:
    """OPTIONS of a browser, answered by the bucket's CORS configuration."""
    request = call.request
    if "origin" not in request.headers or "access-control-request-method" not in request.headers:
        raise S3Error("BadRequest", "Insufficient information. Origin request header needed.")
    with call.vault.reading() as connection:
        bucket = buckets.find(connection, request.bucket_name())
        document = buckets.configuration(connection, bucket, "cors") if bucket else None
    if document is None:
        raise S3Error("CORSForbidden", "CORSResponse: CORS is not enabled for this bucket.", ResourceType="BUCKET")
    return S3Response(200, cors.preflight(cors.parse(document), request.headers))


def cors_headers(vault: Vault, request: S3Request) -> dict[str, str]:
    """The headers by which a browser lets a page of the origin that the request names read the answer."""
    if request.bucket is None:
        return {}
    with vault.reading() as connection:
        bucket = buckets.find(connection, request.bucket)
        document = buckets.configuration(connection, bucket, "cors") if bucket else None
    return cors.actual(cors.parse(document), request.headers["origin"], request.method) if document else {}


def _object(call: Call, connection: sqlite3.Connection) -> tuple[Bucket, Version]:
    bucket = call.bucket(connection)
    request = call.request
    key, version_id = request.object_key(), request.version_id()
    version = existing(
        call.requester(), connection, bucket, lambda: require_version(connection, bucket, key, version_id)
    )
    return bucket, version


def _announce(call: Call, change: Change, bucket: Bucket, version: Version, name: str) -> None:
    event = ObjectEvent(name, version.key, version.version_id, etag=version.etag)
    announce(change, bucket, event, Cause.of(call.request))


def _set_tags(call: Call, tags: tagging.Tags, event: str) -> dict[str, str]:
    with call.vault.changing() as change:
        bucket, version = _object(call, change.connection)
        versions.set_tags(change.connection, version, tags)
        _announce(call, change, bucket, version, event)
    return version_headers(bucket, version.version_id)


def _configuration(call: Call, kind: str, missing: str) -> bytes:
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
        document = buckets.configuration(connection, bucket, kind)
    if document is None:
        raise S3Error(missing, BucketName=bucket.name)
    return document


def _configure(call: Call, kind: str, document: bytes | None) -> None:
    with call.vault.changing() as change:
        buckets.set_configuration(change.connection, call.bucket(change.connection), kind, document)
