"""CloudFormation's `AWS::Rekognition::Project`, made in the emulator by moto's engine (extra `cloudformation`).

    python -m emulator.testing.cloudformation --port 5000

is moto's server; its stacks make their projects at `AWS_ENDPOINT_URL_REKOGNITION`, by default the emulator's usual
address. Within a process that uses `moto.mock_aws`, importing this module is enough.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel

from emulator.settings import Settings

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_REKOGNITION"
DEFAULT_ENDPOINT = f"http://127.0.0.1:{Settings().port}"
DELETION_SECONDS = 30.0
_LOOK_SECONDS = 0.1


class RekognitionProject(CloudFormationModel):
    """A project of a stack: `Ref` is its name, `Fn::GetAtt` knows its `Arn`."""

    def __init__(self, name: str, arn: str, tags: Mapping[str, str]) -> None:
        self.physical_resource_id = name
        self.arn = arn
        self.tags = dict(tags)

    @staticmethod
    def cloudformation_name_type() -> str:
        return "ProjectName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Rekognition::Project"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The ARN. Raises UnformattedGetAttTemplateException for anything else."""
        if attribute_name == "Arn":
            return self.arn
        raise UnformattedGetAttTemplateException

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: object
    ) -> RekognitionProject:
        """CreateProject with the template's tags. Raises ValidationError with the emulator's message."""
        tags = _tags(cloudformation_json)
        try:
            created = _client(account_id, region_name).create_project(ProjectName=resource_name, Tags=tags)
        except ClientError as error:
            raise ValidationError(resource_name, error.response["Error"]["Message"]) from error
        return cls(resource_name, created["ProjectArn"], tags)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: RekognitionProject,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> RekognitionProject:
        """New tags in place; another name is another project, as AWS documents it. Raises ValidationError."""
        named = "ProjectName" in cloudformation_json["Properties"]
        if named and new_resource_name != original_resource.physical_resource_id:
            project = cls.create_from_cloudformation_json(
                new_resource_name, cloudformation_json, account_id, region_name
            )
            original_resource.delete(account_id, region_name)
            return project
        client, tags = _client(account_id, region_name), _tags(cloudformation_json)
        removed = sorted(set(original_resource.tags) - set(tags))
        if removed:
            client.untag_resource(ResourceArn=original_resource.arn, TagKeys=removed)
        if tags:
            client.tag_resource(ResourceArn=original_resource.arn, Tags=tags)
        return cls(original_resource.physical_resource_id, original_resource.arn, tags)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str
    ) -> None:
        """DeleteProject of the project with that name, if there is one."""
        for project in _described(_client(account_id, region_name), resource_name):
            cls(resource_name, project["ProjectArn"], _tags(cloudformation_json)).delete(account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        """DeleteProject, and wait until it is gone. Raises ValidationError while it has datasets or versions."""
        client = _client(account_id, region_name)
        try:
            client.delete_project(ProjectArn=self.arn)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return
            raise ValidationError(self.physical_resource_id, error.response["Error"]["Message"]) from error
        deadline = time.monotonic() + DELETION_SECONDS
        while _described(client, self.physical_resource_id) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def is_created(self) -> bool:
        return True


def _client(account: str, region: str) -> Any:
    """Rekognition at the emulator, as the account of the stack."""
    return boto3.client(
        "rekognition",
        endpoint_url=os.environ.get(ENDPOINT_VARIABLE, DEFAULT_ENDPOINT),
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="cloudformation",
    )


def _described(client: Any, name: str) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = client.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
    return described


def _tags(resource: Mapping[str, Any]) -> dict[str, str]:
    """The template's list of keys and values as Rekognition's map."""
    return {tag["Key"]: tag["Value"] for tag in resource["Properties"].get("Tags", [])}


# moto remembers its list of models from the first stack on.
for _remembered in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
    _remembered.cache_clear()
