"""KMS keys. Nothing is encrypted with them; what is decided is whether a caller may use one (S-11, S-12)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy
from emulator.domain.json_values import JsonMapping, JsonObject

ENABLED, DISABLED, PENDING_DELETION = "Enabled", "Disabled", "PendingDeletion"
KEY_STATES = (ENABLED, DISABLED, PENDING_DELETION)

_KEY_ARN = re.compile(r"arn:[a-z\d-]+:kms:([a-z\d-]+):(\d{12}):(?:key/(?P<id>[A-Za-z0-9-]+)|(?P<alias>alias/.+))")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of KMS. `aliases` begin with `alias/`. Without a `policy` KMS's own holds: the account's others decide."""

    key_id: str
    account: str
    region: str
    state: str = ENABLED
    aliases: tuple[str, ...] = ()
    description: str = ""
    policy: Policy | None = None
    created_at: float = 0.0

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.key_id}"

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The key's policy, given or KMS's own."""
        return (self.policy or _default_policy(self.account),)

    def to_json(self) -> JsonObject:
        """For a process of its own."""
        given = None if self.policy is None else self.policy.document
        return {
            "key_id": self.key_id,
            "account": self.account,
            "region": self.region,
            "state": self.state,
            "aliases": list(self.aliases),
            "policy": given,
        }

    @classmethod
    def from_json(cls, document: JsonMapping) -> Key:
        """What `to_json` wrote."""
        given = document["policy"]
        policy = None if given is None else parse_policy(given, PolicyKind.KEY, document["key_id"])
        return cls(**{**document, "aliases": tuple(document["aliases"]), "policy": policy})


def _default_policy(account: str) -> Policy:
    """The policy of keys that are made without one: all for whom the account's policies allow it."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return parse_policy({"Version": "2012-10-17", "Statement": [statement]}, PolicyKind.KEY, "default")


class KeyNotFoundError(Exception):
    """There is no such key in the caller's Region."""

    @classmethod
    def of(cls, name: str, account: str, region: str) -> KeyNotFoundError:
        """In KMS's words."""
        arn = named_key_arn(name, account, region)
        return cls(f"Alias {arn} is not found." if ":alias/" in arn else f"Key '{arn}' does not exist")


class KeyDisabledError(Exception):
    """The key is there and cannot be used."""


class KeyDeniedError(Exception):
    """The caller may not use the key; with AWS's sentence."""


KeySource = Callable[[], "KeyRing"]
"""Gives the keys that there are at the moment."""


class KeyRing:
    """All keys that there are."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self.keys = tuple(keys)

    def of(self, account: str, region: str) -> list[Key]:
        """The keys of an account in a Region."""
        return [key for key in self.keys if (key.account, key.region) == (account, region)]

    def find(self, name: str, account: str, region: str) -> Key | None:
        """The key that an id, an ARN, an alias or an alias's ARN names.

        `account` and `region` are the caller's: ids and aliases without ARN are looked up there.
        """
        match = _KEY_ARN.fullmatch(name)
        if match is not None:
            region, account = match[1], match[2]
            name = match["id"] or match["alias"]
        for key in self.of(account, region):
            if name == key.key_id or name in key.aliases:
                return key
        return None

    def usable(self, name: str, account: str, region: str) -> Key:
        """The key, if it can be used in this Region. Raises KeyNotFoundError or KeyDisabledError."""
        key = self.find(name, account, region)
        if key is None or key.region != region:
            raise KeyNotFoundError.of(name, account, region)
        if key.state == DISABLED:
            raise KeyDisabledError(f"{key.arn} is disabled.")
        if key.state != ENABLED:
            raise KeyDisabledError(f"{key.arn} is pending deletion.")
        return key


def named_key_arn(name: str, account: str, region: str) -> str:
    """The ARN that an id or alias means within an account and Region; ARNs stay as they are."""
    if name.startswith("arn:"):
        return name
    return f"arn:aws:kms:{region}:{account}:{name if name.startswith('alias/') else f'key/{name}'}"
