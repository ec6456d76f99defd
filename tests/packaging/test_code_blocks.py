"""Every block of code in the documents is run by a test as it stands, or stands in the list below with the reason."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from pygments.lexers import get_lexer_by_name
from pygments.token import Error

from emulator.s3.external import read_credentials_file
from emulator.server.init_scripts import parse_http_file
from emulator.server.model_archive import Quality
from support.code_blocks import CodeBlock, code_blocks
from support.server import PROJECT_ROOT
from support.typing_in import block

COMMANDS = "tests/running/test_commands_of_documents.py"
RECIPES = "tests/packaging/test_recipes.py"
RUN_BY = {
    "README.md": "tests/packaging/test_readme.py",
    "docs/access.md": "tests/access/test_document.py",
    "docs/clients.md": "tests/contract/test_clients_document.py",
    "docs/containers.md": "tests/testing/test_containers.py",
    "docs/detection.md": "tests/vision/test_documentation.py",
    "docs/manifests.md": "tests/domain/manifest/test_manifests_document.py",
    "docs/notebook.md": "tests/vision/test_documentation.py",
    "docs/pytest.md": "tests/testing/test_plugin.py",
    **{
        f"docs/recipes/{name}.md": RECIPES
        for name in (
            "data-set-from-label-studio",
            "lambda-with-s3-events",
            "model-on-a-raspberry-pi",
            "pytest-suite",
            "supervision-and-fiftyone",
        )
    },
    "docs/s3.md": "tests/running/test_event_sample.py",
    "docs/serving-elsewhere.md": COMMANDS,
    "docs/terraform.md": "tests/contract/clients/test_cloudformation.py",
    "docs/testing-with-the-emulator.md": "tests/running/test_documentation.py",
    "docs/using-a-model-without-the-emulator.md": "tests/vision/test_documentation.py",
}
"""The tests that run the blocks of a document, those apart that are listed below."""

RUN_ELSEWHERE = {
    ("docs/clients.md", "aws rekognition"): COMMANDS,
    ("docs/clients.md", "[profile"): COMMANDS,
    ("docs/clients.md", "import { Rek"): COMMANDS,
    ("docs/recipes/model-on-a-raspberry-pi.md", "custom-labels export"): COMMANDS,
    ("docs/terraform.md", "terraform {"): "tests/contract/clients/test_terraform.py",
    ("docs/terraform.md", "resource "): "tests/contract/clients/test_terraform.py",
    ("docs/using-a-model-without-the-emulator.md", "custom-labels export"): COMMANDS,
}
"""(document, beginning of the block): the test that runs it, where it is not that of the document."""

NO_DOCKER = "it needs a Docker daemon"
OTHER_LANGUAGE = "a language whose libraries are not part of the tests' environment, and it needs a Docker daemon"
TARGETS = "make's own targets: planned by a test below, carried out by .ci/run"
WORKFLOW = (
    "a workflow of GitHub's, which tests/packaging/test_workflows.py follows; tests/contract reads it as GitHub does"
)
NOT_RUN = {
    ("README.md", "make run "): TARGETS,
    ("README.md", ".venv/bin/custom-labels demo"): "tests/commands/test_demo.py runs the command",
    ("CONTRIBUTING.md", "make setup"): TARGETS,
    ("docs/index.md", "make run"): TARGETS,
    (
        "docs/reliability.md",
        "make chaos",
    ): f"hours of work, whose short forms belong to the tests; {TARGETS}; the last line: tests/commands/test_verify.py",
    ("docs/adr/README.md", "# NNN"): "the form of a page",
    ("docs/containers.md", "import { GenericContainer"): OTHER_LANGUAGE,
    ("docs/containers.md", "package labels_test"): OTHER_LANGUAGE,
    ("docs/containers.md", "using Amazon"): OTHER_LANGUAGE,
    ("docs/containers.md", "jobs:"): WORKFLOW,
    ("docs/docker.md", ""): NO_DOCKER,
    ("docs/recipes/java-service-in-a-container.md", "services:"): NO_DOCKER,
    ("docs/recipes/java-service-in-a-container.md", "import"): OTHER_LANGUAGE,
    ("docs/recipes/pytest-suite.md", "jobs:"): WORKFLOW,
    (
        "docs/recipes/supervision-and-fiftyone.md",
        "import fiftyone",
    ): "it starts a browser, and a MongoDB that it downloads",
    ("docs/s3.md", '{"1111'): "a file, which a test below reads",
    ("docs/scale.md", "pip install"): "a PostgreSQL of the reader's; tests/storage/test_ownership.py starts one",
    ("docs/training.md", "{"): "what a report looks like, which a test below reads",
}
"""(document, beginning of the block): why it is not run as it stands. Its text is parsed."""


def reason(block: CodeBlock) -> str | None:
    """Why a block is not run, if it is listed."""
    for (document, beginning), why in NOT_RUN.items():
        if document == block.document and block.text.startswith(beginning):
            return why
    return None


def runner(block: CodeBlock) -> str | None:
    """The test that runs a block, if it is not that of its document."""
    for (document, beginning), test in RUN_ELSEWHERE.items():
        if document == block.document and block.text.startswith(beginning):
            return test
    return None


@pytest.mark.parametrize("block", code_blocks(), ids=str)
def test_each_block_is_run_or_listed_and_can_be_read(block: CodeBlock) -> None:
    assert reason(block) or block.document in RUN_BY or runner(block), (
        f"run this block in a test, or list it with the reason: {block}"
    )
    parse(block)


def parse(block: CodeBlock) -> None:
    """Read the block as its language. Raises what the language's reader raises, and AssertionError."""
    match block.language:
        case "python":
            compile(block.text, str(block), "exec")
        case "json":
            json.loads(block.text)
        case "yaml" | "yml":
            assert list(yaml.safe_load_all(block.text))
        case "ini":
            configparser.ConfigParser().read_string(block.text)
        case "http":
            assert parse_http_file(block.text)
        case "sh" | "bash":
            ended = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stderr
        case "js" if shutil.which("node"):
            command = ["node", "--input-type=module", "--check", "-"]
            ended = subprocess.run(command, input=block.text, capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stderr
        case language:
            wrong = [text for kind, text in get_lexer_by_name(language).get_tokens(block.text) if kind is Error]
            assert wrong == [], wrong


def test_lists_have_nothing_that_is_gone() -> None:
    blocks = code_blocks()
    for document, beginning in (*NOT_RUN, *RUN_ELSEWHERE):
        assert any(b.document == document and b.text.startswith(beginning) for b in blocks), (document, beginning)
    for document in RUN_BY:
        left = [b for b in blocks if b.document == document and reason(b) is None and runner(b) is None]
        assert left, f"all of {document} is listed"
    for document, test in (*RUN_BY.items(), *((document, test) for (document, _), test in RUN_ELSEWHERE.items())):
        name = document.rpartition("/")[2]
        name = name.removesuffix(".md") if test == RECIPES else name
        assert name in (PROJECT_ROOT / test).read_text(), f"{test} does not read {document}"


MAKE_LINES = sorted({line for b in code_blocks() for line in re.findall(r"^make .*$", b.text, re.MULTILINE)})


@pytest.mark.parametrize("line", MAKE_LINES)
def test_make_can_plan_each_line(line: str) -> None:
    """`make --dry-run`: targets and variables are what the Makefile knows; nothing is carried out."""
    planned = line.split("#")[0].replace("make ", "make --dry-run --always-make ", 1)
    ended = subprocess.run(
        ["sh", "-e", "-c", planned], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0 and ended.stdout, ended.stderr
    for variable, value in re.findall(r"([A-Z]+)=(\S+)", planned):
        assert value in ended.stdout, f"{variable} changes nothing"


def test_files_that_are_shown_are_read_by_what_reads_them(tmp_path: Path) -> None:
    quality = Quality.model_validate_json(block("docs/training.md", "{"))
    assert [hint.kind for hint in quality.hints] == ["confused", "more_images", "more_test_images"]
    (tmp_path / "credentials.json").write_text(block("docs/s3.md", '{"1111'))
    credentials = read_credentials_file(tmp_path / "credentials.json")
    assert credentials["111122223333"].access_key_id == "minio" and credentials["222233334444"].profile == "photos"
