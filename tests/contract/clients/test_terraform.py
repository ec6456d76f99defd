"""Terraform with the AWS provider: a bucket, its settings, objects and a project, from nothing to nothing.

The provider is taken from the folder that TERRAFORM_PLUGINS names, laid out as Terraform's own mirrors are
(`registry.terraform.io/hashicorp/aws/VERSION/PLATFORM/`); nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import contract_tools
from support.contract_tools import Ran
from support.pictures import draw_picture
from support.projects import error_code, unique_name
from support.server import EmulatorProcess, environment_without_settings
from support.typing_in import ADDRESS, block

pytestmark = pytest.mark.contract
CONFIGURATION = Path(__file__).parent / "terraform" / "main.tf"
SECONDS = 600
NO_CHANGES, CHANGES = 0, 2
PROVIDER = "registry.terraform.io/hashicorp/aws"


@pytest.fixture(scope="module")
def mirror() -> Path:
    """The folder with the provider."""
    named = os.environ.get("TERRAFORM_PLUGINS")
    if not named:
        pytest.skip("TERRAFORM_PLUGINS names no folder with the AWS provider")
    if not (Path(named) / PROVIDER).is_dir():
        pytest.skip(f"{named} has no AWS provider")
    return Path(named)


@dataclass
class Terraform:
    """A folder with the configuration, and the command that works on it."""

    folder: Path
    variables: Mapping[str, object]
    environment: Mapping[str, str]

    def run(self, *words: str, expected: int = 0) -> str:
        """Run `terraform …`; all that it printed."""
        command = contract_tools.command("terraform")
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(self.variables))
        kept = {name: value for name, value in environment_without_settings().items() if not name.startswith("TF_")}
        ended = subprocess.run(
            [command, *words],
            cwd=self.folder,
            env=kept | dict(self.environment) | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == expected, f"terraform {words} ended with {ended.returncode}:\n{ended.stdout}"
        return ended.stdout

    def apply(self) -> None:
        self.run("apply", "-auto-approve", "-input=false", "-no-color")

    def assert_no_drift(self) -> None:
        """Ask the emulator for everything, and see that nothing is to be done."""
        self.run("plan", "-detailed-exitcode", "-input=false", "-no-color", expected=NO_CHANGES)

    def output(self, name: str) -> Any:
        """The value of an output."""
        return json.loads(self.run("output", "-json", name))


def shown(beginning: str) -> str:
    """The block of docs/terraform.md that begins so."""
    return block("docs/terraform.md", beginning)


@pytest.fixture
def terraform(quick_emulator: EmulatorProcess, account: str, mirror: Path, tmp_path: Path) -> Terraform:
    """An initialised working folder."""
    folder, photographs = tmp_path / "infrastructure", tmp_path / "photographs"
    folder.mkdir()
    photographs.mkdir()
    for number in range(3):
        picture = draw_picture(["circle"], seed=number)
        (photographs / picture.name).write_bytes(picture.body)
    shutil.copy(CONFIGURATION, folder)
    provider = shown("terraform {").replace(ADDRESS, quick_emulator.endpoint).replace("111122223333", account)
    (folder / "provider.tf").write_text(provider)
    (folder / "flowers.tf").write_text(shown('resource "aws_rekognition_project"'))
    variables = {"bucket": unique_name("tf"), "project": unique_name("tf"), "tags": {"team": "vision"}}
    made = Terraform(folder, variables | {"folder": str(photographs)}, {})
    made.run("init", f"-plugin-dir={mirror}", "-input=false", "-no-color")
    return made


def test_from_nothing_to_nothing(terraform: Terraform, quick_emulator: EmulatorProcess, account: str, ran: Ran) -> None:
    rekognition, s3 = (quick_emulator.client(service, account) for service in ("rekognition", "s3"))
    terraform.apply()
    bucket, arn = str(terraform.variables["bucket"]), terraform.output("project_arn")
    assert terraform.output("account") == account
    assert rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "vision"}
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert len(keys) == 3
    assert s3.get_object_tagging(Bucket=bucket, Key=keys[0])["TagSet"] == [{"Key": "team", "Value": "vision"}]
    terraform.assert_no_drift()

    terraform.variables = {**terraform.variables, "tags": {"team": "labels", "stage": "test"}}
    terraform.apply()
    # The provider replaces a project whose tags change (docs/terraform.md).
    replaced = terraform.output("project_arn")
    assert replaced != arn and replaced.split("/")[1] == terraform.variables["project"]
    assert rekognition.list_tags_for_resource(ResourceArn=replaced)["Tags"] == {"team": "labels", "stage": "test"}
    assert {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]} == {
        "team": "labels",
        "stage": "test",
    }
    [flowers] = rekognition.describe_projects(ProjectNames=["flowers"])["ProjectDescriptions"]
    rekognition.tag_resource(ResourceArn=flowers["ProjectArn"], Tags={"season": "spring"})
    import_again(terraform, bucket)
    terraform.assert_no_drift()  # also not by those tags: docs/terraform.md lets them be ignored

    terraform.run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert rekognition.describe_projects()["ProjectDescriptions"] == []
    assert error_code(s3.head_bucket, Bucket=bucket) == "404"
    version = json.loads(terraform.run("version", "-json"))
    [provider] = version["provider_selections"].values()
    ran("Terraform", f"{version['terraform_version']}, provider {provider}", "apply to destroy")


def import_again(terraform: Terraform, bucket: str) -> None:
    """Forget resources and import them as somebody does who begins with Terraform later."""
    project = str(terraform.variables["project"])
    blocks = {
        "aws_rekognition_project.labels": project,
        "aws_s3_bucket.photographs": bucket,
        "aws_s3_bucket_versioning.photographs": bucket,
        "aws_s3_bucket_lifecycle_configuration.photographs": bucket,
        "aws_s3_bucket_policy.photographs": bucket,
        "aws_s3_bucket_acl.photographs": f"{bucket},private",
    }
    terraform.run("state", "rm", *blocks)
    text = "".join(f'import {{\n  to = {to}\n  id = "{name}"\n}}\n' for to, name in blocks.items())
    (terraform.folder / "imports.tf").write_text(text)
    terraform.apply()
    (terraform.folder / "imports.tf").unlink()
