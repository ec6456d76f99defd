"""The action, the workflows and the dev container: their form, their names, and the action's step in a shell."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.settings import Settings
from support.code_blocks import code_blocks
from support.server import PROJECT_ROOT, environment_without_settings
from support.typing_in import path_with_ours, stand_ins

ACTION = PROJECT_ROOT / "action.yml"
WORKFLOWS = sorted((PROJECT_ROOT / ".github" / "workflows").glob("*.yml"))
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    return read


def step(action: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [item for item in action["runs"]["steps"] if item["name"] == name]
    step: dict[str, Any] = found
    return step


def test_the_action_has_the_form_of_a_composite_one(action: dict[str, Any]) -> None:
    assert {"name", "description", "inputs", "outputs", "runs"} <= set(action)
    assert action["runs"]["using"] == "composite"
    assert all({"shell", "run"} <= set(item) for item in action["runs"]["steps"])
    assert all({"description", "default"} <= set(item) for item in action["inputs"].values())
    identifiers = {item["id"] for item in action["runs"]["steps"] if "id" in item}
    for expression in EXPRESSION.findall(ACTION.read_text()):
        match expression.split("."):
            case ["inputs", name]:
                assert name in action["inputs"]
            case ["steps", identifier, "outputs", _]:
                assert identifier in identifiers
            case other:
                assert other == ["github", "action_path"]


def test_no_expression_stands_in_a_script(action: dict[str, Any]) -> None:
    """What a workflow passes is data: as a variable it cannot become a command."""
    assert not [item["name"] for item in action["runs"]["steps"] if "${{" in item["run"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_their_form(workflow: Path) -> None:
    read = yaml.safe_load(workflow.read_text())
    assert read["name"] and read["permissions"] and (read.get("on") or read.get(True)), "YAML reads `on` as true"
    for job in read["jobs"].values():
        assert job["runs-on"] and all(("uses" in item) != ("run" in item) for item in job["steps"])
        assert set(job.get("needs", "").split()) <= set(read["jobs"])


def test_steps_of_ours_pass_inputs_that_the_action_has(action: dict[str, Any]) -> None:
    texts = [path.read_text() for path in WORKFLOWS]
    texts += [
        block.text for block in code_blocks() if block.document == "docs/containers.md" and block.language == "yaml"
    ]
    ours = [
        item
        for text in texts
        for job in yaml.safe_load(text)["jobs"].values()
        for item in job["steps"]
        if item.get("uses", "") == "./" or item.get("uses", "").startswith("OWNER/")
    ]
    assert len(ours) == 2
    for item in ours:
        assert set(item["with"]) <= set(action["inputs"])


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A runner's variables and files, with the project installed where the action's first step would install it."""
    scripts = tmp_path / "custom-labels" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "custom-labels").symlink_to(PROJECT_ROOT / ".venv" / "bin" / "custom-labels")
    files = {"GITHUB_ENV": tmp_path / "env", "GITHUB_OUTPUT": tmp_path / "output"}
    yield {"RUNNER_TEMP": str(tmp_path)} | {name: str(path) for name, path in files.items()}
    log = tmp_path / "process"
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(log.read_text()), signal.SIGTERM)


