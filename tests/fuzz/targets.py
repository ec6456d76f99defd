"""The twelve parsers of bytes from outside, each as a function that raises nothing but what is documented."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from emulator.cloudwatch.errors import CloudWatchError
from emulator.cloudwatch.metric_math import MathError, _tokens
from emulator.cloudwatch.protocols import read_request as read_cloudwatch_request
from emulator.domain.errors import RuleError
from emulator.domain.iam.documents import PolicyKind, parse_stored_policy
from emulator.domain.iam.evaluation import PolicySet, decide
from emulator.domain.iam.requests import Request, account_principal
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.policy import parse_policy
from emulator.s3.errors import S3Error
from emulator.s3.http import xml_reading
from emulator.s3.http.chunked import ChunkedDecoder
from emulator.s3.http.form import FormDecoder
from emulator.s3.http.request import read_request
from emulator.s3.rules import acl, cors, policy, post_policy, ranges, tagging
from emulator.server.archive_files import ArchiveError, begins_an_archive
from emulator.server.model_archive import check_model_archive
from emulator.server.state_archive import check_archive
from emulator.vision.errors import ImageError
from emulator.vision.image_header import has_too_many_scans
from emulator.vision.images import decode, probe
from emulator.wire.errors import AwsError
from emulator.wire.identity import identify
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model
from emulator.wire.validation import parse_input

CORPUS = Path(__file__).parent / "corpus"
_MODEL = load_service_model()
_OPERATIONS = sorted(CUSTOM_LABELS_OPERATIONS)
_FUTURE = datetime(2020, 1, 1, tzinfo=UTC)


def image(data: bytes) -> None:
    """A picture for DetectCustomLabels or a training, small ones to their pixels."""
    try:
        facts = probe(data)
        has_too_many_scans(data)
        if facts.width * facts.height <= 512 * 512:
            decode(data, tolerate_damage=bool(data[-1:] < b"\x80"))
    except ImageError:
        pass


def manifest_line(data: bytes) -> None:
    """A line of a manifest, from the outside to its findings."""
    inspect_line(data)


def request_body(data: bytes) -> None:
    """The JSON of one of the 23 operations; the first byte says which."""
    operation = _OPERATIONS[(data[0] if data else 0) % len(_OPERATIONS)]
    with contextlib.suppress(AwsError):
        parse_input(_MODEL, operation, data[1:])


def signature(data: bytes) -> None:
    """An Authorization header and a query string, with a zero byte between them."""
    header, _, query = data.partition(b"\0")
    with contextlib.suppress(AwsError):
        identify({b"authorization": header}, query, "000000000000")


def s3_address(data: bytes) -> None:
    """Host, path, query and copy source, one a line."""
    lines = [*data.split(b"\n"), b"", b"", b"", b""]
    scope = {
        "method": "GET",
        "headers": [(b"host", lines[0]), (b"range", lines[3])],
        "raw_path": b"/" + lines[1],
        "query_string": lines[2],
        "aws.account": "1",
        "aws.region": "r",
    }
    try:
        request = read_request(scope, "localhost")
        request.object_key()
        ranges.requested(request.header("range"), 1000)
    except S3Error:
        pass


def chunked_body(data: bytes) -> None:
    """aws-chunked, in two pieces."""
    decoder = ChunkedDecoder()
    try:
        decoder.feed(data[: len(data) // 2])
        decoder.feed(data[len(data) // 2 :])
    except S3Error:
        pass


def form(data: bytes) -> None:
    """multipart/form-data, in two pieces, and its policy."""
    decoder = FormDecoder("b")
    try:
        decoder.feed(data[: len(data) // 2])
        decoder.feed(data[len(data) // 2 :])
        post_policy.check(decoder.fields, "bucket", 10, _FUTURE)
    except S3Error:
        pass


def s3_document(data: bytes) -> None:
    """XML of S3, as each kind of document."""
    for read in (
        xml_reading.parse,
        cors.parse,
        acl.from_document,
        lambda body: tagging.from_document(body, tagging.MOST_BUCKET_TAGS),
    ):
        with contextlib.suppress(S3Error):
            read(data)


def bucket_policy(data: bytes) -> None:
    """A bucket policy: checked, then applied."""
    try:
        policy.check(data, "bucket")
    except S3Error:
        return
    policies = PolicySet(resource=(parse_stored_policy(data, PolicyKind.BUCKET, "bucket"),))
    decide(Request("s3:GetObject", "arn:aws:s3:::bucket/key", account_principal("111122223333")), policies)


def project_policy(data: bytes) -> None:
    """A project policy."""
    with contextlib.suppress(RuleError):
        parse_policy(data.decode("utf-8", "replace"))


def cloudwatch_request(data: bytes) -> None:
    """JSON, CBOR, query form and gzip by the first byte; the expression of a query."""
    kinds: list[tuple[str, dict[str, str]]] = [
        ("/", {"content-type": "application/x-amz-json-1.0", "x-amz-target": "GraniteServiceVersion20100801.X"}),
        ("/service/X/operation/Y", {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}),
        ("/", {"content-type": "application/x-www-form-urlencoded"}),
        ("/service/X/operation/Y", {"smithy-protocol": "rpc-v2-cbor", "content-encoding": "gzip"}),
    ]
    path, headers = kinds[(data[0] if data else 0) % len(kinds)]
    try:
        read_cloudwatch_request(path, "", headers, data[1:])
        _tokens(data[1:].decode("utf-8", "replace"))
    except (CloudWatchError, MathError):
        pass


def archive(data: bytes) -> None:
    """The archive of a state or of a model, as far as the names and sizes of what is in it."""
    begins_an_archive(data)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "archive.tar"
        path.write_bytes(data)
        with contextlib.suppress(ArchiveError):
            check_archive(path, Path(directory) / "unpacked")
        with contextlib.suppress(ArchiveError):
            check_model_archive(path, Path(directory) / "model")


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        *(image, manifest_line, request_body, signature, s3_address, chunked_body, form, s3_document),
        *(bucket_policy, project_policy, cloudwatch_request, archive),
    )
}
