"""What the policies of an outside S3's buckets say of a caller whom only the emulator knows.

The outside S3 decides about the keys that the emulator uses there. A policy that denies one user, or allows one, says
something of whoever is behind these keys, so it is read (GetBucketPolicy) and decided here with the caller's own (S-9).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from emulator.domain.caller import Caller
from emulator.domain.iam.documents import (
    OBJECT_TAG,
    Policy,
    PolicyError,
    PolicyKind,
    parse_policy,
    parse_stored_policy,
)
from emulator.domain.iam.evaluation import Decision, Reason
from emulator.domain.iam.requests import keys_of_tags
from emulator.domain.iam.rights import Rights
from emulator.domain.json_values import JsonMapping
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectLocation
from emulator.s3.access import on_behalf_of, tags_decide
from emulator.s3.rules.policy import action_on

LASTING = 5.0
"""Seconds until a bucket's policy is asked for again."""

_OF_BUCKETS = frozenset({"s3:ListBucket", "s3:GetBucketAcl"})
# Who may not read the policy (AWS says 405 to other accounts), and endpoints that have none.
_UNREADABLE = frozenset({400, 403, 404, 405, 501})
_NO_POLICY = frozenset({"NoSuchBucketPolicy", "NoSuchBucket"})
_NO_OBJECT = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NoSuchTagSet"})
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """The ways to the endpoint: `policy` gives the document of the bucket, `tags` those of the object.

    Both raise botocore's errors.
    """

    policy: Callable[[], str]
    tags: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Read:
    policies: tuple[Policy, ...]
    at: float


class OutsidePolicies:
    """The policies of buckets by the account whose keys read them. Usable from any thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._read: dict[tuple[str, str], _Read] = {}
        self._told: set[tuple[str, str]] = set()

    def require(self, caller: Caller, action: str, location: ObjectLocation, asking: Asking) -> None:
        """Raises ObjectAccessDeniedError unless the caller's policies and the bucket's allow this (S-9).

        Raises botocore's errors where the endpoint cannot be asked.
        """
        rights = caller.rights
        if rights is None:
            return
        policies = self._fresh(caller.account, location.bucket)
        if policies is None:
            own = _decided(caller, replace(rights, record=None), action, location)
            is_denied = own.reason is Reason.EXPLICIT_DENY  # so that nobody has to be asked
            policies = () if is_denied else self._asked(caller.account, location.bucket, asking)
        keys: dict[str, Sequence[str]] = {}
        if not _is_of_bucket(action) and tags_decide(action, (*rights.policies.all, *policies)):
            keys = keys_of_tags(OBJECT_TAG, self._tags(location, asking).items())
        _refuse(rights, _decided(caller, rights, action, location, policies, keys))

    def require_beforehand(self, caller: Caller, action: str, location: ObjectLocation) -> None:
        """The same as far as it is known without the network.

        While nobody has asked for the bucket's policy, a Deny of the caller's own policies alone is known.
        """
        rights = caller.rights
        if rights is None:
            return
        known = self._read.get((caller.account, location.bucket))
        if known is not None:
            _refuse(rights, _decided(caller, rights, action, location, known.policies))
            return
        decision = _decided(caller, replace(rights, record=None), action, location)
        if decision.reason is Reason.IMPLICIT_DENY:
            return  # The bucket's policy may allow it: the work asks.
        if rights.record is not None:
            rights.record(decision)
        _refuse(rights, decision)

    def _fresh(self, account: str, bucket: str) -> tuple[Policy, ...] | None:
        known = self._read.get((account, bucket))
        return known.policies if known is not None and self._now() - known.at < LASTING else None

    def _asked(self, account: str, bucket: str, asking: Asking) -> tuple[Policy, ...]:
        policies = self._read_policy(account, bucket, asking)
        self._read[account, bucket] = _Read(policies, self._now())
        return policies

    def _read_policy(self, account: str, bucket: str, asking: Asking) -> tuple[Policy, ...]:
        from botocore.exceptions import ClientError

        try:
            document = asking.policy()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NO_POLICY:
                return ()
            if _status(error.response) not in _UNREADABLE:
                raise
            self._tell(account, bucket, f"its policy, if any, is not looked at: {error}")
            return ()
        try:
            return (parse_policy(document, PolicyKind.BUCKET, bucket),)
        except PolicyError as error:
            self._tell(account, bucket, f"what cannot be understood of its policy is left out: {error}")
            return (parse_stored_policy(document, PolicyKind.BUCKET, bucket),)

    def _tags(self, location: ObjectLocation, asking: Asking) -> Mapping[str, str]:
        from botocore.exceptions import ClientError

        try:
            return asking.tags()
        except ClientError as error:
            if _status(error.response) not in _UNREADABLE:
                raise
            if error.response.get("Error", {}).get("Code") not in _NO_OBJECT:
                self._tell("tags", location.bucket, f"the tags of its objects are not looked at: {error}")
            return {}

    def _tell(self, account: str, bucket: str, text: str) -> None:
        if (account, bucket) not in self._told:
            self._told.add((account, bucket))
            logger.warning("the outside S3: bucket %s: %s", bucket, text)


def _status(response: JsonMapping) -> int:
    status: int = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status


def _is_of_bucket(action: str) -> bool:
    return action in _OF_BUCKETS


def _decided(
    caller: Caller,
    rights: Rights,
    action: str,
    location: ObjectLocation,
    policies: tuple[Policy, ...] = (),
    more: Mapping[str, Sequence[str]] | None = None,
) -> Decision:
    """The decision about a bucket that counts as one of the caller's account, since others cannot read its policy."""
    keys: dict[str, Sequence[str]] = {**on_behalf_of(caller), **(more or {})}
    if action == "s3:ListBucket":
        keys["s3:prefix"] = (location.key,)
    if location.version is not None:
        keys["s3:versionid"] = (location.version,)
        action = action_on(action, location.version)
    resource = f"arn:aws:s3:::{location.bucket}" + ("" if _is_of_bucket(action) else f"/{location.key}")
    return rights.ask(action, resource, resource_policies=policies, context=keys)


def _refuse(rights: Rights, decision: Decision) -> None:
    if not rights.permits(decision):
        raise ObjectAccessDeniedError(decision.message)