def bash(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A step's script as the runner runs it."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        env=environment_without_settings() | {"PATH": path_with_ours()} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_start(action: dict[str, Any], runner: dict[str, str], **inputs: str) -> subprocess.CompletedProcess[str]:
    """The step that starts it; the process is noted for the end of the test."""
    start = step(action, "Start the emulator")
    given = {name: item["default"] for name, item in action["inputs"].items()} | inputs
    variables = {
        name: given[EXPRESSION.fullmatch(value)[1].removeprefix("inputs.")]  # type: ignore[index]
        for name, value in start["env"].items()
    }
    script = start["run"].replace("server=$!", 'server=$!\necho "$server" > "$RUNNER_TEMP/process"')
    return bash(script, runner | variables)


def pairs(file: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in Path(file).read_text().splitlines())


def jobs_with(service: bool) -> Iterator[dict[str, Any]]:
    """The jobs of examples.yml and of docs/containers.md that have the emulator as a service, or as the action."""
    texts = [(PROJECT_ROOT / ".github" / "workflows" / "examples.yml").read_text()]
    texts += [one.text for one in code_blocks("docs/containers.md") if one.text.startswith("jobs:")]
    for job in (job for text in texts for job in yaml.safe_load(text)["jobs"].values()):
        has_action = any(item.get("uses", "").startswith(("./", "OWNER/")) for item in job["steps"])
        if "services" in job if service else has_action:
            yield job


def commands_of(job: dict[str, Any]) -> list[str]:
    """What its steps run when nothing fails."""
    return [item["run"] for item in job["steps"] if "run" in item and "if" not in item]


def test_the_steps_after_it_reach_the_emulator(action: dict[str, Any], runner: dict[str, str]) -> None:
    """Those of examples.yml and docs/containers.md, with the variables that the action or the job gives them."""
    ended = run_start(action, runner, port="0", account="222233334444", settings="TPS_PER_UNIT=0\n\nLOG_LEVEL=debug\n")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    variables = pairs(runner["GITHUB_ENV"])
    outputs = pairs(runner["GITHUB_OUTPUT"])
    assert outputs["endpoint-url"] == variables["AWS_ENDPOINT_URL"]
    typed = [(text, variables, "222233334444") for job in jobs_with(service=False) for text in commands_of(job)]
    for job in jobs_with(service=True):
        assert job["env"]["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{Settings().port}"
        own = job["env"] | {"AWS_ENDPOINT_URL": variables["AWS_ENDPOINT_URL"]}
        typed += [(text, own, job["env"]["AWS_ACCESS_KEY_ID"]) for text in commands_of(job)]
    assert len(typed) == 4
    for number, (text, given, account) in enumerate(typed):
        done = bash(f"{text}-{number}", given)  # the end is the name of a project: each makes one of its own
        assert done.returncode == 0, done.stderr
        assert f":{account}:project/" in done.stdout
    shown = bash('cat "$LOG"', {"LOG": outputs["log"]})
    assert variables["AWS_ENDPOINT_URL"] in shown.stdout


def test_the_names_of_images_have_small_letters(runner: dict[str, str]) -> None:
    """What a registry asks for, whatever the repository is called."""
    image = yaml.safe_load((PROJECT_ROOT / ".github" / "workflows" / "examples.yml").read_text())["jobs"]["image"]
    [naming] = [item for item in image["steps"] if item.get("id") == "name"]
    assert bash(naming["run"], runner | {"GITHUB_REPOSITORY": "Owner/Some-Labels"}).returncode == 0
    assert pairs(runner["GITHUB_OUTPUT"]) == {"name": "ghcr.io/owner/some-labels:latest"}
    [pushing] = [item for item in image["steps"] if "docker" in item.get("run", "")]
    calls = stand_ins(Path(runner["RUNNER_TEMP"]), "docker")
    assert bash(pushing["run"], calls | {"NAME": "ghcr.io/owner/some-labels:latest"}).returncode == 0
    asked = Path(calls["CALLS"]).read_text().splitlines()
    assert asked == [
        "docker build --tag ghcr.io/owner/some-labels:latest .",
        "docker push ghcr.io/owner/some-labels:latest",
    ]


def test_a_setting_that_is_wrong_fails_the_step(action: dict[str, Any], runner: dict[str, str]) -> None:
    ended = run_start(action, runner, port="0", settings="NO_SUCH_THING=1")
    assert ended.returncode == 1
    assert "::error::" in ended.stdout and "NO_SUCH_THING" in ended.stdout


def test_the_dev_container_is_read_and_leads_to_the_usual_port() -> None:
    read = json.loads((PROJECT_ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert read["forwardPorts"] == [Settings().port]
    assert read["containerEnv"]["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{Settings().port}"
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    for target in re.findall(r"make (\w+)", read["postCreateCommand"]):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
