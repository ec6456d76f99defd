"""The console with the objects of an S3 outside: here that of a second emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.console import ConsoleClient
from support.pictures import draw_picture
from support.projects import unique_name
from support.server import EmulatorProcess


@pytest.fixture
def console_outside(emulator: EmulatorProcess, account: str, tmp_path: Path) -> Iterator[ConsoleClient]:
    """A console whose objects lie in the shared emulator's S3."""
    keys = tmp_path / "credentials.json"
    keys.write_text(f'{{"{account}": {{"aws_access_key_id": "{account}", "aws_secret_access_key": "x"}}}}')
    environment = {
        "CUSTOM_LABELS_S3_ENDPOINT_URL": emulator.endpoint,
        "CUSTOM_LABELS_S3_CREDENTIALS": str(keys),
    }
    with EmulatorProcess(tmp_path / "data", environment) as process:
        yield ConsoleClient(process, account)


def test_bucket_previews_and_imports(emulator: EmulatorProcess, account: str, console_outside: ConsoleClient) -> None:
    s3 = emulator.client("s3", account)
    assert console_outside.send("GET", "/console/api/about").json["s3"] == "external"
    before = console_outside.get("/bucket")
    assert before["name"] is None
    bucket = console_outside.post("/bucket", {"name": before["proposal"]})["name"]
    assert bucket == before["proposal"] == console_outside.get("/bucket")["name"]
    assert bucket in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert console_outside.refused("POST", "/bucket", {"name": "other"}) == (400, "InvalidBucketName")
    for label in ("circle", "square"):
        body = draw_picture((label,), 3, (300, 200)).body
        s3.put_object(Bucket=bucket, Key=f"shapes/{label}/a.png", Body=body)
    preview = console_outside.presigned("/preview", {"bucket": bucket, "key": "shapes/circle/a.png"})
    assert console_outside.send("GET", preview).headers["x-image-width"] == "300"
    project = console_outside.emulator.client("rekognition", account).create_project(ProjectName=unique_name())
    wish = {"project": project["ProjectArn"], "dataset_type": "TRAIN", "s3_uri": f"s3://{bucket}/shapes"}
    task = console_outside.task(console_outside.post("/imports/folder", wish)["task"])
    assert (task["state"], task["result"]["labels"]) == ("done", 2), task
    counts = console_outside.get("/dataset/counts", dataset=task["result"]["dataset_arn"])
    assert (counts["all"], counts["labeled"]) == (2, 2)


def test_a_bucket_outside_that_is_not_there(console_outside: ConsoleClient) -> None:
    answer = console_outside.send("GET", console_outside.presigned("/preview", {"bucket": "no-such-one", "key": "a"}))
    assert (answer.status, answer.code) == (404, "NoSuchKey")
