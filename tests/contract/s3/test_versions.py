"""Versions and delete markers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.s3_errors import s3_error


@pytest.fixture
def versioned(client: Any, bucket: str) -> str:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def put(client: Any, bucket: str, body: bytes, key: str = "key") -> str:
    version: str = client.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    return version


def test_the_status_of_versioning(client: Any, bucket: str) -> None:
    assert "Status" not in client.get_bucket_versioning(Bucket=bucket)
    for status in ("Enabled", "Suspended"):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert client.get_bucket_versioning(Bucket=bucket)["Status"] == status


def test_every_version_stays_readable(client: Any, versioned: str) -> None:
    versions = [put(client, versioned, body) for body in (b"one", b"two", b"three")]
    assert len(set(versions)) == 3
    assert client.get_object(Bucket=versioned, Key="key")["Body"].read() == b"three"
    for version, body in zip(versions, (b"one", b"two", b"three"), strict=True):
        answer = client.get_object(Bucket=versioned, Key="key", VersionId=version)
        assert (answer["Body"].read(), answer["VersionId"]) == (body, version)
    with s3_error("NoSuchVersion", 404):
        client.get_object(Bucket=versioned, Key="key", VersionId="unknown")


def test_deleting_hides_and_deleting_the_marker_shows(client: Any, versioned: str) -> None:
    version = put(client, versioned, b"one")
    marker = client.delete_object(Bucket=versioned, Key="key")
    assert marker["DeleteMarker"] is True
    with s3_error("NoSuchKey", 404) as response:
        client.get_object(Bucket=versioned, Key="key")
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with s3_error("405", 405):
        client.head_object(Bucket=versioned, Key="key", VersionId=marker["VersionId"])
    assert client.get_object(Bucket=versioned, Key="key", VersionId=version)["Body"].read() == b"one"
    assert client.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    client.delete_object(Bucket=versioned, Key="key", VersionId=marker["VersionId"])
    assert client.get_object(Bucket=versioned, Key="key")["Body"].read() == b"one"


def test_deleting_a_version_is_for_good_and_shows_the_one_before(client: Any, versioned: str) -> None:
    first, second = put(client, versioned, b"one"), put(client, versioned, b"two")
    client.delete_object(Bucket=versioned, Key="key", VersionId=second)
    assert client.head_object(Bucket=versioned, Key="key")["VersionId"] == first
    answer = client.delete_objects(
        Bucket=versioned, Delete={"Objects": [{"Key": "key", "VersionId": first}, {"Key": "key"}]}
    )
    assert answer["Deleted"][0] == {"Key": "key", "VersionId": first}
    assert answer["Deleted"][1]["DeleteMarker"] is True
    assert [marker["Key"] for marker in client.list_object_versions(Bucket=versioned)["DeleteMarkers"]] == ["key"]
    with s3_error("BucketNotEmpty", 409):
        client.delete_bucket(Bucket=versioned)


def test_what_was_there_before_versioning_is_the_null_version(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"old")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(client, bucket, b"new")
    assert client.get_object(Bucket=bucket, Key="key", VersionId="null")["Body"].read() == b"old"
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert put(client, bucket, b"newest") == "null"
    assert client.get_object(Bucket=bucket, Key="key", VersionId="null")["Body"].read() == b"newest"
    marker = client.delete_object(Bucket=bucket, Key="key")
    assert (marker["DeleteMarker"], marker["VersionId"]) == (True, "null")
    listed = client.list_object_versions(Bucket=bucket)
    assert len(listed["Versions"]) == 1
    assert len(listed["DeleteMarkers"]) == 1


def test_listing_versions_in_pages(client: Any, versioned: str) -> None:
    expected = []
    for key in ("a", "b/1", "b/2", "c"):
        versions = [put(client, versioned, str(number).encode(), key) for number in range(3)]
        expected += [(key, version) for version in reversed(versions)]
    client.delete_object(Bucket=versioned, Key="c")
    for size in (1, 2, 5, 100):
        paginator = client.get_paginator("list_object_versions")
        pages = list(paginator.paginate(Bucket=versioned, PaginationConfig={"PageSize": size}))
        listed = [(found["Key"], found["VersionId"]) for page in pages for found in page.get("Versions", [])]
        assert listed == expected
        assert sum(len(page.get("DeleteMarkers", [])) for page in pages) == 1
    newest = [found["Key"] for found in client.list_object_versions(Bucket=versioned)["Versions"] if found["IsLatest"]]
    assert newest == ["a", "b/1", "b/2"]
    grouped = client.list_object_versions(Bucket=versioned, Delimiter="/", Prefix="b")
    assert [found["Prefix"] for found in grouped["CommonPrefixes"]] == ["b/"]


def test_tags_and_copies_of_versions(client: Any, versioned: str) -> None:
    first, second = put(client, versioned, b"one"), put(client, versioned, b"two")
    tags = {"TagSet": [{"Key": "a", "Value": "1"}]}
    client.put_object_tagging(Bucket=versioned, Key="key", VersionId=first, Tagging=tags)
    assert client.get_object_tagging(Bucket=versioned, Key="key", VersionId=second)["TagSet"] == []
    assert client.get_object_tagging(Bucket=versioned, Key="key", VersionId=first)["TagSet"] == tags["TagSet"]
    source = {"Bucket": versioned, "Key": "key", "VersionId": first}
    copied = client.copy_object(Bucket=versioned, Key="key", CopySource=source)
    assert copied["CopySourceVersionId"] == first
    assert client.get_object(Bucket=versioned, Key="key")["Body"].read() == b"one"


def test_deleting_versions_page_by_page_leaves_none(client: Any, versioned: str) -> None:
    for number in range(7):
        client.put_object(Bucket=versioned, Key="many", Body=b"%d" % number)
    client.put_object(Bucket=versioned, Key="other", Body=b"x")
    markers: dict[str, str] = {}
    while True:
        page = client.list_object_versions(Bucket=versioned, MaxKeys=3, **markers)
        found = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in page["Versions"]]
        client.delete_objects(Bucket=versioned, Delete={"Objects": found})
        if not page["IsTruncated"]:
            break
        markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    client.delete_bucket(Bucket=versioned)


def test_a_version_marker_needs_a_key_marker(client: Any, versioned: str) -> None:
    with s3_error("InvalidArgument", 400):
        client.list_object_versions(Bucket=versioned, VersionIdMarker="any")


def deny(client: Any, bucket: str, *actions: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": f"arn:aws:s3:::{bucket}/*"}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_a_policy_can_protect_versions_and_leave_objects_alone(client: Any, versioned: str) -> None:
    first = put(client, versioned, b"one")
    put(client, versioned, b"two")
    one = {"Bucket": versioned, "Key": "key", "VersionId": first}
    deny(client, versioned, "s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:DeleteObjectVersion")
    refused: list[Callable[[], Any]] = [
        lambda: client.get_object(**one),
        lambda: client.get_object_tagging(**one),
        lambda: client.delete_object(**one),
        lambda: client.copy_object(Bucket=versioned, Key="copy", CopySource=one),
    ]
    for call in refused:
        with s3_error("AccessDenied", 403):
            call()
    answer = client.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "key", "VersionId": first}]})
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert client.get_object(Bucket=versioned, Key="key")["Body"].read() == b"two"
    client.delete_object(Bucket=versioned, Key="key")


def test_a_policy_about_objects_does_not_name_their_versions(client: Any, versioned: str) -> None:
    first = put(client, versioned, b"one")
    deny(client, versioned, "s3:GetObject", "s3:DeleteObject")
    with s3_error("AccessDenied", 403):
        client.delete_object(Bucket=versioned, Key="key")
    assert client.get_object(Bucket=versioned, Key="key", VersionId=first)["Body"].read() == b"one"
    client.delete_object(Bucket=versioned, Key="key", VersionId=first)


def test_a_delete_marker_is_no_source_of_a_copy(client: Any, versioned: str) -> None:
    put(client, versioned, b"one")
    marker = client.delete_object(Bucket=versioned, Key="key")["VersionId"]
    with s3_error("NoSuchKey", 404):
        client.copy_object(Bucket=versioned, Key="copy", CopySource={"Bucket": versioned, "Key": "key"})
    with s3_error("InvalidRequest", 400):
        source = {"Bucket": versioned, "Key": "key", "VersionId": marker}
        client.copy_object(Bucket=versioned, Key="copy", CopySource=source)
