"""Buckets: names, owners, locations, settings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.handlers import validate_bucket_name

from support.s3_errors import knows, s3_error
from support.s3_server import s3_client


def new_name() -> str:
    return f"test-{secrets.token_hex(8)}"


def test_a_created_bucket_is_listed_and_found_until_it_is_deleted(client: Any) -> None:
    name = new_name()
    client.create_bucket(Bucket=name)
    assert [found["Name"] for found in client.list_buckets()["Buckets"]] == [name]
    head = client.head_bucket(Bucket=name)
    assert head["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    client.delete_bucket(Bucket=name)
    with s3_error("404", 404):
        client.head_bucket(Bucket=name)
    assert client.list_buckets()["Buckets"] == []


def test_buckets_are_listed_in_pages_by_prefix(client: Any) -> None:
    prefix = new_name()
    names = [f"{prefix}-{number}" for number in range(5)]
    for name in names:
        client.create_bucket(Bucket=name)
    client.create_bucket(Bucket=new_name())
    pages = client.get_paginator("list_buckets").paginate(Prefix=prefix, PaginationConfig={"PageSize": 2})
    assert [[found["Name"] for found in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]


def test_pages_of_one_region_are_full(client: Any) -> None:
    prefix = new_name()
    ireland = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    for number in range(6):
        client.create_bucket(Bucket=f"{prefix}-{number}", **(ireland if number % 2 else {}))
    first = client.list_buckets(Prefix=prefix, BucketRegion="eu-west-1", MaxBuckets=2)
    assert [found["Name"] for found in first["Buckets"]] == [f"{prefix}-1", f"{prefix}-3"]
    rest = client.list_buckets(
        Prefix=prefix, BucketRegion="eu-west-1", MaxBuckets=2, ContinuationToken=first["ContinuationToken"]
    )
    assert [found["Name"] for found in rest["Buckets"]] == [f"{prefix}-5"]
    assert "ContinuationToken" not in rest


def test_location_is_the_constraint_and_empty_for_us_east_1(
    client: Any, bucket: str, endpoint: str, account: str
) -> None:
    assert client.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    europe = s3_client(endpoint, account, region="eu-west-1")
    name = new_name()
    europe.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert europe.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert europe.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"


@pytest.mark.parametrize("constraint", ["nowhere", "us-east-1", "eu-west", "EU-WEST-1", "eu-west-1 "])
def test_locations_that_are_none(client: Any, constraint: str) -> None:
    with s3_error("InvalidLocationConstraint", 400):
        client.create_bucket(Bucket=new_name(), CreateBucketConfiguration={"LocationConstraint": constraint})


@pytest.mark.parametrize("constraint", ["EU", "us-gov-west-1", "eusc-de-east-1"])
def test_locations_of_every_partition(client: Any, constraint: str) -> None:
    name = new_name()
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": constraint})
    expected = "eu-west-1" if constraint == "EU" else constraint
    assert client.get_bucket_location(Bucket=name)["LocationConstraint"] == expected


def test_creating_a_bucket_again(client: Any, bucket: str, endpoint: str) -> None:
    client.create_bucket(Bucket=bucket)  # us-east-1 forgives its owner
    with s3_error("BucketAlreadyExists", 409):
        s3_client(endpoint, "999988887777").create_bucket(Bucket=bucket)
    name = new_name()
    constraint = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket=name, CreateBucketConfiguration=constraint)
    with s3_error("BucketAlreadyOwnedByYou", 409):
        client.create_bucket(Bucket=name, CreateBucketConfiguration=constraint)


@pytest.mark.parametrize("name", ["Capital-letters", "under_score", "a..b", "192.168.0.1", "ab", "xn--test", "x" * 64])
def test_names_that_s3_refuses(client: Any, name: str) -> None:
    client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    with s3_error("InvalidBucketName", 400):
        client.create_bucket(Bucket=name)


def test_a_bucket_with_anything_in_it_cannot_be_deleted(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    with s3_error("BucketNotEmpty", 409):
        client.delete_bucket(Bucket=bucket)
    client.delete_object(Bucket=bucket, Key="key")
    client.delete_bucket(Bucket=bucket)


def test_each_account_sees_its_own_buckets_and_may_use_the_others(client: Any, bucket: str, endpoint: str) -> None:
    other = s3_client(endpoint, "222233334444")
    assert bucket not in [found["Name"] for found in other.list_buckets()["Buckets"]]
    other.put_object(Bucket=bucket, Key="from-other", Body=b"x")
    assert client.get_object(Bucket=bucket, Key="from-other")["Body"].read() == b"x"


def test_acl_names_one_owner_per_account(client: Any, bucket: str, endpoint: str) -> None:
    """TE-10 compares owners of buckets by this id."""
    other_client = s3_client(endpoint, "222233334444")
    other = new_name()
    other_client.create_bucket(Bucket=other)
    second = new_name()
    client.create_bucket(Bucket=second)
    owners = [client.get_bucket_acl(Bucket=name)["Owner"]["ID"] for name in (bucket, second, other)]
    assert owners[0] == owners[1] != owners[2]
    assert len(owners[0]) == 64
    acl = client.get_bucket_acl(Bucket=bucket)
    assert [(grant["Grantee"]["ID"], grant["Permission"]) for grant in acl["Grants"]] == [(owners[0], "FULL_CONTROL")]
    assert client.list_buckets()["Owner"]["ID"] == owners[0]


def test_acl_can_be_replaced_by_canned_name_grants_and_document(client: Any, bucket: str) -> None:
    client.put_bucket_acl(Bucket=bucket, ACL="public-read")
    everybody = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    acl = client.get_bucket_acl(Bucket=bucket)
    assert {"Grantee": everybody, "Permission": "READ"} in acl["Grants"]
    client.put_bucket_acl(Bucket=bucket, GrantRead=f'id="{"0" * 64}"')
    assert [grant["Grantee"]["ID"] for grant in client.get_bucket_acl(Bucket=bucket)["Grants"]] == ["0" * 64]
    client.put_bucket_acl(Bucket=bucket, AccessControlPolicy={"Owner": acl["Owner"], "Grants": acl["Grants"]})
    assert client.get_bucket_acl(Bucket=bucket)["Grants"] == acl["Grants"]
    with s3_error("InvalidArgument", 400):
        client.put_bucket_acl(Bucket=bucket, ACL="not-a-canned-acl")


def test_expected_bucket_owner_is_checked(client: Any, bucket: str, account: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x", ExpectedBucketOwner=account)
    for call in (client.get_object, client.delete_object):
        with s3_error("AccessDenied", 403):
            call(Bucket=bucket, Key="key", ExpectedBucketOwner="123456789012")
    with s3_error("403", 403):
        client.head_bucket(Bucket=bucket, ExpectedBucketOwner="123456789012")


def test_tags_of_a_bucket(client: Any, bucket: str) -> None:
    with s3_error("NoSuchTagSet", 404):
        client.get_bucket_tagging(Bucket=bucket)
    tags = [{"Key": "team", "Value": "vision"}, {"Key": "cost centre", "Value": "ü & <x>"}]
    client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert client.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    client.delete_bucket_tagging(Bucket=bucket)
    with s3_error("NoSuchTagSet", 404):
        client.get_bucket_tagging(Bucket=bucket)


def test_a_bucket_is_made_with_tags(client: Any) -> None:
    if not knows(client, "CreateBucket", "CreateBucketConfiguration", "Tags"):
        pytest.skip("this botocore cannot say it")
    name, tags = new_name(), [{"Key": "team", "Value": "vision"}]
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags})
    assert client.get_bucket_tagging(Bucket=name)["TagSet"] == tags


def test_a_policy_is_kept_and_its_denials_hold(client: Any, bucket: str, endpoint: str) -> None:
    with s3_error("NoSuchBucketPolicy", 404):
        client.get_bucket_policy(Bucket=bucket)
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::222233334444:root"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/private/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)
    for key in ("private/a", "public/a"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    other, third = s3_client(endpoint, "222233334444"), s3_client(endpoint, "333344445555")
    assert other.get_object(Bucket=bucket, Key="public/a")["Body"].read() == b"x"
    with s3_error("AccessDenied", 403):
        other.get_object(Bucket=bucket, Key="private/a")
    with s3_error("AccessDenied", 403):
        other.list_objects_v2(Bucket=bucket)
    assert third.get_object(Bucket=bucket, Key="private/a")["Body"].read() == b"x"
    statement["Action"] = ["s3:DeleteObject"]
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    objects = [{"Key": "private/a"}, {"Key": "public/a"}]
    answer = other.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["public/a"]
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("private/a", "AccessDenied")]
    client.delete_bucket_policy(Bucket=bucket)
    assert other.get_object(Bucket=bucket, Key="private/a")["Body"].read() == b"x"


def test_the_owner_can_always_repair_the_policy(client: Any, bucket: str) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    with s3_error("AccessDenied", 403):
        client.put_object(Bucket=bucket, Key="key", Body=b"x")
    client.delete_bucket_policy(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="key", Body=b"x")


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Effect": "Maybe", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::another-bucket/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "ec2:*", "Resource": "arn:aws:s3:::{bucket}"},
    ],
)
def test_policies_that_s3_refuses(client: Any, bucket: str, statement: dict[str, str]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace("{bucket}", bucket)
    with s3_error("MalformedPolicy", 400):
        client.put_bucket_policy(Bucket=bucket, Policy=text)


def smallest_transition(client: Any, bucket: str) -> str:
    """What a lifecycle configuration is told with; Terraform waits for it."""
    told: str = client.get_bucket_lifecycle_configuration(Bucket=bucket)["TransitionDefaultMinimumObjectSize"]
    return told


def test_settings_without_effect_are_kept_and_told(client: Any, bucket: str) -> None:
    assert (
        client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0][
            "ApplyServerSideEncryptionByDefault"
        ]["SSEAlgorithm"]
        == "AES256"
    )
    assert client.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    with s3_error("NoSuchLifecycleConfiguration", 404):
        client.get_bucket_lifecycle_configuration(Bucket=bucket)
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}}
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    assert client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == [rule]
    assert smallest_transition(client, bucket) == "all_storage_classes_128K"
    put = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [rule]}}
    client.put_bucket_lifecycle_configuration(**put, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    assert smallest_transition(client, bucket) == "varies_by_storage_class"
    client.delete_bucket_lifecycle(Bucket=bucket)
    client.put_bucket_lifecycle_configuration(**put)
    assert smallest_transition(client, bucket) == "all_storage_classes_128K"
    with s3_error("InvalidArgument", 400):
        client.put_bucket_lifecycle_configuration(**put, TransitionDefaultMinimumObjectSize="none")
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    with s3_error("NoSuchPublicAccessBlockConfiguration", 404):
        client.get_public_access_block(Bucket=bucket)
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    client.delete_public_access_block(Bucket=bucket)
    with s3_error("NoSuchPublicAccessBlockConfiguration", 404):
        client.get_public_access_block(Bucket=bucket)


def test_settings_whose_promise_would_be_broken_are_refused(client: Any, bucket: str) -> None:
    with s3_error("ObjectLockConfigurationNotFoundError", 404):
        client.get_object_lock_configuration(Bucket=bucket)
    with s3_error("NotImplemented", 501):
        client.list_bucket_metrics_configurations(Bucket=bucket)


def test_calls_on_a_bucket_that_is_not_there(client: Any) -> None:
    name = new_name()
    calls: list[Callable[[], Any]] = [
        lambda: client.list_objects_v2(Bucket=name),
        lambda: client.put_object(Bucket=name, Key="key", Body=b"x"),
        lambda: client.get_object(Bucket=name, Key="key"),
        lambda: client.delete_object(Bucket=name, Key="key"),
        lambda: client.get_bucket_location(Bucket=name),
        lambda: client.create_multipart_upload(Bucket=name, Key="key"),
        lambda: client.delete_bucket(Bucket=name),
    ]
    for call in calls:
        with s3_error("NoSuchBucket", 404) as response:
            call()
        assert response["Error"]["BucketName"] == name
