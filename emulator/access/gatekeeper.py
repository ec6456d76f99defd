"""Who may come in: from a signature to an identity of the file or a session, and to its rights (O-33).

In mode `signature` nothing is decided, so that only unsigned requests to S3 carry rights: those of nobody, whom a
bucket policy has to name. In `iam-report` and `iam` every request carries its rights; in the former they are not
enforced.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from emulator.access.chunks import ChunkSignatures, chunk_signatures
from emulator.access.decisions import Decisions
from emulator.access.identities import Identities, Identity
from emulator.access.signatures import Credentials, Verified, is_signed, verify, verify_form
from emulator.domain.caller import Caller
from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import PolicySet
from emulator.domain.iam.requests import Context, Principal, PrincipalKind, forwarded_keys, moment_keys
from emulator.domain.iam.rights import Rights
from emulator.domain.temporary_credentials import (
    InvalidTokenError,
    Session,
    SessionClaims,
    SessionTokens,
    TemporaryCredentials,
)
from emulator.wire import identity as wire_identity
from emulator.wire.asgi import Scope
from emulator.wire.refused import SignatureRefused, Why, json_error

ANONYMOUS_ACCOUNT = "anonymous"
"""The account of requests without a signature: no account's, it owns nothing."""

_NOBODY = Principal("", "", PrincipalKind.ANONYMOUS)
_NOTHING = PolicySet()


