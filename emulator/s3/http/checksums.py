"""The checksums that S3 knows: computed piece by piece, compared with the client's, combined for multipart objects."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.s3.errors import S3Error
from emulator.s3.http import crc

ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512")
COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"
_LENGTHS = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "MD5": 16, "SHA1": 20, "SHA256": 32, "SHA512": 64}
_POLYNOMIALS = {"CRC32": crc.CRC32, "CRC32C": crc.CRC32C, "CRC64NVME": crc.CRC64NVME}
_HEADER = "x-amz-checksum-"
_NO_ALGORITHMS = frozenset({"algorithm", "mode", "type"})


class Hasher(Protocol):
    """What hashlib's objects do."""

    def update(self, data: bytes, /) -> None:
        """Take in the next piece."""
        ...

    def digest(self) -> bytes:
        """The checksum of all pieces so far, in network order."""
        ...


class _Crc32Hasher:
    def __init__(self) -> None:
        self._crc = 0

    def update(self, data: bytes, /) -> None:
        self._crc = zlib.crc32(data, self._crc)

    def digest(self) -> bytes:
        return self._crc.to_bytes(4, "big")


class _PolynomialHasher:
    def __init__(self, polynomial: crc.Polynomial) -> None:
        self._polynomial = polynomial
        self._crc = 0

    def update(self, data: bytes, /) -> None:
        self._crc = crc.update(self._polynomial, self._crc, data)

    def digest(self) -> bytes:
        return self._crc.to_bytes(self._polynomial.width // 8, "big")


def hasher(algorithm: str) -> Hasher:
    """A hasher for one of `ALGORITHMS`."""
    match algorithm:
        case "CRC32":
            return _Crc32Hasher()
        case "CRC32C" | "CRC64NVME":
            return _PolynomialHasher(_POLYNOMIALS[algorithm])
        case _:
            return hashlib.new(algorithm.lower(), usedforsecurity=False)


def hashed(pieces: Iterable[bytes], *hashers: Hasher) -> Iterator[bytes]:
    """The same pieces, after each hasher has taken them in."""
    for piece in pieces:
        for taking in hashers:
            taking.update(piece)
        yield piece


def encode(digest: bytes) -> str:
    """Base64, as checksums travel in headers."""
    return base64.b64encode(digest).decode("ascii")


def header_name(algorithm: str) -> str:
    """`x-amz-checksum-crc32`."""
    return _HEADER + algorithm.lower()


@dataclass(frozen=True, slots=True)
class Announced:
    """The checksum that a request announces. `value` is None when it comes in the trailer, or never."""

    algorithm: str
    value: str | None
    in_trailer: bool = False


def announced(headers: Mapping[str, str]) -> Announced | None:
    """The checksum in a request's headers or promised for its trailer.

    Raises InvalidRequest for several, and for one of an algorithm that is not known here: it could not be compared.
    """
    named = {name.removeprefix(_HEADER) for name in headers if name.startswith(_HEADER)} - _NO_ALGORITHMS
    values = {known(name): headers[_HEADER + name] for name in sorted(named)}
    if len(values) > 1:
        raise S3Error(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    for algorithm, value in values.items():
        return Announced(algorithm, _well_formed(algorithm, value))
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    if trailer.startswith(_HEADER):
        return Announced(known(trailer.removeprefix(_HEADER)), None, in_trailer=True)
    algorithm_only = headers.get("x-amz-sdk-checksum-algorithm") or headers.get("x-amz-checksum-algorithm")
    return Announced(known(algorithm_only), None) if algorithm_only else None


def without_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without those that announce a checksum."""
    return {name: value for name, value in headers.items() if not name.startswith(_HEADER)}


def known(algorithm: str) -> str:
    """The algorithm in upper case. Raises InvalidRequest for one that S3 does not know."""
    upper = algorithm.upper()
    if upper not in ALGORITHMS:
        raise S3Error(
            "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            f"[{', '.join(ALGORITHMS)}]",
        )
    return upper


def check(algorithm: str, expected: str, computed: str) -> None:
    """Raises BadDigest when what came is not what was announced."""
    if _well_formed(algorithm, expected) != computed:
        raise S3Error("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")


def check_md5(expected: str, digest: bytes) -> None:
    """Compare a Content-MD5 header. Raises InvalidDigest when it is not an MD5, BadDigest when it is another one."""
    try:
        decoded = base64.b64decode(expected, validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != 16:
        raise S3Error("InvalidDigest")
    if decoded != digest:
        raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")


def type_for_upload(algorithm: str, asked: str | None) -> str:
    """The checksum type of a multipart upload: what was asked for, or S3's default for the algorithm."""
    default = FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE
    kind = (asked or default).upper()
    # Only the CRCs of parts can be combined into that of the whole.
    possible = {COMPOSITE, FULL_OBJECT} if algorithm in ("CRC32", "CRC32C") else {default}
    if kind not in possible:
        raise S3Error(
            "InvalidRequest", f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        )
    return kind


def of_parts(algorithm: str, kind: str, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of a multipart object from those of its parts, given as (base64, size in bytes) in order."""
    digests = [base64.b64decode(value) for value, _ in parts]
    if kind == COMPOSITE:
        whole = hasher(algorithm)
        whole.update(b"".join(digests))
        return f"{encode(whole.digest())}-{len(parts)}"
    polynomial = _POLYNOMIALS[algorithm]
    combined = 0
    for digest, (_, size) in zip(digests, parts, strict=True):
        combined = crc.combine(polynomial, combined, int.from_bytes(digest, "big"), size)
    return encode(combined.to_bytes(polynomial.width // 8, "big"))


def _well_formed(algorithm: str, value: str) -> str:
    try:
        length = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if length != _LENGTHS[algorithm]:
        raise S3Error("InvalidRequest", f"Value for {header_name(algorithm)} header is invalid.")
    return value
