"""ARNs: taken apart, put together, refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.arns import Arn, parse_arn, partition_of
from emulator.domain.errors import InvalidParameterError
from emulator.wire.service_model import load_service_model

NAMES = st.text("abcXYZ019_.-", min_size=1, max_size=255)
ARNS = st.builds(
    Arn,
    region=st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-2"]),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    project=NAMES,
    epoch=st.integers(0, 10**15),
    partition=st.sampled_from(["aws", "aws-cn", "aws-us-gov"]),
)


@given(ARNS, st.sampled_from(["project", "version", "dataset"]), NAMES, st.sampled_from(["train", "test"]))
def test_what_is_written_can_be_read(arn: Arn, resource: str, version: str, dataset: str) -> None:
    names = {"version": {"version": version}, "dataset": {"dataset": dataset}, "project": {}}[resource]
    whole = Arn(arn.region, arn.account, arn.project, arn.epoch, partition=arn.partition, **names)
    assert parse_arn(str(whole)) == whole
    assert whole.resource == resource


def test_the_documented_forms() -> None:
    """SE-1, T-11; api-facts §2."""
    project = "arn:aws:rekognition:us-east-1:111122223333:project/my-project"
    assert parse_arn(f"{project}/1690405809285") == Arn("us-east-1", "111122223333", "my-project", 1690405809285)
    version = parse_arn(f"{project}/version/my-project.2021-07-13T10.36.30/1690556751958")
    assert version.version == "my-project.2021-07-13T10.36.30"
    assert parse_arn(f"{project}/dataset/train/1690476084535").dataset == "train"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:s3:::bucket",
        "arn:aws:rekognition:us-east-1:111122223333:collection/faces",
        "arn:aws:rekognition:us-east-1:11112222333:project/p/1",
        "arn:aws:rekognition:us-east-1:111122223333:project/p",
        "arn:aws:rekognition:us-east-1:111122223333:project/p/x",
        "arn:aws:rekognition:us-east-1:111122223333:project//1",
        "arn:aws:rekognition:us-east-1:111122223333:project/p/dataset/TRAIN/1",
        "arn:aws:rekognition:us-east-1:111122223333:project/p/version/1",
        "arn:aws:rekognition:us-east-1:111122223333:project/p/1\n",
        " arn:aws:rekognition:us-east-1:111122223333:project/p/1",
        "arn:aws:rekognition:us-east-1:111122223333:project/" + "p" * 256 + "/1",
        "arn:aws:rekognition:us-east-1:111122223333:project/\ud800/1",
    ],
)
def test_what_is_no_arn_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError):
        parse_arn(text)


@given(st.text(max_size=200) | st.text("arn:aws:rekognition/project0123456789-", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert str(parse_arn(text)).split("/")[:-1] == text.split("/")[:-1]
    except InvalidParameterError as error:
        assert error.code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
        ("", "aws"),
    ],
)
def test_regions_belong_to_partitions(region: str, partition: str) -> None:
    assert partition_of(region) == partition


@pytest.mark.parametrize(("shape", "resource"), [("ProjectArn", ""), ("DatasetArn", "/dataset/test")])
def test_our_arns_fit_the_service_model(shape: str, resource: str) -> None:
    """The pattern that botocore publishes, in Python's spelling."""
    import re

    pattern = load_service_model().shapes[shape]["pattern"]
    arn = Arn("eu-west-1", "000000000000", "a_b.c-d", 1690405809285, dataset="test" if resource else None)
    assert re.fullmatch(pattern, str(arn))
