"""The container class for testcontainers; the engine below it runs a process where Docker would run a container.

What the class asks of Docker (image, command, variables, port) is what that process gets; so all but Docker is real.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from testcontainers.core import container as container_module
from testcontainers.core.config import ConnectionMode, testcontainers_config

from emulator.testing.containers import PORT, CustomLabelsContainer
from support.server import EmulatorProcess
from support.typing_in import block


class Engine:
    """As much of testcontainers' Docker client as a container needs. `created` is what was asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.created: dict[str, Any] = {}
        self.process: EmulatorProcess | None = None
        self.client = SimpleNamespace(close=lambda: None)

    def create(self, image: str, **options: Any) -> Any:
        self.created = {"image": image, **options}
        return SimpleNamespace(
            id="1", short_id="1", status="running", remove=self._remove, reload=lambda: None, logs=lambda: b""
        )

    def start(self, _container: object) -> None:
        # The port of the container is that of its own network; here a free one stands for what it is mapped to.
        variables = {name: value for name, value in self.created["environment"].items() if name != "CUSTOM_LABELS_PORT"}
        command, *arguments = self.created["command"]
        assert (command, arguments) == ("serve", ["--ephemeral"])
        self.process = EmulatorProcess(None, variables).start(wait_ready=False)

    def get_connection_mode(self) -> ConnectionMode:
        return ConnectionMode.docker_host

    def host(self) -> str:
        return "127.0.0.1"

    def port(self, _identifier: str, port: int) -> str:
        assert str(port) in self.created["ports"] and self.process is not None
        return self.process.endpoint.rpartition(":")[2]

    def _remove(self, **_: bool) -> None:
        assert self.process is not None
        self.process.close()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    monkeypatch.setattr(container_module, "DockerClient", lambda **_: made)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    yield made
    if made.process is not None:
        made.process.close()


def test_a_test_gets_clients_of_a_ready_emulator(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with CustomLabelsContainer(settings={"TRAINING_EFFORT": "instant"}) as custom_labels:
        with closing(custom_labels.get_client("rekognition")) as rekognition:
            arn = rekognition.create_project(ProjectName="flowers")["ProjectArn"]
        with closing(custom_labels.get_client("s3", region_name="eu-west-1")) as s3:
            assert s3.list_buckets()["Buckets"] == []
            assert s3.meta.region_name == "eu-west-1"
        for name, value in custom_labels.environment.items():
            monkeypatch.setenv(name, value)
        with closing(boto3.Session().client("rekognition")) as application:
            [project] = application.describe_projects()["ProjectDescriptions"]
        assert project["ProjectArn"] == arn and f":{custom_labels.account}:" in arn
    assert engine.created["image"] == "custom-labels-emulator:local"
    assert engine.created["environment"] == {
        "CUSTOM_LABELS_PORT": str(PORT),
        "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    }
    assert engine.process is not None and engine.process.process.returncode in (0, -signal.SIGTERM)


def test_image_port_region_and_account_can_be_others(engine: Engine) -> None:
    options: dict[str, Any] = {"region_name": "eu-central-1", "account": "222233334444"}
    with CustomLabelsContainer("registry.example/labels:1", 4000, **options) as custom_labels:
        with closing(custom_labels.get_client("sts")) as sts:
            assert sts.get_caller_identity()["Account"] == "222233334444"
        assert custom_labels.environment["AWS_REGION"] == "eu-central-1"
    assert (engine.created["image"], list(engine.created["ports"])) == ("registry.example/labels:1", ["4000"])


def test_block_of_the_page(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(compile(block("docs/containers.md", "from emulator.testing.containers"), "containers.md", "exec"), names)
    for client in ("rekognition", "s3"):
        names[client].close()
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("http://") and "project/flowers/" in second
    assert engine.created["environment"]["CUSTOM_LABELS_TRAINING_EFFORT"] == "instant"
