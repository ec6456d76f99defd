"""The program of docs/s3.md that asks a model about each new photograph, and the commands around it, as they stand."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from support.command_line import command_environment
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import trained_project
from support.server import EmulatorProcess, wait_until
from support.typing_in import ADDRESS, block, path_with_ours, served

ACCOUNT = "111122223333"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:classify"
PAGE = "docs/s3.md"


def test_a_photograph_is_classified_when_it_arrives_and_results_of_trainings_are_told(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(block(PAGE, "import json"))
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings, arguments = served(block(PAGE, "CUSTOM_LABELS_EVENTS").strip().replace("8080", port))
    settings |= {"CUSTOM_LABELS_TRAINING_EFFORT": "instant"}
    with EmulatorProcess(tmp_path / "data", settings, arguments) as emulator:
        train, test = single_label_pictures(SINGLE_LABELS, 8), single_label_pictures(SINGLE_LABELS, 4, seed=500)
        project = trained_project(emulator, ACCOUNT, train, test)
        model = project.start_model()
        project.s3.create_bucket(Bucket="photographs")
        (tmp_path / "rose.jpg").write_bytes(train[0].body)
        with _typed(tmp_path, emulator.endpoint, model, port) as process:
            try:
                assert process.stdout is not None
                lines = iter(process.stdout.readline, "")
                assert re.match(r"rose\.jpg \w+ \d+", next(line for line in lines if line.startswith("rose.jpg ")))
            finally:
                os.killpg(process.pid, signal.SIGKILL)
        functions = [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"], "Filter": _prefix("results/")}]
        project.s3.put_bucket_notification_configuration(
            Bucket=project.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": functions}
        )
        project.train("second")
        wait_until(lambda: _waiting_results(tmp_path / "data"), what="the events of the training's results")


def _prefix(value: str) -> dict[str, object]:
    return {"Key": {"FilterRules": [{"Name": "prefix", "Value": value}]}}


def _typed(folder: Path, endpoint: str, model: str, port: str) -> subprocess.Popen[str]:
    """The other window of the page."""
    environment = command_environment(
        {
            "PATH": path_with_ours(),
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MODEL_ARN": model,
            "PORT": port,
        }
    )
    typed = block(PAGE, "export AWS_ENDPOINT_URL").replace(ADDRESS, endpoint)
    return subprocess.Popen(
        ["sh", "-e", "-c", typed],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _waiting_results(data: Path) -> list[str]:
    """Keys of the events that wait, now that nobody takes them."""
    with closing(sqlite3.connect(data / "objects" / "objects.sqlite3")) as index:
        return [key for (key,) in index.execute("SELECT key FROM events WHERE key LIKE 'results/%'")]
