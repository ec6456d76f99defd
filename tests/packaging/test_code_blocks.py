"""Every block of code in the documents is run by a test as it stands, or stands in the list below with the reason."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess

import pytest
import yaml
from pygments.lexers import get_lexer_by_name
from pygments.token import Error

from emulator.server.init_scripts import parse_http_file
from support.code_blocks import CodeBlock, code_blocks
from support.server import PROJECT_ROOT

RUN_BY = {
    "README.md": "tests/packaging/test_readme.py",
    "docs/clients.md": "tests/contract/test_clients_document.py",
    "docs/manifests.md": "tests/domain/manifest/test_manifests_document.py",
    "docs/notebook.md": "tests/vision/test_documentation.py",
    "docs/pytest.md": "tests/testing/test_plugin.py",
    **dict.fromkeys(
        (f"docs/recipes/{name}.md" for name in ("pytest-suite", "lambda-with-s3-events", "data-set-from-label-studio")),
        "tests/packaging/test_recipes.py",
    ),
    "docs/recipes/model-on-a-raspberry-pi.md": "tests/packaging/test_recipes.py",
    "docs/recipes/supervision-and-fiftyone.md": "tests/packaging/test_recipes.py",
    "docs/s3.md": "tests/running/test_event_sample.py",
    "docs/terraform.md": "tests/contract/clients/test_terraform.py",
    "docs/testing-with-the-emulator.md": "tests/running/test_documentation.py",
    "docs/using-a-model-without-the-emulator.md": "tests/vision/test_documentation.py",
}
"""The tests that run the blocks of a document, those apart that are listed below."""

NO_DOCKER = "it needs a Docker daemon"
INSTALLS = "make's own targets: what they do is in tests/packaging/test_documents.py"
PLACEHOLDER = "it names a model, a bucket or a file of the reader's; the command's own tests run it"
NOT_RUN = {
    ("README.md", "make run "): INSTALLS,
    ("README.md", ".venv/bin/custom-labels demo"): "tests/commands/test_demo.py runs the command",
    ("CONTRIBUTING.md", "make setup"): INSTALLS,
    ("docs/access.md", ""): "tests/access and tests/contract use files and keys of this form",
    ("docs/index.md", "make run"): INSTALLS,
    ("docs/adr/README.md", "# NNN"): "the form of a page",
    ("docs/clients.md", "aws rekognition"): PLACEHOLDER,
    ("docs/clients.md", "[profile"): "a file of the reader's; tests/contract/guide runs the guide's programs with it",
    ("docs/clients.md", "import { Rek"): "JavaScript; tests/contract/test_javascript_sdk.py does the same",
    (
        "docs/containers.md",
        "",
    ): "Docker, or a workflow of GitHub's; tests/testing/test_containers.py, test_workflows.py",
    ("docs/detection.md", "from emulator.vision.training"): PLACEHOLDER,
    ("docs/docker.md", ""): NO_DOCKER,
    ("docs/manifests.md", "custom-labels lint"): PLACEHOLDER,
    ("docs/pytest.md", "[pytest]"): "a setting; tests/testing/test_plugin.py has it",
    ("docs/recipes/java-service-in-a-container.md", ""): "Java, and it needs a Docker daemon",
    ("docs/recipes/lambda-with-s3-events.md", "custom-labels serve"): "two servers; tests/packaging/test_recipes.py",
    ("docs/recipes/model-on-a-raspberry-pi.md", "custom-labels export"): "it names a Raspberry Pi of the reader's",
    ("docs/recipes/pytest-suite.md", "jobs:"): "a workflow of GitHub's; tests/packaging/test_recipes.py sees its path",
    ("docs/recipes/supervision-and-fiftyone.md", "import fiftyone"): "it starts a database of its own and a browser",
    ("docs/reliability.md", "make chaos"): "hours of work; short forms of each belong to the tests",
    ("docs/s3.md", "CUSTOM_LABELS_EVENTS"): PLACEHOLDER,
    ("docs/s3.md", '{"1111'): "a file for another S3; tests/contract/test_external_s3.py writes one",
    ("docs/scale.md", "pip install"): "a PostgreSQL of the reader's; tests/storage/test_ownership.py starts one",
    ("docs/serving-elsewhere.md", ""): "servers of others; tests/running/test_serving_elsewhere.py has the commands",
    ("docs/training.md", "{"): "what a report looks like",
    ("docs/using-a-model-without-the-emulator.md", "custom-labels export"): PLACEHOLDER,
}
"""(document, beginning of the block): why it is not run as it stands. Its text is parsed."""


def reason(block: CodeBlock) -> str | None:
    """Why a block is not run, if it is listed."""
    for (document, beginning), why in NOT_RUN.items():
        if document == block.document and block.text.startswith(beginning):
            return why
    return None


@pytest.mark.parametrize("block", code_blocks(), ids=str)
def test_each_block_is_run_or_listed_and_can_be_read(block: CodeBlock) -> None:
    assert reason(block) or block.document in RUN_BY, f"run this block in a test, or list it with the reason: {block}"
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


def test_list_has_nothing_that_is_gone() -> None:
    blocks = code_blocks()
    for document, beginning in NOT_RUN:
        assert any(b.document == document and b.text.startswith(beginning) for b in blocks), (document, beginning)
    for document, test in RUN_BY.items():
        assert any(b.document == document and reason(b) is None for b in blocks), f"all of {document} is listed"
        name = document.rpartition("/")[2]
        name = name.removesuffix(".md") if "/recipes/" in document else name
        assert name in (PROJECT_ROOT / test).read_text(), f"{test} does not read {document}"
