"""Which part of the emulator a request is for: one port serves several AWS services, the control paths and the page."""

from __future__ import annotations

import re
from enum import Enum

from emulator.control.paths import LOCALSTACK_PATHS
from emulator.wire.asgi import Scope
from emulator.wire.credential_scope import signed_service


class Destination(Enum):
    """The parts that answer requests."""

    REKOGNITION = "rekognition"
    S3 = "s3"
    CLOUDWATCH = "cloudwatch"
    KMS = "kms"
    OTHER_SERVICES = "other services"
    CONTROL = "control"
    CONSOLE = "console"
    CONSOLE_API = "console API"


_PRESIGNED_IN_OTHER_WAYS = re.compile(rb"(?:^|&)(?:AWSAccessKeyId|X-Amz-Signature)=")
_BY_SERVICE = {
    b"rekognition": Destination.REKOGNITION,
    b"s3": Destination.S3,
    b"monitoring": Destination.CLOUDWATCH,
    b"kms": Destination.KMS,
}
_QUERY_FORM = b"application/x-www-form-urlencoded"
# A browser's upload with a signed policy to a bucket that the Host header names.
_UPLOAD_FORM = b"multipart/form-data"


def destination(scope: Scope) -> Destination:
    """By the service that the signature (in a header or a URL) names; unsigned ones by path, target, content type."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    query: bytes = scope["query_string"]
    service = signed_service(headers.get(b"authorization", b""), query)
    path: str = scope["path"]
    # A bucket called console, of the time before the name was refused, is reached by calls that are signed for S3.
    if path.startswith("/console/api/") and service is not None and service != b"s3":
        return Destination.CONSOLE_API
    if service is not None:
        return _BY_SERVICE.get(service, Destination.OTHER_SERVICES)
    if path.startswith(("/_emulator/", LOCALSTACK_PATHS)):
        return Destination.CONTROL
    if _PRESIGNED_IN_OTHER_WAYS.search(query):  # with SigV2 or SigV4a, which of these services only S3's URLs are
        return Destination.S3
    if path == "/console" or path.startswith("/console/"):
        return Destination.CONSOLE_API if path.startswith("/console/api/") else Destination.CONSOLE
    if path == "/" and not query:
        return _unsigned_root(scope["method"], headers)
    return Destination.S3


def _unsigned_root(method: str, headers: dict[bytes, bytes]) -> Destination:
    """Requests for / without a signature: a preflight, a forgotten signature, STS, or S3's list of buckets."""
    if b"x-amz-target" in headers or b"x-amz-target" in headers.get(b"access-control-request-headers", b"").lower():
        return Destination.REKOGNITION
    if method == "POST":
        content_type = headers.get(b"content-type", b"")
        if content_type.startswith(_UPLOAD_FORM):
            return Destination.S3
        return Destination.OTHER_SERVICES if content_type.startswith(_QUERY_FORM) else Destination.REKOGNITION
    return Destination.S3
