"""Events in S3's own JSON, kept in the transaction of the change that they tell of."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from urllib.parse import quote_plus

from emulator.s3.http.request import S3Request
from emulator.s3.index import buckets, events
from emulator.s3.index.records import Bucket
from emulator.s3.rules import acl, notification
from emulator.s3.rules.notification import FUNCTION, Notification
from emulator.s3.vault import Change, now
from emulator.wire import xml

KIND = "notification"
_EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
# Later versions add what the newer kinds of events tell; those of created and removed objects stay as they began.
_VERSION, _VERSION_OF_NEWER_KINDS = "2.1", "2.3"
_ORDINALS = 1 << 24


@dataclass(frozen=True, slots=True)
class Cause:
    """Who did it: the caller's account, its address, and the request."""

    account: str
    address: str
    request_id: str

    @classmethod
    def of(cls, request: S3Request) -> Cause:
        """A request of S3."""
        return cls(request.account, request.client_address, request.request_id)

    @classmethod
    def within(cls, account: str) -> Cause:
        """Something that the emulator itself does for an account."""
        return cls(account, "127.0.0.1", secrets.token_hex(8).upper())


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """What happened to an object: `ObjectCreated:Put`, `ObjectRemoved:Delete` … `size` and `etag` of a created one."""

    name: str
    key: str
    version_id: str
    size: int | None = None
    etag: str | None = None


def delete_marker(key: str, version_id: str) -> ObjectEvent:
    """A delete marker was put on top of a key."""
    return ObjectEvent("ObjectRemoved:DeleteMarkerCreated", key, version_id, etag=_EMPTY_ETAG)


def announce(change: Change, bucket: Bucket, event: ObjectEvent, cause: Cause) -> None:
    """Keep an event for each destination that the bucket's configuration names for it."""
    document = buckets.configuration(change.connection, bucket, KIND)
    if document is None:
        return
    wanting = [wanted for wanted in notification.of_document(document) if wanted.wants(event.name, event.key)]
    if not wanting:
        return
    moment = now()
    # Like S3's, it begins with the time, and is greater for what comes later.
    sequencer = f"{moment:012X}{events.next_id(change.connection) % _ORDINALS:06X}"
    for wanted in wanting:
        body = json.dumps({"Records": [_record(bucket, event, cause, wanted, moment, sequencer)]})
        arn = wanted.destination.arn
        events.add(change.connection, moment, bucket.name, event.key, arn, bucket.account, body)
    change.has_events = True


def announce_configuration(change: Change, bucket: Bucket, added: list[Notification], cause: Cause) -> None:
    """The `s3:TestEvent` that S3 sends to queues and topics when a configuration names them."""
    moment = now()
    body = json.dumps(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": xml.timestamp(moment),
            "Bucket": bucket.name,
            "RequestId": cause.request_id,
            "HostId": cause.request_id,
        }
    )
    arns = dict.fromkeys(one.destination.arn for one in added if one.destination.service != FUNCTION)
    for arn in arns:
        events.add(change.connection, moment, bucket.name, "", arn, bucket.account, body)
        change.has_events = True


def _record(
    bucket: Bucket, event: ObjectEvent, cause: Cause, wanted: Notification, moment: int, sequencer: str
) -> dict[str, object]:
    described: dict[str, object] = {"key": quote_plus(event.key, safe="/*")}
    if event.size is not None:
        described["size"] = event.size
    if event.etag is not None:
        described["eTag"] = event.etag
    if bucket.versioning:
        described["versionId"] = event.version_id
    is_older_kind = event.name.startswith(("ObjectCreated:", "ObjectRemoved:"))
    return {
        "eventVersion": _VERSION if is_older_kind else _VERSION_OF_NEWER_KINDS,
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": xml.timestamp(moment),
        "eventName": event.name,
        "userIdentity": {"principalId": f"AWS:{cause.account}"},
        "requestParameters": {"sourceIPAddress": cause.address},
        "responseElements": {"x-amz-request-id": cause.request_id, "x-amz-id-2": cause.request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": wanted.id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": f"A{acl.canonical_user_id(bucket.account)[:13].upper()}"},
                "arn": f"arn:aws:s3:::{bucket.name}",
            },
            "object": {**described, "sequencer": sequencer},
        },
    }
