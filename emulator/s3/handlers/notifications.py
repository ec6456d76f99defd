"""GetBucketNotificationConfiguration and PutBucketNotificationConfiguration."""

from __future__ import annotations

from emulator.s3.errors import S3Error
from emulator.s3.events.outbox import KIND, Cause, announce_configuration
from emulator.s3.handlers.context import Call
from emulator.s3.http.response import S3Response, xml_response
from emulator.s3.index import buckets
from emulator.s3.rules import notification
from emulator.s3.rules.notification import Notification
from emulator.wire import xml


def get_bucket_notification(call: Call) -> S3Response:
    """GetBucketNotificationConfiguration: empty for a bucket that has none."""
    with call.vault.reading() as connection:
        document = buckets.configuration(connection, call.bucket(connection), KIND)
    return xml_response(document or xml.document(notification.ROOT, ""))


def put_bucket_notification(call: Call) -> S3Response:
    """PutBucketNotificationConfiguration replaces all; queues and topics get S3's test event.

    Destinations are looked for first, unless `x-amz-skip-destination-validation` is true.
    """
    body = call.document()
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
    wanted = notification.parse(body, bucket.region)
    if call.request.headers.get("x-amz-skip-destination-validation", "").lower() != "true":
        _require_destinations(call, wanted, bucket.account)
    with call.vault.changing() as change:
        bucket = call.bucket(change.connection)
        document = notification.to_document(wanted) if wanted else None
        buckets.set_configuration(change.connection, bucket, KIND, document)
        announce_configuration(change, bucket, wanted, Cause.of(call.request))
    return S3Response(200)


def _require_destinations(call: Call, wanted: list[Notification], account: str) -> None:
    arns = dict.fromkeys(one.destination.arn for one in wanted)
    problems = {arn: call.vault.notifier.problem_with(arn, account) for arn in arns}
    details: dict[str, str] = {}
    for number, (arn, problem) in enumerate(
        ((arn, problem) for arn, problem in problems.items() if problem is not None), start=1
    ):
        details |= {f"ArgumentName{number}": arn, f"ArgumentValue{number}": problem}
    if details:
        error = S3Error("InvalidArgument", "Unable to validate the following destination configurations")
        error.details |= details
        raise error
