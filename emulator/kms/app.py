"""ListKeys, ListAliases and DescribeKey for the keys of the file of identities (S-11, S-12), in KMS's JSON 1.1.

Nothing is encrypted: keys exist so that their states and the rights to them can be tried.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from emulator.domain.iam.keys import ENABLED, Key, KeyNotFoundError, KeyRing, KeySource
from emulator.domain.iam.rights import Rights
from emulator.domain.json_values import JsonMapping, JsonObject
from emulator.wire.asgi import BodyTooLargeError, ClientDisconnectedError, Receive, Scope, Send, read_body
from emulator.wire.refused import SignatureRefused, json_error

_TARGET = "TrentService."
_LARGEST_BODY = 1 << 16
_MOST_ITEMS, _DEFAULT_ITEMS = 1_000, 100


class KmsError(Exception):
    """An error of KMS: its code and message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its members, who asks where, and the keys that there are."""

    parameters: JsonMapping
    account: str
    region: str
    rights: Rights | None
    ring: KeyRing

    def require(self, action: str, key: Key | None = None) -> None:
        """Raises AccessDeniedException unless the caller may do it, with a key or with all."""
        if self.rights is None:
            return
        if key is None:
            decision = self.rights.ask(action, "*")
        else:
            policies = {"resource_policies": key.policies, "resource_must_allow": True}
            decision = self.rights.ask(action, key.arn, owner=key.account, **policies)  # type: ignore[arg-type]
        if not self.rights.permits(decision):
            raise KmsError("AccessDeniedException", decision.message)

    def named_key(self) -> Key:
        """The key that the call names. Raises NotFoundException, ValidationException."""
        name = self.parameters.get("KeyId")
        if not isinstance(name, str) or not name:
            raise KmsError("ValidationException", "KeyId must be the id, the ARN or an alias of a key.")
        key = self.ring.find(name, self.account, self.region)
        if key is None or key.region != self.region:
            raise KmsError("NotFoundException", str(KeyNotFoundError.of(name, self.account, self.region)))
        return key


class KmsApp:
    """ASGI application. Reads account, region, rights and a refusal from the scope, as the S3 does."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            refused = scope.get("aws.refusal")
            if isinstance(refused, SignatureRefused):
                error = json_error(refused)
                raise KmsError(error.code, error.message)
            headers = dict(scope["headers"])
            target = headers.get(b"x-amz-target", b"").decode("latin-1")
            call = Call(
                await _members(receive),
                scope["aws.account"],
                scope["aws.region"],
                scope.get("aws.rights"),
                self._keys(),
            )
            name = target.removeprefix(_TARGET)
            if not target.startswith(_TARGET) or name not in OPERATIONS:
                raise KmsError(
                    "UnsupportedOperationException",
                    f"{name or 'A call without X-Amz-Target'} is not part of this emulator, which encrypts nothing. Of "
                    f"KMS it answers {', '.join(OPERATIONS)}.",
                )
            status, document = 200, OPERATIONS[name](call)
        except KmsError as error:
            status, document = error.status, {"__type": error.code, "message": error.message}
        except ClientDisconnectedError:
            return
        body = json.dumps(document).encode()
        answer = [
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"content-length", str(len(body)).encode()),
            (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": body})


async def _members(receive: Receive) -> JsonObject:
    """The members of a call. Raises SerializationException for what is not a JSON object."""
    try:
        members = json.loads(await read_body(receive, _LARGEST_BODY) or b"{}")
    except (ValueError, RecursionError, BodyTooLargeError):
        raise KmsError("SerializationException", "") from None
    if not isinstance(members, dict):
        raise KmsError("SerializationException", "")
    return members


def _list_keys(call: Call) -> JsonObject:
    call.require("kms:ListKeys")
    keys = call.ring.of(call.account, call.region)
    return _page(call, "Keys", [{"KeyId": key.key_id, "KeyArn": key.arn} for key in keys])


def _list_aliases(call: Call) -> JsonObject:
    call.require("kms:ListAliases")
    keys = [call.named_key()] if "KeyId" in call.parameters else call.ring.of(call.account, call.region)
    aliases = [
        {
            "AliasName": alias,
            "AliasArn": f"{key.arn.rpartition('key/')[0]}{alias}",
            "TargetKeyId": key.key_id,
            "CreationDate": key.created_at,
            "LastUpdatedDate": key.created_at,
        }
        for key in keys
        for alias in key.aliases
    ]
    return _page(call, "Aliases", aliases)


def _page(call: Call, name: str, items: list[JsonObject]) -> JsonObject:
    """A page of at most Limit items, after Marker. Raises InvalidMarkerException, ValidationException."""
    limit, marker = call.parameters.get("Limit", _DEFAULT_ITEMS), call.parameters.get("Marker", "0")
    if not isinstance(limit, int) or not 1 <= limit <= _MOST_ITEMS:
        raise KmsError("ValidationException", f"Limit must be a number from 1 to {_MOST_ITEMS:,}.")
    if not isinstance(marker, str) or not marker.isdecimal() or int(marker) > len(items):
        raise KmsError("InvalidMarkerException", "The marker is not one that this operation gave.")
    end = int(marker) + limit
    page: JsonObject = {name: items[int(marker) : end], "Truncated": end < len(items)}
    return page | ({"NextMarker": str(end)} if end < len(items) else {})


def _describe_key(call: Call) -> JsonObject:
    key = call.named_key()
    call.require("kms:DescribeKey", key)
    metadata = {
        "AWSAccountId": key.account,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": key.created_at,
        "Enabled": key.state == ENABLED,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    return {"KeyMetadata": metadata}


OPERATIONS: dict[str, Callable[[Call], JsonObject]] = {
    "DescribeKey": _describe_key,
    "ListAliases": _list_aliases,
    "ListKeys": _list_keys,
}
