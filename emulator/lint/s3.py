"""S3 through boto3, for commands that run beside a server: images to look at, images and manifests to upload."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.domain.image_limits import MAXIMUM_OBJECT_BYTES, MAXIMUM_SIDE
from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.images import ImageLook, ImageProblem
from emulator.domain.object_store import ObjectLocation
from emulator.lint.errors import UsageError
from emulator.vision.parallel import in_order

Client = Any
"""A boto3 client: boto3 has no types."""

TRANSFERS_AT_A_TIME = 8
CONTENT_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}

_DENIED = {"403", "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}


@dataclass(frozen=True, slots=True)
class S3Folder:
    """A bucket and a key prefix without slashes at its ends."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> S3Folder:
        """From `s3://bucket` or `s3://bucket/prefix`. Raises UsageError for anything else."""
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        if not text.startswith("s3://") or not bucket:
            raise UsageError(f"{text!r} is not of the form s3://bucket/prefix")
        return cls(bucket, prefix.strip("/"))

    def key(self, name: str) -> str:
        """The key of a file below this folder."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def uri(self, name: str) -> str:
        """The s3:// address of a file below this folder."""
        return f"s3://{self.bucket}/{self.key(name)}"


def s3_client(endpoint_url: str | None, profile: str | None) -> Client:
    """A boto3 S3 client; as `service_client`, with the emulator's default account."""
    return service_client("s3", endpoint_url, profile)


def service_client(
    service: str,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None = None,
    account: str = "000000000000",
) -> Client:
    """A boto3 client; without any credentials it speaks for `account` of the emulator.

    Raises UsageError if boto3 is not installed, the profile does not exist or the endpoint is not a URL.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import ProfileNotFound
    except ImportError:
        raise UsageError("this needs boto3: pip install boto3") from None
    try:
        session = boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        raise UsageError(str(error)) from None
    options: JsonObject = {"config": Config(max_pool_connections=TRANSFERS_AT_A_TIME * 2)}
    if region is not None or session.region_name is None:
        options["region_name"] = region or "us-east-1"
    if session.get_credentials() is None and (endpoint_url or os.environ.get("AWS_ENDPOINT_URL")):
        options |= {"aws_access_key_id": account, "aws_secret_access_key": "local"}
    try:
        return session.client(service, endpoint_url=endpoint_url, **options)
    except ValueError as error:
        raise UsageError(str(error)) from None


class BucketImages:
    """Looks at images that lie in S3, several at a time. Call it as LookAtImages.

    Raises UsageError with the `advice` behind it where S3 does not answer.
    """

    def __init__(self, client: Client, advice: str = "") -> None:
        self._client = client
        self._advice = f". {advice}" if advice else ""

    def __call__(self, places: Iterable[tuple[str, str]]) -> Iterator[ImageLook]:
        return in_order(self._look, places, TRANSFERS_AT_A_TIME)

    def _look(self, place: tuple[str, str]) -> ImageLook:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            answer = self._client.get_object(Bucket=place[0], Key=place[1])
            if answer["ContentLength"] > MAXIMUM_OBJECT_BYTES:
                answer["Body"].close()
                return ImageProblem.TOO_LARGE
            from emulator.vision.images import (
                examine,  # only where images are looked at: numpy takes longer than the rest
            )

            return examine(answer["Body"].read(), MAXIMUM_SIDE)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _DENIED or code in _MISSING:
                return ImageProblem.NO_PERMISSION if code in _DENIED else ImageProblem.MISSING
            raise UsageError(f"s3://{place[0]}/{place[1]}: {error}{self._advice}") from None
        except ParamValidationError:
            return ImageProblem.MISSING
        except BotoCoreError as error:
            raise UsageError(f"S3 cannot be asked: {error}{self._advice}") from None


def download(client: Client, address: str) -> bytes:
    """The bytes of an object by its s3:// address. Raises UsageError where they cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    place = ObjectLocation.at(address)
    try:
        body: bytes = client.get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise UsageError(f"{address} cannot be read: {error}") from None
    return body


def upload(
    client: Client, folder: S3Folder, files: Sequence[tuple[Path, str]], on_done: Callable[[], None] = lambda: None
) -> None:
    """Put files (path, key) into the folder's bucket, which is made if it does not exist.

    `on_done` is called after each. Raises UsageError if the endpoint refuses or does not answer.
    """
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError

    def put(item: tuple[Path, str]) -> None:
        path, key = item
        kind = CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
        client.upload_file(str(path), folder.bucket, key, ExtraArgs={"ContentType": kind})
        on_done()

    try:
        _make_bucket(client, folder.bucket)
        with ThreadPoolExecutor(TRANSFERS_AT_A_TIME) as pool:
            list(pool.map(put, files))
    except (ClientError, BotoCoreError, S3UploadFailedError) as error:
        raise UsageError(f"the upload to s3://{folder.bucket} failed: {error}") from None


def _make_bucket(client: Client, bucket: str) -> None:
    from botocore.exceptions import ClientError

    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        region = client.meta.region_name
        options = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=bucket, **options)
