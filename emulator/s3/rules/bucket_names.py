"""Which bucket names S3 allows."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
# The page lies there (O-31); a bucket of this name from before stays.
_OURS = frozenset({"console"})
_RESERVED_PREFIXES = ("xn--", "sthree-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def is_valid(name: str) -> bool:
    """3 to 63 of lower-case letters, digits, dots and hyphens; no IP address, no reserved name, prefix or suffix."""
    return (
        _NAME.fullmatch(name) is not None
        and name not in _OURS
        and ".." not in name
        and _ADDRESS.fullmatch(name) is None
        and not name.startswith(_RESERVED_PREFIXES)
        and not name.endswith(_RESERVED_SUFFIXES)
    )
