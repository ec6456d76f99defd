"""PostObject: the upload of an HTML form, with a policy that a server has signed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from emulator.domain.temporary_credentials import account_of
from emulator.s3.errors import S3Error
from emulator.s3.handlers import properties
from emulator.s3.handlers.context import Call
from emulator.s3.handlers.objects import store_body
from emulator.s3.http import checksums
from emulator.s3.http.authorization import refused_by_s3
from emulator.s3.http.body import Digests
from emulator.s3.http.presigned import as_header
from emulator.s3.http.request import S3Request
from emulator.s3.http.response import S3Response
from emulator.s3.rules import post_policy, tagging
from emulator.wire import xml
from emulator.wire.refused import SignatureRefused

_PLAIN_HEADERS = ("content-type", "cache-control", "content-disposition", "content-encoding", "expires")


def post_object(call: Call) -> S3Response:
    """PostObject: store the file of a form under its field `key`, answer as its fields ask."""
    form = call.body.form
    digests = call.body.finish()
    if form is None or not form.finished:
        raise S3Error("MalformedPOSTRequest")
    fields = form.fields
    if not fields.get("key"):
        raise S3Error("InvalidArgument", "Bucket POST must contain a field named 'key'.", ArgumentName="key")
    post_policy.check(fields, call.request.bucket_name(), call.body.size, datetime.now(UTC))
    headers = _headers(fields)
    digests = _with_checksum(call, digests, headers)
    key = fields["key"].replace("${filename}", form.filename)
    request = replace(_of_signer(call.request, fields), key=key, headers=headers)
    stored = store_body(Call(request, call.body, call.vault, call.action), digests, "Post")
    location = f"{request.base_url}{request.path.rstrip('/')}/{quote(key)}"
    return _answer(fields, location, request.bucket_name(), key, stored)


def _of_signer(request: S3Request, fields: Mapping[str, str]) -> S3Request:
    """The request as that of whoever signed the form. Raises SignatureDoesNotMatch and its like."""
    if request.admit_form is None:
        access_key = fields.get("x-amz-credential", fields.get("awsaccesskeyid", "")).partition("/")[0]
        return replace(request, account=account_of(access_key) or request.account)
    try:
        signer = request.admit_form(fields)
    except SignatureRefused as refused:
        raise refused_by_s3(refused) from None
    return replace(request, account=signer.account, rights=signer.rights)


def _with_checksum(call: Call, digests: Digests, headers: Mapping[str, str]) -> Digests:
    """The digests with the checksum that the form's fields ask for. Raises BadDigest when they name another value."""
    announced = checksums.announced(headers)
    if announced is None:
        return digests
    computed = call.body.checksum(announced.algorithm)
    if announced.value is not None:
        checksums.check(announced.algorithm, announced.value, computed)
    return replace(digests, checksums={announced.algorithm: computed})


def _headers(fields: dict[str, str]) -> dict[str, str]:
    """The form's fields as the headers of a PutObject."""
    headers = {
        name: as_header(value) if name in _PLAIN_HEADERS or name.startswith(properties.USER_METADATA_PREFIX) else value
        for name, value in fields.items()
        if name in _PLAIN_HEADERS or name.startswith("x-amz-")
    }
    if "acl" in fields:
        headers["x-amz-acl"] = fields["acl"]
    if "tagging" in fields:
        tags = tagging.from_document(fields["tagging"].encode("utf-8"), tagging.MOST_OBJECT_TAGS)
        headers["x-amz-tagging"] = urlencode(tags)
    return headers


def _answer(fields: dict[str, str], location: str, bucket: str, key: str, stored: S3Response) -> S3Response:
    etag = stored.headers["etag"]
    headers = {**stored.headers, "location": location}
    redirect = urlsplit(fields.get("success_action_redirect", fields.get("redirect", "")))
    if redirect.scheme in ("http", "https"):
        query = [*parse_qsl(redirect.query), ("bucket", bucket), ("key", key), ("etag", etag)]
        headers["location"] = urlunsplit(redirect._replace(query=urlencode(query)))
        return S3Response(303, headers)
    status = fields.get("success_action_status")
    if status == "201":
        body = xml.document("PostResponse", xml.leaves(Location=location, Bucket=bucket, Key=key, ETag=etag), "")
        return S3Response(201, {**headers, "content-type": "application/xml"}, body)
    return S3Response(200 if status == "200" else 204, headers)
