"""Listing: order, pages, prefixes, delimiters, in both versions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectLocation
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.index import buckets, listing, versions
from emulator.s3.index.records import NewVersion, ObjectProperties
from emulator.s3.vault import Vault
from support.s3_errors import s3_error

KEYS = ["a", "a/b", "a/b/c", "a/c", "b", "photos/1.jpg", "photos/2.jpg", "photos/raw/1.cr2", "z", "ä", "日本/東京"]


@pytest.fixture
def filled(client: Any, bucket: str) -> str:
    for key in KEYS:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def keys(answer: dict[str, Any]) -> list[str]:
    return [found["Key"] for found in answer.get("Contents", [])]


def prefixes(answer: dict[str, Any]) -> list[str]:
    return [found["Prefix"] for found in answer.get("CommonPrefixes", [])]


def test_an_empty_bucket(client: Any, bucket: str) -> None:
    answer = client.list_objects_v2(Bucket=bucket)
    assert (answer["KeyCount"], answer["IsTruncated"], answer["MaxKeys"]) == (0, False, 1000)
    assert "Contents" not in client.list_objects(Bucket=bucket)


def test_all_keys_in_the_order_of_their_bytes(client: Any, filled: str) -> None:
    answer = client.list_objects_v2(Bucket=filled)
    assert keys(answer) == KEYS
    assert [found["Size"] for found in answer["Contents"]] == [len(key.encode()) for key in KEYS]
    assert "Owner" not in answer["Contents"][0]
    assert len(client.list_objects_v2(Bucket=filled, FetchOwner=True)["Contents"][0]["Owner"]["ID"]) == 64


def test_a_folder_and_its_folders(client: Any, filled: str) -> None:
    top = client.list_objects_v2(Bucket=filled, Delimiter="/")
    assert keys(top) == ["a", "b", "z", "ä"]
    assert prefixes(top) == ["a/", "photos/", "日本/"]
    assert top["KeyCount"] == 7
    inside = client.list_objects_v2(Bucket=filled, Delimiter="/", Prefix="photos/")
    assert keys(inside) == ["photos/1.jpg", "photos/2.jpg"]
    assert prefixes(inside) == ["photos/raw/"]
    assert keys(client.list_objects_v2(Bucket=filled, Prefix="photos/r")) == ["photos/raw/1.cr2"]
    assert prefixes(client.list_objects_v2(Bucket=filled, Delimiter="o")) == ["pho"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11])
@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_are_the_whole_in_pieces(client: Any, filled: str, size: int, operation: str, delimiter: str) -> None:
    whole = getattr(client, operation)(Bucket=filled, Delimiter=delimiter)
    paginator = client.get_paginator(operation)
    pages = list(paginator.paginate(Bucket=filled, Delimiter=delimiter, PaginationConfig={"PageSize": size}))
    assert [key for page in pages for key in keys(page)] == keys(whole)
    assert [prefix for page in pages for prefix in prefixes(page)] == prefixes(whole)
    assert all(len(keys(page)) + len(prefixes(page)) == size for page in pages[:-1])
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]


def test_beginning_after_a_key(client: Any, filled: str) -> None:
    assert keys(client.list_objects_v2(Bucket=filled, StartAfter="b"))[0] == "photos/1.jpg"
    assert keys(client.list_objects_v2(Bucket=filled, StartAfter="photos/1"))[0] == "photos/1.jpg"
    assert keys(client.list_objects(Bucket=filled, Marker="z")) == ["ä", "日本/東京"]
    answer = client.list_objects_v2(Bucket=filled, StartAfter="a/b", Delimiter="/")
    assert prefixes(answer)[0] == "a/"


def test_no_keys_and_wrong_numbers(client: Any, filled: str) -> None:
    answer = client.list_objects_v2(Bucket=filled, MaxKeys=0)
    assert (answer["KeyCount"], answer["IsTruncated"]) == (0, False)
    with s3_error("InvalidArgument", 400):
        client.list_objects_v2(Bucket=filled, MaxKeys=-1)
    with s3_error("InvalidArgument", 400):
        client.list_objects_v2(Bucket=filled, ContinuationToken="no token")


def test_pages_end_at_a_thousand(embedded_s3: tuple[EmbeddedS3, str], client: Any, bucket: str, account: str) -> None:
    store = embedded_s3[0].store()
    for number in range(1001):
        store.put(ObjectLocation(bucket, f"{number:04d}"), b"", Caller(account, "us-east-1"), "image/jpeg")
    first = client.list_objects_v2(Bucket=bucket, MaxKeys=5000)
    assert (first["KeyCount"], first["IsTruncated"]) == (1000, True)
    second = client.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert keys(second) == ["1000"]
    objects = [{"Key": key} for key in keys(first)]
    assert len(client.delete_objects(Bucket=bucket, Delete={"Objects": objects})["Deleted"]) == 1000


ALPHABET = st.sampled_from("ab/é\U0010ffff ")


@settings(max_examples=40)
@given(
    names=st.sets(st.text(ALPHABET, min_size=1, max_size=6), max_size=12),
    prefix=st.text(ALPHABET, max_size=2),
    delimiter=st.sampled_from(["", "/", "a", "b/"]),
    page_size=st.integers(1, 5),
)
def test_listing_is_what_the_definition_says(
    vault_listing: Any, names: set[str], prefix: str, delimiter: str, page_size: int
) -> None:
    """Against the definition: sort, cut at the prefix, group at the delimiter."""
    expected_keys, expected_prefixes = [], []
    for name in sorted(names, key=lambda name: name.encode()):
        if not name.startswith(prefix):
            continue
        end = name.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0:
            expected_keys.append(name)
        elif (group := name[: end + len(delimiter)]) not in expected_prefixes:
            expected_prefixes.append(group)
    assert vault_listing(names, prefix, delimiter, page_size) == (expected_keys, expected_prefixes)


@pytest.fixture(scope="module")
def vault_listing(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """List names of a fresh bucket, straight from the index, page by page."""
    vault = Vault(tmp_path_factory.mktemp("listing"))
    vault.open()

    def list_all(names: set[str], prefix: str, delimiter: str, page_size: int) -> tuple[list[str], list[str]]:
        vault.reset()
        with vault.changing() as change:
            buckets.add(change.connection, "bucket", "111122223333", "us-east-1", 0, "{}")
            bucket = buckets.find(change.connection, "bucket")
            assert bucket is not None
            for name in names:
                new = NewVersion(name, 0, "", 0, ObjectProperties("111122223333"), [])
                versions.add(change.connection, bucket, new)
        found: tuple[list[str], list[str]] = ([], [])
        after, more = "", True
        while more:
            with vault.reading() as connection:
                page = listing.objects(connection, bucket, listing.Selection(prefix, delimiter, after, page_size))
            found[0].extend(version.key for version in page.items)
            found[1].extend(page.common_prefixes)
            after, more = page.last, page.is_truncated
        return found

    return list_all
