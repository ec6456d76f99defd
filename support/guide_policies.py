"""Every policy that the guide prints (S-2, S-3, S-8, SE-2, SE-3, LB-1, CP-5, S-11), and what each allows and denies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.identities import allow, key, trust

SOURCE, COPIER = "123456789012", "111111111111"
ADMIN, OTHER_ROLE = f"arn:aws:iam::{COPIER}:role/Admin", f"arn:aws:iam::{COPIER}:role/Other"
CONSOLE_BUCKET, DEMO_BUCKET, PLAIN_BUCKET = (
    "custom-labels-console-us-east-1-1a2b3c4d5e",
    "amzn-s3-demo-bucket",
    "bucket",
)
BUCKETS = (CONSOLE_BUCKET, DEMO_BUCKET, PLAIN_BUCKET, "another-bucket")
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"

_PROJECTS = f"arn:aws:rekognition:us-east-1:{SOURCE}:project"
VERSION, OTHER_VERSION = f"{_PROJECTS}/MyProject/version/MyVersion/1", f"{_PROJECTS}/MyProject/version/Other/1"
MY_PROJECT = f"{_PROJECTS}/MyProject/1"

_S3_OF_CONSOLE = (
    *("ListBucket", "CreateBucket", "GetBucketAcl", "GetBucketLocation", "GetObject", "GetObjectAcl"),
    *("GetObjectVersion", "GetObjectTagging", "GetBucketVersioning", "GetObjectVersionTagging", "PutBucketCORS"),
    *("PutLifecycleConfiguration", "PutBucketPolicy", "PutObject", "PutObjectTagging", "PutBucketVersioning"),
    "PutObjectVersionTagging",
)
_S3_OF_A_BUCKET = (
    *("GetBucketAcl", "GetBucketLocation", "GetObject", "GetObjectAcl", "GetObjectVersion", "GetObjectTagging"),
    *("ListBucket", "PutObject"),
)


def s3(*names: str) -> list[str]:
    """Actions of S3."""
    return [f"s3:{name}" for name in names]


def rekognition(*names: str) -> list[str]:
    """Actions of Rekognition."""
    return [f"rekognition:{name}" for name in names]


def _policy(*statements: tuple[str, list[str], str]) -> dict[str, Any]:
    """A policy of statements that are effect, actions, resource."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": actions, "Resource": on} for effect, actions, on in statements],
    }


CONSOLE_USER = _policy(
    ("Allow", s3("ListBucket", "ListAllMyBuckets"), "*"),
    ("Allow", s3(*_S3_OF_CONSOLE), "arn:aws:s3:::custom-labels-console-*"),
    ("Allow", ["rekognition:*"], "*"),
    ("Allow", ["groundtruthlabeling:*"], "*"),
)
EXTERNAL_BUCKET = _policy(("Allow", s3(*_S3_OF_A_BUCKET), f"arn:aws:s3:::{DEMO_BUCKET}*"))
SEVERAL = _policy(
    ("Allow", rekognition("DescribeProjects"), "*"),
    (
        "Allow",
        rekognition("StopProjectVersion", "StartProjectVersion", "DetectCustomLabels", "CreateProjectVersion"),
        "arn:aws:rekognition:*:*:project/MyProject/version/MyVersion/*",
    ),
    (
        "Allow",
        rekognition("CreateProject", "DescribeProjectVersions", "CreateProjectVersion"),
        "arn:aws:rekognition:*:*:project/MyProject/*",
    ),
    ("Deny", rekognition("CreateProject"), "arn:aws:rekognition:*:*:project/SampleProject/*"),
)
ONE_MODEL = _policy(
    ("Allow", rekognition("DetectCustomLabels"), "arn:aws:rekognition:*:*:project/MyProject/version/MyVersion/*")
)
LAMBDA = _policy(("Allow", rekognition("DetectCustomLabels"), "*"))
LAMBDA_IMAGES = _policy(("Allow", s3("GetObject"), "arn:aws:s3:::bucket/folder path/*"))
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:user/key-user"},
            "Action": ["kms:GenerateDataKey", "kms:Decrypt", "kms:CreateGrant", "kms:DescribeKey"],
            "Resource": "*",
        }
    ],
}

USERS: Mapping[str, list[object]] = {
    "console-user": [CONSOLE_USER],
    "external-user": [CONSOLE_USER, EXTERNAL_BUCKET],
    "sdk-user": ["AmazonRekognitionCustomLabelsFullAccess", "AmazonS3ReadOnlyAccess"],
    "several-user": [SEVERAL],
    "detect-user": [ONE_MODEL],
    "lambda": [LAMBDA, LAMBDA_IMAGES],
    "key-user": [allow("s3:*")],
    "keyless-user": [allow("s3:*"), allow("kms:*")],
}


def pair(name: str) -> tuple[str, str]:
    """The access key of a user."""
    return f"AKIA{name.upper().replace('-', ''):0<16}", f"secret-of-{name}"


def document() -> dict[str, Any]:
    """The file of identities."""
    users = {name: {"keys": [key(pair(name))], "policies": policies} for name, policies in USERS.items()}
    role = {"trust": trust({"AWS": COPIER}), "policies": [allow("rekognition:*")]}
    return {
        "accounts": {
            SOURCE: {
                "keys": [key(pair("root"))],
                "users": users,
                "kms": {KEY_ID: {"region": "us-east-1", "policy": KEY_POLICY}},
            },
            COPIER: {
                "users": {"copier": {"keys": [key(pair("copier"))], "policies": [allow("sts:*", "rekognition:*")]}},
                "roles": {"Admin": role, "Other": role},
            },
        }
    }


