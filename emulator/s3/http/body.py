"""Receiving a request's body: small ones stay in memory, larger ones go to a file, cut or altered ones are refused.

Nothing reaches the index before the whole body is there, has the announced length and has the announced checksums.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import BinaryIO

from emulator.s3.errors import S3Error
from emulator.s3.files import BlobFiles, StagedBlob, write_all
from emulator.s3.http import checksums
from emulator.s3.http.chunked import ChunkedDecoder
from emulator.s3.http.form import FormDecoder, boundary_of
from emulator.s3.http.request import ChunkSignatures
from emulator.wire.asgi import Receive

IN_MEMORY_BYTES = 1 << 20
_SHARED_MEMORY_BYTES = 64 << 20
LARGEST_OBJECT = 5 << 30  # bytes, of one PutObject or UploadPart
LARGEST_DOCUMENT = 2 << 20  # bytes; the largest documents are lists of 10,000 parts or 1,000 keys
_SHA256_HEX_LENGTH = 64
_LINES_ON_THE_LOOP = 200  # each takes some microseconds


class ClientGoneError(Exception):
    """The client closed the connection before its body was complete."""


@dataclass(frozen=True, slots=True)
class Digests:
    """What was computed over a body: `etag` is its MD5 in hex, `checksums` base64 values by algorithm."""

    md5: bytes
    checksums: dict[str, str]

    @property
    def etag(self) -> str:
        """The MD5 in hexadecimal."""
        return self.md5.hex()


class MemoryBudget:
    """How much all bodies together may keep in memory, so that many connections cannot fill it."""

    def __init__(self, limit: int = _SHARED_MEMORY_BYTES) -> None:
        self._left = limit
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Whether `size` more bytes may stay in memory."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """Return what was taken."""
        with self._lock:
            self._left += size


class Body:
    """A body that is being received, then verified by `finish`, then kept by `stage` or `read`, then `close`d."""

    def __init__(
        self,
        files: BlobFiles,
        budget: MemoryBudget,
        headers: Mapping[str, str],
        largest: int = LARGEST_OBJECT,
        takes_form: bool = False,
        chunks: ChunkSignatures | None = None,
    ) -> None:
        self.announced = checksums.announced(headers)
        self.size = 0
        self._headers = headers
        self._largest = largest
        self._files = files
        self._budget = budget
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._taken = 0
        self._file: BinaryIO | None = None
        self._name: str | None = None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hashers: dict[str, checksums.Hasher] = {}
        if self.announced is not None:
            self._hashers[self.announced.algorithm] = checksums.hasher(self.announced.algorithm)
        self._payload_hash = _signed_payload_hash(headers)
        self._sha256 = hashlib.sha256() if self._payload_hash else None
        boundary = boundary_of(headers.get("content-type", "")) if takes_form else None
        self.form = FormDecoder(boundary) if boundary else None
        self._chunks = ChunkedDecoder(chunks) if is_chunked(headers) else None
        self._decoder = self.form or self._chunks

    @property
    def is_coded(self) -> bool:
        """Whether the payload has to be taken out of chunks or a form."""
        return self._decoder is not None

    def feed(self, data: bytes) -> bool:
        """Take the next piece; True when `flush` should move what is in memory to the file.

        Raises S3Error as soon as the body is larger than it may be, or its chunks or its form cannot be read.
        """
        pieces = self._decoder.feed(data) if self._decoder else [data]
        for piece in pieces:
            self._pending.append(piece)
            self._pending_size += len(piece)
            self.size += len(piece)
        if self.size > self._largest:
            code = "EntityTooLarge" if self._largest == LARGEST_OBJECT else "MaxMessageLengthExceeded"
            raise S3Error(code, ProposedSize=str(self.size), MaxSizeAllowed=str(self._largest))
        missing = self._pending_size - self._taken
        if missing > 0 and self._budget.take(missing):
            self._taken += missing
            missing = 0
        return self._pending_size >= IN_MEMORY_BYTES or missing > 0

    def flush(self) -> None:
        """Hash what is in memory and append it to the spool file. For a worker thread."""
        data = self._hash_pending()
        if self._file is None:
            self._name, self._file = self._files.begin()
        write_all(self._file, data)

    def finish(self) -> Digests:
        """Verify length and checksums. For a worker thread. Raises IncompleteBody, BadDigest and their like."""
        self._check_length()
        if self._file is not None:
            self.flush()
            data = b""
        else:
            data = self._hash_pending()
        self._pending, self._pending_size = ([data], len(data)) if data else ([], 0)
        digests = Digests(self._md5.digest(), {name: checksums.encode(h.digest()) for name, h in self._hashers.items()})
        self._check_digests(digests)
        return digests

    def checksum(self, algorithm: str) -> str:
        """The checksum that the client left out, in base64. After `finish`."""
        hasher = checksums.hasher(algorithm)
        if self._file is not None:
            self._file.seek(0)
            while piece := self._file.read(IN_MEMORY_BYTES):
                hasher.update(piece)
        else:
            hasher.update(self.read())
        return checksums.encode(hasher.digest())

    def stage(self) -> StagedBlob | None:
        """The bytes as a file that is safely on the disk; None for an empty body. After `finish`."""
        if self._file is not None and self._name is not None:
            staged = self._files.staged(self._name, self._file, self.size)
            self._file, self._name = None, None
            return staged
        return self._files.stage([self.read()]) if self.size else None

    def read(self) -> bytes:
        """The bytes, of a body that is known to be small. After `finish`."""
        if self._file is not None:
            self._file.seek(0)
            return self._file.read()
        return b"".join(self._pending)

    def close(self) -> None:
        """Forget what was received and not staged."""
        self._pending.clear()
        self._budget.give_back(self._taken)
        self._taken = 0
        if self._file is not None and self._name is not None:
            self._file.close()
            self._files.discard(self._name)
            self._file, self._name = None, None

    def _hash_pending(self) -> bytes:
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending, self._pending_size = [], 0
        self._md5.update(data)
        if self._sha256 is not None:
            self._sha256.update(data)
        for hasher in self._hashers.values():
            hasher.update(data)
        return data

    def _check_length(self) -> None:
        if self._chunks is None:
            return
        announced = self._headers.get("x-amz-decoded-content-length")
        if not self._chunks.finished or (announced is not None and announced != str(self.size)):
            raise S3Error("IncompleteBody")

    def _check_digests(self, digests: Digests) -> None:
        if "content-md5" in self._headers:
            checksums.check_md5(self._headers["content-md5"], digests.md5)
        if self._sha256 is not None and self._sha256.hexdigest() != self._payload_hash:
            raise S3Error("XAmzContentSHA256Mismatch")
        if self.announced is None:
            return
        expected = self.announced.value
        algorithm = self.announced.algorithm
        if self.announced.in_trailer:
            expected = self._chunks.trailers.get(checksums.header_name(algorithm)) if self._chunks else None
            if expected is None:
                raise S3Error("MalformedTrailerError")
        if expected is not None:
            checksums.check(algorithm, expected, digests.checksums[algorithm])


async def receive_body(body: Body, receive: Receive, executor: Executor) -> None:
    """Receive a whole body. Raises `ClientGoneError`; file work is done by `executor`."""
    loop = asyncio.get_running_loop()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        data = message.get("body", b"")
        if data and await _fed(body, data, executor):
            await loop.run_in_executor(executor, body.flush)
        if not message.get("more_body", False):
            return


async def _fed(body: Body, data: bytes, executor: Executor) -> bool:
    """`body.feed`; of a coded body that consists of many small pieces in a thread, since each takes its time."""
    if body.is_coded and data.count(b"\n") > _LINES_ON_THE_LOOP:
        return await asyncio.get_running_loop().run_in_executor(executor, body.feed, data)
    return body.feed(data)


async def discard_body(receive: Receive) -> None:
    """Read a body to its end and forget it, so that the client, who is still writing, reads the answer."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Whether a body comes in the aws-chunked coding."""
    codings = [coding.strip().lower() for coding in headers.get("content-encoding", "").split(",")]
    return "aws-chunked" in codings or headers.get("x-amz-content-sha256", "").startswith("STREAMING-")


def _signed_payload_hash(headers: Mapping[str, str]) -> str | None:
    value = headers.get("x-amz-content-sha256", "")
    return value.lower() if len(value) == _SHA256_HEX_LENGTH else None
