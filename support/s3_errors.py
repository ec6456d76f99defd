"""Expecting an error of S3 from boto3, and asking what a boto3 can send at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError


@contextmanager
def s3_error(code: str, status: int) -> Iterator[dict[str, Any]]:
    """Fails unless the block raises this error; afterwards the dictionary holds the error's response."""
    response: dict[str, Any] = {}
    with pytest.raises(ClientError) as caught:
        yield response
    response.update(caught.value.response)
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def knows(client: Any, operation: str, *members: str) -> bool:
    """Whether this boto3 knows a member of an operation's input: older ones refuse to send it."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    for member in members:
        if member not in shape.members:
            return False
        shape = shape.members[member]
    return True
