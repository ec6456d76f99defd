"""CloudWatch's three protocols: Smithy RPC v2 CBOR (current SDKs), AWS JSON 1.0, and the query protocol with XML."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from emulator.cloudwatch.errors import CloudWatchError, MalformedBodyError
from emulator.cloudwatch.queries import Entries, Moment
from emulator.domain.json_values import JsonMapping, JsonObject, JsonValue

BODY_LIMIT = 2_000_000
LIST_LIMIT = 10_000
XML_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"

_RPC_PATH = re.compile(r"/service/GraniteServiceVersion20100801/operation/(\w+)")
_EPOCH_TAG = 1

Answer = tuple[dict[str, str], bytes]
"""Headers (lower-case names) and body."""


class Protocol(Enum):
    """How a request is written, and so its answer; the value is the answer's content type."""

    CBOR = "application/cbor"
    JSON = "application/x-amz-json-1.0"
    QUERY = "text/xml"


@dataclass(frozen=True, slots=True)
class CloudWatchRequest:
    """A request, taken out of its protocol."""

    protocol: Protocol
    operation: str
    parameters: object


def protocol_of(headers: Mapping[str, str]) -> Protocol:
    """The protocol that a request's headers (lower-case names) announce; the query protocol has none of its own."""
    if headers.get("smithy-protocol") == "rpc-v2-cbor" or headers.get("content-type") == Protocol.CBOR.value:
        return Protocol.CBOR
    return Protocol.JSON if "x-amz-target" in headers else Protocol.QUERY


def read_request(path: str, query: str, headers: Mapping[str, str], body: bytes) -> CloudWatchRequest:
    """Raises MalformedBodyError if the body is not what the protocol says."""
    protocol = protocol_of(headers)
    if headers.get("content-encoding") == "gzip":
        body = _decompress(body)
    if protocol is Protocol.CBOR:
        match = _RPC_PATH.fullmatch(path)
        return CloudWatchRequest(protocol, match.group(1) if match else "", _read_cbor(body))
    if protocol is Protocol.JSON:
        return CloudWatchRequest(protocol, headers["x-amz-target"].rpartition(".")[2], _read_json(body))
    fields = dict(parse_qsl(query) + parse_qsl(body.decode("utf-8", "replace"), max_num_fields=LIST_LIMIT))
    return CloudWatchRequest(protocol, fields.get("Action", ""), _unflatten(fields))


def write_answer(request: CloudWatchRequest, answer: JsonMapping, request_id: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a successful answer."""
    if request.protocol is not Protocol.QUERY:
        return _headers(request.protocol, request_id), _write(request.protocol, answer)
    root = ElementTree.Element(f"{request.operation}Response", xmlns=XML_NAMESPACE)
    _write_xml(ElementTree.SubElement(root, f"{request.operation}Result"), answer)
    _write_xml(ElementTree.SubElement(root, "ResponseMetadata"), {"RequestId": request_id})
    return _headers(request.protocol, request_id), ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def write_error(protocol: Protocol, error: CloudWatchError, request_id: str) -> Answer:
    """Headers and body of an error answer. SDKs take the code of the query protocol, whatever protocol they speak."""
    headers = _headers(protocol, request_id)
    fault = "Sender" if error.sender_fault else "Receiver"
    if protocol is not Protocol.QUERY:
        headers["x-amzn-query-error"] = f"{error.query_code};{fault}"
        return headers, _write(
            protocol, {"__type": f"com.amazonaws.cloudwatch#{error.shape}", "message": error.message}
        )
    root = ElementTree.Element("ErrorResponse", xmlns=XML_NAMESPACE)
    details = {"Type": fault, "Code": error.query_code, "Message": error.message}
    _write_xml(root, {"Error": details, "RequestId": request_id})
    return headers, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _headers(protocol: Protocol, request_id: str) -> dict[str, str]:
    headers = {"content-type": protocol.value, "x-amzn-requestid": request_id}
    if protocol is Protocol.CBOR:
        headers["smithy-protocol"] = "rpc-v2-cbor"
    return headers


def _decompress(body: bytes) -> bytes:
    decompressor = zlib.decompressobj(wbits=31)
    try:
        plain = decompressor.decompress(body, BODY_LIMIT)
    except zlib.error:
        raise MalformedBodyError("The body is not gzip.") from None
    if decompressor.unconsumed_tail:
        raise MalformedBodyError(f"The body is over {BODY_LIMIT} bytes.")
    return plain


def _read_cbor(body: bytes) -> JsonValue:
    import cbor2  # imported with the first request: most runs never need it

    try:
        return cbor2.loads(body) if body else {}
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError):
        raise MalformedBodyError("The body is not CBOR.") from None


def _read_json(body: bytes) -> JsonValue:
    try:
        return json.loads(body) if body else {}
    except (ValueError, RecursionError):
        raise MalformedBodyError("The body is not JSON.") from None


def _write(protocol: Protocol, answer: JsonMapping) -> bytes:
    if protocol is Protocol.JSON:
        return json.dumps(answer, separators=(",", ":")).encode()
    import cbor2

    return cbor2.dumps(_tagged(answer, cbor2.CBORTag))


def _tagged(value: JsonValue, tag: JsonValue) -> JsonValue:
    """The answer with moments as CBOR's epoch times."""
    if isinstance(value, Moment):
        return tag(_EPOCH_TAG, float(value))
    if isinstance(value, Mapping):
        return {name: _tagged(member, tag) for name, member in value.items()}
    return [_tagged(member, tag) for member in value] if isinstance(value, list) else value


def _write_xml(parent: ElementTree.Element, value: object) -> None:
    if isinstance(value, Entries):
        for key, member in value.items():
            _write_xml(ElementTree.SubElement(parent, "entry"), {"key": key, "value": member})
    elif isinstance(value, Mapping):
        for name, member in value.items():
            _write_xml(ElementTree.SubElement(parent, name), member)
    elif isinstance(value, list):
        for member in value:
            _write_xml(ElementTree.SubElement(parent, "member"), member)
    elif isinstance(value, Moment):
        parent.text = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        parent.text = str(value)


def _unflatten(fields: Mapping[str, str]) -> JsonObject:
    """`A.member.1.B=x` of the query protocol as nested structures and lists."""
    root: JsonObject = {}
    for name, value in fields.items():
        steps = name.split(".")
        if len(steps) > 20:
            raise MalformedBodyError(f"The parameter {name[:80]} is nested too deep.")
        node = root
        for step in steps[:-1]:
            child = node.setdefault(step, {})
            if not isinstance(child, dict):
                raise MalformedBodyError(f"The parameter {name[:80]} is a value and a structure at once.")
            node = child
        node[steps[-1]] = value
    return {name: _lists(value) for name, value in root.items()}


def _lists(value: object) -> JsonValue:
    if not isinstance(value, dict):
        return value
    members = value.get("member")
    if set(value) == {"member"} and isinstance(members, dict) and all(key.isdecimal() for key in members):
        return [_lists(members[key]) for key in sorted(members, key=int)]
    return {name: _lists(member) for name, member in value.items()}
