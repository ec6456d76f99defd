"""Pages of a bucket's contents: by prefix, grouped at a delimiter, from a marker on.

Keys are ordered by their UTF-8 bytes (SQLite's default collation), as S3 orders them. A group of keys with a common
prefix is skipped in the index, not read through, so that a page of folders costs the same however much lies in them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from emulator.s3.index.records import Bucket, Upload, Version

Item = TypeVar("Item")
_NEWEST = 2**63 - 1  # no sequence is higher


@dataclass(slots=True)
class Page(Generic[Item]):
    """`items` and `common_prefixes` together hold at most the asked number; `last` is the last of both in key order."""

    items: list[Item] = field(default_factory=list)
    common_prefixes: list[str] = field(default_factory=list)
    is_truncated: bool = False
    last: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which keys are asked for. `after` is exclusive ("" is the beginning); `limit` counts keys and common prefixes."""

    prefix: str
    delimiter: str
    after: str
    limit: int

    def group_of(self, key: str) -> str | None:
        """The common prefix under which a key is listed, or None when it is listed itself."""
        if not self.delimiter:
            return None
        end = key.find(self.delimiter, len(self.prefix))
        return None if end < 0 else key[: end + len(self.delimiter)]


@dataclass(frozen=True, slots=True)
class _Position:
    key: str
    inclusive: bool

    @property
    def comparison(self) -> str:
        return ">=" if self.inclusive else ">"


def after_prefix(prefix: str) -> str | None:
    """The smallest string that sorts after every string that starts with `prefix`; None when there is none.

    Works on code points, whose order is that of their UTF-8 bytes; surrogates, which no key has, are stepped over.
    """
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index]) + 1
        if code == 0xD800:
            code = 0xE000
        if code <= 0x10FFFF:
            return prefix[:index] + chr(code)
    return None


def objects(connection: sqlite3.Connection, bucket: Bucket, selection: Selection) -> Page[Version]:
    """The newest versions that are not delete markers."""

    def fetch(position: _Position) -> Iterator[Version]:
        rows = connection.execute(
            "SELECT * FROM versions INDEXED BY versions_latest WHERE bucket_id = ? AND is_latest = 1 "
            f"AND is_delete_marker = 0 AND key {position.comparison} ? ORDER BY key",
            (bucket.id, position.key),
        )
        return map(Version.of, rows)

    return _collect(fetch, selection, lambda version: version.key)


def versions(
    connection: sqlite3.Connection, bucket: Bucket, selection: Selection, version_marker: str
) -> Page[Version]:
    """All versions and delete markers, the newest of a key first; after a key, or after one of its versions.

    Who deletes page by page names a version that is gone: then all that is left of its key follows.
    """
    marker = connection.execute(
        "SELECT sequence FROM versions WHERE bucket_id = ? AND key = ? AND version_id = ?",
        (bucket.id, selection.after, version_marker),
    ).fetchone()
    before = _NEWEST if marker is None else marker["sequence"]

    def fetch(position: _Position) -> Iterator[Version]:
        if version_marker and position.key == selection.after and not position.inclusive:
            rest_of_key = connection.execute(
                "SELECT * FROM versions WHERE bucket_id = ? AND key = ? AND sequence < ? ORDER BY sequence DESC",
                (bucket.id, position.key, before),
            )
            yield from map(Version.of, rest_of_key)
        rows = connection.execute(
            "SELECT * FROM versions INDEXED BY versions_by_key "
            f"WHERE bucket_id = ? AND key {position.comparison} ? ORDER BY key, sequence DESC",
            (bucket.id, position.key),
        )
        yield from map(Version.of, rows)

    return _collect(fetch, selection, lambda version: version.key)


def uploads_in_progress(
    connection: sqlite3.Connection, bucket: Bucket, selection: Selection, upload_marker: str
) -> Page[Upload]:
    """Multipart uploads in progress by key and upload id; after a key, or after one of its uploads."""

    def fetch(position: _Position) -> Iterator[Upload]:
        if upload_marker and position.key == selection.after and not position.inclusive:
            rest_of_key = connection.execute(
                "SELECT * FROM uploads WHERE bucket_id = ? AND key = ? AND upload_id > ? ORDER BY upload_id",
                (bucket.id, position.key, upload_marker),
            )
            yield from map(Upload.of, rest_of_key)
        rows = connection.execute(
            f"SELECT * FROM uploads WHERE bucket_id = ? AND key {position.comparison} ? ORDER BY key, upload_id",
            (bucket.id, position.key),
        )
        yield from map(Upload.of, rows)

    return _collect(fetch, selection, lambda upload: upload.key)


def _collect(
    fetch: Callable[[_Position], Iterator[Item]], selection: Selection, key_of: Callable[[Item], str]
) -> Page[Item]:
    page: Page[Item] = Page()
    position = _first_position(selection)
    while position is not None:
        position = _collect_run(fetch(position), selection, key_of, page)
    return page


def _collect_run(
    items: Iterator[Item], selection: Selection, key_of: Callable[[Item], str], page: Page[Item]
) -> _Position | None:
    """Fill the page up to the next common prefix; where to go on behind it, or None when the page is done."""
    for item in items:
        key = key_of(item)
        if not key.startswith(selection.prefix):
            return None
        if len(page.items) + len(page.common_prefixes) == selection.limit:
            page.is_truncated = selection.limit > 0
            return None
        group = selection.group_of(key)
        if group is not None:
            page.common_prefixes.append(group)
            page.last = group
            return _behind(group)
        page.items.append(item)
        page.last = key
    return None


def _first_position(selection: Selection) -> _Position | None:
    if selection.after < selection.prefix:
        return _Position(selection.prefix, inclusive=True)
    # A marker that is itself a common prefix stands for the whole group, which an earlier page has listed.
    if selection.after and selection.group_of(selection.after) == selection.after:
        return _behind(selection.after)
    return _Position(selection.after, inclusive=not selection.after)


def _behind(group: str) -> _Position | None:
    following = after_prefix(group)
    return None if following is None else _Position(following, inclusive=True)
