"""The blocks that name a model of the reader's, typed as they stand, with the ARN of a model that is there.

`docker`, `kubectl` and `scp` only note what they were asked for: an engine, a cluster and a Raspberry Pi are not there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import node
from support.code_blocks import CodeBlock, code_blocks
from support.running import RunningLab
from support.server import SECRET_KEY
from support.typing_in import ADDRESS, block, stand_ins, type_in

MODEL = re.compile(r"arn:aws:rekognition:us-east-1:000000000000:project/\w+/version/1/\d+")
EXPORTING = [
    one
    for one in code_blocks(
        "docs/using-a-model-without-the-emulator.md",
        "docs/recipes/model-on-a-raspberry-pi.md",
        "docs/serving-elsewhere.md",
    )
    if one.language == "sh" and "custom-labels export" in one.text
]


@pytest.fixture
def settings(lab: RunningLab) -> dict[str, str]:
    """What a reader has exported (docs/clients.md)."""
    keys = {"AWS_ACCESS_KEY_ID": lab.account, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    port = lab.emulator.endpoint.rpartition(":")[2]
    return {
        "AWS_ENDPOINT_URL": lab.emulator.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "CUSTOM_LABELS_PORT": port,
        **keys,
    }


@pytest.mark.parametrize("exporting", EXPORTING, ids=str)
def test_a_model_leaves(exporting: CodeBlock, lab: RunningLab, settings: dict[str, str], tmp_path: Path) -> None:
    text, count = MODEL.subn(lab.trained.version_arns["first"], exporting.text)
    assert count == 1
    if "s3://models/" in text:
        lab.emulator.client("s3", lab.account).create_bucket(Bucket="models")
    type_in(text, tmp_path, settings | stand_ins(tmp_path, "kubectl", "scp"))
    [model] = tmp_path.rglob("model.onnx")
    assert model.stat().st_size > 100_000
    for call in (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else ():
        named = [word for word in call.split()[1:] if "." in word and "@" not in word]
        assert [word for word in named if not (tmp_path / word).exists()] in ([], ["classify.py"]), call


def test_server_that_is_shown_reads_the_folder_that_was_written(tmp_path: Path) -> None:
    """The command for Docker mounts what `export` wrote, under the name that the server looks for."""
    type_in(block("docs/serving-elsewhere.md", "docker run"), tmp_path, stand_ins(tmp_path, "docker"))
    [call] = (tmp_path / "calls").read_text().splitlines()
    assert f"-v {tmp_path}/models:/models" in call and call.endswith("--model-repository=/models")


def test_aws_cli(lab: RunningLab, settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(lab.image)
    s3 = lab.emulator.client("s3", lab.account)
    s3.create_bucket(Bucket="my-photos")
    text = block("docs/clients.md", "aws rekognition").replace("ARN", lab.trained.arn)
    assert lab.trained.arn in type_in(text, tmp_path, settings)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="my-photos")["Contents"]] == ["a.png"]


def test_profile(lab: RunningLab, tmp_path: Path) -> None:
    """The profile that the guide's programs ask for, for a program that names nothing but it."""
    profile = block("docs/clients.md", "[profile").replace(ADDRESS, lab.emulator.endpoint)
    (tmp_path / "config").write_text(profile.replace("111122223333", lab.account))
    program = (
        "import boto3\n"
        "client = boto3.Session(profile_name='custom-labels-access').client('rekognition')\n"
        "print(*(project['ProjectArn'] for project in client.describe_projects()['ProjectDescriptions']))\n"
    )
    printed = type_in(program, tmp_path, {"AWS_CONFIG_FILE": str(tmp_path / "config")}, ("python", "-"))
    assert lab.trained.arn in printed.split(), "other tests have projects in this account, too"


def test_javascript(lab: RunningLab, tmp_path: Path) -> None:
    """With the ARN of a project; the bucket is one that only a path can name (127.0.0.1)."""
    (tmp_path / "node_modules").symlink_to(node.node_modules())
    shown = block("docs/clients.md", "import { Rek").replace(ADDRESS, lab.emulator.endpoint)
    imports, rest = shown.split("\n\n", 1)
    program = (
        f'{imports}\nimport {{ CreateBucketCommand }} from "@aws-sdk/client-s3";\n'
        f'const projectArn = "{lab.trained.arn}";\n{rest.replace("111122223333", lab.account)}\n'
        'await s3.send(new CreateBucketCommand({ Bucket: "from-a-document" }));\n'
    )
    command = node.node_command()
    assert command is not None
    (tmp_path / "program.mjs").write_text(program)
    type_in("", tmp_path, {}, [*command, "program.mjs"])
    buckets = lab.emulator.client("s3", lab.account).list_buckets()["Buckets"]
    assert "from-a-document" in [bucket["Name"] for bucket in buckets]
