"""The pytest plugin as users have it: the suite of an application in a pytest process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.command_line import command_environment
from support.pictures import box_manifest, single_label_pictures
from support.server import PROJECT_ROOT, wait_until
from support.typing_in import block

APPLICATION = PROJECT_ROOT / "tests" / "sample_application"
PAGE = PROJECT_ROOT / "docs" / "pytest.md"
CONFTEST = (
    "import os, pytest\n\n@pytest.fixture\ndef model(trained_model):\n"
    "    return trained_model(os.environ['PHOTOGRAPHS'], name='parts')\n"
)
TEST = "def test_it(model):\n    assert model.version_arn\n"
SETTINGS = "[pytest]\naddopts = -q -p no:cacheprovider\nfilterwarnings = error\n"


def run_pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest with the installed plugin alone, in a folder; what it leaves behind goes to `left`."""
    (folder / "left").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env=command_environment({"TMPDIR": str(folder / "left"), **environment}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in (folder / "left").iterdir() if path.name.startswith("custom-labels")]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of each of two labels, in folders."""
    root = tmp_path_factory.mktemp("photographs")
    for shape, label in (("circle", "crack"), ("square", "whole")):
        (root / label).mkdir()
        for picture in single_label_pictures((shape,), 12):
            (root / label / picture.name).write_bytes(picture.body)
    return root


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_suite_of_an_application(processes: tuple[str, ...], tmp_path: Path, photographs: Path) -> None:
    """One emulator and one training for all processes, both gone at the end."""
    for path in APPLICATION.glob("*.py"):
        shutil.copy(path, tmp_path)
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    settings = {"PHOTOGRAPHS": str(photographs), "AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    ended = run_pytest(tmp_path, *processes, **settings)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "10 passed" in ended.stdout
    assert left_behind(tmp_path) == []


def logged(folder: Path) -> str:
    """What the emulators of the tests in this folder wrote; they copy their log there."""
    return "".join(path.read_text() for path in sorted(folder.glob("*.log")))


KEEPS_THE_LOG = """
import shutil
import pytest

@pytest.fixture(autouse=True, scope="session")
def log(custom_labels_endpoint, pytestconfig):
    yield
    from emulator.testing.plugin import _run
    folder = _run(pytestconfig)[0]
    shutil.copy(folder / "log", f"{folder.name}.log")
"""


def trainings(folder: Path) -> int:
    """How many trainings ended, in all runs so far."""
    return logged(folder).count(": trained")


def test_a_model_is_trained_once_and_kept_between_runs(tmp_path: Path, photographs: Path) -> None:
    """In pytest's cache directory, by content: other pictures are another model; what is damaged is trained again."""
    pictures = tmp_path / "pictures"
    shutil.copytree(photographs, pictures)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q\nfilterwarnings = error\n")
    (tmp_path / "conftest.py").write_text(CONFTEST + KEEPS_THE_LOG)
    (tmp_path / "test_it.py").write_text(TEST + TEST.replace("test_it", "test_it_again"))

    def run(*processes: str) -> None:
        ended = run_pytest(tmp_path, *processes, PHOTOGRAPHS=str(pictures))
        assert ended.returncode == 0, ended.stdout + ended.stderr

    run("-n", "2")
    assert trainings(tmp_path) == 1
    [kept] = (tmp_path / ".pytest_cache" / "d" / "custom-labels").iterdir()
    run()
    assert trainings(tmp_path) == 1, "the second run found it"
    assert "effort instant" in logged(tmp_path)
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    run()
    assert trainings(tmp_path) == 2, "what was damaged is made again"
    next((pictures / "whole").iterdir()).unlink()
    run()
    assert trainings(tmp_path) == 3, "other pictures are another model"
    assert len(list(kept.parent.iterdir())) == 2


