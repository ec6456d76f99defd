"""Access keys that the emulator gives out: their id carries the account, so that nothing need be kept."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# ASIA is AWS's prefix for temporary keys; the rest and the check characters keep AWS's keys from being taken for ours.
_MARKER = "ASIAEMUL"
_ACCESS_KEY = re.compile(_MARKER + r"([A-Z2-7]{8})([A-Z2-7]{2})([A-Z2-7]{6})")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """What AssumeRole and GetSessionToken answer."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


def issue(account: str, caller_arn: str, seconds: int) -> TemporaryCredentials:
    """New credentials of a twelve-digit account. The session token says whose they are (`caller_of`)."""
    encoded = base64.b32encode(int(account).to_bytes(5, "big")).decode("ascii")
    nonce = base64.b32encode(secrets.token_bytes(2)).decode("ascii")[:2]
    token = base64.urlsafe_b64encode(json.dumps({"arn": caller_arn, "nonce": secrets.token_hex(24)}).encode())
    return TemporaryCredentials(
        access_key_id=_MARKER + encoded + nonce + check_characters(encoded + nonce, 6),
        secret_access_key=secrets.token_urlsafe(30),
        session_token=token.decode("ascii"),
        expiration=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds),
    )


def account_of(access_key: str) -> str | None:
    """The account of an access key: the key itself if it is twelve digits, the encoded one if it is ours, else None."""
    if _ACCOUNT.fullmatch(access_key):
        return access_key
    match = _ACCESS_KEY.fullmatch(access_key)
    if match is None or check_characters(match[1] + match[2], 6) != match[3]:
        return None
    return f"{int.from_bytes(base64.b32decode(match[1]), 'big'):012d}"


def caller_of(session_token: str | None) -> str | None:
    """The ARN of the assumed role behind a session token that was given out here."""
    if not session_token:
        return None
    try:
        arn = json.loads(base64.urlsafe_b64decode(session_token))["arn"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return arn if isinstance(arn, str) else None


def check_characters(text: str, length: int) -> str:
    """`length` letters and digits of base 32 that depend on every character of `text`."""
    return base64.b32encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")[:length]
