"""The emulator as a container in a Python test, by testcontainers (extra `containers`).

    from emulator.testing.containers import CustomLabelsContainer

    with CustomLabelsContainer() as custom_labels:
        rekognition = custom_labels.get_client("rekognition")

Its interface is that of testcontainers' LocalStack class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from emulator.testing.keys import SECRET_KEY

IMAGE = "custom-labels-emulator:local"
PORT = 4598
REGION = "us-east-1"
ACCOUNT = "111122223333"
READY_SECONDS = 60


class CustomLabelsContainer(DockerContainer):
    """A container of the image that `docker compose build` makes, with a state of its own; a context manager.

    `image` is another name of it, `account` (twelve digits) whose access key `get_client` and `env` use, `settings`
    those of docs/settings.md without the prefix: `CustomLabelsContainer(settings={"TRAINING_EFFORT": "instant"})`.
    `kwargs` are those of `DockerContainer`.
    """

    def __init__(
        self,
        image: str = IMAGE,
        edge_port: int = PORT,
        region_name: str = REGION,
        account: str = ACCOUNT,
        settings: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(image, **kwargs)
        self.edge_port = edge_port
        self.region_name = region_name
        self.account = account
        self.with_exposed_ports(edge_port)
        self.with_env("CUSTOM_LABELS_PORT", str(edge_port))
        for name, value in (settings or {}).items():
            self.with_env(f"CUSTOM_LABELS_{name}", value)
        self.with_command(["serve", "--ephemeral"])
        # Migrations, restored state and scripts are done then (O-7).
        ready = HttpWaitStrategy(edge_port, "/_emulator/ready").for_status_code(200)
        self.waiting_for(ready.with_startup_timeout(READY_SECONDS))

    def get_url(self) -> str:
        """The endpoint of Rekognition, S3, STS and CloudWatch, as it is reached from the test."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(self.edge_port)}"

    def get_client(self, name: str, **kwargs: Any) -> Any:
        """A boto3 client of a service; `kwargs` as of `boto3.client`."""
        keys = {"aws_access_key_id": self.account, "aws_secret_access_key": SECRET_KEY}
        return boto3.client(name, **{"endpoint_url": self.get_url(), "region_name": self.region_name} | keys | kwargs)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a program of the test's own machine here, as every SDK reads them."""
        return {
            "AWS_ENDPOINT_URL": self.get_url(),
            "AWS_REGION": self.region_name,
            "AWS_DEFAULT_REGION": self.region_name,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