@dataclass(frozen=True)
class Ask:
    """One call of a user or a role (`role:…`): whether its policies allow it, and the action that is decided about."""

    caller: str
    service: str
    operation: str
    is_allowed: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""

    @property
    def decided(self) -> str:
        """The action that the decisions name."""
        return self.action or f"{self.service}:{self.operation}"


def _s3(caller: str, operation: str, is_allowed: bool, bucket: str, key: str | None = None, action: str = "") -> Ask:
    named = {"Bucket": bucket} if key is None else {"Bucket": bucket, "Key": key}
    return Ask(caller, "s3", operation, is_allowed, named, action or f"s3:{operation}")


def _version(caller: str, operation: str, is_allowed: bool, version: str = VERSION) -> Ask:
    parameters: dict[str, Any] = {"ProjectVersionArn": version}
    if operation == "StartProjectVersion":
        parameters["MinInferenceUnits"] = 1
    if operation == "DetectCustomLabels":
        parameters["Image"] = {"S3Object": {"Bucket": PLAIN_BUCKET, "Name": "folder path/a.jpg"}}
    return Ask(caller, "rekognition", operation, is_allowed, parameters)


def _training(caller: str, is_allowed: bool, project: str = MY_PROJECT) -> Ask:
    output = {"S3Bucket": CONSOLE_BUCKET, "S3KeyPrefix": "results"}
    parameters = {"ProjectArn": project, "VersionName": "MyVersion", "OutputConfig": output}
    return Ask(caller, "rekognition", "CreateProjectVersion", is_allowed, parameters)


def _named(caller: str, operation: str, is_allowed: bool, **parameters: Any) -> Ask:
    return Ask(caller, "rekognition", operation, is_allowed, parameters)


def _encrypted(caller: str, operation: str, is_allowed: bool) -> Ask:
    place = {"Bucket": PLAIN_BUCKET, "Key": f"encrypted-by-{caller}" if operation == "PutObject" else "encrypted"}
    if operation == "PutObject":
        place |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY_ID}
    action = {"PutObject": "kms:GenerateDataKey", "GetObject": "kms:Decrypt"}[operation]
    return Ask(caller, "s3", operation, is_allowed, place, action)


ASKS: tuple[Ask, ...] = (
    _s3("console-user", "GetBucketVersioning", True, CONSOLE_BUCKET),
    _s3("console-user", "GetBucketVersioning", False, PLAIN_BUCKET),
    Ask("console-user", "s3", "ListBuckets", True, {}, "s3:ListAllMyBuckets"),
    _s3("console-user", "PutObject", True, CONSOLE_BUCKET, "a"),
    _s3("console-user", "GetObject", True, CONSOLE_BUCKET, "folder path/a.jpg"),
    _s3("console-user", "CreateBucket", True, CONSOLE_BUCKET),
    _s3("console-user", "PutObject", False, PLAIN_BUCKET, "a"),
    _s3("console-user", "DeleteObject", False, CONSOLE_BUCKET, "a"),
    _named("console-user", "DeleteProject", True, ProjectArn=MY_PROJECT),
    _s3("external-user", "GetObject", True, DEMO_BUCKET, "folder path/a.jpg"),
    _s3("external-user", "PutObject", True, DEMO_BUCKET, "results/a"),
    _s3("external-user", "GetBucketAcl", True, DEMO_BUCKET),
    _s3("external-user", "GetObject", False, "another-bucket", "folder path/a.jpg"),
    _named("sdk-user", "DescribeProjects", True),
    _version("sdk-user", "StartProjectVersion", True),
    _s3("sdk-user", "GetObject", True, "another-bucket", "folder path/a.jpg"),
    _s3("sdk-user", "PutObject", False, "another-bucket", "a"),
    _s3("sdk-user", "PutObject", True, CONSOLE_BUCKET, "a"),
    Ask("sdk-user", "kms", "ListKeys", False),
    _named("several-user", "DescribeProjects", True),
    _version("several-user", "StartProjectVersion", True),
    _version("several-user", "StopProjectVersion", True),
    _version("several-user", "DetectCustomLabels", True),
    _named("several-user", "CreateProject", True, ProjectName="MyProject"),
    _training("several-user", True),
    _named("several-user", "DescribeProjectVersions", True, ProjectArn=MY_PROJECT),
    _named("several-user", "CreateProject", False, ProjectName="SampleProject"),
    _version("several-user", "StartProjectVersion", False, OTHER_VERSION),
    _named("several-user", "DeleteProject", False, ProjectArn=MY_PROJECT),
    _version("detect-user", "DetectCustomLabels", True),
    _version("detect-user", "DetectCustomLabels", False, OTHER_VERSION),
    _version("detect-user", "StartProjectVersion", False),
    _named("detect-user", "DescribeProjects", False),
    _version("lambda", "DetectCustomLabels", True, OTHER_VERSION),
    _s3("lambda", "GetObject", True, PLAIN_BUCKET, "folder path/a.jpg"),
    _s3("lambda", "GetObject", False, PLAIN_BUCKET, "elsewhere/a.jpg"),
    _s3("lambda", "PutObject", False, PLAIN_BUCKET, "folder path/b.jpg"),
    _encrypted("key-user", "PutObject", True),
    _encrypted("key-user", "GetObject", True),
    _encrypted("keyless-user", "PutObject", False),
    _encrypted("keyless-user", "GetObject", False),
)
"""What is asked of users; copies by roles need projects that are there."""
