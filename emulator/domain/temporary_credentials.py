"""Access keys that the emulator gives out: nothing of them is kept, all is in the key's id and in the session token.

The id carries the account. The token says whose session it is, until when and with which policies; it is authenticated
with a key of the installation (HMAC-SHA256), and the secret key is derived from it, so that nobody else can write one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from emulator.domain.caller import ACCOUNT_ID

# ASIA is AWS's prefix for temporary keys; the rest and the check characters keep AWS's keys from being taken for ours.
_MARKER = "ASIAEMUL"
_ACCESS_KEY = re.compile(_MARKER + r"([A-Z2-7]{8})([A-Z2-7]{2})([A-Z2-7]{6})")
_LONGEST_TOKEN = 16_384


class InvalidTokenError(Exception):
    """The session token was not given out here, or not with this access key."""


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """Whose session it is, as STS grants it and a session token says it.

    `arn` is who acts (`arn:aws:sts::…:assumed-role/ROLE/NAME`, or the user or root of GetSessionToken), `identity` the
    IAM ARN whose policies count. `policies` are JSON documents that narrow the session. `via`: the service that acts on
    behalf of whoever it is, "" for none.
    """

    account: str
    arn: str
    identity: str
    user_id: str
    policies: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(SessionClaims):
    """What a session token says. Moments are epoch seconds."""

    issued: int
    expires: int


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """What AssumeRole and GetSessionToken answer."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


class SessionTokens:
    """Gives out and reads session tokens. `key` is the installation's; time is real time, as that of signatures is.

    `mode` says how strictly sessions are given out: those of a laxer mode count for nothing in a stricter one.
    """

    def __init__(self, key: bytes, mode: str, now: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(key, f"session tokens in mode {mode}".encode(), "sha256")
        self._now = now
        # A session signs many requests with one token.
        self._known = lru_cache(maxsize=256)(self._read)

    def issue(self, claims: SessionClaims, seconds: int) -> TemporaryCredentials:
        """New credentials of a twelve-digit account, for `seconds` from now."""
        issued = int(self._now())
        access_key = _new_access_key(claims.account)
        document = {
            "key": access_key,
            "arn": claims.arn,
            "identity": claims.identity,
            "user": claims.user_id,
            "issued": issued,
            "expires": issued + seconds,
            "policies": list(claims.policies),
            "tags": dict(claims.tags),
            "via": claims.via,
            "nonce": secrets.token_hex(16),
        }
        body = base64.urlsafe_b64encode(zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 9))
        token = (body + b"." + base64.urlsafe_b64encode(self._mark(body))).decode("ascii")
        return TemporaryCredentials(
            access_key_id=access_key,
            secret_access_key=self.secret_of(token),
            session_token=token,
            expiration=datetime.fromtimestamp(issued + seconds, UTC),
        )

    def read(self, token: str, access_key: str | None = None) -> Session:
        """The session of a token, ended or not, if it was given out here and with this access key (any, if None).

        Raises InvalidTokenError.
        """
        key_of_session, session = self._known(token)
        if access_key is not None and access_key != key_of_session:
            raise InvalidTokenError
        return session

    def _read(self, token: str) -> tuple[str, Session]:
        body, dot, mark = token.encode("utf-8", "replace").rpartition(b".")
        if not dot or len(token) > _LONGEST_TOKEN:
            raise InvalidTokenError
        try:
            given = base64.urlsafe_b64decode(mark)
            if not hmac.compare_digest(given, self._mark(body)) or base64.urlsafe_b64encode(given) != mark:
                raise InvalidTokenError
            claims = json.loads(zlib.decompress(base64.urlsafe_b64decode(body)))
        except (ValueError, binascii.Error, zlib.error):
            raise InvalidTokenError from None
        account = account_of(claims["key"])
        if account is None:
            raise InvalidTokenError
        session = Session(
            account,
            claims["arn"],
            claims["identity"],
            claims["user"],
            tuple(claims["policies"]),
            claims["tags"],
            claims.get("via", ""),
            issued=claims["issued"],
            expires=claims["expires"],
        )
        return claims["key"], session

    def secret_of(self, token: str) -> str:
        """The secret access key that belongs to a token."""
        return base64.urlsafe_b64encode(hmac.digest(self._key, b"secret:" + token.encode(), "sha256")).decode()[:40]

    def has_ended(self, session: Session) -> bool:
        """Whether a session's time is over."""
        return self._now() >= session.expires

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"token:" + body, "sha256")


def account_of(access_key: str) -> str | None:
    """The account of an access key: the key itself if it is twelve digits, the encoded one if it is ours, else None."""
    if ACCOUNT_ID.fullmatch(access_key):
        return access_key
    match = _ACCESS_KEY.fullmatch(access_key)
    if match is None or check_characters(match[1] + match[2], 6) != match[3]:
        return None
    return f"{int.from_bytes(base64.b32decode(match[1]), 'big'):012d}"


def check_characters(text: str, length: int) -> str:
    """`length` letters and digits of base 32 that depend on every character of `text`."""
    return base64.b32encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")[:length]


def _new_access_key(account: str) -> str:
    encoded = base64.b32encode(int(account).to_bytes(5, "big")).decode("ascii")
    nonce = base64.b32encode(secrets.token_bytes(2)).decode("ascii")[:2]
    return _MARKER + encoded + nonce + check_characters(encoded + nonce, 6)
