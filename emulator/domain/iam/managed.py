"""The managed policies that the guide names (S-8), written from what api-facts §8 says of them.

AWS's own documents are not public text of ours; docs/parity.md says that these are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy

_PREFIX = "arn:aws:iam::aws:policy/"
FULL_ACCESS = f"{_PREFIX}AmazonRekognitionCustomLabelsFullAccess"
S3_READ_ONLY = f"{_PREFIX}AmazonS3ReadOnlyAccess"

_OPERATIONS = (
    *("CopyProjectVersion", "CreateProject", "CreateProjectVersion", "DescribeProjects", "DescribeProjectVersions"),
    *("DeleteProject", "DeleteProjectVersion", "StartProjectVersion", "StopProjectVersion", "DetectCustomLabels"),
    *("CreateDataset", "DeleteDataset", "DescribeDataset", "DistributeDatasetEntries", "UpdateDatasetEntries"),
    *("ListDatasetEntries", "ListDatasetLabels", "PutProjectPolicy", "ListProjectPolicies", "DeleteProjectPolicy"),
    *("TagResource", "UntagResource", "ListTagsForResource"),
)
# The rights that the guide names for buckets (S-3).
_OF_BUCKETS = (
    *("ListBucket", "ListAllMyBuckets", "GetBucketAcl", "GetBucketLocation", "GetObject", "GetObjectAcl"),
    *("GetObjectTagging", "GetObjectVersion", "PutObject"),
)
_FULL_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Action": [f"s3:{name}" for name in _OF_BUCKETS],
            "Resource": "arn:aws:s3:::*custom-labels*",
        },
        {
            "Sid": "CustomLabels",
            "Effect": "Allow",
            "Action": [f"rekognition:{name}" for name in _OPERATIONS],
            "Resource": "*",
        },
    ],
}
_S3_READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
}


@cache
def managed_policies() -> Mapping[str, Policy]:
    """The policies that come with the emulator, by ARN."""
    documents = {FULL_ACCESS: _FULL_ACCESS, S3_READ_ONLY: _S3_READ_ONLY}
    return MappingProxyType(
        {
            arn: parse_policy(document, PolicyKind.IDENTITY, arn.removeprefix(_PREFIX))
            for arn, document in documents.items()
        }
    )
