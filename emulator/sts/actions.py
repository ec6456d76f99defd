"""AWS STS, as far as applications with role profiles need it before they call anything else (O-20).

GetCallerIdentity, AssumeRole, AssumeRoleWithWebIdentity and GetSessionToken. Any role can be assumed: of an ARN only
the account counts, and the credentials given out carry it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from emulator.domain import temporary_credentials as credentials
from emulator.wire import numbers, xml

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})")
_ASSUMED_ROLE_ARN = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/([^/]+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_HOUR = 3_600  # seconds
_SHORTEST, _LONGEST = 900, 129_600  # seconds


class StsError(Exception):
    """An error of STS: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request of STS's query protocol: its parameters and who sends it."""

    parameters: Mapping[str, str]
    account: str
    session_token: str | None


def answer(call: Call, request_id: str) -> tuple[int, bytes]:
    """Status and document."""
    action = call.parameters.get("Action", "")
    try:
        if action not in ACTIONS:
            raise StsError("InvalidAction", f"Could not find operation {action} for version 2011-06-15")
        result = ACTIONS[action](call)
    except StsError as error:
        return 400, error_document(error.code, error.message, request_id)
    metadata = xml.branch("ResponseMetadata", xml.leaf("RequestId", request_id))
    return 200, xml.document(f"{action}Response", xml.branch(f"{action}Result", result) + metadata, _NAMESPACE)


def error_document(code: str, message: str, request_id: str) -> bytes:
    """An error of the query protocol."""
    error = xml.branch("Error", xml.leaves(Type="Sender", Code=code, Message=message))
    return xml.document("ErrorResponse", error + xml.leaf("RequestId", request_id), "")


def _get_caller_identity(call: Call) -> str:
    assumed = _ASSUMED_ROLE_ARN.fullmatch(credentials.caller_of(call.session_token) or "")
    if assumed is not None and assumed[1] == call.account:
        return xml.leaves(Arn=assumed[0], UserId=f"{_role_id(assumed[2])}:{assumed[3]}", Account=call.account)
    return xml.leaves(Arn=f"arn:aws:iam::{call.account}:root", UserId=call.account, Account=call.account)


def _assume_role(call: Call) -> str:
    role_arn, session_name = _required(call, "RoleArn"), _required(call, "RoleSessionName")
    match = _ROLE_ARN.fullmatch(role_arn)
    if match is None:
        raise StsError("ValidationError", f"{role_arn} is invalid")
    if not _SESSION_NAME.fullmatch(session_name):
        raise StsError(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        )
    arn = f"arn:aws:sts::{match[1]}:assumed-role/{match[2]}/{session_name}"
    issued = credentials.issue(match[1], arn, _duration(call))
    user = xml.leaves(AssumedRoleId=f"{_role_id(match[2])}:{session_name}", Arn=arn)
    return xml.branch("AssumedRoleUser", user) + _credentials_element(issued)


def _get_session_token(call: Call) -> str:
    issued = credentials.issue(call.account, f"arn:aws:iam::{call.account}:root", _duration(call))
    return _credentials_element(issued)


ACTIONS: dict[str, Callable[[Call], str]] = {
    "GetCallerIdentity": _get_caller_identity,
    "AssumeRole": _assume_role,
    "AssumeRoleWithWebIdentity": _assume_role,
    "GetSessionToken": _get_session_token,
}


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


def _duration(call: Call) -> int:
    given = call.parameters.get("DurationSeconds", str(_HOUR))
    seconds = numbers.whole(given)
    if seconds is None or not _SHORTEST <= seconds <= _LONGEST:
        raise StsError("ValidationError", f"The requested DurationSeconds {given} is not allowed.")
    return seconds


def _role_id(role_name: str) -> str:
    """An id in the form of IAM's; the same role name has the same."""
    return "AROA" + credentials.check_characters(role_name, 17)


def _credentials_element(issued: credentials.TemporaryCredentials) -> str:
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
