"""Which part of the emulator answers which request."""

from __future__ import annotations

import pytest

from emulator.server.routing import Destination, destination

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
UPLOAD = {"content-type": "multipart/form-data; boundary=x"}
TARGET = {"x-amz-target": "RekognitionService.DescribeProjects"}
PREFLIGHT = {"access-control-request-headers": "authorization,X-Amz-Target", "origin": "http://page"}


def signed(service: str) -> dict[str, str]:
    """A header as SDKs sign for a service."""
    credential = f"Credential=111122223333/20261121/us-east-1/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"}


def presigned(service: str) -> str:
    """A query as SDKs presign it for a service."""
    return f"X-Amz-Credential=111122223333%2F20261121%2Fus-east-1%2F{service}%2Faws4_request&X-Amz-Signature=0"


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "expected"),
    [
        ("POST", "/", "", signed("rekognition") | TARGET, Destination.REKOGNITION),
        ("POST", "/", "", TARGET, Destination.REKOGNITION),
        ("POST", "/", "", {}, Destination.REKOGNITION),
        ("OPTIONS", "/", "", PREFLIGHT, Destination.REKOGNITION),
        ("GET", "/", "", signed("s3"), Destination.S3),
        ("GET", "/", "", {}, Destination.S3),
        ("GET", "/console/a.jpg", "", signed("s3"), Destination.S3),
        ("PUT", "/bucket/key", "X-Amz-Credential=a", {}, Destination.S3),
        ("GET", "/console/a.jpg", presigned("s3"), {}, Destination.S3),
        ("GET", "/console/a.jpg", "AWSAccessKeyId=111122223333&Signature=0&Expires=1", {}, Destination.S3),
        ("GET", "/console/", "page=1", {}, Destination.CONSOLE),
        ("GET", "/_localstack/health", "", {}, Destination.CONTROL),
        ("GET", "/console/api/about", "", {}, Destination.CONSOLE_API),
        ("GET", "/console/api/bucket", "", signed("rekognition"), Destination.CONSOLE_API),
        ("GET", "/console/api/preview", presigned("rekognition"), {}, Destination.CONSOLE_API),
        ("GET", "/console/api/about", "", signed("s3"), Destination.S3),
        ("GET", "/", f"Action=GetCallerIdentity&{presigned('sts')}", {}, Destination.OTHER_SERVICES),
        ("GET", "/", presigned("sqs"), {}, Destination.OTHER_SERVICES),
        ("POST", "/", "", UPLOAD, Destination.S3),
        ("POST", "/", "", signed("sts") | FORM, Destination.OTHER_SERVICES),
        ("POST", "/", "", FORM, Destination.OTHER_SERVICES),
        ("POST", "/", "", signed("dynamodb") | TARGET, Destination.OTHER_SERVICES),
        ("POST", "/service/CloudWatch", "", signed("monitoring"), Destination.CLOUDWATCH),
        ("GET", "/_emulator/health", "", {}, Destination.CONTROL),
        ("GET", "/console", "", {}, Destination.CONSOLE),
        ("GET", "/console/index.html", "", {}, Destination.CONSOLE),
        ("GET", "/consoles/a.jpg", "", {}, Destination.S3),
    ],
)
def test_requests_find_their_part(
    method: str, path: str, query: str, headers: dict[str, str], expected: Destination
) -> None:
    """By the signed service first, then by path, target and content type."""
    scope = {
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    assert destination(scope) is expected
