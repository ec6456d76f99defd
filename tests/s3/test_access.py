"""Who may do what in the embedded S3: strict owners, and callers whose rights are looked at (O-33, S-2, S-3, S-11)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.domain.caller import Caller
from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, PolicySet
from emulator.domain.iam.keys import DISABLED, Key, KeyRing
from emulator.domain.iam.requests import Principal, PrincipalKind
from emulator.domain.iam.rights import Rights
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectLocation, ObjectNotFoundError
from emulator.s3.object_store import open_embedded_store
from support.s3_server import running_s3, s3_client

OWN, OTHER = "111122223333", "444455556666"
KEY, OFF = Key("1234abcd", OWN, "us-east-1", aliases=("alias/photos",)), Key("off", OWN, "us-east-1", DISABLED)
NOBODY = Rights(Principal("", "", PrincipalKind.ANONYMOUS), PolicySet())


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Code and message of an error."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"].get("Message", "")


def opened_by(principal: object, action: object = "s3:*", bucket: str = "photos", **elements: object) -> str:
    """A bucket policy of one statement."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resources, **elements}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class TestStrictOwners:
    """`CUSTOM_LABELS_S3_OWNERS=strict`, where nobody's rights are looked at."""

    @pytest.fixture
    def clients(self, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
        with running_s3(tmp_path / "objects", strict_owners=True) as (_, endpoint):
            own, other = s3_client(endpoint, OWN), s3_client(endpoint, OTHER)
            own.create_bucket(Bucket="photos")
            own.put_object(Bucket="photos", Key="a.jpg", Body=b"a")
            yield own, other
            own.close()
            other.close()

    def test_a_bucket_of_another_account_is_closed(self, clients: tuple[Any, Any]) -> None:
        own, other = clients
        code, message = refused(other.get_object, Bucket="photos", Key="a.jpg")
        assert code == "AccessDenied"
        assert message == (
            f"User: arn:aws:iam::{OTHER}:root is not authorized to perform: s3:GetObject on resource: "
            "arn:aws:s3:::photos/a.jpg because no resource-based policy allows the s3:GetObject action"
        )
        for call in (other.list_objects_v2, other.delete_bucket, other.get_bucket_policy):
            assert refused(call, Bucket="photos")[0] == "AccessDenied"
        assert refused(other.put_object, Bucket="photos", Key="b", Body=b"b")[0] == "AccessDenied"
        assert own.get_object(Bucket="photos", Key="a.jpg")["Body"].read() == b"a"

    def test_a_bucket_policy_opens_it(self, clients: tuple[Any, Any]) -> None:
        own, other = clients
        own.put_bucket_policy(Bucket="photos", Policy=opened_by({"AWS": OTHER}, "s3:GetObject"))
        assert other.get_object(Bucket="photos", Key="a.jpg")["Body"].read() == b"a"
        assert refused(other.put_object, Bucket="photos", Key="b", Body=b"b")[0] == "AccessDenied"

    def test_conditions_of_the_address_and_of_the_request(self, clients: tuple[Any, Any]) -> None:
        own, other = clients
        near = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "StringLike": {"s3:prefix": "public/*"}}
        own.put_bucket_policy(Bucket="photos", Policy=opened_by({"AWS": OTHER}, "s3:ListBucket", Condition=near))
        assert other.list_objects_v2(Bucket="photos", Prefix="public/")["KeyCount"] == 0
        assert refused(other.list_objects_v2, Bucket="photos", Prefix="private/")[0] == "AccessDenied"
        far = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
        own.put_bucket_policy(Bucket="photos", Policy=opened_by("*", Effect="Deny", Condition=far))
        assert refused(own.get_object, Bucket="photos", Key="a.jpg")[0] == "AccessDenied"
        own.delete_bucket_policy(Bucket="photos")  # which the owner may always do
        assert own.get_object(Bucket="photos", Key="a.jpg")["Body"].read() == b"a"

    def test_the_emulators_own_way_is_as_strict(self, clients: tuple[Any, Any], tmp_path: Path) -> None:
        """TE-4, TE-5, TE-8 come from here."""
        own, _ = clients
        place = ObjectLocation("photos", "a.jpg")
        stranger = Caller(OTHER, "us-east-1")
        store = open_embedded_store(tmp_path / "objects", strict_owners=True)
        try:
            with pytest.raises(ObjectAccessDeniedError):
                store.get(place, stranger)
            with pytest.raises(ObjectAccessDeniedError):
                store.put(place, b"mine", stranger, "text/plain")
            own.put_bucket_policy(Bucket="photos", Policy=opened_by("*"))
            assert store.get(place, stranger) == b"a"
        finally:
            store.close()


