"""Which handler answers which request: a table from method, level and query parameter to the operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from emulator.s3.errors import S3Error
from emulator.s3.handlers import (
    access,
    attributes,
    buckets,
    configuration,
    copying,
    form_upload,
    listing,
    multipart,
    notifications,
    objects,
)
from emulator.s3.handlers.context import Call
from emulator.s3.http.request import S3Request
from emulator.s3.http.response import S3Response

Handler = Callable[[Call], S3Response]
_SERVICE, _BUCKET, _OBJECT = "service", "bucket", "object"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation.

    `action` is what a bucket policy names ("" where each object is looked at alone). The body is an object's bytes
    (`takes_object`), within a form (`takes_form`), or a document. With `checksum_of_object` the checksum in the headers
    is that of the object to come, not of the body.
    """

    handler: Handler
    action: str
    takes_object: bool = False
    takes_form: bool = False
    checksum_of_object: bool = False


# A query parameter that names a sub-resource; "" is the resource itself. Looked through in this order.
_ROUTES: dict[tuple[str, str], dict[str, Route]] = {
    (_SERVICE, "GET"): {"": Route(buckets.list_buckets, "s3:ListAllMyBuckets")},
    (_BUCKET, "GET"): {
        "location": Route(buckets.get_bucket_location, "s3:GetBucketLocation"),
        "versioning": Route(buckets.get_bucket_versioning, "s3:GetBucketVersioning"),
        "acl": Route(buckets.get_bucket_acl, "s3:GetBucketAcl"),
        "cors": Route(access.get_bucket_cors, "s3:GetBucketCORS"),
        "notification": Route(notifications.get_bucket_notification, "s3:GetBucketNotification"),
        "policy": Route(access.get_bucket_policy, "s3:GetBucketPolicy"),
        "policyStatus": Route(access.get_bucket_policy_status, "s3:GetBucketPolicyStatus"),
        "tagging": Route(access.get_bucket_tagging, "s3:GetBucketTagging"),
        "versions": Route(listing.list_object_versions, "s3:ListBucketVersions"),
        "uploads": Route(listing.list_multipart_uploads, "s3:ListBucketMultipartUploads"),
        "list-type": Route(listing.list_objects_v2, "s3:ListBucket"),
        "": Route(listing.list_objects, "s3:ListBucket"),
    },
    (_BUCKET, "HEAD"): {"": Route(buckets.head_bucket, "s3:ListBucket")},
    (_BUCKET, "PUT"): {
        "versioning": Route(buckets.put_bucket_versioning, "s3:PutBucketVersioning"),
        "acl": Route(buckets.put_bucket_acl, "s3:PutBucketAcl"),
        "cors": Route(access.put_bucket_cors, "s3:PutBucketCORS"),
        "notification": Route(notifications.put_bucket_notification, "s3:PutBucketNotification"),
        "policy": Route(access.put_bucket_policy, "s3:PutBucketPolicy"),
        "tagging": Route(access.put_bucket_tagging, "s3:PutBucketTagging"),
        "": Route(buckets.create_bucket, "s3:CreateBucket"),
    },
    (_BUCKET, "DELETE"): {
        "cors": Route(access.delete_bucket_cors, "s3:PutBucketCORS"),
        "policy": Route(access.delete_bucket_policy, "s3:DeleteBucketPolicy"),
        "tagging": Route(access.delete_bucket_tagging, "s3:PutBucketTagging"),
        "": Route(buckets.delete_bucket, "s3:DeleteBucket"),
    },
    (_BUCKET, "POST"): {
        "delete": Route(objects.delete_objects, ""),
        "": Route(form_upload.post_object, "s3:PutObject", takes_object=True, takes_form=True),
    },
    (_BUCKET, "OPTIONS"): {"": Route(access.preflight, "s3:GetObject")},
    (_OBJECT, "GET"): {
        "acl": Route(access.get_object_acl, "s3:GetObjectAcl"),
        "tagging": Route(access.get_object_tagging, "s3:GetObjectTagging"),
        "attributes": Route(attributes.get_object_attributes, "s3:GetObjectAttributes"),
        "uploadId": Route(multipart.list_parts, "s3:ListMultipartUploadParts"),
        "": Route(objects.get_object, "s3:GetObject"),
    },
    (_OBJECT, "HEAD"): {"": Route(objects.head_object, "s3:GetObject")},
    (_OBJECT, "PUT"): {
        "acl": Route(access.put_object_acl, "s3:PutObjectAcl"),
        "tagging": Route(access.put_object_tagging, "s3:PutObjectTagging"),
        "uploadId": Route(multipart.upload_part, "s3:PutObject", takes_object=True),
        "": Route(objects.put_object, "s3:PutObject", takes_object=True),
    },
    (_OBJECT, "POST"): {
        "uploads": Route(multipart.create_multipart_upload, "s3:PutObject"),
        "uploadId": Route(multipart.complete_multipart_upload, "s3:PutObject", checksum_of_object=True),
    },
    (_OBJECT, "DELETE"): {
        "tagging": Route(access.delete_object_tagging, "s3:DeleteObjectTagging"),
        "uploadId": Route(multipart.abort_multipart_upload, "s3:AbortMultipartUpload"),
        "": Route(objects.delete_object, "s3:DeleteObject"),
    },
    (_OBJECT, "OPTIONS"): {"": Route(access.preflight, "s3:GetObject")},
}
_COPY_ROUTES: dict[Handler, Route] = {
    objects.put_object: Route(copying.copy_object, "s3:PutObject"),
    multipart.upload_part: Route(multipart.upload_part_copy, "s3:PutObject"),
}
# Sub-resources of S3 that are not here: naming one must not fall through to the resource itself.
_UNSUPPORTED = {
    _BUCKET: frozenset(
        {"abac", "analytics", "intelligent-tiering", "inventory", "metadataConfiguration", "metadataTable", "metrics"}
        | {"session"}
    ),
    _OBJECT: frozenset({"retention", "legal-hold", "torrent", "restore", "select", "renameObject", "encryption"}),
    _SERVICE: frozenset[str](),
}


