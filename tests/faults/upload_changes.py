"""Chaos on multipart uploads. One is the frozenset of its (number, body); Absent once it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from tests.faults.account import Account, Step
from tests.faults.ledger import Absent, Lost, short
from tests.faults.object_changes import KEYS

_MOST_AT_ONCE = 4


class UploadChanges:
    """Uploads to keys of their own in the account's bucket."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ledger = account.ledger
        self.uploads: dict[str, str] = {}

    def steps(self) -> list[tuple[Step, float]]:
        return [(self.begin, 2), (self.upload_part, 3), (self.copy_part, 1), (self.complete, 2), (self.abort, 1)]

    def begin(self) -> None:
        if len(self.uploads) < _MOST_AT_ONCE:
            key = f"upload {self._account.random.randrange(3)}"
            upload = self._account.s3.create_multipart_upload(Bucket=self._account.bucket, Key=key)["UploadId"]
            self.uploads[upload] = key
            self._ledger.allowed["upload", upload] = {frozenset()}

    def upload_part(self) -> None:
        found = self._some()
        if found is not None:
            body, number = self._account.new_body(), self._account.random.randrange(1, 4)
            self._put(*found, number, body, self._account.s3.upload_part, Body=body)

    def copy_part(self) -> None:
        found, key = self._some(), self._account.random.choice(KEYS)
        source = self._ledger.surely(("object", self._account.bucket, key))
        if found is not None and source is not Absent:
            origin = {"Bucket": self._account.bucket, "Key": key}
            self._put(*found, 1, source[0], self._account.s3.upload_part_copy, CopySource=origin)

    def _put(
        self, place: dict[str, str], thing: Any, number: int, body: bytes, call: Callable[..., Any], **parameters: Any
    ) -> None:
        parts = dict(self._ledger.surely(thing)) | {number: body}
        self._ledger.change(thing, frozenset(parts.items()), call, **place, PartNumber=number, **parameters)

    def complete(self) -> None:
        """With the last part alone, which may be small."""
        found = self._some()
        if found is None or not self._ledger.surely(found[1]):
            return
        place, thing = found
        number, body = max(self._ledger.surely(thing))
        listed = self._account.s3.list_parts(**place).get("Parts", [])
        [etag] = [part["ETag"] for part in listed if part["PartNumber"] == number]
        named = {"Parts": [{"PartNumber": number, "ETag": etag}]}
        # Either both the upload is gone and the object there, or neither: `check` sees each.
        self._ledger.allowed[thing] = self._ledger.allowed[thing] | {Absent}
        target = ("object", place["Bucket"], place["Key"])
        call = self._account.s3.complete_multipart_upload
        self._ledger.change(target, (body, (), 1), call, **place, MultipartUpload=named)
        self._ledger.allowed[thing] = {Absent}

    def abort(self) -> None:
        found = self._some()
        if found is not None:
            self._ledger.change(found[1], Absent, self._account.s3.abort_multipart_upload, **found[0])

    def check(self) -> None:
        s3, bucket = self._account.s3, self._account.bucket
        listed = {one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])}
        for upload, key in list(self.uploads.items()):
            thing = ("upload", upload)
            if upload not in listed:
                self._ledger.compare(thing, Absent)
                del self.uploads[upload]
                continue
            parts = s3.list_parts(Bucket=bucket, Key=key, UploadId=upload).get("Parts", [])
            found = frozenset((part["PartNumber"], part["Size"], part["ETag"]) for part in parts)
            for value in self._ledger.allowed[thing]:
                if value is not Absent and _told(value) == found:
                    self._ledger.compare(thing, value)
                    break
            else:
                raise Lost(f"the parts of {upload} are {short(found)}")

    def _some(self) -> tuple[dict[str, str], tuple[str, str]] | None:
        """An upload that is surely there: where it is, and its thing."""
        if not self.uploads:
            return None
        upload = self._account.random.choice(sorted(self.uploads))
        thing = ("upload", upload)
        if self._ledger.surely(thing) is Absent:
            return None
        return {"Bucket": self._account.bucket, "Key": self.uploads[upload], "UploadId": upload}, thing


def _told(parts: frozenset[tuple[int, bytes]]) -> frozenset[tuple[int, int, str]]:
    return frozenset(
        (number, len(body), f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"') for number, body in parts
    )
