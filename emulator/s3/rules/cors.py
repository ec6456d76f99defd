"""A bucket's CORS configuration: checked when it is put, applied to preflights and to requests of browsers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from emulator.s3.errors import S3Error
from emulator.s3.http import xml_reading
from emulator.wire import numbers, xml

_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})
_MOST_RULES = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """One CORSRule."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    allowed_headers: tuple[str, ...]
    exposed_headers: tuple[str, ...]
    max_age: int | None

    def allows(self, origin: str, method: str, headers: list[str]) -> bool:
        """Whether a browser page of `origin` may send `method` with these header names."""
        return (
            method in self.methods
            and any(_wildcard(pattern, origin) for pattern in self.origins)
            and all(any(_wildcard(allowed.lower(), name) for allowed in self.allowed_headers) for name in headers)
        )


def parse(body: bytes) -> list[Rule]:
    """The rules of a CORSConfiguration document. Raises MalformedXML or InvalidRequest."""
    rules = [_rule(element) for element in xml_reading.parse(body, "CORSConfiguration").findall("CORSRule")]
    if not rules or len(rules) > _MOST_RULES:
        raise S3Error("MalformedXML")
    return rules


def preflight(rules: list[Rule], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that answer an OPTIONS request. Raises CORSForbidden."""
    origin, method = headers["origin"], headers.get("access-control-request-method", "")
    names = [
        name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",") if name.strip()
    ]
    for rule in rules:
        if rule.allows(origin, method, names):
            return _answer(rule, origin) | ({"access-control-allow-headers": ", ".join(names)} if names else {})
    raise S3Error("CORSForbidden", Method=method, ResourceType="OBJECT")


def actual(rules: list[Rule], origin: str, method: str) -> dict[str, str]:
    """The headers that let a page of `origin` read an answer; none when no rule fits."""
    for rule in rules:
        if rule.allows(origin, method, []):
            return _answer(rule, origin)
    return {}


def document_for_origin(origin: str) -> bytes:
    """A configuration that opens a bucket to the pages of one origin."""
    rule = (
        xml.leaf("AllowedHeader", "*")
        + "".join(xml.leaf("AllowedMethod", method) for method in ("GET", "HEAD", "PUT", "POST", "DELETE"))
        + xml.leaf("AllowedOrigin", origin)
        + xml.leaf("ExposeHeader", "ETag")
        + xml.leaf("ExposeHeader", "x-amz-version-id")
        + xml.leaf("MaxAgeSeconds", 3600)
    )
    return xml.document("CORSConfiguration", xml.branch("CORSRule", rule))


def _rule(element: ElementTree.Element) -> Rule:
    def texts(name: str) -> tuple[str, ...]:
        return tuple((child.text or "").strip() for child in element.findall(name))

    methods, origins, age = (
        texts("AllowedMethod"),
        texts("AllowedOrigin"),
        xml_reading.child_text(element, "MaxAgeSeconds"),
    )
    seconds = None if age is None else numbers.whole(age.strip())
    if not methods or not origins or (age is not None and seconds is None):
        raise S3Error("MalformedXML")
    for method in methods:
        if method not in _METHODS:
            raise S3Error(
                "InvalidRequest", f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            )
    for pattern in (*origins, *texts("AllowedHeader")):
        if pattern.count("*") > 1:
            raise S3Error(
                "InvalidRequest", f'AllowedOrigin or AllowedHeader "{pattern}" can not have more than one wildcard.'
            )
    return Rule(origins, methods, texts("AllowedHeader"), texts("ExposeHeader"), seconds)


def _answer(rule: Rule, origin: str) -> dict[str, str]:
    any_origin = "*" in rule.origins
    headers = {
        "access-control-allow-origin": "*" if any_origin else origin,
        "access-control-allow-methods": ", ".join(rule.methods),
        "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }
    if not any_origin:
        headers["access-control-allow-credentials"] = "true"
    if rule.exposed_headers:
        headers["access-control-expose-headers"] = ", ".join(rule.exposed_headers)
    if rule.max_age is not None:
        headers["access-control-max-age"] = str(rule.max_age)
    return headers


def _wildcard(pattern: str, value: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None