@dataclass
class Team:
    """One user of OWN whose policies a test sets, and what was decided about it."""

    identity: list[Policy] = field(default_factory=list)
    seen: list[Decision] = field(default_factory=list)
    is_enforced: bool = True

    def may(self, action: str | Sequence[str], resource: str | Sequence[str], **elements: object) -> None:
        """Give the user one policy more."""
        statement = {"Effect": "Allow", "Action": action, "Resource": resource, **elements}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        self.identity.append(parse_policy(document, PolicyKind.IDENTITY, f"p{len(self.identity)}"))

    def rights(self, access_key: str | None) -> Rights:
        """Those of the user, of the account's root, or of nobody."""
        if access_key is None:
            return NOBODY
        if access_key in (OWN, OTHER):
            root = Principal(access_key, f"arn:aws:iam::{access_key}:root", PrincipalKind.ROOT)
            return Rights(root, PolicySet(), keys=KeyRing([KEY, OFF]))
        ann = Principal(OWN, f"arn:aws:iam::{OWN}:user/ann", PrincipalKind.USER, name="ann")
        policies = PolicySet(tuple(self.identity))
        return Rights(ann, policies, {}, self.is_enforced, self.seen.append, keys=KeyRing([KEY, OFF]))


@pytest.fixture
def team() -> Team:
    return Team()


@pytest.fixture
def endpoint(tmp_path: Path, team: Team) -> Iterator[str]:
    with running_s3(tmp_path / "objects", team.rights) as (_, found):
        yield found


@pytest.fixture
def root(endpoint: str) -> Iterator[Any]:
    client = s3_client(endpoint, OWN)
    client.create_bucket(Bucket="photos")
    client.put_object(Bucket="photos", Key="ann/a.jpg", Body=b"a")
    yield client
    client.close()


@pytest.fixture
def ann(endpoint: str, root: Any) -> Iterator[Any]:
    assert root is not None
    client = s3_client(endpoint, "AKIAANN")
    yield client
    client.close()


OBJECTS = "arn:aws:s3:::photos/*"


def test_a_user_may_what_its_policies_allow(ann: Any, team: Team) -> None:
    code, message = refused(ann.get_object, Bucket="photos", Key="ann/a.jpg")
    assert code == "AccessDenied"
    assert message.endswith("because no identity-based policy allows the s3:GetObject action")
    team.may("s3:GetObject", "arn:aws:s3:::photos/${aws:username}/*")
    assert ann.get_object(Bucket="photos", Key="ann/a.jpg")["Body"].read() == b"a"
    assert refused(ann.put_object, Bucket="photos", Key="ann/b", Body=b"")[0] == "AccessDenied"
    assert [decision.allowed for decision in team.seen] == [False, True, False]


def test_a_report_lets_everything_pass(ann: Any, team: Team) -> None:
    team.is_enforced = False
    ann.put_object(Bucket="photos", Key="ann/b", Body=b"b", ACL="public-read")
    assert [decision.request.action for decision in team.seen] == ["s3:PutObject", "s3:PutObjectAcl"]
    assert not any(decision.allowed for decision in team.seen)


def test_the_root_of_the_account_may_everything_in_its_own_buckets(root: Any, endpoint: str) -> None:
    other = s3_client(endpoint, OTHER)
    assert refused(other.get_object, Bucket="photos", Key="ann/a.jpg")[0] == "AccessDenied"
    root.put_bucket_policy(Bucket="photos", Policy=opened_by({"AWS": OTHER}))
    assert other.get_object(Bucket="photos", Key="ann/a.jpg")["Body"].read() == b"a"
    other.close()


def test_making_and_listing_buckets(ann: Any, team: Team) -> None:
    """S-2."""
    assert refused(ann.list_buckets)[0] == "AccessDenied"
    assert refused(ann.create_bucket, Bucket="custom-labels-console-1")[0] == "AccessDenied"
    team.may("s3:ListAllMyBuckets", "*")
    team.may("s3:CreateBucket", "arn:aws:s3:::custom-labels-console-*")
    ann.create_bucket(Bucket="custom-labels-console-1")
    assert [bucket["Name"] for bucket in ann.list_buckets()["Buckets"]] == ["custom-labels-console-1", "photos"]
    assert refused(ann.create_bucket, Bucket="mine-1")[0] == "AccessDenied"


