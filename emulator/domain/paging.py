"""NextToken: opaque, bound to the request that it continues, and useless when altered (api-facts §1.7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from emulator.domain.errors import InvalidPaginationTokenError
from emulator.domain.json_values import JsonMapping

_SIGNATURE_BYTES = 16

Cursor = Sequence[int | str]


def encode_token(cursor: Cursor, binding: JsonMapping, secret: bytes) -> str:
    """Make a token that carries `cursor` (where the next page begins) and fits only requests with the same `binding`.

    `binding` names all that the cursor depends on: operation, account, region and filters; MaxResults may differ from
    page to page. `secret` is the installation's own key, at least 16 bytes.
    """
    payload = json.dumps(list(cursor), separators=(",", ":")).encode()
    return _text(_signature(payload, binding, secret) + payload)


def decode_token(token: str | None, binding: JsonMapping, secret: bytes) -> list[int | str] | None:
    """The cursor inside a token; None for an absent or empty one (K-4).

    Raises InvalidPaginationTokenError where the token is foreign, altered, or of another request.
    """
    if not token:
        return None
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise InvalidPaginationTokenError from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    # Base64 has several spellings of the same bytes; only the one that was handed out is accepted.
    if not hmac.compare_digest(signature, _signature(payload, binding, secret)) or _text(raw) != token:
        raise InvalidPaginationTokenError
    cursor: list[int | str] = json.loads(payload)
    return cursor


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(payload: bytes, binding: JsonMapping, secret: bytes) -> bytes:
    context = json.dumps(binding, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    message = len(context).to_bytes(4, "big") + context + payload
    return hmac.new(secret, message, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
