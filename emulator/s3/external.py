"""Any S3 endpoint (MinIO, LocalStack, AWS) as the emulator's object store, through boto3."""

from __future__ import annotations

import configparser
import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import (
    ObjectAccessDeniedError,
    ObjectAction,
    ObjectHead,
    ObjectLocation,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectStoreUnavailableError,
)
from emulator.s3 import console_bucket
from emulator.s3.outside_policies import Asking, OutsidePolicies

Client = Any
"""A boto3 client: boto3 has no types."""

_NOT_FOUND = frozenset(
    {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed"}
    # What no object can be called: a version id or a key that the endpoint does not even look for.
    | {"InvalidArgument", "InvalidBucketName", "InvalidURI", "KeyTooLongError", "XMinioInvalidObjectName"}
)
_DENIED = frozenset(
    {"AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"}
    | {"ExpiredToken", "InvalidToken", "AccountProblem"}
)
_PIECE = 1 << 20
_SILENCE = 60.0  # seconds between two log lines of one kind: a training meets the same failure at every image
logger = logging.getLogger(__name__)
_last_told: dict[str, float] = {}


class CredentialsFileError(Exception):
    """The file of CUSTOM_LABELS_S3_CREDENTIALS cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """Keys, or the name of a profile of the AWS configuration files. What is secret does not show in its repr."""

    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalS3Settings:
    """How to reach an S3 endpoint.

    `endpoint_url` None means AWS. `region` None means the region of the caller. `addressing_style` is boto3's.
    `credentials_file` maps accounts to credentials (see `read_credentials_file`); accounts that it does not name use
    boto3's default chain. `checksums` "when_required" is for endpoints that do not know the newer checksums. Time-outs
    are in seconds. With `keys_are_accounts` an account that the file does not name is its own access key, as an
    embedded S3 that verifies nothing takes it. `credentials`, where there are some, are those of every caller.
    """

    endpoint_url: str | None
    region: str | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "path"
    credentials_file: Path | None = None
    checksums: Literal["when_supported", "when_required"] = "when_supported"
    retries: int = 3
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    connections: int = 16
    keys_are_accounts: bool = False
    credentials: AccountCredentials | None = None


def read_credentials_file(path: Path) -> dict[str, AccountCredentials]:
    """Accounts and their credentials, from JSON or from an INI file in the manner of ~/.aws/credentials.

    JSON: `{"111122223333": {"aws_access_key_id": …, "aws_secret_access_key": …} or {"profile": …} or "profile-name"}`.
    INI: one section an account, with the same names. Raises `CredentialsFileError`.
    """
    try:
        text = path.read_text("utf-8")
        entries = json.loads(text) if text.lstrip().startswith("{") else _ini(text)
    except configparser.Error as error:
        # The parser's own message quotes the lines that it does not understand, and a secret may stand there.
        raise CredentialsFileError(f"{path}: {_place(error)} is not in the manner of ~/.aws/credentials") from None
    except OSError as error:
        raise CredentialsFileError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CredentialsFileError(f"{path}: {error}") from error
    return {account: _credentials(path, account, entry) for account, entry in entries.items()}


class ExternalS3Store:
    """ObjectStore over boto3. Clients are made on first use, one per account and region, and shared by threads."""

    def __init__(self, settings: ExternalS3Settings) -> None:
        self._settings = settings
        self._credentials = read_credentials_file(settings.credentials_file) if settings.credentials_file else {}
        self._clients: dict[tuple[str, str], Client] = {}
        self._lock = threading.Lock()
        self._policies = OutsidePolicies()

    def __reduce__(self) -> tuple[type[ExternalS3Store], tuple[ExternalS3Settings]]:
        """Worker processes get the settings and make their own connections."""
        return (ExternalS3Store, (self._settings,))

    def head(self, location: ObjectLocation, caller: Caller) -> ObjectHead:
        """See ObjectStore."""
        self._require(caller, "s3:GetObject", location)
        client = self._client(caller)
        with _port_errors(location):
            answer = _head(client, _parameters(location))
        return ObjectHead(location.key, answer["ContentLength"], answer["ETag"].strip('"'), answer.get("VersionId"))

    @contextmanager
    def open(self, location: ObjectLocation, caller: Caller) -> Iterator[BinaryIO]:
        """See ObjectStore. A broken connection while reading is ObjectStoreUnavailableError."""
        self._require(caller, "s3:GetObject", location)
        with _port_errors(location):
            body = self._client(caller).get_object(**_parameters(location))["Body"]
        try:
            yield io.BufferedReader(_BodyStream(location, body), _PIECE)
        finally:
            body.close()

    def get(self, location: ObjectLocation, caller: Caller) -> bytes:
        """See ObjectStore."""
        self._require(caller, "s3:GetObject", location)
        with _port_errors(location):
            body: bytes = self._client(caller).get_object(**_parameters(location))["Body"].read()
        return body

    def put(self, location: ObjectLocation, body: BinaryIO | bytes, caller: Caller, content_type: str) -> None:
        """See ObjectStore. Large streams go in parts."""
        self._require(caller, "s3:PutObject", location)
        client = self._client(caller)
        with _port_errors(location):
            if isinstance(body, bytes):
                client.put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType=content_type)
            else:
                client.upload_fileobj(
                    body, location.bucket, location.key, ExtraArgs={"ContentType": content_type}, Config=_one_thread()
                )

    def list(self, bucket: str, prefix: str, caller: Caller) -> Iterator[ObjectHead]:
        """See ObjectStore."""
        self._require(caller, "s3:ListBucket", ObjectLocation(bucket, prefix))
        with _port_errors(ObjectLocation(bucket, prefix)):
            paginator = self._client(caller).get_paginator("list_objects_v2")
            for page in paginator.paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield ObjectHead(found["Key"], found["Size"], found["ETag"].strip('"'))

    def require(self, action: ObjectAction, location: ObjectLocation, caller: Caller) -> None:
        """See ObjectStore: what the outside S3 decides by its own rules is known when it is asked."""
        self._policies.require_beforehand(caller, action, location)

    def owner(self, bucket: str, caller: Caller) -> str:
        """See ObjectStore: the canonical user id in the bucket's ACL."""
        self._require(caller, "s3:GetBucketAcl", ObjectLocation(bucket, ""))
        with _port_errors(ObjectLocation(bucket, "")):
            owner: str = self._client(caller).get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
        return owner

    def known_owner(self, bucket: str, caller: Caller) -> str | None:
        """See ObjectStore: none is known without being asked for."""
        self._policies.require_beforehand(caller, "s3:GetBucketAcl", ObjectLocation(bucket, ""))
        return None

    def find_console_bucket(self, caller: Caller) -> str | None:
        """The name of the console's bucket of an account in a region, None where there is none (S-4)."""
        with _port_errors(ObjectLocation(console_bucket.prefix(caller.region), "")):
            names = [str(bucket["Name"]) for bucket in self._client(caller).list_buckets()["Buckets"]]
        return min((name for name in names if name.startswith(console_bucket.prefix(caller.region))), default=None)

    def console_bucket(self, caller: Caller, console_origin: str, name: str | None = None) -> str:
        """The name of the console's bucket of an account in a region, made when there is none (S-4).

        Endpoints without CORS configurations of buckets are left as they are. Raises ValueError for a wanted name of
        another form.
        """
        wanted = console_bucket.checked_name(caller.region, name)
        existing = self.find_console_bucket(caller)
        if existing is not None:
            return existing
        client, name = self._client(caller), wanted
        with _port_errors(ObjectLocation(name, "")):
            elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": caller.region}}
            client.create_bucket(Bucket=name, **({} if caller.region == "us-east-1" else elsewhere))
        rule = {"AllowedMethods": ["GET", "HEAD", "PUT", "POST", "DELETE"], "AllowedHeaders": ["*"]}
        rules = [{**rule, "AllowedOrigins": [console_origin], "ExposeHeaders": ["ETag"]}]
        with suppress(client.exceptions.ClientError):
            client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
        return name

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _require(self, caller: Caller, action: str, location: ObjectLocation) -> None:
        """Raises ObjectAccessDeniedError unless the caller's own policies and the bucket's allow this (S-9)."""
        if caller.rights is None:
            return
        client = self._client(caller)
        asking = Asking(
            lambda: str(client.get_bucket_policy(Bucket=location.bucket)["Policy"]),
            lambda: {tag["Key"]: tag["Value"] for tag in client.get_object_tagging(**_parameters(location))["TagSet"]},
        )
        with _port_errors(location):
            self._policies.require(caller, action, location, asking)

    def _client(self, caller: Caller) -> Client:
        region = self._settings.region or caller.region
        with self._lock:
            client = self._clients.get((caller.account, region))
            if client is None:
                credentials = self._settings.credentials or self._credentials.get(caller.account)
                if credentials is None and self._settings.keys_are_accounts:
                    credentials = AccountCredentials(caller.account, "any")
                client = self._connect(credentials, region)
                self._clients[caller.account, region] = client
        return client

    def _connect(self, credentials: AccountCredentials | None, region: str) -> Client:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        settings = self._settings
        config = Config(
            s3={"addressing_style": settings.addressing_style},
            retries={"total_max_attempts": settings.retries, "mode": "standard"},
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            max_pool_connections=settings.connections,
            request_checksum_calculation=settings.checksums,
            response_checksum_validation=settings.checksums,
        )
        given = credentials or AccountCredentials()
        try:
            session = boto3.Session(
                aws_access_key_id=given.access_key_id,
                aws_secret_access_key=given.secret_access_key,
                aws_session_token=given.session_token,
                profile_name=given.profile,
                region_name=region,
            )
            return session.client("s3", endpoint_url=settings.endpoint_url, config=config)
        except BotoCoreError as error:
            _tell(ObjectAccessDeniedError, "", error)
            raise ObjectAccessDeniedError(str(error)) from error


class _BodyStream(io.RawIOBase):
    """botocore's body as a raw stream whose errors are those of the port."""

    def __init__(self, location: ObjectLocation, body: Any) -> None:
        self._location = location
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with _port_errors(self._location):
            data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _one_thread() -> Client:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(use_threads=False)


def _head(client: Client, parameters: dict[str, str]) -> JsonObject:
    """The headers of an object. An endpoint refuses HEAD without a word: then GET is asked, which tells why."""
    from botocore.exceptions import ClientError

    try:
        answer: JsonObject = client.head_object(**parameters)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "400":
            raise
        answer = client.get_object(**parameters)
        answer["Body"].close()
    return answer


def _parameters(location: ObjectLocation) -> dict[str, str]:
    version = {} if location.version is None else {"VersionId": location.version}
    return {"Bucket": location.bucket, "Key": location.key, **version}


@contextmanager
def _port_errors(location: ObjectLocation) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        kind: type[ObjectStoreError] = ObjectStoreUnavailableError
        if code in _NOT_FOUND:
            kind = ObjectNotFoundError
        elif code in _DENIED:
            kind = ObjectAccessDeniedError
        _tell(kind, code, error)
        raise kind(f"{location}: {error}") from error
    except Boto3Error as error:  # uploads in parts wrap the endpoint's own answer
        kind = ObjectAccessDeniedError if any(code in str(error) for code in _DENIED) else ObjectStoreUnavailableError
        kind = ObjectNotFoundError if any(f"({code})" in str(error) for code in _NOT_FOUND) else kind
        _tell(kind, "", error)
        raise kind(f"{location}: {error}") from error
    except NoCredentialsError as error:
        _tell(ObjectAccessDeniedError, "", error)
        raise ObjectAccessDeniedError(f"{location}: {error}") from error
    except BotoCoreError as error:
        _tell(ObjectStoreUnavailableError, "", error)
        raise ObjectStoreUnavailableError(f"{location}: {error}") from error


def _tell(kind: type[ObjectStoreError], code: str, error: Exception) -> None:
    """Say in the log what the endpoint said: the errors of Rekognition name neither missing keys nor a dead server."""
    subject, moment = f"{type(error).__name__} {code}", time.monotonic()
    if kind is ObjectNotFoundError or moment - _last_told.get(subject, -_SILENCE) < _SILENCE:
        return
    _last_told[subject] = moment
    logger.warning("the outside S3: %s", error)


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


def _place(error: configparser.Error) -> str:
    """The line that a parser stumbled over, by its number."""
    wrong_lines = getattr(error, "errors", ())
    number = wrong_lines[0][0] if wrong_lines else getattr(error, "lineno", None)
    return f"line {number}" if number else "the file"


def _credentials(path: Path, account: str, entry: object) -> AccountCredentials:
    if isinstance(entry, str):
        return AccountCredentials(profile=entry)
    names = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "profile"}
    if not isinstance(entry, dict) or not set(entry) <= names or not all(isinstance(v, str) for v in entry.values()):
        raise CredentialsFileError(f"{path}: account {account}: expected keys out of {', '.join(sorted(names))}")
    has_keys = "aws_access_key_id" in entry and "aws_secret_access_key" in entry
    if has_keys == ("profile" in entry):
        raise CredentialsFileError(
            f"{path}: account {account}: give aws_access_key_id and aws_secret_access_key, or a profile"
        )
    return AccountCredentials(
        entry.get("aws_access_key_id"),
        entry.get("aws_secret_access_key"),
        entry.get("aws_session_token"),
        entry.get("profile"),
    )
