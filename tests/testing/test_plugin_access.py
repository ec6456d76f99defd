"""The pytest plugin on an emulator that verifies signatures, with the developer's own key (O-33)."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import identities as known
from support.pictures import single_label_pictures
from tests.testing.test_plugin import CONFTEST, SETTINGS, left_behind, run_pytest

SUITE = """
import boto3

def test_the_account_is_empty_and_the_model_answers(custom_labels, model):
    assert custom_labels.account == "111122223333"
    described = custom_labels.client("rekognition").describe_projects()["ProjectDescriptions"]
    assert [project["ProjectArn"] for project in described] == [model.project_arn]
    assert boto3.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:root"
    custom_labels.reset()
    assert boto3.client("rekognition").describe_projects()["ProjectDescriptions"] == []

def test_nothing_of_another_test_is_there(custom_labels):
    assert boto3.client("s3").list_buckets()["Buckets"] == []
"""


def test_a_suite_in_mode_iam(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    for shape, label in (("circle", "crack"), ("square", "whole")):
        (photographs / label).mkdir(parents=True)
        for picture in single_label_pictures((shape,), 4):
            (photographs / label / picture.name).write_bytes(picture.body)
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(SUITE)
    pair = {"AWS_ACCESS_KEY_ID": known.ROOT_KEY[0], "AWS_SECRET_ACCESS_KEY": known.ROOT_KEY[1]}
    settings = known.settings(tmp_path, "iam")
    ended = run_pytest(tmp_path, PHOTOGRAPHS=str(photographs), **settings, **pair)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 passed" in ended.stdout
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}, "needs a key"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY0000000001", "AWS_SECRET_ACCESS_KEY": "x"}, "AKIANOBODY0000000001"),
    ],
    ids=["none", "unknown"],
)
def test_a_key_that_is_not_let_in_is_told_in_a_line(tmp_path: Path, variables: dict[str, str], told: str) -> None:
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_it.py").write_text("def test_it(custom_labels):\n    pass\n")
    settings = known.settings(tmp_path, "signature")
    ended = run_pytest(tmp_path, AWS_EC2_METADATA_DISABLED="true", **settings, **variables)
    assert ended.returncode == 1
    line = next(one for one in ended.stdout.splitlines() if one.startswith("E ") and "KeyRefusedError" in one)
    assert told in line and "AWS_ACCESS_KEY_ID" in line
