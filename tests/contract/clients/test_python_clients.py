"""Python's clients, each in an environment of its own: boto3 of three years, aioboto3, s3fs, minio, PyArrow."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from support import contract_tools
from support.contract_tools import KEYS, LABELS, LIFE, ROUND_TRIP, Ran
from support.projects import unique_name

pytestmark = pytest.mark.contract
PROGRAMS = Path(__file__).parent / "programs"


def life(python: str, program: str, photographs: Path, bucket: str, environment: dict[str, str]) -> Any:
    words = [python, str(PROGRAMS / program), str(photographs), bucket, unique_name()]
    answer = contract_tools.answer_of(words, environment)
    assert answer["status"] == "RUNNING"
    assert answer["labels"] == answer["of_object"] == LABELS, "the circle is the surer label of a circle"
    return answer


def round_trip(program: str, environment_name: str, bucket: str, environment: dict[str, str]) -> Any:
    python = contract_tools.python_of(environment_name)
    answer = contract_tools.answer_of([python, str(PROGRAMS / program), bucket], environment)
    assert (answer["same"], answer["left"]) == (True, False)
    return answer


@pytest.mark.parametrize("release", ["boto3-1.26", "boto3-1.34", "newest"])
def test_boto3(release: str, photographs: Path, bucket: str, environment: dict[str, str], ran: Ran) -> None:
    python = sys.executable if release == "newest" else contract_tools.python_of(release)
    if release != "boto3-1.26":
        del environment["ENDPOINT"]  # AWS_ENDPOINT_URL is enough
    answer = life(python, "life_boto3.py", photographs, bucket, environment)
    name = "boto3, the newest" if release == "newest" else release.replace("-", " ")
    ran(name, answer["version"], LIFE)


def test_aioboto3(photographs: Path, bucket: str, environment: dict[str, str], ran: Ran) -> None:
    python = contract_tools.python_of("asynchronous")
    answer = life(python, "life_aioboto3.py", photographs, bucket, environment)
    ran("aioboto3", answer["version"], LIFE)


def test_s3fs(bucket: str, environment: dict[str, str], ran: Ran) -> None:
    answer = round_trip("round_trip_s3fs.py", "asynchronous", bucket, environment)
    assert answer["keys"] == ["photos/deep/large.bin", "photos/ä b+c.jpg"]
    assert (answer["size"], answer["metadata"], answer["moved"]) == (12 << 20, "yes", True)
    ran("s3fs", answer["version"], ROUND_TRIP)


def test_minio(bucket: str, environment: dict[str, str], ran: Ran) -> None:
    answer = round_trip("round_trip_minio.py", "others", bucket, environment)
    assert (answer["keys"], answer["errors"]) == (KEYS, [])
    assert (answer["metadata"], answer["tags"]) == ("yes", {"kind": "photo"})
    assert (answer["versioning"], answer["missing"]) == ("Enabled", "NoSuchKey")
    ran("minio-py", answer["version"], ROUND_TRIP)


def test_pyarrow(bucket: str, environment: dict[str, str], ran: Ran) -> None:
    answer = round_trip("round_trip_pyarrow.py", "others", bucket, environment)
    assert answer["keys"] == ["answers/part-0.parquet", "copy.bin", "ä b+c.bin"]
    assert answer["type"] == "image/png"
    assert answer["table"] == {"label": ["circle", "square"], "confidence": [97.5, 2.5]}
    ran("PyArrow", answer["version"], ROUND_TRIP)


def test_the_developers_profile_is_not_read(environment: dict[str, str]) -> None:
    """Else a client of these tests could reach the real AWS."""
    assert {os.environ["AWS_CONFIG_FILE"], os.environ["AWS_SHARED_CREDENTIALS_FILE"]} == {os.devnull}
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
