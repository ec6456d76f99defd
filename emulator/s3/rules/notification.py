"""A bucket's notification configuration: checked when it is put, asked for every change of an object."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from xml.etree import ElementTree

from emulator.s3.errors import S3Error
from emulator.s3.http import xml_reading
from emulator.wire import xml

ROOT = "NotificationConfiguration"
QUEUE, TOPIC, FUNCTION = "sqs", "sns", "lambda"
EVENTS = frozenset(
    {
        *("s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy"),
        *("s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete"),
        *("s3:ObjectRemoved:DeleteMarkerCreated", "s3:ObjectTagging:*", "s3:ObjectTagging:Put"),
        *("s3:ObjectTagging:Delete", "s3:ObjectAcl:Put", "s3:ObjectRestore:*", "s3:ObjectRestore:Post"),
        *("s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete", "s3:ReducedRedundancyLostObject"),
        *("s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationNotTracked"),
        *("s3:Replication:OperationMissedThreshold", "s3:Replication:OperationReplicatedAfterThreshold"),
        *("s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete"),
        *("s3:LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleTransition", "s3:IntelligentTiering"),
    }
)
"""All that S3 knows. Those of restores, replication, lifecycle and lost objects never occur here."""
_ELEMENTS = {
    "TopicConfiguration": ("Topic", TOPIC),
    "QueueConfiguration": ("Queue", QUEUE),
    "CloudFunctionConfiguration": ("CloudFunction", FUNCTION),
}
_NAMES_OF_SERVICES = {service: (element, leaf) for element, (leaf, service) in _ELEMENTS.items()}
_RESOURCES = {
    QUEUE: re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo)?"),
    TOPIC: re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?"),
    FUNCTION: re.compile(r"function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?"),
}
_ARN = re.compile(r"arn:aws[a-z-]*:(?P<service>[a-z]+):(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<resource>.+)")
_FIFO = ".fifo"
_MOST = 100
_LONGEST_ID = 255
_LONGEST_FILTER = 1024


@dataclass(frozen=True, slots=True)
class Destination:
    """A queue, topic or function. `service` is sqs, sns or lambda, `resource` its name (a function: function:NAME)."""

    arn: str
    service: str
    region: str
    account: str
    resource: str


@dataclass(frozen=True, slots=True)
class Notification:
    """One configuration: which events of which keys go where. Event names begin with `s3:`."""

    id: str
    destination: Destination
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def wants(self, event: str, key: str) -> bool:
        """Whether an event (`ObjectCreated:Put`) of a key is sent."""
        return (
            key.startswith(self.prefix)
            and key.endswith(self.suffix)
            and any(_covers(wanted, f"s3:{event}") for wanted in self.events)
        )


def parse_destination(arn: str) -> Destination:
    """The queue, topic or function that an ARN names. Raises InvalidArgument."""
    match = _ARN.fullmatch(arn)
    if match is None or match["service"] not in _RESOURCES:
        raise _invalid("The ARN is not well formed", "Arn", arn)
    if not _RESOURCES[match["service"]].fullmatch(match["resource"]):
        raise _invalid("The ARN is not well formed", "Arn", arn)
    return Destination(arn, match["service"], match["region"], match["account"], match["resource"])


def parse(body: bytes, region: str) -> list[Notification]:
    """The configurations of a document put to a bucket of this region. Raises MalformedXML, InvalidArgument …"""
    root = xml_reading.parse(body, ROOT)
    if root.find("EventBridgeConfiguration") is not None:
        raise S3Error(
            "NotImplemented", "Events are not sent to EventBridge by this S3: name a queue, topic or function."
        )
    found = [_notification(element) for element in root if _is_known(element)]
    if len(found) > _MOST:
        raise S3Error("InvalidRequest", f"A bucket can have at most {_MOST} notification configurations.")
    for notification in found:
        if notification.destination.region != region:
            raise _invalid(
                "The notification destination service region is not valid for the bucket location constraint",
                "Arn",
                notification.destination.arn,
            )
    _refuse_repeated_ids(found)
    _refuse_overlaps(found)
    return found


@lru_cache(maxsize=64)
def of_document(document: bytes) -> tuple[Notification, ...]:
    """The configurations of a document that `to_document` wrote."""
    return tuple(_notification(element) for element in xml_reading.parse(document, ROOT))


def to_document(notifications: list[Notification]) -> bytes:
    """The document that GetBucketNotificationConfiguration answers."""
    return xml.document(ROOT, [_element(notification) for notification in notifications])


def _is_known(element: ElementTree.Element) -> bool:
    if element.tag not in _ELEMENTS:
        raise S3Error("MalformedXML")
    return True


def _notification(element: ElementTree.Element) -> Notification:
    leaf, service = _ELEMENTS[element.tag]
    destination = parse_destination((xml_reading.child_text(element, leaf) or "").strip())
    if destination.service != service:
        raise _invalid("The ARN is not well formed", leaf, destination.arn)
    if destination.resource.endswith(_FIFO):
        raise _invalid("FIFO queues and topics are not supported as destinations", leaf, destination.arn)
    identity = (xml_reading.child_text(element, "Id") or "").strip() or secrets.token_urlsafe(36)
    if len(identity) > _LONGEST_ID:
        raise _invalid(f"The Id can have at most {_LONGEST_ID} characters", "Id", identity)
    events = tuple(dict.fromkeys((event.text or "").strip() for event in element.findall("Event")))
    if not events:
        raise S3Error("MalformedXML")
    for event in events:
        if event not in EVENTS:
            raise _invalid(f"The event '{event}' is not supported for notifications", "Event", event)
    rules = dict(_filter_rules(element))
    return Notification(identity, destination, events, rules.get("prefix", ""), rules.get("suffix", ""))


def _filter_rules(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for rule in element.findall("Filter/S3Key/FilterRule"):
        given, value = xml_reading.child_text(rule, "Name") or "", xml_reading.child_text(rule, "Value") or ""
        name = given.strip().lower()
        if name not in ("prefix", "suffix"):
            raise _invalid("filter rule name must be either prefix or suffix", "FilterRule.Name", given)
        if name in seen:
            raise _invalid(f"Cannot specify more than one {name} rule in a filter.", "FilterRule.Name", given)
        if len(value.encode()) > _LONGEST_FILTER:
            raise _invalid(
                f"Size of filter rule value cannot exceed {_LONGEST_FILTER} bytes", "FilterRule.Value", value
            )
        seen.add(name)
        yield name, value


def _refuse_repeated_ids(notifications: list[Notification]) -> None:
    ids = [notification.id for notification in notifications]
    for identity in ids:
        if ids.count(identity) > 1:
            raise _invalid("Same ID used for multiple configurations. IDs must be unique", "Id", identity)


def _refuse_overlaps(notifications: list[Notification]) -> None:
    for one, other in combinations(notifications, 2):
        shares_event = any(_covers(a, b) or _covers(b, a) for a in one.events for b in other.events)
        if not (shares_event and _overlap(one, other)):
            continue
        if one.prefix or one.suffix or other.prefix or other.suffix:
            raise S3Error(
                "InvalidArgument",
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type.",
            )
        raise S3Error(
            "InvalidArgument",
            "Configurations overlap. Configurations on the same bucket cannot share a common event type. : "
            f"{one.id}, {other.id}",
        )


def _overlap(one: Notification, other: Notification) -> bool:
    """Whether some key could pass both filters."""
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    return prefixes and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))


def _covers(wanted: str, event: str) -> bool:
    return wanted == event or (wanted.endswith("*") and event.startswith(wanted[:-1]))


def _element(notification: Notification) -> str:
    element, leaf = _NAMES_OF_SERVICES[notification.destination.service]
    rules = "".join(
        xml.branch("FilterRule", xml.leaves(Name=name, Value=value))
        for name, value in (("Prefix", notification.prefix), ("Suffix", notification.suffix))
        if value
    )
    return xml.branch(
        element,
        xml.leaf("Id", notification.id)
        + xml.leaf(leaf, notification.destination.arn)
        + "".join(xml.leaf("Event", event) for event in notification.events)
        + (xml.branch("Filter", xml.branch("S3Key", rules)) if rules else ""),
    )


def _invalid(message: str, name: str, value: str) -> S3Error:
    return S3Error("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
