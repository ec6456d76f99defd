"""Checksums: right ones are kept and told, wrong ones store nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from typing import Any

import httpx
import pytest

from support.s3_errors import s3_error
from support.s3_server import s3_client

BODY = b"123456789"
# The published check values of each algorithm for these nine bytes.
CHECK_VALUES = {
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "SHA1": hashlib.sha1(BODY).hexdigest(),
    "SHA256": hashlib.sha256(BODY).hexdigest(),
}


def encoded(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


@pytest.mark.parametrize("algorithm", CHECK_VALUES)
def test_a_right_checksum_is_kept(client: Any, bucket: str, algorithm: str) -> None:
    value = encoded(CHECK_VALUES[algorithm])
    answer = client.put_object(Bucket=bucket, Key="key", Body=BODY, **{f"Checksum{algorithm}": value})
    assert answer[f"Checksum{algorithm}"] == value
    head = client.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (head[f"Checksum{algorithm}"], head["ChecksumType"]) == (value, "FULL_OBJECT")
    listed = client.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert listed["ChecksumAlgorithm"] == [algorithm]


@pytest.mark.parametrize("algorithm", CHECK_VALUES)
def test_a_wrong_checksum_stores_nothing(client: Any, bucket: str, algorithm: str) -> None:
    wrong = encoded("00" * (len(CHECK_VALUES[algorithm]) // 2))
    with s3_error("BadDigest", 400):
        client.put_object(Bucket=bucket, Key="key", Body=BODY, **{f"Checksum{algorithm}": wrong})
    with s3_error("404", 404):
        client.head_object(Bucket=bucket, Key="key")


def test_a_checksum_that_is_none_is_refused(client: Any, bucket: str) -> None:
    with s3_error("InvalidRequest", 400):
        client.put_object(Bucket=bucket, Key="key", Body=BODY, ChecksumSHA256="bm90IGEgY2hlY2tzdW0=")


def test_content_md5(client: Any, bucket: str) -> None:
    right = base64.b64encode(hashlib.md5(BODY).digest()).decode()
    client.put_object(Bucket=bucket, Key="key", Body=BODY, ContentMD5=right)
    with s3_error("BadDigest", 400):
        client.put_object(Bucket=bucket, Key="key", Body=b"other", ContentMD5=right)
    with s3_error("InvalidDigest", 400):
        client.put_object(Bucket=bucket, Key="key", Body=BODY, ContentMD5="short")
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == BODY


def test_default_clients_send_crc32_and_check_it_on_reading(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=BODY)
    answer = client.get_object(Bucket=bucket, Key="key")
    assert answer["ChecksumCRC32"] == encoded(CHECK_VALUES["CRC32"])
    assert answer["Body"].read() == BODY


def test_older_clients_without_checksums(bucket: str, endpoint: str, account: str) -> None:
    old = s3_client(
        endpoint, account, request_checksum_calculation="when_required", response_checksum_validation="when_required"
    )
    old.put_object(Bucket=bucket, Key="key", Body=BODY)
    assert "ChecksumCRC32" not in old.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    old.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
    old.close()


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_composite_checksums_of_multipart_uploads(client: Any, bucket: str, algorithm: str) -> None:
    bodies = [os.urandom(5 << 20), b"the last part"]
    upload = client.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm=algorithm)
    assert (upload["ChecksumAlgorithm"], upload["ChecksumType"]) == (algorithm, "COMPOSITE")
    name, parts, digests = f"Checksum{algorithm}", [], b""
    for number, body in enumerate(bodies, 1):
        part = client.upload_part(
            Bucket=bucket,
            Key="key",
            UploadId=upload["UploadId"],
            PartNumber=number,
            Body=body,
            ChecksumAlgorithm=algorithm,
        )
        digest = zlib.crc32(body).to_bytes(4) if algorithm == "CRC32" else hashlib.new(algorithm.lower(), body).digest()
        digests += digest
        assert part[name] == base64.b64encode(digest).decode()
        parts.append({"PartNumber": number, "ETag": part["ETag"], name: part[name]})
    whole = (
        zlib.crc32(digests).to_bytes(4) if algorithm == "CRC32" else hashlib.new(algorithm.lower(), digests).digest()
    )
    done = client.complete_multipart_upload(
        Bucket=bucket, Key="key", UploadId=upload["UploadId"], MultipartUpload={"Parts": parts}
    )
    assert done[name] == base64.b64encode(whole).decode() + "-2"
    attributes = client.get_object_attributes(Bucket=bucket, Key="key", ObjectAttributes=["ObjectParts", "Checksum"])
    assert attributes["Checksum"]["ChecksumType"] == "COMPOSITE"
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2
    assert [part[name] for part in attributes["ObjectParts"]["Parts"]] == [part[name] for part in parts]


def test_a_composite_checksum_needs_those_of_the_parts(client: Any, bucket: str) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm="CRC32")["UploadId"]
    part = client.upload_part(Bucket=bucket, Key="key", UploadId=upload, PartNumber=1, Body=BODY)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    with s3_error("InvalidRequest", 400) as refused:
        client.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=upload, MultipartUpload=parts)
    assert refused["Error"]["Message"].endswith("It was missing for part 1 in the request.")
    parts["Parts"][0]["ChecksumCRC32"] = part["ChecksumCRC32"]
    client.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=upload, MultipartUpload=parts)


def test_full_object_checksum_of_a_multipart_upload(client: Any, bucket: str) -> None:
    bodies = [os.urandom(5 << 20), os.urandom(12_345)]
    upload = client.create_multipart_upload(
        Bucket=bucket, Key="key", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        part = client.upload_part(
            Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32"
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
    expected = base64.b64encode(zlib.crc32(b"".join(bodies)).to_bytes(4)).decode()
    for wrong in (
        {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"},
        {"ChecksumCRC32": expected, "ChecksumType": "COMPOSITE"},
    ):
        with s3_error("BadDigest", 400):
            client.complete_multipart_upload(
                Bucket=bucket, Key="key", UploadId=upload, MultipartUpload={"Parts": parts}, **wrong
            )
    done = client.complete_multipart_upload(
        Bucket=bucket,
        Key="key",
        UploadId=upload,
        MultipartUpload={"Parts": parts},
        ChecksumCRC32=expected,
        ChecksumType="FULL_OBJECT",
    )
    assert done["ChecksumCRC32"] == expected
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"".join(bodies)


def test_parts_without_a_checksum_get_one(bucket: str, endpoint: str, account: str) -> None:
    old = s3_client(endpoint, account, request_checksum_calculation="when_required")
    upload = old.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm="CRC64NVME")
    part = old.upload_part(Bucket=bucket, Key="key", UploadId=upload["UploadId"], PartNumber=1, Body=BODY)
    assert part["ChecksumCRC64NVME"] == encoded(CHECK_VALUES["CRC64NVME"])
    done = old.complete_multipart_upload(
        Bucket=bucket,
        Key="key",
        UploadId=upload["UploadId"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (part["ChecksumCRC64NVME"], "FULL_OBJECT")
    with s3_error("InvalidRequest", 400):
        other = old.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm="SHA256")["UploadId"]
        old.upload_part(
            Bucket=bucket, Key="key", UploadId=other, PartNumber=1, Body=BODY, ChecksumCRC32=encoded("cbf43926")
        )
    old.close()


def test_checksum_types_that_do_not_exist(client: Any, bucket: str) -> None:
    for algorithm, kind in (("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        with s3_error("InvalidRequest", 400):
            client.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm=algorithm, ChecksumType=kind)


@pytest.mark.parametrize("algorithm", ["md5", "sha512"])
def test_checksums_that_older_sdks_do_not_know(endpoint: str, bucket: str, algorithm: str) -> None:
    name, value = f"x-amz-checksum-{algorithm}", base64.b64encode(hashlib.new(algorithm, BODY).digest()).decode()
    address = f"{endpoint}/{bucket}/key"
    assert httpx.put(address, content=BODY, headers={name: value}).headers[name] == value
    assert httpx.head(address, headers={"x-amz-checksum-mode": "ENABLED"}).headers[name] == value
    refused = httpx.put(address, content=b"other", headers={name: value})
    assert (refused.status_code, "<Code>BadDigest</Code>" in refused.text) == (400, True)


@pytest.mark.parametrize("name", ["x-amz-checksum-xxhash3", "x-amz-checksum-adler32"])
def test_a_checksum_that_cannot_be_compared_is_refused(endpoint: str, bucket: str, name: str) -> None:
    answer = httpx.put(f"{endpoint}/{bucket}/key", content=BODY, headers={name: "AAAAAAAAAAA="})
    assert (answer.status_code, "<Code>InvalidRequest</Code>" in answer.text) == (400, True)
    assert httpx.head(f"{endpoint}/{bucket}/key").status_code == 404