for _setting in configuration.SETTINGS:
    for _method, _make, _verb in (
        ("GET", configuration.getter, "Get"),
        ("PUT", configuration.putter, "Put"),
        ("DELETE", configuration.deleter, "Put"),
    ):
        _route = Route(_make(_setting), f"s3:{_verb}{_setting.action}")
        _ROUTES[_BUCKET, _method] = {_setting.name: _route, **_ROUTES[_BUCKET, _method]}


# A sub-resource that cannot be written or deleted must not be taken for the bucket or the object that it belongs to.
_SUB_RESOURCES = {
    level: frozenset(name for (of_level, _), routes in _ROUTES.items() if of_level == level for name in routes if name)
    for level in (_SERVICE, _BUCKET, _OBJECT)
}
_WRITING = frozenset({"PUT", "POST", "DELETE"})


def handlers() -> Iterable[Handler]:
    """What answers all operations."""
    yield from (chosen.handler for routes in _ROUTES.values() for chosen in routes.values())
    yield from (chosen.handler for chosen in _COPY_ROUTES.values())


def route(request: S3Request) -> Route:
    """The operation that a request asks for. Raises NotImplemented or MethodNotAllowed."""
    level = _SERVICE if request.bucket is None else _BUCKET if request.key is None else _OBJECT
    for name in _UNSUPPORTED[level]:
        if name in request.query:
            raise S3Error("NotImplemented", f"The sub-resource {name} is not implemented.", Resource=name)
    routes = _ROUTES.get((level, request.method), {})
    for name, candidate in routes.items():
        if name == "" and request.method in _WRITING and not _SUB_RESOURCES[level].isdisjoint(request.query):
            break
        if name == "" or name in request.query:
            if "x-amz-copy-source" in request.headers:
                return _COPY_ROUTES.get(candidate.handler, candidate)
            return candidate
    raise S3Error("MethodNotAllowed", Method=request.method, ResourceType=level.upper())
