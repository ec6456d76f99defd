"""The service in the credential scope of a signature, read before anybody knows whose request it is.

`identity` reads the whole credential and refuses what is wrong with it; this is for finding the service alone, on every
request, in less than a microsecond.
"""

from __future__ import annotations

import re

_IN_HEADER = re.compile(rb"Credential=[^/,\s]*/\d{8}/[^/,\s]+/([a-z0-9-]+)/")
# The same in a presigned URL, where slashes are escaped.
_SLASH = rb"(?:/|%2[Ff])"
_IN_QUERY = re.compile(
    rb"(?:^|&)X-Amz-Credential=[^&]*?" + _SLASH + rb"\d{8}" + _SLASH + rb"[^/%&]+" + _SLASH + rb"([a-z0-9-]+)" + _SLASH
)


def signed_service(authorization: bytes, query_string: bytes) -> bytes | None:
    """The service that a SigV4 signature in the header or in a presigned URL is scoped to; None without one."""
    match = _IN_HEADER.search(authorization) or _IN_QUERY.search(query_string)
    return None if match is None else match[1]
