"""Requests to other AWS services: STS is answered, the rest get a clear error in their own protocol."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import cbor2

from emulator.domain.temporary_credentials import SessionTokens
from emulator.sts import actions as sts
from emulator.sts.roles import Roles
from emulator.wire import xml
from emulator.wire.asgi import BodyTooLargeError, ClientDisconnectedError, Receive, Scope, Send, read_body
from emulator.wire.credential_scope import signed_service
from emulator.wire.refused import SignatureRefused, query_error

_LARGEST_BODY, _MOST_FIELDS = 1 << 18, 1_000
_TOO_LARGE = f"A request to STS has at most {_LARGEST_BODY:,} bytes and {_MOST_FIELDS:,} parameters."
_REST_XML = frozenset({"route53", "cloudfront", "s3-control"})
_STATUS = 501


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes


class OtherServices:
    """ASGI application. Reads `scope["aws.account"]` and, where signatures are verified, `scope["aws.admission"]`, or
    why there is none: `scope["aws.refusal"]`.

    `tokens` are there once the emulator serves; `roles` decides over sessions, None where nothing is verified.
    """

    def __init__(self, tokens: Callable[[], SessionTokens], roles: Roles | None = None) -> None:
        self._tokens = tokens
        self._roles = roles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        is_too_large = False
        try:
            body = await read_body(receive, _LARGEST_BODY)
        except (BodyTooLargeError, ClientDisconnectedError):
            body, is_too_large = b"", True  # The query and the headers still say which service was meant.
        request_id = str(uuid.uuid4())
        query = scope.get("query_string", b"").decode("latin-1")
        signed = signed_service(headers.get("authorization", "").encode("latin-1"), query.encode("latin-1"))
        service = None if signed is None else signed.decode("ascii")
        try:
            parameters = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
            if _is_form(headers):
                form = body.decode("utf-8", "replace")
                parameters |= dict(parse_qsl(form, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            parameters, is_too_large = {}, True
        if service == "sts" and is_too_large:
            document = sts.error_document("RequestEntityTooLarge", _TOO_LARGE, request_id)
            answer = _Answer(413, "text/xml", document)
        elif service == "sts" or (service is None and parameters.get("Action") in sts.ACTIONS):
            answer = self._sts(scope, headers, parameters, request_id)
        else:
            answer = _refusal(service or "unknown", headers, parameters, request_id)
        await _send(send, answer, request_id, head=scope["method"] == "HEAD")

    def _sts(self, scope: Scope, headers: dict[str, str], parameters: dict[str, str], request_id: str) -> _Answer:
        refused = scope.get("aws.refusal")
        if isinstance(refused, SignatureRefused) and parameters.get("Action") not in sts.UNSIGNED_ACTIONS:
            status, code, message = query_error(refused)
            return _Answer(status, "text/xml", sts.error_document(code, message, request_id))
        token = headers.get("x-amz-security-token") or parameters.get("X-Amz-Security-Token")
        admission = scope.get("aws.admission")
        call = sts.Call(parameters, scope["aws.account"], token, self._tokens(), self._roles, admission)
        status, document = sts.answer(call, request_id)
        return _Answer(status, "text/xml", document)


def _refusal(service: str, headers: dict[str, str], parameters: dict[str, str], request_id: str) -> _Answer:
    message = (
        f"The service '{service}' is not part of this emulator. It answers Amazon Rekognition Custom Labels, "
        f"Amazon S3, the CloudWatch metrics of Rekognition, and of AWS STS {', '.join(sts.ACTIONS)}."
    )
    code = "NotImplemented"
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return _Answer(_STATUS, "application/cbor", cbor2.dumps({"__type": code, "message": message}))
    if "x-amz-target" in headers or headers.get("content-type", "").startswith("application/x-amz-json"):
        content_type = headers.get("content-type", "application/x-amz-json-1.1")
        return _Answer(_STATUS, content_type, json.dumps({"__type": code, "message": message}).encode())
    if service == "ec2":
        error = xml.branch("Errors", xml.branch("Error", xml.leaves(Code=code, Message=message)))
        return _Answer(_STATUS, "text/xml", xml.document("Response", error + xml.leaf("RequestID", request_id), ""))
    if _is_form(headers) or "Action" in parameters or service in _REST_XML:
        return _Answer(_STATUS, "text/xml", sts.error_document(code, message, request_id))
    return _Answer(_STATUS, "application/json", json.dumps({"code": code, "message": message}).encode())


def _is_form(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


async def _send(send: Send, answer: _Answer, request_id: str, head: bool) -> None:
    headers = {
        "content-type": answer.content_type,
        "content-length": str(len(answer.body)),
        "x-amzn-requestid": request_id,
        "x-amzn-errortype": "NotImplemented",
        "smithy-protocol": "rpc-v2-cbor",
    }
    if answer.content_type != "application/cbor":
        del headers["smithy-protocol"]
    if answer.status < 400:
        del headers["x-amzn-errortype"]
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
