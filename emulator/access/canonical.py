"""The canonical request of Signature Version 4, made from what came over the wire and nothing else.

Written from AWS's description of the algorithm; SDKs and the AWS CLI are the referees in tests/access. S3 escapes paths
once and leaves dots and doubled slashes alone; all other services normalise the path and escape what came once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

UNRESERVED = "-._~"
_PLAIN = re.compile(r"[A-Za-z0-9\-._~]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~/]*")
_SPACES = re.compile(r" {2,}")
_DOT_SEGMENTS = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")


def joined_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; those that came several times are joined by commas, as the signature counts them."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], signed: Sequence[str], payload_hash: str
) -> str:
    """The text whose hash is signed. `path` and `query` are canonical already; raises KeyError for a header that is
    signed and did not come.
    """
    lines = [f"{name}:{_trimmed(headers[name])}\n" for name in signed]
    return f"{method}\n{path}\n{query}\n{''.join(lines)}\n{';'.join(signed)}\n{payload_hash}"


def s3_path(raw: str) -> str:
    """The path as S3 signs it: every byte escaped once, however the client wrote it."""
    if _PLAIN_PATH.fullmatch(raw):
        return raw or "/"
    return quote_from_bytes(unquote_to_bytes(raw), safe="/" + UNRESERVED)


def service_path(raw: str) -> str:
    """The path as the other services sign it: without dots and doubled slashes, what came escaped once more."""
    if raw in ("", "/"):
        return "/"
    if _DOT_SEGMENTS.search(raw):
        raw = _without_dots(raw)
    return raw if _PLAIN_PATH.fullmatch(raw) else quote(raw, safe="/" + UNRESERVED)


def query_pairs(raw: str) -> list[tuple[str, str]]:
    """Names and values in the order of the wire, decoded and escaped again; `+` is a space, as operations read it."""
    pairs = []
    for part in raw.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_escaped(name), _escaped(value)))
    return pairs


def canonical_query(pairs: Iterable[tuple[str, str]], without: str = "") -> str:
    """Sorted by name, then value, both as escaped. `without` is a name to leave out: that of the signature itself."""
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != without)


def has_one_meaning(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether names that come more than once come in the order in which they are signed.

    Signed is the sorted query. Who reads it takes the last value of a name, so another order would mean something else.
    Those of headers that may stand in a URL (`x-amz-acl`) are read in whatever case.
    """
    names = [name.lower() if name[:6].lower() == "x-amz-" else name for name, _ in pairs]
    if len(set(names)) == len(names):
        return True
    by_name: dict[str, list[tuple[str, str]]] = {}
    for name, pair in zip(names, pairs, strict=True):
        by_name.setdefault(name, []).append(pair)
    return all(same == sorted(same) for same in by_name.values())


def _escaped(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return quote_from_bytes(unquote_to_bytes(text.replace("+", " ")), safe=UNRESERVED)


def _trimmed(value: str) -> str:
    value = value.strip(" \t")
    return _SPACES.sub(" ", value) if "  " in value else value


def _without_dots(path: str) -> str:
    """Dots and doubled slashes taken away as SDKs do before they sign; a slash at the very end stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + end
