"""The program of docs/s3.md that asks a model about each new photograph, run as it stands."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import trained_project
from support.server import PROJECT_ROOT, EmulatorProcess, wait_until

ACCOUNT = "111122223333"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:classify"
PROGRAM = re.compile(r"^```python\n(import json\n.*?)^```$", re.MULTILINE | re.DOTALL)


def test_a_photograph_is_classified_when_it_arrives_and_results_of_trainings_are_told(tmp_path: Path) -> None:
    found = PROGRAM.search((PROJECT_ROOT / "docs" / "s3.md").read_text())
    assert found is not None
    (tmp_path / "handler.py").write_text(found[1])
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "CUSTOM_LABELS_EVENTS_WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    }
    with EmulatorProcess(tmp_path / "data", settings) as emulator:
        train, test = single_label_pictures(SINGLE_LABELS, 8), single_label_pictures(SINGLE_LABELS, 4, seed=500)
        project = trained_project(emulator, ACCOUNT, train, test)
        model = project.start_model()
        functions = [
            {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:Put"], "Filter": _prefix("new/")},
            {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"], "Filter": _prefix("results/")},
        ]
        project.s3.put_bucket_notification_configuration(
            Bucket=project.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": functions}
        )
        project.s3.put_object(Bucket=project.bucket, Key="new/red circle.jpg", Body=train[0].body)
        with _handler(tmp_path, emulator.endpoint, model, port) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line.startswith("new/red circle.jpg ")
            finally:
                process.kill()
        project.train("second")
        wait_until(lambda: _waiting_results(tmp_path / "data"), what="the events of the training's results")


def _prefix(value: str) -> dict[str, object]:
    return {"Key": {"FilterRules": [{"Name": "prefix", "Value": value}]}}


def _handler(folder: Path, endpoint: str, model: str, port: int) -> subprocess.Popen[str]:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MODEL_ARN": model,
        "PORT": str(port),
    }
    command = [sys.executable, "handler.py"]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _waiting_results(data: Path) -> list[str]:
    """Keys of the events that wait, now that nobody takes them."""
    with closing(sqlite3.connect(data / "objects" / "objects.sqlite3")) as index:
        return [key for (key,) in index.execute("SELECT key FROM events WHERE key LIKE 'results/%'")]
