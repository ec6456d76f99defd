"""Manifests and images that may not be read: the rules that the embedded S3, which denies nobody, cannot provoke."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

import pytest

from emulator.domain.caller import Caller
from emulator.domain.manifest.images import ImageLook, ImageProblem
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectHead, ObjectLocation, ObjectNotFoundError
from emulator.jobs.ingest import open_manifest
from emulator.training.images import ImageReader
from emulator.vision.images import UNREADABLE, ImageFacts
from emulator.vision.parallel import Threads

CALLER = Caller("111122223333", "us-east-1")


class OneObject:
    """An object store in which every key is this object, or an error."""

    def __init__(self, size: int = 0, error: type[Exception] | None = None, error_on_open: bool = False) -> None:
        self._size = size
        self._error = error
        self._error_on_open = error_on_open

    def head(self, location: ObjectLocation, caller: Caller) -> ObjectHead:
        assert caller == CALLER
        if self._error and not self._error_on_open:
            raise self._error
        return ObjectHead(location.key, self._size, "etag")

    def open(self, _location: ObjectLocation, _caller: Caller) -> AbstractContextManager[BinaryIO]:
        if self._error:
            raise self._error
        return nullcontext(io.BytesIO(b"x\n"))

    def get(self, location: ObjectLocation, caller: Caller) -> bytes:
        with self.open(location, caller) as stream:
            return stream.read()

    def put(self, location: ObjectLocation, _body: BinaryIO | bytes, _caller: Caller, _content_type: str) -> None:
        raise AssertionError(f"{location} is not to be written")

    def list(self, _bucket: str, _prefix: str, _caller: Caller) -> Iterator[ObjectHead]:
        return iter(())

    def require(self, _action: str, location: ObjectLocation, _caller: Caller) -> None:
        raise AssertionError(f"{location} is read or not, and not asked about")

    def known_owner(self, bucket: str, caller: Caller) -> str | None:
        return self.owner(bucket, caller)

    def owner(self, _bucket: str, caller: Caller) -> str:
        return caller.account


@pytest.mark.parametrize(
    ("store", "code"),
    [
        (OneObject(error=ObjectAccessDeniedError), "ERROR_INVALID_PERMISSIONS_MANIFEST_S3_BUCKET"),
        (
            OneObject(error=ObjectAccessDeniedError, error_on_open=True),
            "ERROR_INVALID_PERMISSIONS_MANIFEST_S3_BUCKET",
        ),
        (OneObject(error=ObjectNotFoundError), "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT"),
        (OneObject(size=2**30 + 1), "ERROR_MANIFEST_SIZE_TOO_LARGE"),
    ],
)
def test_manifests_that_cannot_be_used_are_refused_before_a_line_is_read(store: OneObject, code: str) -> None:
    """E-1, E-2, E-4, TE-1, TE-3, TE-4."""
    with (
        pytest.raises(ManifestFileError) as caught,
        open_manifest(store, ObjectLocation("photographs", "train.manifest"), CALLER),
    ):
        pass
    assert caught.value.rule.code == code


def test_a_manifest_of_exactly_one_gigabyte_is_opened() -> None:
    """Q-3."""
    location = ObjectLocation("photographs", "train.manifest")
    with open_manifest(OneObject(size=2**30), location, CALLER) as stream:
        assert stream.read() == b"x\n"


@pytest.mark.parametrize(
    ("store", "look"),
    [
        (OneObject(error=ObjectAccessDeniedError), ImageProblem.NO_PERMISSION),
        (OneObject(error=ObjectNotFoundError), ImageProblem.MISSING),
        (OneObject(size=15 * 1024 * 1024 + 1), ImageProblem.TOO_LARGE),
        (OneObject(size=2), ImageFacts("", 0, 0, 2, damage=UNREADABLE)),
    ],
)
def test_images_that_cannot_be_used_are_problems(store: OneObject, look: ImageLook) -> None:
    """J-10, TE-8, TE-9."""
    reader = ImageReader(store, CALLER, Threads(2), lambda _stage, _done, _total: None)
    assert list(reader.look_at_images([("photographs", "a.jpg")])) == [look]
