"""Commands that people type: the AWS CLI (both versions), rclone, s3cmd with its defaults."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import contract_tools
from support.contract_tools import LABELS, LIFE, ROUND_TRIP, Ran
from support.photo_folder import contents, write_photo_folder
from support.projects import unique_name
from support.server import SECRET_KEY

pytestmark = pytest.mark.contract
DEBIAN_AWS = "/usr/bin/aws"


def aws_command(version: int) -> str:
    """Version 1 is in the environment of the tests, version 2 in Debian's package."""
    if version == 1:
        return contract_tools.command("aws", str(Path(sys.executable).with_name("aws")))
    command = contract_tools.command("aws", DEBIAN_AWS)
    if not version_of(command).startswith("aws-cli/2"):
        pytest.skip("the AWS CLI 2 is not installed (Debian: awscli)")
    return command


def version_of(aws: str) -> str:
    return contract_tools.run_or_skip([aws, "--version"])


@pytest.mark.parametrize("version", [1, 2])
def test_aws(version: int, photographs: Path, bucket: str, environment: dict[str, str], ran: Ran) -> None:
    command = aws_command(version)
    # The first of version 2 that reads AWS_ENDPOINT_URL is 2.13; Debian's is 2.9.
    endpoint = ["--endpoint-url", environment["ENDPOINT"]]

    def aws(*words: str) -> Any:
        printed = contract_tools.run_client([command, *words, *endpoint, "--output", "json"], environment, photographs)
        return json.loads(printed) if printed.startswith("{") else printed

    aws("s3", "mb", f"s3://{bucket}")
    aws("s3", "cp", "--recursive", ".", f"s3://{bucket}/")
    project = aws("rekognition", "create-project", "--project-name", unique_name())["ProjectArn"]
    for kind in ("train", "test"):
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": f"{kind}.manifest"}}}
        of_project = ("--project-arn", project, "--dataset-type", kind.upper())
        created = aws("rekognition", "create-dataset", *of_project, "--dataset-source", json.dumps(source))
        described = aws("rekognition", "describe-dataset", "--dataset-arn", created["DatasetArn"])
        assert described["DatasetDescription"]["Status"] == "CREATE_COMPLETE"
    named = ("--project-arn", project, "--version-names", "first")
    output = ("--output-config", f"S3Bucket={bucket},S3KeyPrefix=results")
    created = aws("rekognition", "create-project-version", "--project-arn", project, "--version-name", "first", *output)
    of_version = ("--project-version-arn", created["ProjectVersionArn"])
    aws("rekognition", "wait", "project-version-training-completed", *named)
    aws("rekognition", "start-project-version", *of_version, "--min-inference-units", "1")
    aws("rekognition", "wait", "project-version-running", *named)
    [described] = aws("rekognition", "describe-project-versions", *named)["ProjectVersionDescriptions"]
    assert described["Status"] == "RUNNING"
    detect = ("rekognition", "detect-custom-labels", *of_version, "--min-confidence", "0")
    for image in (
        ("--image-bytes", "fileb://new.png"),
        ("--image", json.dumps({"S3Object": {"Bucket": bucket, "Name": "new.png"}})),
    ):
        assert [label["Name"] for label in aws(*detect, *image)["CustomLabels"]] == LABELS
    aws("rekognition", "stop-project-version", *of_version)
    found = re.match(r"aws-cli/(\S+)", version_of(command))
    assert found is not None
    ran(f"AWS CLI {version}", found[1], LIFE)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with names that need escaping, and a file that is sent in parts."""
    return write_photo_folder(tmp_path / "files", 20 << 20)


Run = Callable[..., str]


@pytest.fixture
def rclone(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run rclone with a remote called `emulator`, made by variables alone."""
    command = contract_tools.command("rclone")
    remote = {"TYPE": "s3", "PROVIDER": "Other", "ENV_AUTH": "true", "ENDPOINT": environment["ENDPOINT"]}
    settings = {f"RCLONE_CONFIG_EMULATOR_{name}": value for name, value in remote.items()}
    settings |= {"RCLONE_CONFIG": str(tmp_path / "rclone.conf"), "RCLONE_RETRIES": "1"}
    return lambda *words: contract_tools.run_client([command, *words], environment | settings)


def test_rclone(rclone: Run, files: Path, bucket: str, tmp_path: Path, ran: Ran) -> None:
    place = f"emulator:{bucket}"
    rclone("mkdir", place)
    rclone("sync", str(files), place)
    rclone("check", str(files), place)
    listed = json.loads(rclone("lsjson", "--recursive", "--files-only", place))
    assert sorted(item["Path"] for item in listed) == sorted(contents(files))
    rclone("copyto", f"{place}/a.jpg", f"{place}/copies/a.jpg")
    rclone("moveto", f"{place}/copies/a.jpg", f"{place}/moved.jpg")
    assert rclone("cat", f"{place}/moved.jpg") == "a.jpg"
    rclone("deletefile", f"{place}/moved.jpg")
    rclone("sync", place, str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(files)
    rclone("purge", place)
    assert bucket not in rclone("lsd", "emulator:")
    ran("rclone", rclone("version").split()[1].removeprefix("v"), ROUND_TRIP)


@pytest.fixture
def s3cmd(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run s3cmd with a file that says where to go and with which keys; all else is its default."""
    command = contract_tools.command("s3cmd")
    address = environment["ENDPOINT"].removeprefix("http://")
    lines = {
        "host_base": address,
        "host_bucket": address,
        "use_https": "False",
        "access_key": environment["AWS_ACCESS_KEY_ID"],
        "secret_key": SECRET_KEY,
    }
    settings = tmp_path / "s3cfg"
    settings.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
    words = [command, "--config", str(settings), "--no-progress"]
    return lambda *more: contract_tools.run_client([*words, *more], {"LANG": "C.UTF-8"})


def test_s3cmd(s3cmd: Run, files: Path, bucket: str, tmp_path: Path, ran: Ran) -> None:
    place = f"s3://{bucket}"
    s3cmd("mb", place)
    s3cmd("sync", f"{files}/", f"{place}/")
    listed = s3cmd("ls", "--recursive", place)
    assert sorted(line.partition(f"{place}/")[2] for line in listed.splitlines()) == sorted(contents(files))
    s3cmd("cp", f"{place}/a.jpg", f"{place}/copy.jpg")
    s3cmd("setacl", "--acl-public", f"{place}/copy.jpg")
    assert "public" in s3cmd("info", f"{place}/copy.jpg").lower() or "READ" in s3cmd("info", f"{place}/copy.jpg")
    s3cmd("modify", "--add-header=Cache-Control:max-age=60", f"{place}/copy.jpg")
    s3cmd("mv", f"{place}/copy.jpg", f"{place}/moved.jpg")
    s3cmd("del", f"{place}/moved.jpg")
    (tmp_path / "back").mkdir()
    s3cmd("sync", f"{place}/", f"{tmp_path / 'back'}/")
    assert contents(tmp_path / "back") == contents(files)
    s3cmd("rb", "--recursive", "--force", place)
    assert bucket not in s3cmd("ls")
    ran("s3cmd", s3cmd("--version").split()[-1], ROUND_TRIP)
