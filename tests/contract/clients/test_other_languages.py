"""The AWS SDKs for JavaScript (both), Go and Ruby."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support import contract_tools, node
from support.code_blocks import code_blocks
from support.contract_tools import KEYS, LABELS, LIFE, ROUND_TRIP, Ran
from support.projects import unique_name

pytestmark = pytest.mark.contract
PROGRAMS = Path(__file__).parent / "programs"
GO_SDK = "src/github.com/aws/aws-sdk-go-v2/service/s3"
GO_SOURCES = "/usr/share/gocode"


def check_life(answer: Any) -> None:
    assert answer["status"] == "RUNNING"
    assert answer["labels"] == answer["of_object"] == LABELS


def check_round_trip(answer: Any) -> None:
    assert (answer["keys"], answer["same"], answer["left"]) == (KEYS, True, False)
    assert (answer["metadata"], answer["missing"]) == ("yes", "NoSuchKey")


@pytest.mark.parametrize("version", [2, 3])
def test_javascript(version: int, photographs: Path, bucket: str, environment: dict[str, str], ran: Ran) -> None:
    if version == 3:
        del environment["ENDPOINT"]  # AWS_ENDPOINT_URL is enough
    modules = node.node_modules() if version == 3 else contract_tools.npm_modules("aws-sdk@2")
    runtime = node.node_command()
    assert runtime is not None
    words = [*runtime, str(PROGRAMS / f"life_v{version}.cjs"), str(photographs), bucket, unique_name()]
    settings = {"NODE_PATH": str(modules), "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"}
    answer = contract_tools.answer_of(words, environment | settings)
    check_life(answer)
    ran(f"JavaScript v{version}", answer["version"], LIFE)


def test_go(bucket: str, environment: dict[str, str], tmp_path: Path, ran: Ran) -> None:
    go = contract_tools.command("go")
    if not (Path(GO_SOURCES) / GO_SDK).is_dir():
        pytest.skip("the SDK's source is not installed (Debian: golang-github-aws-aws-sdk-go-v2-dev)")
    program = tmp_path / "round_trip"
    settings = {"GO111MODULE": "off", "GOPATH": GO_SOURCES, "GOFLAGS": "", "HOME": os.environ.get("HOME", "/")}
    cache = {"GOCACHE": str(contract_tools.folder() / "go-cache")}
    contract_tools.run_client([go, "build", "-o", str(program), str(PROGRAMS / "round_trip.go")], settings | cache)
    answer = contract_tools.answer_of([str(program), bucket], environment)
    check_round_trip(answer)
    ran("Go v2", answer["version"], ROUND_TRIP)


def test_go_of_the_documents_can_be_read(tmp_path: Path) -> None:
    gofmt = contract_tools.command("gofmt")
    blocks = [block for block in code_blocks() if block.language == "go"]
    assert blocks
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.go").write_text(block.text)
    assert contract_tools.run_client([gofmt, "-l", "-e", str(tmp_path)], {}) == "", "laid out as gofmt does it"


def test_ruby(bucket: str, environment: dict[str, str], ran: Ran) -> None:
    ruby = contract_tools.command("ruby")
    contract_tools.run_or_skip([ruby, "-e", 'require "aws-sdk-s3"'])
    answer = contract_tools.answer_of(
        [ruby, str(PROGRAMS / "round_trip.rb"), bucket], environment | {"LANG": "C.UTF-8"}
    )
    check_round_trip(answer)
    ran("Ruby", answer["version"], ROUND_TRIP)