@dataclass(frozen=True, slots=True)
class Admission:
    """Who was let in. `identity` is None of a session whose role is not in the file any more, and of nobody.

    `rights` are None in mode `signature`, where nothing is decided.
    """

    principal: Principal
    identity: Identity | None
    session: Session | None
    rights: Rights | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request of S3 that was let in, and what its chunks are compared with, if they are signed."""

    account: str
    region: str
    admission: Admission
    chunks: ChunkSignatures | None = None


class Gatekeeper:
    """Holds the identities of the file, which may be exchanged at any moment, and lets requests in.

    `decides` is False in mode `signature`. `tokens` are there once the emulator serves.
    """

    def __init__(
        self,
        identities: Identities,
        decisions: Decisions,
        tokens: Callable[[], SessionTokens],
        *,
        decides: bool,
        is_enforced: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.identities = identities
        self.decisions = decisions
        self._tokens = tokens
        self._decides = decides
        self._is_enforced = is_enforced
        self._now = now

    def admit(self, scope: Scope, body_hash: str, services: frozenset[str]) -> wire_identity.Identity:
        """A request to one of these services but S3, whose body's SHA-256 is known. Raises SignatureRefused."""
        verified = verify(scope, self._look_up, body_hash=body_hash, services=services, now=self._now)
        if isinstance(verified.holder, Session) and verified.holder.via:
            # What a service does on somebody's behalf it does with objects: elsewhere these keys are nobody's.
            raise SignatureRefused(Why.INVALID_TOKEN, AWSAccessKeyId=verified.claim.access_key)
        return self._identity(scope, verified)

    def admit_for_json(self, scope: Scope, body_hash: str) -> wire_identity.Identity:
        """A request to Rekognition. Raises AwsError."""
        try:
            return self.admit(scope, body_hash, _REKOGNITION)
        except SignatureRefused as refused:
            raise json_error(refused) from None

    def admit_to_s3(self, scope: Scope) -> Admitted:
        """A request to S3, signed or not. Raises SignatureRefused."""
        if not is_signed(scope):
            rights = self._rights(_NOBODY, _NOTHING, self._context(scope, wire_identity.DEFAULT_REGION), "")
            return Admitted(ANONYMOUS_ACCOUNT, wire_identity.DEFAULT_REGION, Admission(_NOBODY, None, None, rights))
        verified = verify(scope, self._look_up, services=_S3, now=self._now)
        admission = self._admission(scope, verified)
        hashes = [value for name, value in scope["headers"] if name == b"x-amz-content-sha256"]
        chunks = chunk_signatures(verified, hashes[0].decode("latin-1")) if hashes else None
        return Admitted(admission.principal.account, _region(verified), admission, chunks)

    def admit_form(self, scope: Scope, fields: Mapping[str, str]) -> Admitted:
        """A browser's upload, whose signature is among its fields (names in lower case). Raises SignatureRefused."""
        try:
            verified = verify_form(fields, self._look_up, now=self._now)
        except SignatureRefused as refused:
            if refused.why is not Why.MISSING:
                raise
            return self.admit_to_s3(scope)
        admission = self._admission(scope, verified)
        return Admitted(admission.principal.account, _region(verified), admission)

    def rights_of(self, identity: wire_identity.Identity) -> Rights | None:
        """The rights of who was let in, None in mode `signature`; asked again after a call was held.

        They are those of the file as it is now. Raises AwsError ExpiredTokenException for a session that has ended.
        """
        admission = identity.admission
        assert isinstance(admission, Admission), "whoever was let in has an admission"
        if self._has_ended(admission):
            raise json_error(SignatureRefused(Why.EXPIRED_TOKEN))
        rights, then = admission.rights, admission.identity
        now = None if then is None else self.identities.find(then.arn)
        if rights is None or now is then:
            return rights
        narrowing = () if admission.session is None else admission.session.policies
        policies = _NOTHING if now is None else _narrowed(now.policies, narrowing)
        return replace(rights, policies=policies, keys=self.identities.keys)

    def validity(self, admission: Admission) -> Callable[[], bool]:
        """Tells, whenever it is asked, whether an admission of this moment still holds, for answers that go on and on.

        Not once its session has ended, and not once the file was read again: whoever it is may have other rights now.
        """
        identities = self.identities
        return lambda: self.identities is identities and not self._has_ended(admission)

    def _has_ended(self, admission: Admission) -> bool:
        return admission.session is not None and self._tokens().has_ended(admission.session)

    def rights_at_work(self, reference: str) -> Rights:
        """What whoever a `Rights.reference` stands for may do now, for work that it was let in for (S-9).

        Somebody who is not in the file any more may do nothing. A session's end does not end its work.
        """
        kept = json.loads(reference)
        identity = self.identities.find(kept["identity"])
        context = self._context_of_work()
        arn = kept.get("arn", kept["identity"])
        if identity is None:
            return self._rights(Principal(arn.split(":")[4], arn, PrincipalKind.USER), _NOTHING, context, reference)
        if "arn" not in kept:
            return self._rights(identity.principal, identity.policies, context, reference)
        principal = _principal(identity, arn, kept["user_id"], kept["tags"])
        policies = _narrowed(identity.policies, tuple(kept["policies"]))
        return self._rights(principal, policies, context, reference)

    def session_for_work(self, caller: Caller) -> TemporaryCredentials:
        """Keys for work on another machine on behalf of whoever asked for it: S3 decides about them as about it (S-9).

        In mode `signature` they are the account's.
        """
        kept = json.loads(caller.rights.reference) if caller.rights is not None and caller.rights.reference else {}
        identity = kept.get("identity", f"arn:aws:iam::{caller.account}:root")
        known = self.identities.find(identity)
        user_id = known.principal.user_id if known is not None else ""
        claims = SessionClaims(
            caller.account,
            kept.get("arn", identity),
            identity,
            kept.get("user_id", user_id) or caller.account,
            tuple(kept.get("policies", ())),
            kept.get("tags", {}),
            via="rekognition",
        )
        return self._tokens().issue(claims, _WORK_SECONDS)

    @property
    def decides(self) -> bool:
        """Whether policies are evaluated: modes `iam-report` and `iam`."""
        return self._decides

    def _look_up(self, access_key: str, token: str | None) -> Credentials:
        if token is None:
            known = self.identities.access_key(access_key)
            if known is None:
                raise SignatureRefused(Why.UNKNOWN_KEY, AWSAccessKeyId=access_key)
            return Credentials(known.secret, known.identity)
        tokens = self._tokens()
        try:
            session = tokens.read(token, access_key)
        except InvalidTokenError:
            raise SignatureRefused(Why.INVALID_TOKEN, AWSAccessKeyId=access_key) from None
        if tokens.has_ended(session):
            raise SignatureRefused(Why.EXPIRED_TOKEN)
        return Credentials(tokens.secret_of(token), session)

    def _identity(self, scope: Scope, verified: Verified) -> wire_identity.Identity:
        claim, admission = verified.claim, self._admission(scope, verified)
        return wire_identity.Identity(
            admission.principal.account, _region(verified), claim.access_key, claim.service, admission
        )

    def _admission(self, scope: Scope, verified: Verified) -> Admission:
        holder = verified.holder
        if isinstance(holder, Identity):
            if not self._decides:
                return Admission(holder.principal, holder, None, None)
            context = self._context(scope, _region(verified))
            rights = self._rights(holder.principal, holder.policies, context, _reference_of(holder.arn))
            return Admission(holder.principal, holder, None, rights)
        assert isinstance(holder, Session), "keys are those of the file or of a session"
        identity = self.identities.find(holder.identity)
        principal = (
            _principal(identity, holder.arn, holder.user_id, holder.tags)
            if identity is not None
            else Principal(holder.account, holder.arn, PrincipalKind.SESSION, role_arn=holder.identity)
        )
        if not self._decides:
            return Admission(principal, identity, holder, None)
        policies = _NOTHING if identity is None else _narrowed(identity.policies, holder.policies)
        context = self._context(scope, _region(verified))
        context["aws:tokenissuetime"] = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(holder.issued)),)
        context["aws:multifactorauthpresent"] = ("false",)
        if holder.via:
            told = {name: tuple(values) for name, values in forwarded_keys(holder.via).items()}
            context = {**self._context_of_work(), **told}
        rights = self._rights(principal, policies, context, _reference_of_session(principal, holder))
        return Admission(principal, identity, holder, rights)

    def _rights(self, principal: Principal, policies: PolicySet, context: Context, reference: str) -> Rights:
        keys = self.identities.keys
        return Rights(principal, policies, context, self._is_enforced, self.decisions.record, reference, keys)

    def _context_of_work(self) -> dict[str, tuple[str, ...]]:
        """What is known of a request that a service makes on behalf of its caller."""
        return {**_moment(self._now()), **_OF_EVERY_REQUEST}

    def _context(self, scope: Scope, region: str) -> dict[str, tuple[str, ...]]:
        """The condition keys that every request brings (IAM's global keys)."""
        context = dict(_moment(self._now()))
        context |= _OF_EVERY_REQUEST
        context["aws:requestedregion"] = (region,)
        context["aws:viaawsservice"] = ("false",)
        client = scope.get("client")
        if client:
            context["aws:sourceip"] = (client[0],)
        for name, value in scope["headers"]:
            if name == b"user-agent":
                context["aws:useragent"] = (value.decode("latin-1"),)
            elif name == b"referer":
                context["aws:referer"] = (value.decode("latin-1"),)
        return context


