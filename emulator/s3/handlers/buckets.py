"""ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation, versioning and bucket ACLs."""

from __future__ import annotations

import sqlite3

from emulator.domain.caller import REGION_NAME
from emulator.s3.errors import S3Error
from emulator.s3.handlers.context import Call
from emulator.s3.http import xml_reading
from emulator.s3.http.response import S3Response, no_content, xml_response
from emulator.s3.index import buckets
from emulator.s3.index.records import Bucket
from emulator.s3.rules import acl, bucket_names, tagging
from emulator.s3.vault import now
from emulator.wire import xml

_HOME_REGION = "us-east-1"  # the one region whose location constraint is empty
_MOST_BUCKETS = 10_000


def list_buckets(call: Call) -> S3Response:
    """ListBuckets: those of the caller's account, by name, in pages if asked."""
    query, account = call.request.query, call.request.account
    call.requester().require_of_service(call.action, "arn:aws:s3:::*")
    limit = call.request.integer("max-buckets", _MOST_BUCKETS, _MOST_BUCKETS)
    after, prefix, region = query.get("continuation-token", ""), query.get("prefix", ""), query.get("bucket-region")
    with call.vault.reading() as connection:
        found = buckets.of_account(connection, account, after, prefix, region, limit + 1)
    page, token = found[:limit], found[limit - 1].name if len(found) > limit > 0 else None
    elements = [
        xml.branch(
            "Bucket",
            xml.leaves(Name=bucket.name, CreationDate=xml.timestamp(bucket.created), BucketRegion=bucket.region),
        )
        for bucket in page
    ]
    tail = xml.leaves(ContinuationToken=token, Prefix=prefix or None)
    return xml_response(
        xml.document("ListAllMyBucketsResult", acl.owner_element(account) + xml.branch("Buckets", elements) + tail)
    )


def create_bucket(call: Call) -> S3Response:
    """CreateBucket in the region of its location constraint, else of the request."""
    request = call.request
    name = request.bucket_name()
    if not bucket_names.is_valid(name):
        raise S3Error("InvalidBucketName", BucketName=name)
    if request.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        raise S3Error("NotImplemented", Header="x-amz-bucket-object-lock-enabled")
    location, tags = _configuration(call)
    region = location or request.region
    _require_creation(call, name, location, tags)
    stored_acl = acl.from_headers(request.headers, request.account, request.account) or acl.private(request.account)
    with call.vault.changing() as change:
        existing = buckets.find(change.connection, name)
        if existing is None:
            buckets.add(change.connection, name, request.account, region, now(), stored_acl)
            _store_settings(call, change.connection, name, tags)
        elif existing.account != request.account:
            raise S3Error("BucketAlreadyExists", BucketName=name)
        elif existing.region != _HOME_REGION or region != _HOME_REGION:
            raise S3Error("BucketAlreadyOwnedByYou", BucketName=name)
    return S3Response(200, {"location": f"/{name}"})


def _require_creation(call: Call, name: str, location: str | None, tags: tagging.Tags) -> None:
    """Raises AccessDenied unless the caller may make the bucket, with all that the headers and the document ask for."""
    headers, requester, arn = call.request.headers, call.requester(), f"arn:aws:s3:::{name}"
    requester.require_of_service(call.action, arn, {} if location is None else {"s3:locationconstraint": (location,)})
    grants = any(header.startswith("x-amz-grant-") for header in headers)
    if grants or headers.get("x-amz-acl", "private") != "private":
        requester.require_of_service("s3:PutBucketAcl", arn)
    if "x-amz-object-ownership" in headers:
        requester.require_of_service("s3:PutBucketOwnershipControls", arn)
    if tags:
        requester.require_of_service("s3:TagResource", arn)


def delete_bucket(call: Call) -> S3Response:
    """DeleteBucket, once nothing is in it; uploads in progress go with it."""
    with call.vault.changing() as change:
        bucket = call.bucket(change.connection)
        if not buckets.is_empty(change.connection, bucket):
            raise S3Error("BucketNotEmpty", BucketName=bucket.name)
        change.forget(buckets.remove(change.connection, bucket))
    return no_content()


def head_bucket(call: Call) -> S3Response:
    """HeadBucket tells the region."""
    bucket = _read(call)
    return S3Response(
        200,
        {"content-type": "application/xml", "x-amz-bucket-region": bucket.region, "x-amz-access-point-alias": "false"},
    )


def get_bucket_location(call: Call) -> S3Response:
    """GetBucketLocation: empty for us-east-1, as S3 answers."""
    bucket = _read(call)
    return xml_response(
        xml.document("LocationConstraint", "" if bucket.region == _HOME_REGION else xml.text(bucket.region))
    )


def get_bucket_versioning(call: Call) -> S3Response:
    """GetBucketVersioning: without a status while versioning was never set."""
    bucket = _read(call)
    return xml_response(xml.document("VersioningConfiguration", xml.leaf("Status", bucket.versioning or None)))


def put_bucket_versioning(call: Call) -> S3Response:
    """PutBucketVersioning: Enabled or Suspended; MFA delete is refused."""
    root = xml_reading.parse(call.document(), "VersioningConfiguration")
    status = xml_reading.child_text(root, "Status")
    if xml_reading.child_text(root, "MfaDelete") == "Enabled":
        raise S3Error("NotImplemented", Header="MfaDelete")
    if status not in ("Enabled", "Suspended"):
        raise S3Error("IllegalVersioningConfigurationException")
    with call.vault.changing() as change:
        buckets.set_versioning(change.connection, call.bucket(change.connection), status)
    return S3Response(200)


def get_bucket_acl(call: Call) -> S3Response:
    """GetBucketAcl: the owner (TE-10 compares it) and the grants."""
    bucket = _read(call)
    return xml_response(acl.to_document(bucket.acl, bucket.account))


def put_bucket_acl(call: Call) -> S3Response:
    """PutBucketAcl by canned name, grant headers or document."""
    body = call.document()
    with call.vault.changing() as change:
        bucket = call.bucket(change.connection)
        stored = acl.from_headers(call.request.headers, bucket.account, bucket.account) or acl.from_document(body)
        buckets.set_acl(change.connection, bucket, stored)
    return S3Response(200)


def _read(call: Call) -> Bucket:
    connection: sqlite3.Connection
    with call.vault.reading() as connection:
        return call.bucket(connection)


def _store_settings(call: Call, connection: sqlite3.Connection, name: str, tags: tagging.Tags) -> None:
    ownership = call.request.header("x-amz-object-ownership")
    bucket = buckets.find(connection, name)
    if tags and bucket is not None:
        buckets.set_configuration(connection, bucket, "tagging", tagging.to_document(tags))
    if ownership is not None and bucket is not None:
        rule = xml.branch("Rule", xml.leaf("ObjectOwnership", ownership))
        buckets.set_configuration(connection, bucket, "ownershipControls", xml.document("OwnershipControls", rule))


def _configuration(call: Call) -> tuple[str | None, tagging.Tags]:
    """The region and the tags that the request's document asks for."""
    body = call.document()
    if not body.strip():
        return None, []
    root = xml_reading.parse(body, "CreateBucketConfiguration")
    region = xml_reading.child_text(root, "LocationConstraint")
    region = {"EU": "eu-west-1"}.get(region, region) if region else None
    if region == _HOME_REGION or (region and not REGION_NAME.fullmatch(region)):
        raise S3Error("InvalidLocationConstraint", LocationConstraint=region)
    return region, tagging.from_element(root.find("Tags"))
