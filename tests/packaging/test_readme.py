"""The README's blocks, pasted as a reader pastes them, against a running emulator."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.code_blocks import code_blocks
from support.command_line import command_environment
from support.pictures import single_label_pictures
from support.server import PROJECT_ROOT, EmulatorProcess, wait_until

ADDRESS = "http://127.0.0.1:4598"
PASTED_SECONDS = 180


def blocks(language: str) -> list[str]:
    """The README's blocks of a language, in their order."""
    return [block.text for block in code_blocks("README.md") if block.language == language]


@pytest.fixture(scope="module")
def quickstart() -> str:
    """The life of a model, and the block that takes back what it made."""
    life, clean_up, _ = blocks("python")
    return f"{life}\n{clean_up}"


def test_quickstart_prints_labels_when_pasted_and_takes_back_what_it_made(
    quickstart: str, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    """`python -i` reads it statement by statement, as an interpreter at a terminal does."""
    assert ADDRESS in quickstart
    ended = subprocess.run(
        [sys.executable, "-i", "-q"],
        input=quickstart.replace(ADDRESS, emulator.endpoint),
        cwd=tmp_path,
        env=command_environment({"PYTHONSTARTUP": ""}),
        capture_output=True,
        text=True,
        timeout=PASTED_SECONDS,
        check=False,
    )
    assert ended.returncode == 0 and "Traceback" not in ended.stderr, ended.stderr
    [printed] = ended.stdout.splitlines()
    labels = ast.literal_eval(printed)
    assert [label["Name"] for label in labels] == ["harbour"]
    assert 50 < labels[0]["Confidence"] <= 100
    rekognition = emulator.client("rekognition", "000000000000")

    def projects_left() -> list[str]:
        projects = rekognition.describe_projects()["ProjectDescriptions"]
        return [one["ProjectArn"] for one in projects if "project/quickstart-" in one["ProjectArn"]]

    wait_until(lambda: projects_left() == [], what="the end of the project, which is DELETING for a moment")
    buckets = emulator.client("s3", "000000000000").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets if bucket["Name"].startswith("quickstart-")] == []


def test_quickstart_is_a_program_too(quickstart: str) -> None:
    """Saved to a file it needs no other change; its lines fit a terminal."""
    compile(quickstart, "quickstart.py", "exec")
    assert max(map(len, quickstart.splitlines())) <= 125
    assert len(quickstart.splitlines()) <= 45


def test_own_photographs_as_they_stand(start_emulator: Callable[..., EmulatorProcess], tmp_path: Path) -> None:
    """With nothing but a folder `photos`: no name, address or path is put in by hand."""
    [block] = [text for text in blocks("sh") if "convert folders photos" in text]
    emulator = start_emulator()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for shape in ("circle", "square"):
        (tmp_path / "photos" / shape).mkdir(parents=True)
        for picture in single_label_pictures((shape,), 10):
            (tmp_path / "photos" / shape / picture.name).write_bytes(picture.body)
    assert block.count(ADDRESS) == 1
    ended = subprocess.run(
        ["sh", "-e"],
        input=block.replace(ADDRESS, emulator.endpoint),
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=PASTED_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"^F1 [01]\.\d+$", ended.stdout, re.MULTILINE)
    answers = re.findall(r"^photos/(\w+)/\S+ \[(.*)\]$", ended.stdout, re.MULTILINE)
    assert [label for label, _ in answers] == ["circle"] * 5
    assert sum("circle" in found for _, found in answers) >= 4


def test_test_of_an_application(tmp_path: Path) -> None:
    """The fixture as the README shows it, with an application that finds no cracks in an empty bucket."""
    [test] = [text for text in blocks("python") if "trained_model" in text]
    application = (
        "def find_cracks(version_arn, bucket):\n    import boto3\n"
        "    boto3.client('s3').put_object(Bucket=bucket, Key='a.png', Body=open(PHOTO, 'rb').read())\n"
        "    image = {'S3Object': {'Bucket': bucket, 'Name': 'a.png'}}\n"
        "    found = boto3.client('rekognition').detect_custom_labels(ProjectVersionArn=version_arn, Image=image)\n"
        "    return [label['Name'] for label in found['CustomLabels']] == ['crack']\n\n\n"
    )
    for shape, label in (("circle", "crack"), ("square", "whole")):
        (tmp_path / "tests" / "photographs" / label).mkdir(parents=True)
        for picture in single_label_pictures((shape,), 6):
            (tmp_path / "tests" / "photographs" / label / picture.name).write_bytes(picture.body)
    photo = next((tmp_path / "tests" / "photographs" / "crack").iterdir())
    (tmp_path / "tests" / "test_it.py").write_text(f"PHOTO = {str(photo)!r}\n{application}{test}")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests"],
        cwd=tmp_path,
        env=command_environment({"TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=PASTED_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_first_screen_says_what_it_is() -> None:
    """Three lines and one picture before anything is to be typed."""
    before, _, _ = (PROJECT_ROOT / "README.md").read_text().partition("```")
    paragraph = before.split("\n\n")[1]
    assert len(paragraph.splitlines()) == 3
    [picture] = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", before)
    assert (PROJECT_ROOT / picture).exists()