def test_a_folder_of_the_suite_keeps_models(tmp_path: Path, photographs: Path) -> None:
    """For CI, where it is cached or part of the repository; two runs at the same time train what it lacks once."""
    (tmp_path / "pytest.ini").write_text(SETTINGS + "custom_labels_models = kept\n")
    (tmp_path / "conftest.py").write_text(CONFTEST + KEEPS_THE_LOG)
    (tmp_path / "test_it.py").write_text(TEST)
    with ThreadPoolExecutor(2) as pool:
        for ended in pool.map(lambda _: run_pytest(tmp_path, PHOTOGRAPHS=str(photographs)), range(2)):
            assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".tar"]
    assert trainings(tmp_path) == 1


BOXES = """
def test_boxes(trained_model, custom_labels):
    model = trained_model("boxes.manifest", images="images")
    model.start()
    with open("images/0.png", "rb") as file:
        found = custom_labels.client("rekognition").detect_custom_labels(
            ProjectVersionArn=model.version_arn, Image={"Bytes": file.read()})["CustomLabels"]
    assert "BoundingBox" in found[0]["Geometry"]

def test_missing_image(trained_model):
    import pytest
    from emulator.testing import ModelForTestsError
    with open("boxes.manifest") as file, open("broken.manifest", "w") as broken:
        broken.write(file.read().replace("/0.png", "/nobody.png"))
    with pytest.raises(ModelForTestsError, match="line 1: no file below"):
        trained_model("broken.manifest", images="images")
    with pytest.raises(ModelForTestsError, match="line 2: not a JSON object"):
        trained_model("test_boxes.py")
    with pytest.raises(ModelForTestsError, match="there is no folder and no manifest nothing .in /"):
        trained_model("nothing")
"""


