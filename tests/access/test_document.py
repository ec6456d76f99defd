"""docs/access.md as its reader follows it: the file, the command that serves with it, a client, what is decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.command_line import custom_labels
from support.server import EmulatorProcess
from support.typing_in import ADDRESS, block, served, type_in

DOCUMENT = "docs/access.md"
FILE = "identities.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file of identities that the page shows."""
    made = tmp_path_factory.mktemp("access")
    (made / FILE).write_text(block(DOCUMENT, '{\n  "accounts"'))
    return made


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[EmulatorProcess]:
    """The emulator that the page's command starts, on a free port."""
    settings, arguments = served(block(DOCUMENT, "custom-labels serve").strip())
    arguments = [str(folder / word) if word == FILE else word for word in arguments]
    with EmulatorProcess(folder / "data", settings, arguments) as process:
        yield process


def test_the_file_has_no_mistakes(folder: Path) -> None:
    checked = custom_labels("identities", "check", FILE, folder=folder)
    assert checked.returncode == 0, checked.stderr


def test_what_would_be_decided_is_told_without_an_emulator(folder: Path) -> None:
    """The block is indented in the page, as a part of a list."""
    assert "allowed" in type_in(block(DOCUMENT, "custom-labels simulate"), folder, {})


def test_a_client_and_its_decisions(guarded: EmulatorProcess, tmp_path: Path) -> None:
    """A user of the file is let in; what is decided comes in the form that the page shows, member by member."""
    program = block(DOCUMENT, "import boto3").replace(ADDRESS, guarded.endpoint)
    refused = 'session.client("s3", region_name="us-east-1", endpoint_url=rekognition.meta.endpoint_url)'
    lines = (
        f"{program}\ntry:\n    {refused}.create_bucket(Bucket='a-bucket')\nexcept Exception as error:\n    print(error)"
    )
    assert "AccessDenied" in type_in(lines, tmp_path, {}, ("python", "-"))
    asked = type_in(block(DOCUMENT, "curl").replace(ADDRESS, guarded.endpoint), tmp_path, {})
    decisions: list[dict[str, Any]] = json.loads(asked)["decisions"]
    [shown] = json.loads(block(DOCUMENT, '{"decisions"'))["decisions"]
    [denied] = [one for one in decisions if not one["allowed"]]
    assert (denied["principal"], denied["action"]) == (shown["principal"], "s3:CreateBucket")
    assert (denied["reason"], denied["statement"]) == (shown["reason"], shown["statement"])
    for one, another in ((shown, denied), (shown["needed"][0], denied["needed"][0])):
        assert set(one) <= set(another), "the page shows members that are not there"
    assert "rekognition:DescribeProjects" in [one["action"] for one in decisions if one["allowed"]]
