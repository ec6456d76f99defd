"""The image, built from the Dockerfile and run in its own root: healthcheck, a whole life, death and return."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import socket
from typing import Any

import boto3
import pytest

from container.slim import weight, weights
from support.image import Image, require_tools
from support.pictures import draw_picture, single_label_pictures
from support.projects import Project
from support.server import SECRET_KEY, wait_until

pytestmark = pytest.mark.contract
MOST_BYTES = 450_000_000
START_SECONDS, STOP_SECONDS = 120.0, 15.0
LABELS = ["circle", "square"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image, mounted."""
    require_tools()
    built = Image(tmp_path_factory.mktemp("image"))
    built.build()
    yield built
    built.close()


def volume(folder: Path) -> Path:
    """A folder of the user who runs the emulator."""
    made = folder / "data"
    made.mkdir(mode=0o700)
    os.chown(made, 4598, 4598)
    return made


class Container:
    """The image's command on a volume and a port of this test's, as the container would run it."""

    def __init__(self, image: Image, folder: Path) -> None:
        self._image, self._data, self._log = image, volume(folder), folder / "log"
        with closing(socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self.process: subprocess.Popen[bytes] | None = None

    def _command(self, words: list[str]) -> list[str]:
        # This namespace has the machine's own network: loopback instead of every address.
        place = {"CUSTOM_LABELS_HOST": "127.0.0.1", "CUSTOM_LABELS_PORT": self._port}
        return self._image.command(self._data, words, **place, CUSTOM_LABELS_TRAINING_EFFORT="instant")

    def start(self) -> None:
        """Run ENTRYPOINT and CMD, and wait until HEALTHCHECK is content."""
        configuration = self._image.configuration()
        with self._log.open("ab") as log:
            command = self._command([*configuration["Entrypoint"], *configuration["Cmd"]])
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self.is_healthy, START_SECONDS, pause=0.5, what=f"health; the log is {self._log.read_text()!r}")

    def is_healthy(self) -> bool:
        """What HEALTHCHECK says."""
        assert self.process is not None and self.process.poll() is None, self._log.read_text()
        kind, *words = self._image.configuration()["Healthcheck"]["Test"]
        assert kind == "CMD"
        return subprocess.run(self._command(words), capture_output=True, check=False).returncode == 0

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the process of the image itself; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "111122223333", "aws_secret_access_key": SECRET_KEY, "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.endpoint, **keys)


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Iterator[Container]:
    made = Container(image, tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_it_is_small(image: Image) -> None:
    whole = weight(image.root)
    heaviest = dict(list(weights(image.root / "opt" / "custom-labels"))[:10])
    print(f"{whole / 1e6:.0f} MB unpacked", heaviest)
    assert whole <= MOST_BYTES, heaviest


def test_commands_do_without_what_was_left_out(image: Image, tmp_path: Path) -> None:
    """Those that draw on a terminal, and that read pictures, too."""
    data = volume(tmp_path)
    (data / "a.manifest").write_text('{"source-ref": "s3://photographs/a.jpg"\n')
    for words, code in ((["demo", "--help"], 0), (["lint", "/data/a.manifest"], 1)):
        ended = subprocess.run(
            image.command(data, ["custom-labels", *words]), capture_output=True, text=True, check=False
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr


def test_nothing_in_it_installs_software(image: Image) -> None:
    commands = [
        path.name for place in ("usr/bin", "usr/local/bin", "usr/sbin") for path in image.root.glob(f"{place}/*")
    ]
    assert not [name for name in commands if name.startswith(("apt", "pip", "perl", "gcc", "strip"))]
    assert (image.configuration()["User"], list(image.configuration()["Volumes"])) == ("4598:4598", ["/data"])


def test_a_life_outlasts_the_death_of_the_container(container: Container) -> None:
    container.start()
    with closing(container.client("rekognition")) as rekognition, closing(container.client("s3")) as s3:
        project = Project(rekognition, s3).create()
        project.create_dataset("TRAIN", single_label_pictures(LABELS, 6))
        project.create_dataset("TEST", single_label_pictures(LABELS, 3, seed=500))
        project.train(seconds=300)
        version = project.start_model()
        image = {"Bytes": draw_picture(["circle"], seed=900).body}
        asked = {"ProjectVersionArn": version, "Image": image, "MinConfidence": 0}
        answer = rekognition.detect_custom_labels(**asked)["CustomLabels"]
        assert answer[0]["Name"] == "circle"

        assert container.end(signal.SIGKILL) == -signal.SIGKILL
        container.start()
        assert project.describe_version("first")["Status"] == "RUNNING"
        assert rekognition.detect_custom_labels(**asked)["CustomLabels"] == answer
    assert container.end(signal.SIGTERM) == 0
