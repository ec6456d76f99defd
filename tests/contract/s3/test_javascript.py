"""`@aws-sdk/client-s3` with its default configuration, streams with trailers included."""

from __future__ import annotations

import secrets
from pathlib import Path

from support import node


def test_the_sdk_for_javascript(endpoint: str, account: str) -> None:
    script = Path(__file__).with_name("suite.cjs")
    seen = node.run_script(script, endpoint, account, f"javascript-{secrets.token_hex(6)}")
    assert seen == {
        "location": None,
        "keys": [True] * 8,
        "listed": True,
        "streamChecksum": True,
        "stream": True,
        "algorithms": [True] * 5,
        "range": True,
        "multipart": True,
        "presignedGet": "a+b%20c&d=e?f#g",
        "presignedPut": 200,
        "presignedBody": "from fetch",
        "copy": "ä/日本",
        "tags": [{"Key": "a", "Value": "1"}],
        "metadata": {"name": "value"},
        "cors": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}],
        "owner": 64,
        "errors": ["NoSuchKey", "NotFound", "NoSuchBucket", "PreconditionFailed", "BadDigest"],
        "versions": ["two", "one"],
        "deleted": True,
    }
