"""Who may be whom: what AssumeRole and GetSessionToken ask for, and the rules where nothing is verified."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from emulator.domain.temporary_credentials import SessionClaims, check_characters

HOUR = 3_600
SHORTEST_SESSION, LONGEST_SESSION = 900, 129_600
"""Seconds."""

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})")


class StsError(Exception):
    """An error of STS: its code and message, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class WantedSession:
    """What AssumeRole asks for. `seconds` is None where the request leaves it open.

    `policy` is a session policy, `policy_arns` name managed ones.
    """

    role_arn: str
    session_name: str
    seconds: int | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A session that may be: what its token will say, and how long it lasts."""

    claims: SessionClaims
    seconds: int


@dataclass(frozen=True, slots=True)
class Who:
    """What GetCallerIdentity answers."""

    account: str
    arn: str
    user_id: str


class Roles(Protocol):
    """Decides over sessions. `admission` is what the verification of the caller's signature left."""

    def caller(self, admission: object) -> Who:
        """Who calls."""
        ...

    def assume(self, admission: object, wanted: WantedSession) -> Grant:
        """The session of a role. Raises StsError."""
        ...

    def session_of_caller(self, admission: object, seconds: int | None) -> Grant:
        """A session of the caller itself, for GetSessionToken. Raises StsError."""
        ...


def split_role_arn(arn: str) -> tuple[str, str]:
    """Account and name of a role. Raises StsError."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise StsError("ValidationError", f"{arn} is invalid")
    return match[1], match[2]


def session_arn(account: str, role_name: str, session_name: str) -> str:
    """The ARN of a role's session; it has no path."""
    return f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"


def role_id(role_arn: str) -> str:
    """An id in the form of IAM's; the same role has the same."""
    return "AROA" + check_characters(role_arn, 17)


def any_role(wanted: WantedSession) -> Grant:
    """The session of whatever role is asked for: where no signature is verified, of an ARN only the account counts."""
    account, name = split_role_arn(wanted.role_arn)
    claims = SessionClaims(
        account,
        session_arn(account, name, wanted.session_name),
        wanted.role_arn,
        f"{role_id(wanted.role_arn)}:{wanted.session_name}",
        (wanted.policy,) if wanted.policy else (),
        wanted.tags,
    )
    return Grant(claims, HOUR if wanted.seconds is None else wanted.seconds)
