"""Chaos on buckets: made, versioned and deleted, and every setting of the account's bucket put and deleted."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.faults.account import Account, Step
from tests.faults.ledger import Absent


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a bucket by its calls in boto3.

    `document` gives the parameters of the put for a number; `value` reads the number back from the answer of the get.
    Without `delete` it stays once it was put.
    """

    put: str
    get: str
    delete: str | None
    document: Callable[[str, str], dict[str, Any]]
    value: Callable[[dict[str, Any]], str]


def _policy(bucket: str, number: str) -> dict[str, Any]:
    statement = {
        "Sid": f"s{number}",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


def _cors(_bucket: str, number: str) -> dict[str, Any]:
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": [f"https://{number}.example"]}
    return {"CORSConfiguration": {"CORSRules": [rule]}}


def _lifecycle(_bucket: str, number: str) -> dict[str, Any]:
    rule = {"ID": number, "Status": "Enabled", "Filter": {"Prefix": "x"}, "Expiration": {"Days": 1}}
    return {"LifecycleConfiguration": {"Rules": [rule]}}


def _encryption(_bucket: str, number: str) -> dict[str, Any]:
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": number}
    return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]}}


def _notification(_bucket: str, number: str) -> dict[str, Any]:
    """Of keys that nothing has, so that no event is sent."""
    queue = {
        "Id": number,
        "QueueArn": "arn:aws:sqs:us-east-1:111111111111:nobody",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "nothing/"}]}},
    }
    return {"NotificationConfiguration": {"QueueConfigurations": [queue]}, "SkipDestinationValidation": True}


def _choice(*possible: Any) -> Callable[[str], Any]:
    """One of several values by the number: for settings that have no place for a number."""
    return lambda number: possible[int(number) % len(possible)]


_owner = _choice("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")
_status = _choice("Enabled", "Suspended")
_payer = _choice("Requester", "BucketOwner")
_blocked = _choice(True, False)

SETTINGS = {
    "tagging": Setting(
        "put_bucket_tagging",
        "get_bucket_tagging",
        "delete_bucket_tagging",
        lambda _, number: {"Tagging": {"TagSet": [{"Key": "n", "Value": number}]}},
        lambda answer: str(answer["TagSet"][0]["Value"]),
    ),
    "cors": Setting(
        "put_bucket_cors",
        "get_bucket_cors",
        "delete_bucket_cors",
        _cors,
        lambda answer: re.sub(r"\D", "", answer["CORSRules"][0]["AllowedOrigins"][0]),
    ),
    "policy": Setting(
        "put_bucket_policy",
        "get_bucket_policy",
        "delete_bucket_policy",
        _policy,
        lambda answer: str(json.loads(answer["Policy"])["Statement"][0]["Sid"][1:]),
    ),
    "lifecycle": Setting(
        "put_bucket_lifecycle_configuration",
        "get_bucket_lifecycle_configuration",
        "delete_bucket_lifecycle",
        _lifecycle,
        lambda answer: str(answer["Rules"][0]["ID"]),
    ),
    "encryption": Setting(
        "put_bucket_encryption",
        "get_bucket_encryption",
        "delete_bucket_encryption",
        _encryption,
        lambda answer: str(
            answer["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"].get(
                "KMSMasterKeyID"
            )
        ),
    ),
    "website": Setting(
        "put_bucket_website",
        "get_bucket_website",
        "delete_bucket_website",
        lambda _, number: {"WebsiteConfiguration": {"IndexDocument": {"Suffix": number}}},
        lambda answer: str(answer["IndexDocument"]["Suffix"]),
    ),
    "logging": Setting(
        "put_bucket_logging",
        "get_bucket_logging",
        None,
        lambda bucket, number: {
            "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": number}}
        },
        lambda answer: str(answer["LoggingEnabled"]["TargetPrefix"]),
    ),
    "notification": Setting(
        "put_bucket_notification_configuration",
        "get_bucket_notification_configuration",
        None,
        _notification,
        lambda answer: str(answer["QueueConfigurations"][0]["Id"]),
    ),
    "ownershipControls": Setting(
        "put_bucket_ownership_controls",
        "get_bucket_ownership_controls",
        "delete_bucket_ownership_controls",
        lambda _, number: {"OwnershipControls": {"Rules": [{"ObjectOwnership": _owner(number)}]}},
        lambda answer: str(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]),
    ),
    "publicAccessBlock": Setting(
        "put_public_access_block",
        "get_public_access_block",
        "delete_public_access_block",
        lambda _, number: {"PublicAccessBlockConfiguration": {"BlockPublicAcls": _blocked(number)}},
        lambda answer: str(answer["PublicAccessBlockConfiguration"]["BlockPublicAcls"]),
    ),
    "requestPayment": Setting(
        "put_bucket_request_payment",
        "get_bucket_request_payment",
        None,
        lambda _, number: {"RequestPaymentConfiguration": {"Payer": _payer(number)}},
        lambda answer: str(answer["Payer"]),
    ),
    "accelerate": Setting(
        "put_bucket_accelerate_configuration",
        "get_bucket_accelerate_configuration",
        None,
        lambda _, number: {"AccelerateConfiguration": {"Status": _status(number)}},
        lambda answer: str(answer["Status"]),
    ),
}
_SHOWN = {"ownershipControls": _owner, "publicAccessBlock": _blocked, "requestPayment": _payer, "accelerate": _status}
_UNSET = {"encryption": "None", "requestPayment": "BucketOwner"}
"""What a bucket answers in which the setting was never put."""


