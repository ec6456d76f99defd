"""CloudFormation's AWS::Rekognition::Project by moto's engine and our module, with templates by hand and by the CDK."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from support import contract_tools, node
from support.contract_tools import Ran
from support.projects import error_of, unique_name
from support.server import SECRET_KEY, EmulatorProcess, environment_without_settings, wait_until
from support.typing_in import block, path_with_ours

pytestmark = pytest.mark.contract
CDK = ("aws-cdk-lib@2", "constructs@10")
START_SECONDS = 120.0


def free_port() -> str:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def engine(quick_emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of `python -m emulator.testing.cloudformation`, in an environment with the extra."""
    python = contract_tools.python_of("cloudformation")
    port = free_port()
    log = tmp_path_factory.mktemp("engine") / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [python, "-m", "emulator.testing.cloudformation", "--port", port],
            env=environment_without_settings() | {"AWS_ENDPOINT_URL_REKOGNITION": quick_emulator.endpoint},
            stdout=file,
            stderr=file,
        )

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        with closing(socket.socket()) as trial:
            return trial.connect_ex(("127.0.0.1", int(port))) == 0

    try:
        wait_until(listens, START_SECONDS, what="moto's server")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def cloudformation(engine: str, account: str) -> Iterator[Any]:
    keys = {"aws_access_key_id": account, "aws_secret_access_key": SECRET_KEY, "region_name": "us-east-1"}
    client = boto3.client("cloudformation", endpoint_url=engine, **keys)
    yield client
    client.close()


@pytest.fixture
def rekognition(quick_emulator: EmulatorProcess) -> Any:
    """As the account of the stacks: moto's own, whatever the key is."""
    return quick_emulator.client("rekognition", "123456789012")


def template(name: str, tags: dict[str, str]) -> dict[str, Any]:
    properties = {"ProjectName": name, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    return {
        "Resources": {"Labels": {"Type": "AWS::Rekognition::Project", "Properties": properties}},
        "Outputs": {
            "Arn": {"Value": {"Fn::GetAtt": ["Labels", "Arn"]}},
            "Name": {"Value": {"Ref": "Labels"}},
        },
    }


def outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    assert described["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def test_a_stack_makes_changes_and_removes_its_project(cloudformation: Any, rekognition: Any, ran: Ran) -> None:
    stack, name, other = unique_name(), unique_name(), unique_name()
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template(name, {"team": "vision", "a": "b"})))
    made = outputs(cloudformation, stack)
    [project] = rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
    assert made == {"Arn": project["ProjectArn"], "Name": name}
    assert rekognition.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == {"team": "vision", "a": "b"}

    cloudformation.update_stack(StackName=stack, TemplateBody=json.dumps(template(name, {"team": "labels"})))
    assert outputs(cloudformation, stack) == made
    assert rekognition.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == {"team": "labels"}

    cloudformation.update_stack(StackName=stack, TemplateBody=json.dumps(template(other, {})))
    assert outputs(cloudformation, stack)["Name"] == other
    assert rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"] == []

    cloudformation.delete_stack(StackName=stack)
    assert rekognition.describe_projects(ProjectNames=[other])["ProjectDescriptions"] == []
    python = contract_tools.python_of("cloudformation")
    version = contract_tools.run_client([python, "-c", "import moto; print(moto.__version__)"], os.environ).strip()
    ran("CloudFormation", f"{version} of moto's engine", "stack with a project")


def test_what_the_emulator_refuses_is_told(cloudformation: Any, rekognition: Any) -> None:
    name = unique_name()
    arn = rekognition.create_project(ProjectName=name)["ProjectArn"]
    refused = error_of(
        cloudformation.create_stack, StackName=unique_name(), TemplateBody=json.dumps(template(name, {}))
    )
    assert refused["Code"] == "ValidationError" and name in refused["Message"]
    rekognition.delete_project(ProjectArn=arn)


def test_a_template_of_the_cdk(cloudformation: Any, rekognition: Any, tmp_path: Path, ran: Ran) -> None:
    """The program of docs/terraform.md, which keeps its template to itself, made to print it."""
    modules, runtime = contract_tools.npm_modules(*CDK), node.node_command()
    assert runtime is not None
    stack, program = unique_name(), tmp_path / "synthesise.cjs"
    printed = 'console.log(JSON.stringify(app.synth().getStackByName("labels").template));\n'
    program.write_text(block("docs/terraform.md", "const { App").replace("app.synth();\n", printed))
    template = contract_tools.answer_of([*runtime, str(program)], {"NODE_PATH": str(modules)})
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    made = outputs(cloudformation, stack)
    [project] = rekognition.describe_projects(ProjectNames=["flowers"])["ProjectDescriptions"]
    assert made["ProjectArn"] == project["ProjectArn"]
    cloudformation.delete_stack(StackName=stack)
    assert rekognition.describe_projects(ProjectNames=["flowers"])["ProjectDescriptions"] == []
    version = json.loads((modules / "aws-cdk-lib" / "package.json").read_text())["version"]
    ran("CDK", version, "synthesised stack with a project")


def test_commands_of_the_page(tmp_path: Path) -> None:
    """Pasted at once into a new terminal: both servers, and the stack as soon as they answer."""
    place = Path(contract_tools.python_of("cloudformation")).parent
    install, commands = block("docs/terraform.md", "pip install").split("\n", 1)
    assert install == 'pip install "custom-labels-emulator[cloudformation]"', "what python_of did, from this checkout"
    ours, theirs = free_port(), free_port()
    commands = commands.replace("4598", ours).replace("5000", theirs)
    (tmp_path / "labels.json").write_text(json.dumps(template("from-a-page", {})))
    endpoint = f"http://127.0.0.1:{ours}"
    keys = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "us-east-1"}
    settings = {"PATH": path_with_ours(place), "CUSTOM_LABELS_PORT": ours, "AWS_ENDPOINT_URL_REKOGNITION": endpoint}
    with (tmp_path / "printed").open("w+") as printed:
        shell = subprocess.Popen(
            ["sh", "-e", "-c", commands],
            cwd=tmp_path,
            env=environment_without_settings() | keys | settings,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
        try:
            assert shell.wait(START_SECONDS) == 0, (tmp_path / "printed").read_text()
            client = boto3.client(
                "rekognition",
                "us-east-1",
                endpoint_url=endpoint,
                aws_access_key_id="123456789012",
                aws_secret_access_key="x",
            )
            with closing(client):
                [project] = client.describe_projects()["ProjectDescriptions"]
            assert "project/from-a-page/" in project["ProjectArn"]
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
