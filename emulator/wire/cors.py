"""Cross-origin requests: AWS SDKs in browsers may call the emulator from any page, as they may call Amazon
Rekognition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Headers = list[tuple[bytes, bytes]]

_EXPOSED = b"x-amzn-RequestId, x-amzn-ErrorType, Date"
_USUAL_REQUEST_HEADERS = (
    b"authorization, content-type, x-amz-date, x-amz-target, x-amz-user-agent, x-amz-content-sha256, "
    b"x-amz-security-token, x-amz-region-set, amz-sdk-invocation-id, amz-sdk-request"
)
_HEADER_NAMES = re.compile(rb"[A-Za-z0-9_, -]{1,4096}")
_PREFLIGHT_SECONDS = b"172800"


def is_preflight(method: str) -> bool:
    """Whether the request is a browser's question before the real one; no AWS operation uses OPTIONS."""
    return method == "OPTIONS"


def preflight_headers(headers: Mapping[bytes, bytes]) -> Headers:
    """The answer to a preflight: every origin may POST, with the headers that it asks for (they are echoed) or those
    SDKs send.
    """
    wanted = headers.get(b"access-control-request-headers", b"")
    return [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", wanted if _HEADER_NAMES.fullmatch(wanted) else _USUAL_REQUEST_HEADERS),
        (b"access-control-expose-headers", _EXPOSED),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        (b"vary", b"Origin, Access-Control-Request-Headers"),
    ]


def response_headers(headers: Mapping[bytes, bytes]) -> Headers:
    """What an answer carries in addition when a page of another origin asked."""
    if b"origin" not in headers:
        return []
    return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _EXPOSED)]
