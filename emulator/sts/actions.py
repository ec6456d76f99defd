"""AWS STS, as far as applications with role profiles need it before they call anything else (O-20, O-33).

GetCallerIdentity, AssumeRole, AssumeRoleWithWebIdentity and GetSessionToken. Where no signature is verified any role
can be assumed: of an ARN only the account counts, and the credentials given out carry it. Else `roles.Roles` decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from emulator.domain.temporary_credentials import (
    InvalidTokenError,
    SessionClaims,
    SessionTokens,
    TemporaryCredentials,
)
from emulator.sts.roles import (
    HOUR,
    LONGEST_SESSION,
    SHORTEST_SESSION,
    Roles,
    StsError,
    WantedSession,
    Who,
    any_role,
)
from emulator.wire import numbers, xml

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_MOST_TAGS, _MOST_POLICIES = 50, 10
_UNSUPPORTED = (
    "SourceIdentity",
    "SerialNumber",
    "TokenCode",
    "TransitiveTagKeys.member.1",
    "ProvidedContexts.member.1",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A request of STS's query protocol: its parameters and who sends it.

    `roles` is None where no signature is verified; `admission` is what the verification left.
    """

    parameters: Mapping[str, str]
    account: str
    session_token: str | None
    tokens: SessionTokens
    roles: Roles | None = None
    admission: object | None = None


def answer(call: Call, request_id: str) -> tuple[int, bytes]:
    """Status and document."""
    action = call.parameters.get("Action", "")
    try:
        if action not in ACTIONS:
            raise StsError("InvalidAction", f"Could not find operation {action} for version 2011-06-15")
        result = ACTIONS[action](call)
    except StsError as error:
        return error.status, error_document(error.code, error.message, request_id)
    metadata = xml.branch("ResponseMetadata", xml.leaf("RequestId", request_id))
    return 200, xml.document(f"{action}Response", xml.branch(f"{action}Result", result) + metadata, _NAMESPACE)


def error_document(code: str, message: str, request_id: str) -> bytes:
    """An error of the query protocol."""
    error = xml.branch("Error", xml.leaves(Type="Sender", Code=code, Message=message))
    return xml.document("ErrorResponse", error + xml.leaf("RequestId", request_id), "")


def _get_caller_identity(call: Call) -> str:
    who = _root(call) if call.roles is None else call.roles.caller(call.admission)
    return xml.leaves(Arn=who.arn, UserId=who.user_id, Account=who.account)


def _root(call: Call) -> Who:
    """Without verification: the session whose token came along, if it is one of ours, else the account's root."""
    if call.session_token:
        try:
            session = call.tokens.read(call.session_token)
        except InvalidTokenError:
            session = None
        if session is not None and session.account == call.account:
            return Who(call.account, session.arn, session.user_id)
    return Who(call.account, f"arn:aws:iam::{call.account}:root", call.account)


def _assume_role(call: Call) -> str:
    wanted = _wanted(call)
    grant = any_role(wanted) if call.roles is None else call.roles.assume(call.admission, wanted)
    user = xml.leaves(AssumedRoleId=grant.claims.user_id, Arn=grant.claims.arn)
    return xml.branch("AssumedRoleUser", user) + _credentials_element(call.tokens.issue(grant.claims, grant.seconds))


def _assume_role_with_web_identity(call: Call) -> str:
    if call.roles is not None:
        raise StsError(
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity: this emulator cannot verify identity tokens, so "
            "that it gives sessions for them only where signatures are not verified (CUSTOM_LABELS_AUTH=off)",
            403,
        )
    return _assume_role(call)


def _get_session_token(call: Call) -> str:
    seconds = _duration(call)
    if call.roles is not None:
        grant = call.roles.session_of_caller(call.admission, seconds)
        return _credentials_element(call.tokens.issue(grant.claims, grant.seconds))
    arn = f"arn:aws:iam::{call.account}:root"
    claims = SessionClaims(call.account, arn, arn, call.account)
    return _credentials_element(call.tokens.issue(claims, HOUR if seconds is None else seconds))


ACTIONS: dict[str, Callable[[Call], str]] = {
    "GetCallerIdentity": _get_caller_identity,
    "AssumeRole": _assume_role,
    "AssumeRoleWithWebIdentity": _assume_role_with_web_identity,
    "GetSessionToken": _get_session_token,
}
UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithWebIdentity"})
"""What is asked without a signature, by those who have no key yet."""


def _wanted(call: Call) -> WantedSession:
    role_arn, session_name = _required(call, "RoleArn"), _required(call, "RoleSessionName")
    if not _SESSION_NAME.fullmatch(session_name):
        raise StsError(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        )
    for name in _UNSUPPORTED:
        if name in call.parameters and call.roles is not None:
            member = name.partition(".")[0]
            raise StsError("ValidationError", f"{member} is not supported by this emulator. Leave it away.")
    keys, values = _listed(call, "Tags", ".Key"), _listed(call, "Tags", ".Value")
    policy_arns = tuple(_listed(call, "PolicyArns", ".arn"))
    if len(keys) > _MOST_TAGS or len(keys) != len(values) or len(policy_arns) > _MOST_POLICIES:
        raise StsError("ValidationError", f"A session has at most {_MOST_TAGS} tags and {_MOST_POLICIES} PolicyArns.")
    if len({name.lower() for name in keys}) != len(keys):
        raise StsError("ValidationError", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return WantedSession(
        role_arn,
        session_name,
        _duration(call),
        call.parameters.get("Policy") or None,
        policy_arns,
        dict(zip(keys, values, strict=True)),
        call.parameters.get("ExternalId"),
    )


def _listed(call: Call, name: str, member: str) -> list[str]:
    """The values of `NAME.member.1MEMBER`, `NAME.member.2MEMBER` … as far as they go."""

    def found() -> Iterator[str]:
        number = 1
        while (value := call.parameters.get(f"{name}.member.{number}{member}")) is not None:
            yield value
            number += 1

    return list(found())


def _required(call: Call, name: str) -> str:
    value = call.parameters.get(name, "")
    if not value:
        member = name[0].lower() + name[1:]
        raise StsError(
            "ValidationError",
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
            "Member must not be null",
        )
    return value


def _duration(call: Call) -> int | None:
    given = call.parameters.get("DurationSeconds")
    if given is None:
        return None
    seconds = numbers.whole(given)
    if seconds is None or not SHORTEST_SESSION <= seconds <= LONGEST_SESSION:
        raise StsError("ValidationError", f"The requested DurationSeconds {given} is not allowed.")
    return seconds


def _credentials_element(issued: TemporaryCredentials) -> str:
    return xml.branch(
        "Credentials",
        xml.leaves(
            AccessKeyId=issued.access_key_id,
            SecretAccessKey=issued.secret_access_key,
            SessionToken=issued.session_token,
            Expiration=_iso(issued.expiration),
        ),
    )


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
