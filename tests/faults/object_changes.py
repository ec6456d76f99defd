"""Chaos on objects: put, form, copy, delete, tags, access control. An object is (body, tags, number of grants)."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.faults.account import Account, Step
from tests.faults.ledger import Absent, Lost

KEYS = tuple(f"key {number}" for number in range(5))
_BOUNDARY = "a-boundary-of-chaos"


class ObjectChanges:
    """Objects under a few keys of the account's bucket."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ledger = account.ledger

    def steps(self) -> list[tuple[Step, float]]:
        return [
            (self.put, 8),
            (self.post_form, 1),
            (self.copy, 4),
            (self.delete, 2),
            (self.delete_several, 1),
            (self.tag, 3),
            (self.untag, 1),
            (self.acl, 1),
        ]

    def put(self) -> None:
        thing, body = self._some(), self._account.new_body()
        self._ledger.change(thing, (body, (), 1), self._account.s3.put_object, **self._place(thing), Body=body)

    def post_form(self) -> None:
        """A browser's upload with a signed policy."""
        thing, body = self._some(), self._account.new_body()
        signed = self._account.s3.generate_presigned_post(*self._place(thing).values())
        fields = "".join(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in signed["fields"].items()
        )
        file = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        whole = fields.encode() + file.encode() + body + f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}

        def post() -> None:
            request = urllib.request.Request(signed["url"], whole, headers)
            try:
                urllib.request.urlopen(request, timeout=60).close()
            except urllib.error.HTTPError as error:
                with error:
                    raise Lost(f"a form was answered with {error.read()[:300]!r}") from error
            self._ledger.acknowledged["PostObject"] += 1

        self._ledger.change(thing, (body, (), 1), post)

    def copy(self) -> None:
        source, target = self._some(), self._some()
        value = self._ledger.surely(source)
        if source != target and value is not Absent:
            copied = (value[0], value[1], 1)
            origin = self._place(source)
            self._ledger.change(target, copied, self._account.s3.copy_object, **self._place(target), CopySource=origin)

    def delete(self) -> None:
        thing = self._some()
        self._ledger.change(thing, Absent, self._account.s3.delete_object, **self._place(thing))

    def delete_several(self) -> None:
        thing = self._some()
        named = {"Objects": [{"Key": thing[2]}, {"Key": "not there"}]}
        self._ledger.change(thing, Absent, self._account.s3.delete_objects, Bucket=thing[1], Delete=named)

    def tag(self) -> None:
        value = self._account.next_serial()
        tags = {"TagSet": [{"Key": "n", "Value": value}]}
        self._changed(lambda old: (old[0], (value,), old[2]), self._account.s3.put_object_tagging, Tagging=tags)

    def untag(self) -> None:
        self._changed(lambda old: (old[0], (), old[2]), self._account.s3.delete_object_tagging)

    def acl(self) -> None:
        self._changed(lambda old: (old[0], old[1], 2), self._account.s3.put_object_acl, ACL="public-read")

    def check(self) -> None:
        bucket, s3 = self._account.bucket, self._account.s3
        listed = {one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
        if listed != {one["Key"] for one in s3.list_objects(Bucket=bucket).get("Contents", [])}:
            raise Lost(f"the two lists of {bucket} differ")
        if listed != {one["Key"] for one in s3.list_object_versions(Bucket=bucket).get("Versions", [])}:
            raise Lost(f"the versions of {bucket} are of other objects than its list")
        for key in {*KEYS, *(thing[2] for thing in self._ledger.things("object"))}:
            self._ledger.compare(("object", bucket, key), self._read(key) if key in listed else Absent)

    def _read(self, key: str) -> tuple[bytes, tuple[str, ...], int]:
        s3, place = self._account.s3, {"Bucket": self._account.bucket, "Key": key}
        body = s3.get_object(**place)["Body"].read()
        tags = s3.get_object_tagging(**place)["TagSet"]
        grants = s3.get_object_acl(**place)["Grants"]
        told = s3.get_object_attributes(**place, ObjectAttributes=["ObjectSize"])["ObjectSize"]
        if not s3.head_object(**place)["ContentLength"] == told == len(body):
            raise Lost(f"{key} has {len(body)} bytes, and is told to have {told}")
        return body, tuple(tag["Value"] for tag in tags), len(grants)

    def _changed(self, change: Callable[[Any], tuple[Any, ...]], call: Callable[..., Any], **parameters: Any) -> None:
        thing = self._some()
        value = self._ledger.surely(thing)
        if value is not Absent:
            self._ledger.change(thing, change(value), call, **self._place(thing), **parameters)

    def _some(self) -> tuple[str, str, str]:
        return "object", self._account.bucket, self._account.random.choice(KEYS)

    @staticmethod
    def _place(thing: tuple[str, str, str]) -> dict[str, str]:
        return {"Bucket": thing[1], "Key": thing[2]}