def test_who_may_not_list_is_not_told_what_is_missing(ann: Any, team: Team) -> None:
    team.may("s3:GetObject", OBJECTS)
    assert refused(ann.get_object, Bucket="photos", Key="ann/none")[0] == "AccessDenied"
    team.may("s3:ListBucket", "arn:aws:s3:::photos")
    assert refused(ann.get_object, Bucket="photos", Key="ann/none")[0] == "NoSuchKey"


@pytest.mark.parametrize(
    ("condition", "allowed", "refused_with"),
    [
        ({"StringEquals": {"s3:x-amz-acl": "private"}}, {"ACL": "private"}, {"ACL": "public-read"}),
        ({"StringEquals": {"s3:RequestObjectTag/Kind": "a"}}, {"Tagging": "Kind=a"}, {"Tagging": "Kind=b"}),
        (
            {"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["Kind"]}},
            {"Tagging": "Kind=b"},
            {"Tagging": "Kind=b&More=c"},
        ),
        ({"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}}, {"StorageClass": "STANDARD_IA"}, {}),
        ({"Null": {"s3:x-amz-server-side-encryption": "false"}}, {"ServerSideEncryption": "AES256"}, {}),
    ],
)
def test_condition_keys_of_puts(
    ann: Any, team: Team, condition: object, allowed: dict[str, str], refused_with: dict[str, str]
) -> None:
    team.may("s3:PutObject*", OBJECTS, Condition=condition)
    ann.put_object(Bucket="photos", Key="ann/b", Body=b"b", **allowed)
    assert refused(ann.put_object, Bucket="photos", Key="ann/b", Body=b"b", **refused_with)[0] == "AccessDenied"


def test_tags_and_acls_need_rights_of_their_own(ann: Any, team: Team) -> None:
    team.may("s3:PutObject", OBJECTS)
    ann.put_object(Bucket="photos", Key="ann/b", Body=b"b")
    for more in ({"ACL": "private"}, {"Tagging": "a=b"}):
        assert refused(ann.put_object, Bucket="photos", Key="ann/b", Body=b"b", **more)[0] == "AccessDenied"
        assert refused(ann.create_multipart_upload, Bucket="photos", Key="ann/b", **more)[0] == "AccessDenied"


def test_tags_that_an_object_has(ann: Any, root: Any, team: Team) -> None:
    team.may("s3:GetObject", OBJECTS, Condition={"StringEquals": {"s3:ExistingObjectTag/Kind": "open"}})
    assert refused(ann.get_object, Bucket="photos", Key="ann/a.jpg")[0] == "AccessDenied"
    root.put_object_tagging(Bucket="photos", Key="ann/a.jpg", Tagging={"TagSet": [{"Key": "kind", "Value": "open"}]})
    assert ann.get_object(Bucket="photos", Key="ann/a.jpg")["Body"].read() == b"a"


def test_no_tag_of_an_object_lets_it_be_overwritten_or_deleted(ann: Any, root: Any, team: Team) -> None:
    """S3 knows s3:ExistingObjectTag not for these, whatever the tag says."""
    root.put_object_tagging(Bucket="photos", Key="ann/a.jpg", Tagging={"TagSet": [{"Key": "kind", "Value": "open"}]})
    team.may("s3:*", OBJECTS, Condition={"StringEquals": {"s3:ExistingObjectTag/kind": "open"}})
    place = {"Bucket": "photos", "Key": "ann/a.jpg"}
    assert ann.get_object_tagging(**place)["TagSet"]
    assert refused(ann.put_object, **place, Body=b"other")[0] == "AccessDenied"
    assert refused(ann.delete_object, **place)[0] == "AccessDenied"
    ann.delete_object_tagging(**place)


def test_copies_read_and_write_with_the_callers_rights(ann: Any, team: Team) -> None:
    copy = {"Bucket": "photos", "Key": "ann/b", "CopySource": "photos/ann/a.jpg"}
    team.may("s3:PutObject", OBJECTS)
    assert refused(ann.copy_object, **copy)[0] == "AccessDenied"
    team.may("s3:GetObject", OBJECTS)
    ann.copy_object(**copy)


def test_deleting_one_version_is_an_action_of_its_own(ann: Any, root: Any, team: Team) -> None:
    root.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    version = root.put_object(Bucket="photos", Key="ann/b", Body=b"b")["VersionId"]
    team.may("s3:DeleteObject", OBJECTS)
    answer = ann.delete_objects(
        Bucket="photos", Delete={"Objects": [{"Key": "ann/b", "VersionId": version}, {"Key": "ann/a.jpg"}]}
    )
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["ann/a.jpg"]


def test_tags_are_those_of_the_version_that_is_read(ann: Any, root: Any, team: Team) -> None:
    """Also of one that a copy takes its bytes from: a younger version may have other tags."""
    root.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    old = root.put_object(Bucket="photos", Key="ann/b", Body=b"old", Tagging="kind=secret")["VersionId"]
    root.put_object(Bucket="photos", Key="ann/b", Body=b"new", Tagging="kind=open")
    team.may("s3:GetObject*", OBJECTS, Condition={"StringEquals": {"s3:ExistingObjectTag/kind": "open"}})
    team.may("s3:PutObject*", OBJECTS)
    source = {"Bucket": "photos", "Key": "ann/b"}
    assert ann.get_object(**source)["Body"].read() == b"new"
    assert refused(ann.get_object, **source, VersionId=old)[0] == "AccessDenied"
    ann.copy_object(Bucket="photos", Key="ann/c", CopySource=source)
    assert refused(ann.copy_object, Bucket="photos", Key="ann/c", CopySource={**source, "VersionId": old})[0] == (
        "AccessDenied"
    )


def test_who_copies_tags_needs_the_rights_to_them(ann: Any, root: Any, team: Team) -> None:
    root.put_object_tagging(Bucket="photos", Key="ann/a.jpg", Tagging={"TagSet": [{"Key": "kind", "Value": "open"}]})
    copy = {"Bucket": "photos", "Key": "ann/b", "CopySource": "photos/ann/a.jpg"}
    team.may(["s3:GetObject", "s3:PutObject"], OBJECTS)
    assert "s3:GetObjectTagging" in refused(ann.copy_object, **copy)[1]
    ann.copy_object(**copy, TaggingDirective="REPLACE")
    team.may("s3:GetObjectTagging", OBJECTS)
    assert "s3:PutObjectTagging" in refused(ann.copy_object, **copy)[1]
    team.may("s3:PutObjectTagging", OBJECTS)
    ann.copy_object(**copy)


def test_what_a_new_bucket_is_given_needs_rights_of_its_own(ann: Any, team: Team) -> None:
    new = "arn:aws:s3:::ann-*"
    team.may("s3:CreateBucket", new, Condition={"StringEqualsIfExists": {"s3:LocationConstraint": "eu-west-1"}})
    ann.create_bucket(Bucket="ann-1", ACL="private")
    for more, action in (
        ({"ACL": "public-read"}, "s3:PutBucketAcl"),
        ({"GrantRead": 'id="1"'}, "s3:PutBucketAcl"),
        ({"ObjectOwnership": "ObjectWriter"}, "s3:PutBucketOwnershipControls"),
        ({"CreateBucketConfiguration": {"LocationConstraint": "us-west-2"}}, "s3:CreateBucket"),
        (
            {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1", "Tags": [{"Key": "a", "Value": "b"}]}},
            "s3:TagResource",
        ),
    ):
        code, message = refused(ann.create_bucket, Bucket="ann-2", **more)
        assert (code, f"perform: {action} on" in message) == ("AccessDenied", True), message
    ann.create_bucket(Bucket="ann-2", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def test_the_region_that_is_asked_for_is_the_buckets(endpoint: str, root: Any, team: Team) -> None:
    """A signature may name another Region, where AWS would send the client away."""
    assert root is not None
    team.may("s3:GetObject", OBJECTS, Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    elsewhere = s3_client(endpoint, "AKIAANN", region="eu-west-1")
    assert refused(elsewhere.get_object, Bucket="photos", Key="ann/a.jpg")[0] == "AccessDenied"
    team.may("s3:GetObject", OBJECTS, Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
    assert elsewhere.get_object(Bucket="photos", Key="ann/a.jpg")["Body"].read() == b"a"
    elsewhere.close()


def test_presigned_urls_have_an_age_and_a_kind(endpoint: str, root: Any) -> None:
    """`s3:signatureAge` in milliseconds, `s3:authType`; a request without a signature has neither."""

    def status(condition: object, minutes: int | None) -> int:
        root.put_bucket_policy(Bucket="photos", Policy=opened_by("*", "s3:GetObject", Condition=condition))
        signed = datetime.now(UTC) - timedelta(minutes=minutes or 0)
        query = f"?X-Amz-Signature=0&X-Amz-Date={signed:%Y%m%dT%H%M%SZ}&X-Amz-Expires=3600"
        try:
            with urllib.request.urlopen(f"{endpoint}/photos/ann/a.jpg{'' if minutes is None else query}") as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    young = {"NumericLessThan": {"s3:signatureAge": 600_000}}
    assert [status(young, minutes) for minutes in (5, 20, None)] == [200, 403, 403]
    presigned = {"StringEquals": {"s3:authType": "REST-QUERY-STRING", "s3:signatureversion": "AWS4-HMAC-SHA256"}}
    assert [status(presigned, minutes) for minutes in (0, None)] == [200, 403]
    unsigned_body = {"StringEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}
    assert [status(unsigned_body, minutes) for minutes in (0, None)] == [200, 403]


def test_who_does_not_sign_gets_what_a_policy_opens_to_everybody(root: Any, endpoint: str) -> None:
    url = f"{endpoint}/photos/ann/a.jpg"
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(url)
    assert raised.value.code == 403
    raised.value.close()
    root.put_bucket_policy(Bucket="photos", Policy=opened_by("*", "s3:GetObject"))
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"a"


@pytest.mark.parametrize("name", [KEY.key_id, KEY.arn, "alias/photos", f"arn:aws:kms:us-east-1:{OWN}:alias/photos"])
def test_objects_under_a_key_need_rights_to_the_key(ann: Any, team: Team, tmp_path: Path, name: str) -> None:
    """S-11. Nothing is encrypted."""
    team.may("s3:*", ["arn:aws:s3:::photos", OBJECTS])
    put = {"Bucket": "photos", "Key": "ann/k", "Body": b"k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": name}
    code, message = refused(ann.put_object, **put)
    assert code == "AccessDenied"
    assert f"kms:GenerateDataKey on resource: {KEY.arn}" in message
    team.may("kms:GenerateDataKey", KEY.arn)
    ann.put_object(**put)
    assert refused(ann.get_object, Bucket="photos", Key="ann/k")[0] == "AccessDenied"
    store, place = open_embedded_store(tmp_path / "objects"), ObjectLocation("photos", "ann/k")
    with pytest.raises(ObjectAccessDeniedError):
        store.get(place, Caller(OWN, "us-east-1", team.rights("AKIAANN")))
    team.may("kms:Decrypt", KEY.arn)
    assert ann.get_object(Bucket="photos", Key="ann/k")["Body"].read() == b"k"
    assert store.get(place, Caller(OWN, "us-east-1", team.rights("AKIAANN"))) == b"k"
    store.close()


@pytest.mark.parametrize(
    ("name", "code"),
    [("none", "KMS.NotFoundException"), ("alias/none", "KMS.NotFoundException"), ("off", "KMS.DisabledException")],
)
def test_keys_that_cannot_be_used(ann: Any, team: Team, name: str, code: str) -> None:
    team.may(["s3:*", "kms:*"], "*")
    put = {"Bucket": "photos", "Key": "ann/k", "Body": b"k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": name}
    assert refused(ann.put_object, **put)[0] == code


def test_what_is_missing_for_the_emulators_own_way(ann: Any, team: Team, tmp_path: Path) -> None:
    """As over HTTP: who may not list is refused, and so it is E-4 and not E-1."""
    assert ann is not None
    store, place = open_embedded_store(tmp_path / "objects"), ObjectLocation("photos", "none")
    try:
        team.may("s3:GetObject", OBJECTS)
        with pytest.raises(ObjectAccessDeniedError):
            store.head(place, Caller(OWN, "us-east-1", team.rights("AKIAANN")))
        team.may("s3:ListBucket", "*", Condition={"StringLike": {"s3:prefix": "ann/*"}})
        with pytest.raises(ObjectAccessDeniedError):
            list(store.list("photos", "", Caller(OWN, "us-east-1", team.rights("AKIAANN"))))
        assert list(store.list("photos", "ann/", Caller(OWN, "us-east-1", team.rights("AKIAANN"))))
        team.may("s3:ListBucket", "*")
        with pytest.raises(ObjectNotFoundError):
            store.head(place, Caller(OWN, "us-east-1", team.rights("AKIAANN")))
    finally:
        store.close()
