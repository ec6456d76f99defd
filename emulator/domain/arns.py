"""Amazon Resource Names of projects, datasets and project versions (api-facts §2, SE-1, K-9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.domain.errors import InvalidParameterError

PARTITION_OF_REGION_PREFIX = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}

_ARN = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account>\d{12})"
    r":project/(?P<project>[a-zA-Z0-9_.\-]{1,255})"
    r"(?:/version/(?P<version>[a-zA-Z0-9_.\-]{1,255})|/dataset/(?P<dataset>train|test))?/(?P<epoch>[0-9]+)"
)


@dataclass(frozen=True, slots=True)
class Arn:
    """A parsed ARN: `version` is set for project versions, `dataset` (`train`, `test`) for datasets.

    `epoch` is the creation time in milliseconds that ends the ARN (api-facts §0.12).
    """

    region: str
    account: str
    project: str
    epoch: int
    version: str | None = None
    dataset: str | None = None
    partition: str = "aws"

    @property
    def resource(self) -> str:
        """`project`, `version` or `dataset`."""
        if self.version is not None:
            return "version"
        return "dataset" if self.dataset is not None else "project"

    def __str__(self) -> str:
        middle = ""
        if self.version is not None:
            middle = f"/version/{self.version}"
        elif self.dataset is not None:
            middle = f"/dataset/{self.dataset}"
        return (
            f"arn:{self.partition}:rekognition:{self.region}:{self.account}:project/{self.project}{middle}/{self.epoch}"
        )


def partition_of(region: str) -> str:
    """The ARN partition that a region belongs to, `aws` unless its name says otherwise."""
    for prefix in sorted(PARTITION_OF_REGION_PREFIX, key=len, reverse=True):
        if region.startswith(prefix):
            return PARTITION_OF_REGION_PREFIX[prefix]
    return "aws"


def parse_arn(text: str) -> Arn:
    """Take an ARN apart. Raises InvalidParameterError where it is none of the three kinds (api-facts §2.21)."""
    match = _ARN.fullmatch(text)
    if match is None:
        raise InvalidParameterError(f"The ARN {text} is not the ARN of a project, a dataset or a project version.")
    return Arn(
        region=match["region"],
        account=match["account"],
        project=match["project"],
        epoch=int(match["epoch"]),
        version=match["version"],
        dataset=match["dataset"],
        partition=match["partition"],
    )
