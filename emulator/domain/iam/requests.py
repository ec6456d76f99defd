"""Who asks for what: principals, requests, and the condition keys that a request brings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

Context = Mapping[str, Sequence[str]]
"""Condition keys in lower case, each with its values: `{"aws:sourceip": ["10.0.0.1"]}`."""

_SESSION_ARN = re.compile(r"arn:([a-z\d-]+):sts::(\d{12}):assumed-role/(.+)/([^/]+)")

# What IAM itself or the network knows of a caller: of one that is known by its account alone it is not absent.
_UNKNOWN_OF_ACCOUNTS = (
    "aws:sourceip",
    *("aws:principal", "aws:userid", "aws:username", "aws:sourcevpc", "aws:vpcsourceip", "aws:sourceidentity"),
    *("aws:multifactorauth", "aws:tokenissuetime", "aws:federatedprovider", "aws:rolesessionname", "aws:ec2"),
    *("aws:via", "aws:calledvia", "aws:sourcearn", "aws:sourceaccount", "aws:sourceorg", "aws:resourceorg"),
)


class PrincipalKind(StrEnum):
    """What a caller is. ACCOUNT is a caller of whom only the account is known (`CUSTOM_LABELS_AUTH=off`)."""

    ACCOUNT = "Account"
    ROOT = "Root"
    USER = "User"
    SESSION = "AssumedRole"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller.

    `arn` is that of the user (`arn:aws:iam::A:user/PATH/N`), of the session (`arn:aws:sts::A:assumed-role/R/S`, with
    the role in `role_arn`) or of the root (`arn:aws:iam::A:root`); of a service its name; of nobody "". `name` is
    `aws:username` of a user, `user_id` is `aws:userid`, `tags` are the values of `aws:PrincipalTag/…`.
    """

    account: str
    arn: str
    kind: PrincipalKind
    name: str = ""
    user_id: str = ""
    role_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def context(self) -> dict[str, Sequence[str]]:
        """The condition keys that the principal itself brings."""
        kind = "Account" if self.kind in (PrincipalKind.ROOT, PrincipalKind.ACCOUNT) else self.kind.value
        keys: dict[str, Sequence[str]] = {"aws:principaltype": (kind,)}
        if self.kind is PrincipalKind.ANONYMOUS:
            keys["aws:userid"] = ("anonymous",)
            return keys
        keys["aws:principalaccount"] = (self.account,)
        # Of a session IAM compares the role's ARN.
        keys["aws:principalarn"] = (self.role_arn or self.arn,)
        if self.kind is PrincipalKind.ROOT:
            keys["aws:userid"] = (self.account,)
        if self.user_id:
            keys["aws:userid"] = (self.user_id,)
        if self.name:
            keys["aws:username"] = (self.name,)
        return keys | keys_of_tags("aws:principaltag/", self.tags.items())


def account_principal(account: str) -> Principal:
    """The caller of mode `off`: an account, whoever in it calls."""
    return Principal(account, f"arn:aws:iam::{account}:root", PrincipalKind.ACCOUNT)


def role_of_session(session_arn: str) -> str | None:
    """The ARN, without a path, of the role of an assumed-role session; None for other ARNs."""
    match = _SESSION_ARN.fullmatch(session_arn)
    return None if match is None else f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that a principal wants to do.

    `action` is such as `s3:GetObject`, `resource` an ARN or `*`. `owner` is the account that the resource belongs to,
    None for the principal's own. The keys of `context` are in lower case. `pattern` is what a policy would name the
    resource by, where its ARN is not known before it is made.
    """

    action: str
    resource: str
    principal: Principal
    context: Context = field(default_factory=dict)
    owner: str | None = None
    pattern: str | None = None

    @property
    def is_within_account(self) -> bool:
        """Whether caller and resource belong to one account."""
        return self.owner is None or self.owner == self.principal.account


def keys_of_tags(prefix: str, tags: Iterable[tuple[str, str]]) -> dict[str, Sequence[str]]:
    """The condition keys of tags, such as `aws:requesttag/team`.

    The names of keys have no case, those of tags do. A condition matches a tag of either name, but not both (IAM's
    reference of aws:RequestTag and aws:ResourceTag): of two that differ in case alone neither is there.
    """
    keys: dict[str, Sequence[str]] = {}
    twice: set[str] = set()
    for name, value in tags:
        key = f"{prefix}{name.lower()}"
        if key in keys:
            twice.add(key)
        keys[key] = (value,)
    return {key: values for key, values in keys.items() if key not in twice} if twice else keys


def moment_keys(epoch_seconds: float) -> Context:
    """`aws:CurrentTime` and `aws:EpochTime` of a moment."""
    now = datetime.fromtimestamp(epoch_seconds, UTC)
    return {"aws:currenttime": (f"{now:%Y-%m-%dT%H:%M:%SZ}",), "aws:epochtime": (str(int(epoch_seconds)),)}


def forwarded_keys(service: str) -> Context:
    """The keys that differ where a service asks another one on the caller's behalf (IAM's forward access sessions).

    The caller's address is not the one that the request comes from; a key without values counts as absent.
    """
    principal = (f"{service}.amazonaws.com",)
    return {
        "aws:viaawsservice": ("true",),
        "aws:calledvia": principal,
        "aws:calledviafirst": principal,
        "aws:calledvialast": principal,
        **dict.fromkeys(("aws:sourceip", "aws:useragent", "aws:referer"), ()),
    }


class Facts:
    """What conditions and variables are looked up in: the request's keys and its principal's.

    `has_boundary`: a permissions boundary limits the principal.
    """

    __slots__ = ("_keys", "_only_account", "has_boundary", "request")

    def __init__(self, request: Request, *, has_boundary: bool = False) -> None:
        self.request = request
        self.has_boundary = has_boundary
        owner = request.owner or request.principal.account
        self._keys = {"aws:resourceaccount": (owner,), **request.context, **request.principal.context()}
        self._only_account = request.principal.kind is PrincipalKind.ACCOUNT

    def values(self, key: str) -> Sequence[str] | None:
        """The values of a key in lower case, None where the request does not have it."""
        return self._keys.get(key)

    def single(self, key: str) -> str | None:
        """The value of a key that has exactly one."""
        values = self._keys.get(key)
        return values[0] if values is not None and len(values) == 1 else None

    def is_unknown(self, key: str) -> bool:
        """Whether a key is not absent but unknown, as everything about a caller of whom only the account is known."""
        return self._only_account and key not in self._keys and key.startswith(_UNKNOWN_OF_ACCOUNTS)
