"""The policy of a form upload: what its signer allowed the form to say, and until when."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from emulator.domain.json_values import JsonObject
from emulator.s3.errors import S3Error
from emulator.wire import numbers

_FREE = frozenset({"policy", "file", "x-amz-signature", "signature", "awsaccesskeyid", "submit"})
_FREE_PREFIX = "x-ignore-"


def check(fields: Mapping[str, str], bucket: str, size: int, moment: datetime) -> None:
    """Compare a form with its policy; a form without one is allowed everything, as an anonymous request is.

    `fields` have names in lower case, `size` is the file's in bytes. Raises InvalidPolicyDocument, AccessDenied,
    EntityTooSmall or EntityTooLarge.
    """
    if "policy" not in fields:
        return
    policy = _decoded(fields["policy"])
    if moment > _expiration(policy):
        raise S3Error("AccessDenied", "Invalid according to Policy: Policy expired.")
    values = {**fields, "bucket": bucket}
    mentioned = {_check_condition(condition, values, size) for condition in policy.get("conditions", [])}
    for name in fields:
        if name not in mentioned | _FREE and not name.startswith(_FREE_PREFIX):
            raise S3Error("AccessDenied", f"Invalid according to Policy: Extra input fields: {name}")


def _decoded(encoded: str) -> JsonObject:
    try:
        policy = json.loads(base64.b64decode(encoded))
    except (ValueError, RecursionError) as error:
        raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid JSON.") from error
    if not isinstance(policy, dict) or not isinstance(policy.get("conditions", []), list):
        raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid JSON.")
    return policy


def _expiration(policy: JsonObject) -> datetime:
    try:
        expiration = datetime.fromisoformat(str(policy["expiration"]))
    except (KeyError, ValueError) as error:
        raise S3Error("InvalidPolicyDocument", "Invalid Policy: Policy missing expiration.") from error
    return expiration if expiration.tzinfo else expiration.replace(tzinfo=UTC)


def _check_condition(condition: object, values: Mapping[str, str], size: int) -> str:
    """The name of the field that a condition speaks of, which it holds for."""
    match condition:
        case dict() if len(condition) == 1:
            name, expected = next(iter(condition.items()))
            holds = values.get(name.lower()) == str(expected)
        case ["eq", str(name), expected]:
            holds = values.get(name.lower().removeprefix("$")) == str(expected)
        case ["starts-with", str(name), str(prefix)]:
            holds = values.get(name.lower().removeprefix("$"), "").startswith(prefix)
        case ["content-length-range", least, most]:
            _check_size(size, _bytes(least), _bytes(most))
            return "content-length-range"
        case _:
            raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid Condition.")
    if not holds:
        shown = json.dumps(condition)
        raise S3Error("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {shown}")
    return str(name).lower().removeprefix("$")


def _bytes(limit: object) -> int:
    """A bound of content-length-range, which policies write as a number or as text."""
    number = numbers.whole(str(limit))
    if number is None:
        raise S3Error("InvalidPolicyDocument", "Invalid Policy: Invalid Condition.")
    return number


def _check_size(size: int, least: int, most: int) -> None:
    if size < least:
        raise S3Error("EntityTooSmall", ProposedSize=str(size), MinSizeAllowed=str(least))
    if size > most:
        raise S3Error("EntityTooLarge", ProposedSize=str(size), MaxSizeAllowed=str(most))