class BucketChanges:
    """Two spare buckets that come and go, and the settings of the account's own."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ledger = account.ledger
        kinds = account.random.sample(sorted(SETTINGS), len(SETTINGS))
        self._to_put = itertools.cycle(kinds)
        self._to_delete = itertools.cycle(kind for kind in kinds if SETTINGS[kind].delete)

    def steps(self) -> list[tuple[Step, float]]:
        return [(self.put_settings, 0.5), (self.delete_setting, 0.7), (self.spare_bucket, 1)]

    def put_settings(self) -> None:
        """The next ones in turn."""
        for kind in itertools.islice(self._to_put, 4):
            self._put_setting(kind)

    def _put_setting(self, kind: str) -> None:
        setting, number, bucket = SETTINGS[kind], self._account.next_serial(), self._account.bucket
        value = str(_SHOWN[kind](number)) if kind in _SHOWN else number
        call = getattr(self._account.s3, setting.put)
        self._ledger.change((kind, bucket), value, call, Bucket=bucket, **setting.document(bucket, number))

    def delete_setting(self) -> None:
        kind = next(self._to_delete)
        call = getattr(self._account.s3, SETTINGS[kind].delete or "")
        self._ledger.change((kind, self._account.bucket), Absent, call, Bucket=self._account.bucket)

    def spare_bucket(self) -> None:
        """The next of CreateBucket, PutBucketVersioning, PutBucketAcl, DeleteBucket: one is (versioning, grants)."""
        name = f"spare-{self._account.name}-{self._account.random.randrange(2)}"
        for _ in range(self._account.random.randrange(1, 5)):
            self._change_spare(("bucket", name), name)

    def _change_spare(self, thing: tuple[str, str], name: str) -> None:
        s3, value = self._account.s3, self._ledger.surely(thing)
        if value is Absent:
            if self._ledger.is_known(thing):
                self._ledger.change(thing, ("", 1), s3.create_bucket, Bucket=name)
        elif value[0] == "":
            status, call = {"Status": "Enabled"}, s3.put_bucket_versioning
            self._ledger.change(thing, ("Enabled", value[1]), call, Bucket=name, VersioningConfiguration=status)
        elif value[1] == 1:
            self._ledger.change(thing, (value[0], 2), s3.put_bucket_acl, Bucket=name, ACL="public-read")
        else:
            self._ledger.change(thing, Absent, s3.delete_bucket, Bucket=name)

    def check(self) -> None:
        s3, bucket = self._account.s3, self._account.bucket
        names = {one["Name"] for one in s3.list_buckets()["Buckets"]}
        for thing in self._ledger.things("bucket"):
            self._ledger.compare(thing, self._read(thing[1]) if thing[1] in names else Absent)
        s3.head_bucket(Bucket=bucket)
        s3.get_bucket_location(Bucket=bucket)
        for kind, setting in SETTINGS.items():
            try:
                found: Any = setting.value(getattr(s3, setting.get)(Bucket=bucket))
            except (ClientError, KeyError):
                found = Absent
            self._ledger.compare((kind, bucket), Absent if self._is_unset(kind, found) else found)
        if self._ledger.surely(("policy", bucket)) is not Absent:
            s3.get_bucket_policy_status(Bucket=bucket)

    def _is_unset(self, kind: str, found: Any) -> bool:
        """A default is taken for "never put", unless putting it is what was acknowledged."""
        return found == _UNSET.get(kind) and found not in self._ledger.allowed.get((kind, self._account.bucket), ())

    def _read(self, name: str) -> tuple[str, int]:
        s3 = self._account.s3
        status = s3.get_bucket_versioning(Bucket=name).get("Status", "")
        return status, len(s3.get_bucket_acl(Bucket=name)["Grants"])
