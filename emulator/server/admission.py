"""Who may come in, before a part of the emulator sees the request (O-33): for all but Rekognition, whose edge asks by
itself.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import partial

from emulator.access.gatekeeper import ANONYMOUS_ACCOUNT, Admission, Gatekeeper
from emulator.domain.iam.rights import Rights
from emulator.wire.asgi import BodyTooLargeError, ClientDisconnectedError, Message, Receive, Scope, read_body
from emulator.wire.credential_scope import signed_service
from emulator.wire.identity import DEFAULT_REGION
from emulator.wire.refused import SignatureRefused, Why

_LARGEST_BODY = 8 << 20
_HASHED_ON_THE_LOOP = 256 << 10


@dataclass(frozen=True, slots=True)
class FormSigner:
    """Who signed a browser's upload."""

    account: str
    rights: Rights | None


class Admissions:
    """Puts into the scope who calls, with which rights, or why the request is refused; the parts answer as they do.

    Set are `aws.account`, `aws.region`, `aws.rights`, `aws.admission`; or `aws.refusal` beside an account that owns
    nothing. Of S3 also `aws.chunks` and `aws.admit_form`.
    """

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        self._gatekeeper = gatekeeper

    def to_s3(self, scope: Scope) -> None:
        """A request to S3, which is judged by its head."""
        _nobody(scope)
        scope["aws.admit_form"] = partial(self._admit_form, scope)
        try:
            admitted = self._gatekeeper.admit_to_s3(scope)
        except SignatureRefused as refused:
            scope["aws.refusal"] = refused
            return
        _set(scope, admitted.account, admitted.region, admitted.admission)
        scope["aws.chunks"] = admitted.chunks

    async def to_service(self, scope: Scope, receive: Receive, services: frozenset[str] | None = None) -> Receive:
        """A request to another service, whose body is signed with it: the way to receive it again.

        `services` are the names that it may be signed for, None for the one that it names itself.
        """
        _nobody(scope)
        try:
            body = await read_body(receive, _LARGEST_BODY)
        except ClientDisconnectedError:
            return _gone
        except BodyTooLargeError:
            scope["aws.refusal"] = SignatureRefused(Why.INCOMPLETE, f"The body is over {_LARGEST_BODY} bytes.")
            return receive
        try:
            identity = self._gatekeeper.admit(scope, await _hash(body), services or _named_service(scope))
        except SignatureRefused as refused:
            scope["aws.refusal"] = refused
        else:
            assert isinstance(identity.admission, Admission)
            _set(scope, identity.account, identity.region, identity.admission)
        return _again(body, receive)

    def _admit_form(self, scope: Scope, fields: dict[str, str]) -> FormSigner:
        admitted = self._gatekeeper.admit_form(scope, fields)
        return FormSigner(admitted.account, admitted.admission.rights)


def _nobody(scope: Scope) -> None:
    scope["aws.account"], scope["aws.region"] = ANONYMOUS_ACCOUNT, DEFAULT_REGION


def _set(scope: Scope, account: str, region: str, admission: Admission) -> None:
    scope["aws.account"], scope["aws.region"] = account, region
    scope["aws.admission"], scope["aws.rights"] = admission, admission.rights


def _named_service(scope: Scope) -> frozenset[str]:
    headers = dict(scope["headers"])
    named = signed_service(headers.get(b"authorization", b""), scope.get("query_string", b""))
    return frozenset() if named is None else frozenset({named.decode("ascii")})


async def _hash(body: bytes) -> str:
    if len(body) < _HASHED_ON_THE_LOOP:
        return hashlib.sha256(body).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, body)).hexdigest()


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body once more, then whatever comes after it: that the client is gone."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _gone() -> Message:
    return {"type": "http.disconnect"}