def test_a_manifest_with_boxes(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_boxes.py").write_text(BOXES)
    (tmp_path / "images").mkdir()
    pictures = single_label_pictures(("circle", "square"), 6, size=(320, 240))
    lines = box_manifest(pictures, "somewhere").decode()
    for number, picture in enumerate(pictures):
        (tmp_path / "images" / f"{number}.png").write_bytes(picture.body)
        lines = lines.replace(f'/{picture.name}"', f'/{number}.png"')
    (tmp_path / "boxes.manifest").write_text(lines)
    ended = run_pytest(tmp_path)
    assert ended.returncode == 0 and "2 passed" in ended.stdout, ended.stdout + ended.stderr


def test_nothing_happens_without_a_fixture(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    assert 'emulator.testing.plugin' in sys.modules\n"
        "    loaded = {n.partition('.')[0] for n in sys.modules}\n"
        "    assert not loaded & {'boto3', 'botocore', 'sqlalchemy', 'numpy', 'fastapi'}\n"
        "    assert 'emulator.testing.client' not in sys.modules\n"
    )
    ended = run_pytest(tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert left_behind(tmp_path) == []


def test_emulator_ends_with_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_it.py").write_text(
        "import os, signal\n\ndef test_it(custom_labels):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert run_pytest(tmp_path).returncode == -9
    wait_until(lambda: left_behind(tmp_path) == [], what="the end of the emulator")


def test_some_services_alone_beside_moto(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(SETTINGS + "custom_labels_services = rekognition s3\n")
    (tmp_path / "test_it.py").write_text(
        "import boto3, moto\n\ndef test_it(custom_labels):\n"
        "    with moto.mock_aws():\n"
        "        assert 'Roles' in boto3.client('iam').list_roles()\n"
        "        rekognition = custom_labels.client('rekognition')\n"
        "        arn = rekognition.create_project(ProjectName='beside-moto')['ProjectArn']\n"
        "        assert arn.split(':')[4] == custom_labels.account\n"
        "    assert boto3.client('rekognition').describe_projects()['ProjectDescriptions'][0]['ProjectArn'] == arn\n"
    )
    ended = run_pytest(tmp_path, "-W", "ignore")
    assert ended.returncode == 0, ended.stdout


def test_a_trained_model_within_moto(tmp_path: Path, photographs: Path) -> None:
    """The test is moto's, as its decorator says; the model, its S3 and the forced answers are the emulator's."""
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_it.py").write_text(
        "import boto3, moto, os, pathlib\n\n@moto.mock_aws\n"
        "def test_it(trained_model, custom_labels, custom_labels_answers):\n"
        "    boto3.client('dynamodb', 'us-east-1', endpoint_url='https://dynamodb.us-east-1.amazonaws.com').list_tables()\n"
        "    model = trained_model(os.environ['PHOTOGRAPHS'])\n"
        "    custom_labels_answers({'crack': 97.5})\n"
        "    s3, rekognition = custom_labels.client('s3'), custom_labels.client('rekognition')\n"
        "    s3.put_object(Bucket=model.bucket, Key='a.png', Body=b'forced')\n"
        "    image = {'S3Object': {'Bucket': model.bucket, 'Name': 'a.png'}}\n"
        "    found = rekognition.detect_custom_labels(ProjectVersionArn=model.start(), Image=image)\n"
        "    assert [label['Name'] for label in found['CustomLabels']] == ['crack']\n"
    )
    ended = run_pytest(tmp_path, "-W", "ignore", PHOTOGRAPHS=str(photographs))
    assert ended.returncode == 0, ended.stdout


def test_emulator_that_cannot_start_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_it.py").write_text("def test_it(custom_labels):\n    pass\n")
    ended = run_pytest(tmp_path, CUSTOM_LABELS_SEED="many")
    assert ended.returncode == 1 and "CUSTOM_LABELS_SEED=many: expected a whole number" in ended.stdout
    assert left_behind(tmp_path) == []


def test_page_for_users(tmp_path: Path, photographs: Path) -> None:
    """The files of docs/pytest.md, each under the name that its first line gives."""
    (tmp_path / "pytest.ini").write_text(SETTINGS.replace("[pytest]\n", block("docs/pytest.md", "[pytest]")))
    (tmp_path / "tests").mkdir()
    shutil.copytree(photographs, tmp_path / "tests" / "photographs")
    blocks = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for name, text in blocks:
        (tmp_path / "tests" / name).write_text(text)
    assert [name for name, _ in blocks] == ["conftest.py", "test_inspection.py", "test_plant.py"]
    assert len(blocks[0][1].split("\n\n", 1)[1].strip().splitlines()) <= 5
    ended = run_pytest(tmp_path, "tests")
    assert ended.returncode == 0 and "4 passed" in ended.stdout, ended.stdout + ended.stderr
    assert [path.suffix for path in (tmp_path / "tests" / "models").iterdir()] == [".tar"]


UNITTEST = """
import os, unittest, boto3
from emulator.testing import running_emulator, trained_model

class PlantTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.custom_labels = cls.enterClassContext(running_emulator())

    def test_model(self):
        model = trained_model(self.custom_labels, os.environ["PHOTOGRAPHS"], name="plant", keep_in="kept")
        boto3.client("rekognition").start_project_version(ProjectVersionArn=model.version_arn, MinInferenceUnits=1)
        self.assertEqual(len(os.listdir("kept")), 1)
        self.custom_labels.reset()

    def test_project(self):
        boto3.client("rekognition").create_project(ProjectName="plant")
        self.assertEqual(len(self.custom_labels.client("rekognition").describe_projects()["ProjectDescriptions"]), 1)
        self.custom_labels.reset()
        self.assertEqual(boto3.client("rekognition").describe_projects()["ProjectDescriptions"], [])
"""


def test_unittest(tmp_path: Path, photographs: Path) -> None:
    (tmp_path / "test_plant.py").write_text(UNITTEST)
    (tmp_path / "left").mkdir()
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "unittest", "-q", "test_plant"],
        cwd=tmp_path,
        env=command_environment({"TMPDIR": str(tmp_path / "left"), "PHOTOGRAPHS": str(photographs)}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert left_behind(tmp_path) == []
    assert "AWS_ENDPOINT_URL" not in os.environ