_WORK_SECONDS = 7 * 86_400
"""Work may wait for a worker for days; its end is not that of its keys."""
_OF_EVERY_REQUEST = {
    "aws:securetransport": ("true",),  # plain HTTP here, where AWS would be asked by HTTPS
    "aws:principalisawsservice": ("false",),
}
_REKOGNITION = frozenset({"rekognition"})
_S3 = frozenset({"s3"})


def _region(verified: Verified) -> str:
    """The Region of a signature. Raises SignatureRefused for a name that none can have."""
    region = wire_identity.scoped_region(verified.claim.region, verified.claim.service)
    if region is None:
        raise SignatureRefused(Why.WRONG_SCOPE, wire_identity.NO_REGION)
    return region


def _principal(identity: Identity, arn: str, user_id: str, tags: Mapping[str, str]) -> Principal:
    """Who acts in a session: the user or root itself (GetSessionToken), or a role's session, with the tags of both."""
    if identity.principal.kind is not PrincipalKind.SESSION:
        return identity.principal
    given = {name.lower() for name in tags}
    kept = {name: value for name, value in identity.principal.tags.items() if name.lower() not in given}
    together = {**kept, **tags}
    return replace(identity.principal, arn=arn, user_id=user_id, tags=together)


def _narrowed(policies: PolicySet, documents: tuple[str, ...]) -> PolicySet:
    if not documents:
        return policies
    return replace(policies, session=_session_policies(documents))


@lru_cache(maxsize=256)
def _session_policies(documents: tuple[str, ...]) -> tuple[Policy, ...]:
    return tuple(parse_policy(text, PolicyKind.SESSION, f"session {n}") for n, text in enumerate(documents, 1))


@lru_cache(maxsize=1)
def _moment_keys(second: int) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in moment_keys(second).items()}


def _moment(now: float) -> Mapping[str, tuple[str, ...]]:
    return _moment_keys(int(now))


@lru_cache(maxsize=1024)
def _reference_of(arn: str) -> str:
    """What the rights of a user or root are found by again when work is taken up after a restart."""
    return json.dumps({"identity": arn})


def _reference_of_session(principal: Principal, session: Session) -> str:
    """The same of a session, which the file says nothing of."""
    kept = {
        "identity": session.identity,
        "arn": session.arn,
        "user_id": session.user_id,
        "role": principal.role_arn,
        "policies": list(session.policies),
        "tags": dict(session.tags),
    }
    return json.dumps(kept, separators=(",", ":"))
