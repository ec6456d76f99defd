"""What the container promises, read from the files: no Docker engine is needed, and nothing is built here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.settings import PREFIX, Settings
from support.server import PROJECT_ROOT

PORT = "4598"
PINNED_IMAGE = re.compile(r"python:3\.\d+(\.\d+)?-slim-[a-z]+|node:\d+(\.\d+)*-[a-z]+-slim")
BUILD_TOOLS = ("gcc", "build-essential", "apt-get", "pip", "make", "hatchling")


@dataclass
class Stage:
    """A stage of the Dockerfile: its image, its name, its instructions in order."""

    image: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        return [text for found, text in self.instructions if found == keyword]


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    text = re.sub(r"^#.*\n", "", (PROJECT_ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    stages: list[Stage] = []
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(image, name))
        else:
            stages[-1].instructions.append((keyword, " ".join(rest.split())))
    return stages


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    [service] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())["services"].values()
    found: dict[str, Any] = service
    return found


def environment(stage: Stage) -> dict[str, str]:
    return dict(pair.split("=", 1) for text in stage.all("ENV") for pair in text.split())


def test_every_stage_has_a_pinned_slim_image(stages: list[Stage]) -> None:
    assert [stage.name for stage in stages] == ["page", "build", "system", ""], "two stages build, two run"
    assert all(PINNED_IMAGE.fullmatch(stage.image) for stage in stages[:-1]) and stages[-1].image == "scratch"
    assert stages[1].image == stages[2].image, "the environment only fits the Python that it was made with"


def test_the_stages_that_run_install_nothing(stages: list[Stage]) -> None:
    system, final = stages[-2:]
    assert final.all("COPY") == ["--from=system / /", "--from=build /opt/custom-labels /opt/custom-labels"]
    for command in system.all("RUN") + final.all("RUN"):
        assert not [tool for tool in BUILD_TOOLS if re.search(rf"\b{tool}\b", command)]
    [install] = [command for command in stages[1].all("RUN") if "venv" in command]
    assert "venv --without-pip" in install


def test_it_runs_without_rights_on_a_volume(stages: list[Stage]) -> None:
    system, final = stages[-2:]
    assert final.all("USER") == ["4598:4598"]
    assert [json.loads(text) for text in final.all("VOLUME")] == [["/data"]]
    [prepare] = system.all("RUN")
    assert "--owner=4598 --group=4598" in prepare and "--mode=0700 /data" in prepare
    assert environment(final)[f"{PREFIX}DATA_DIR"] == "/data"


def test_a_start_compiles_nothing(stages: list[Stage]) -> None:
    """Slim images have no bytecode of the standard library, and the user who runs the emulator may not write any."""
    [prepare] = stages[-2].all("RUN")
    assert "compileall" in prepare and 'get_path("stdlib")' in prepare
    assert not [command for command in stages[1].all("RUN") if "--no-compile" in command], (
        "pip compiles what it installs"
    )


def test_only_the_container_listens_beyond_loopback(stages: list[Stage]) -> None:
    values = environment(stages[-1])
    assert (values[f"{PREFIX}HOST"], values[f"{PREFIX}PORT"]) == ("0.0.0.0", PORT)
    assert stages[-1].all("EXPOSE") == [PORT]
    assert (Settings().host, str(Settings().port)) == ("127.0.0.1", PORT)


def test_its_settings_are_settings(stages: list[Stage], service: dict[str, Any]) -> None:
    values = environment(stages[-1]) | service["environment"]
    read = Settings.read({name: value for name, value in values.items() if name.startswith(PREFIX)})
    assert (str(read.data_dir), read.log_level) == ("/data", "info")


def test_its_health_is_asked_by_the_command_itself(stages: list[Stage]) -> None:
    [health] = stages[-1].all("HEALTHCHECK")
    assert json.loads(health.partition(" CMD ")[2]) == ["custom-labels", "healthcheck"]
    command = [json.loads(text) for keyword in ("ENTRYPOINT", "CMD") for text in stages[-1].all(keyword)]
    assert command == [["custom-labels"], ["serve"]]


def test_the_builder_gets_what_the_wheel_needs(stages: list[Stage]) -> None:
    instructions = [text for stage in stages[:-1] for text in stage.all("COPY") if not text.startswith("--from")]
    copied = {word.removeprefix("./") for text in instructions for word in text.split()[:-1]}
    assert "--from=page /page ./emulator/console/static" in stages[1].all("COPY")
    ignore = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore, "everything is left out but what is named"
    kept = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert {name for name in copied if name.partition("/")[0] not in kept} == set(), "what is copied is there"
    assert kept <= copied, "nothing else is sent to the builder"
    assert {"web/node_modules", "emulator/console/static"} <= set(ignore), "what is built here is built there anew"
    assert all((PROJECT_ROOT / name).exists() for name in copied)


def test_compose_publishes_on_loopback_and_keeps_data_in_a_named_volume(service: dict[str, Any]) -> None:
    volumes = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())["volumes"]
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    [(volume, target)] = [tuple(text.split(":")) for text in service["volumes"]]
    assert volume in volumes and target == "/data"
    assert int(service["stop_grace_period"].removesuffix("s")) > 10, "O-3: the end takes up to 10 seconds"
    assert service["read_only"] and service["cap_drop"] == ["ALL"]


def test_the_linter_has_nothing_to_say() -> None:
    beside = Path(sys.executable).with_name("hadolint")
    linter = str(beside) if beside.exists() else shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed")
    ended = subprocess.run(
        [linter, "Dockerfile"], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")
