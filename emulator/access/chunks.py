"""Signatures of the chunks of an aws-chunked body: each signs its bytes and the signature before it, the first that of
the request.
"""

from __future__ import annotations

import hashlib
import hmac

from emulator.access.signatures import EMPTY_HASH, Verified, sign

_SIGNED_PAYLOADS = frozenset({"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"})


class ChunkSignatures:
    """Follows one body. `add` takes the bytes of a chunk as they come; the two others end it and the trailer."""

    def __init__(self, verified: Verified) -> None:
        self._key = verified.signing_key
        self._timestamp = verified.claim.timestamp
        self._scope = verified.claim.scope
        self._previous = verified.claim.signature
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """More bytes of the present chunk."""
        self._hash.update(data)

    def is_right(self, signature: str) -> bool:
        """Whether the present chunk, whose bytes are all there, has this signature; the next chunk begins."""
        found, self._hash = self._hash.hexdigest(), hashlib.sha256()
        return self._follows("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_HASH}\n{found}", signature)

    def is_right_of_trailer(self, lines: bytes, signature: str) -> bool:
        """Whether the trailer has this signature. `lines` are its headers, each ended by one line feed."""
        return self._follows("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(lines).hexdigest(), signature)

    def _follows(self, kind: str, what: str, signature: str) -> bool:
        expected = sign(self._key, f"{kind}\n{self._timestamp}\n{self._scope}\n{self._previous}\n{what}")
        self._previous = expected
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def chunk_signatures(verified: Verified, payload_hash: str) -> ChunkSignatures | None:
    """What the chunks of a body are compared with, if its request says that they are signed."""
    return ChunkSignatures(verified) if payload_hash in _SIGNED_PAYLOADS else None
