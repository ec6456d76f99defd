"""docs/permissions.md: what each operation is checked against. `make docs` prints it, a test compares it."""

from __future__ import annotations

from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonObject
from emulator.operations.authorization import ANYTHING, checks
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS

_HEAD = """# What each operation is checked against

This page is generated from the code by `make docs`; a test keeps both equal. It holds where callers have rights:
`CUSTOM_LABELS_AUTH=iam` and `iam-report`, [access.md](access.md).

| operation | action | resource | only |
|---|---|---|---|
"""
_TAIL = """
`CopyProjectVersion` is checked for the version with the policies of its project beside the caller's. Condition keys,
besides the global ones: `aws:ResourceTag/KEY` of a resource that is there, `aws:RequestTag/KEY` and `aws:TagKeys` of
what is tagged.

In S3, whoever asked for a dataset, a training or a copy needs `s3:GetObject` (or `s3:GetObjectVersion`) for manifests
and images, `s3:GetBucketAcl` for the images' bucket, and `s3:PutObject` for the results; with `KmsKeyId` also
`kms:DescribeKey` and `kms:CreateGrant`, for objects under SSE-KMS `kms:Decrypt`. No byte is encrypted. These rights are
looked at twice, when the work is asked for and when it is done. S3's own operations are checked against their actions,
as [s3.md](s3.md) says.
"""
_ARN = "arn:aws:rekognition:R:A:project"
_PROJECT, _OTHER, _DATASET = f"{_ARN}/project/1", f"{_ARN}/destination/2", f"{_ARN}/project/dataset/train/1"
_VERSION = f"{_ARN}/project/version/version/1"
_CALLER = Caller("000000000000", "us-east-1")
_MEMBERS: JsonObject = {
    "ProjectName": "new",
    "ProjectArn": _PROJECT,
    "DatasetArn": _DATASET,
    "ProjectVersionArn": _VERSION,
    "SourceProjectArn": _PROJECT,
    "SourceProjectVersionArn": _VERSION,
    "DestinationProjectArn": _OTHER,
    "ResourceArn": "any of them",
    "VersionName": "new",
    "DatasetType": "TRAIN",
    "DatasetSource": {"DatasetArn": _DATASET},
    "Datasets": [{"Arn": "each dataset"}],
    "Tags": {"key": "value"},
}
_SPOKEN = {
    ANYTHING: "`*`",
    _PROJECT: "the project",
    _OTHER: "the destination project",
    _DATASET: "the dataset",
    _VERSION: "the version",
    "any of them": "the project, dataset or version",
    "each dataset": "each dataset",
}


def document() -> str:
    """docs/permissions.md, whole."""
    return _HEAD + "".join(row for name in sorted(CUSTOM_LABELS_OPERATIONS) for row in _rows(name)) + _TAIL


def _rows(operation: str) -> list[str]:
    parameters = {name: _readable(value) for name, value in _MEMBERS.items()}
    rows = []
    for check in checks(operation, parameters, _CALLER, 0):
        resource = _SPOKEN.get(_unreadable(check.resource), "what is to be made")
        only = ""
        if check.action == "TagResource" != operation:
            only = "with tags"
        elif check.action == "ListDatasetEntries" != operation:
            resource, only = "the source dataset", "from a dataset"
        rows.append(f"| `{operation}` | `rekognition:{check.action}` | {resource} | {only} |\n")
    if operation == "CopyProjectVersion":
        rows.insert(1, f"| `{operation}` | `rekognition:{operation}` | the source version | |\n".replace("| |", "|  |"))
    return rows


def _readable(value: object) -> object:
    """Values with ARNs that can be taken apart."""
    return value.replace(":R:A:", ":us-east-1:000000000000:") if isinstance(value, str) else value


def _unreadable(resource: str) -> str:
    return resource.replace(":us-east-1:000000000000:", ":R:A:")


if __name__ == "__main__":
    print(document(), end="")
