"""The wheel holds all that is needed at run time: built, installed outside the checkout, used for a whole demo (O-2).

What it depends on is not installed again: the new environment sees the packages of the one that runs the tests.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import boto3
import pytest

from emulator import __version__
from support.server import PROJECT_ROOT, environment_without_settings

BUILT_FROM = ("emulator", "models", "migrations", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
SHORT_SECONDS = 180
DEMO_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Distributions:
    """What `python -m build` made."""

    wheel: Path
    sdist: Path


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment with the wheel in it, and an empty folder to work in."""

    python: Path
    folder: Path

    @property
    def command(self) -> Path:
        """The command `custom-labels`."""
        return self.python.with_name("custom-labels")

    def run(self, command: Sequence[str | Path], seconds: float = SHORT_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a command in the empty folder until it ends."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment_without_settings() | {"AWS_CONFIG_FILE": os.devnull},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """A source archive, and the wheel that is built from it, from a copy of what they are made of."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    source.mkdir()
    for name in BUILT_FROM:
        if (PROJECT_ROOT / name).is_dir():
            shutil.copytree(PROJECT_ROOT / name, source / name)
        else:
            shutil.copy(PROJECT_ROOT / name, source / name)
    shutil.copy(PROJECT_ROOT / ".gitignore", source)
    ended = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(source)],
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [wheel], [sdist] = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return Distributions(wheel, sdist)


@pytest.fixture(scope="module")
def installation(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel, installed into a virtual environment of its own."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=False, symlinks=os.name != "nt")
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    installed = Installation(scripts / "python", folder / "empty")
    installed.folder.mkdir()
    [site_packages] = (folder / "env").rglob("site-packages")
    # A .pth line adds a folder without reading that folder's own .pth files: the checkout stays out of sight.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = ["--python", str(installed.python), "install", "--no-deps", "--no-index", "--ignore-installed"]
    ended = subprocess.run(
        [sys.executable, "-m", "pip", *install, "--quiet", str(distributions.wheel)],
        capture_output=True,
        text=True,
        timeout=SHORT_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return installed


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def files_of(folder: str) -> set[str]:
    """Files of a folder of the checkout, by their path in it."""
    return {
        path.relative_to(PROJECT_ROOT).as_posix()
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".page-build")
    }


def test_wheel_holds_every_module_the_backbones_and_the_migrations(distributions: Distributions) -> None:
    names = set(names_in(distributions.wheel))
    assert files_of("emulator") <= names
    assert {f"emulator/_bundled/{name}" for name in files_of("models") | files_of("migrations")} <= names
    assert "emulator/_bundled/models/efficientnet_lite0.onnx" in names
    assert "emulator/_bundled/migrations/state/versions/0001.py" in names


def test_wheel_holds_nothing_else(distributions: Distributions) -> None:
    names = names_in(distributions.wheel)
    assert {name.partition("/")[0] for name in names} == {"emulator", f"custom_labels_emulator-{__version__}.dist-info"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
    licences = {name.partition("licenses/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE", "models/LICENSE-efficientnet-lite.txt"}


def test_source_archive_holds_what_the_wheel_is_built_from(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files_of("emulator") | files_of("models") | files_of("migrations") <= names
    assert {"pyproject.toml", "README.md", "LICENSE", "NOTICE"} <= names


def test_every_import_of_the_package_is_declared(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        [metadata] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
        text = wheel.read(metadata).decode()
    declared = {canonical(found) for found in re.findall(r"^Requires-Dist: ([A-Za-z0-9_.-]+)", text, re.MULTILINE)}
    distributions_of = packages_distributions()
    # pytest is imported by its plugin alone, which only pytest imports.
    for name in imported_packages() - set(sys.stdlib_module_names) - {"emulator", "pytest"}:
        # Starlette is FastAPI's own foundation and comes with every version of it.
        provided_by = {"fastapi"} if name == "starlette" else {canonical(found) for found in distributions_of[name]}
        assert provided_by & declared, f"{name} is imported, but no distribution of it is a dependency"


def canonical(distribution: str) -> str:
    """The name that all spellings of a distribution share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported_packages() -> set[str]:
    """Top-level names that the package imports from outside, those imported lazily too."""
    found: set[str] = set()
    for path in (PROJECT_ROOT / "emulator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_installed_command_knows_its_package_and_explains_itself(installation: Installation) -> None:
    shown = installation.run([installation.python, "-c", "import emulator; print(emulator.__file__)"])
    assert Path(shown.stdout.strip()).is_relative_to(installation.python.parents[1]), shown.stdout + shown.stderr
    for arguments in (["--help"], ["serve", "--help"], ["demo", "--help"]):
        ended = installation.run([installation.command, *arguments])
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith("usage: custom-labels")


def test_installed_emulator_serves_trains_and_keeps_its_model_running(installation: Installation) -> None:
    process = subprocess.Popen(
        [installation.command, "demo", "--port", "0", "--keep"],
        cwd=installation.folder,
        env=environment_without_settings() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C, and so would the demo that inherits it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        printed = ""
        for line in iter(process.stdout.readline, ""):
            printed += line
            if "stays until Ctrl-C" in line:
                break
        else:
            pytest.fail(printed + process.stderr.read())
        check_printed(printed)
        check_running(printed)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=SHORT_SECONDS)
        assert (process.returncode, rest, errors) == (0, "Ending the emulator.\n", "")
    finally:
        process.kill()
        process.communicate()
    assert list(installation.folder.iterdir()) == [], "an emulator that keeps nothing leaves nothing"


def check_printed(printed: str) -> None:
    """Every step with its seconds, the F1 score, and the labels of the picture."""
    for step in ("draw pictures", "upload to S3", "create the datasets", "start the model", "analyse a new picture"):
        assert re.search(rf"^{step} +\d+\.\d s", printed, re.MULTILINE), printed
    assert re.search(r"^train +\d+\.\d s  F1 [01]\.\d{3}", printed, re.MULTILINE), printed
    assert re.search(r"^  \w+ +\d+\.\d\d %$", printed, re.MULTILINE), printed


def check_running(printed: str) -> None:
    """The project that it says it kept is there, and its model runs."""
    endpoint = re.search(r"^Started an emulator on (http://127\.0\.0\.1:\d+);", printed, re.MULTILINE)
    name = re.search(r"^Kept: project ([\w-]+) with its running model", printed, re.MULTILINE)
    assert endpoint and name, printed
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    rekognition = boto3.client("rekognition", endpoint_url=endpoint.group(1), **keys)
    [project] = rekognition.describe_projects(ProjectNames=[name.group(1)])["ProjectDescriptions"]
    [version] = rekognition.describe_project_versions(ProjectArn=project["ProjectArn"])["ProjectVersionDescriptions"]
    assert version["Status"] == "RUNNING"
