"""The recipes of docs/recipes, followed as they stand; only the address and the names of models are put in."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import onnx

from emulator.vision.training import Effort, TrainingSettings, train
from support.code_blocks import code_blocks
from support.command_line import command_environment
from support.pictures import SINGLE_LABELS, Picture, box_manifest, single_label_pictures
from support.projects import new_project, trained_project
from support.server import EmulatorProcess
from support.typing_in import ADDRESS, path_with_ours, served, type_in
from tests.vision.pictures import encode, example, shape_picture

PORT_OF_WEBHOOK = "8080"
MODEL = re.compile(r"arn:aws:rekognition:us-east-1:000000000000:project/\w[\w-]*/version/1/\d+")
DATASET = re.compile(r"arn:aws:rekognition:us-east-1:000000000000:project/\w+/dataset/train/\d+")
ACCOUNT = "000000000000"
INSTANT = {"CUSTOM_LABELS_TRAINING_EFFORT": "instant"}


def blocks(recipe: str, language: str) -> list[str]:
    """The blocks of a recipe in a language."""
    return [block.text for block in code_blocks(f"docs/recipes/{recipe}.md") if block.language == language]


def write_files(recipe: str, folder: Path) -> list[str]:
    """Write each Python block that begins with its file's name; the names."""
    named = [text for text in blocks(recipe, "python") if re.match(r"# [\w/]+\.py\n", text)]
    for text in named:
        path = folder / text.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [text.splitlines()[0].removeprefix("# ") for text in named]


def write_pictures(folder: Path, count: int = 12) -> list[Picture]:
    """Pictures of cracks and of whole parts, in a folder for each label."""
    written = []
    for shape, label in (("circle", "crack"), ("square", "whole")):
        (folder / label).mkdir(parents=True)
        for picture in single_label_pictures((shape,), count):
            (folder / label / picture.name).write_bytes(picture.body)
            written.append(picture)
    return written


def run(command: list[str], text: str, folder: Path, **environment: str) -> str:
    """What a command prints that reads `text`; `custom-labels` is on its path."""
    return type_in(text, folder, environment, command)


def aws(emulator: EmulatorProcess) -> dict[str, str]:
    """What the recipes' `export` puts into the environment."""
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
    return {"AWS_ENDPOINT_URL": emulator.endpoint, **keys}


def test_pytest_suite(tmp_path: Path) -> None:
    assert write_files("pytest-suite", tmp_path) == ["inspection.py", "tests/conftest.py", "tests/test_inspection.py"]
    write_pictures(tmp_path / "tests" / "photographs")
    printed = run([sys.executable, "-m", "pytest", "-q"], "", tmp_path, TMPDIR=str(tmp_path))
    assert "3 passed" in printed
    [kept] = [path for path in (tmp_path / ".pytest_cache" / "d").iterdir() if path.name == "custom-labels"]
    assert f"path: .pytest_cache/d/{kept.name}" in blocks("pytest-suite", "yaml")[0]


@contextmanager
def webhook(typed: str, folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["sh", "-e", "-c", typed],
        cwd=folder,
        env=command_environment({"PATH": path_with_ours(), **environment}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_lambda_with_s3_events(start_emulator: Callable[..., EmulatorProcess], tmp_path: Path) -> None:
    assert write_files("lambda-with-s3-events", tmp_path) == ["function.py", "webhook.py", "upload.py"]
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = tmp_path / "webhook.py"
    program.write_text(program.read_text().replace(PORT_OF_WEBHOOK, port))
    [typed] = blocks("lambda-with-s3-events", "sh")
    serving, typed = typed.replace(PORT_OF_WEBHOOK, port).split("\n", 1)
    settings, arguments = served(serving)
    emulator = start_emulator({**settings, **INSTANT}, arguments=arguments)
    pictures = single_label_pictures(SINGLE_LABELS, 6)
    project = trained_project(emulator, ACCOUNT, pictures, single_label_pictures(SINGLE_LABELS, 2, seed=500))
    typed = MODEL.sub(project.start_model(), typed.replace(ADDRESS, emulator.endpoint))
    environment = aws(emulator)
    (tmp_path / "one photo.jpg").write_bytes(encode(shape_picture("circle", 9), "JPEG"))
    with webhook(typed, tmp_path, environment) as process:
        run([sys.executable, "upload.py", "one photo.jpg"], "", tmp_path, **environment)
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert next(line for line in lines if "one photo.jpg" in line).startswith("{'one photo.jpg': [")


def test_data_set_from_label_studio(start_emulator: Callable[..., EmulatorProcess], tmp_path: Path) -> None:
    emulator = start_emulator(INSTANT)
    (tmp_path / "images").mkdir()
    tasks = []
    for picture in single_label_pictures(("circle", "square"), 6, size=(320, 240)):
        (tmp_path / "images" / picture.name).write_bytes(picture.body)
        [box] = picture.boxes
        shares = {"x": box.left / 3.2, "y": box.top / 2.4, "width": box.width / 3.2, "height": box.height / 2.4}
        result = {
            "original_width": 320,
            "original_height": 240,
            "type": "rectanglelabels",
            "value": {**shares, "rotation": 0, "rectanglelabels": [box.label]},
        }
        tasks.append({"annotations": [{"result": [result]}], "data": {"image": f"/data/upload/1/{picture.name}"}})
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    [command] = blocks("data-set-from-label-studio", "sh")
    [program] = blocks("data-set-from-label-studio", "python")
    run(["sh", "-e"], command.replace(ADDRESS, emulator.endpoint), tmp_path)
    printed = run([sys.executable, "-"], program, tmp_path, **aws(emulator))
    assert "CREATE_COMPLETE" in printed and "'LabeledEntries': 12" in printed
    assert re.search(r"^F1 [01]\.\d+$", printed, re.MULTILINE)


def test_model_on_a_raspberry_pi(tmp_path: Path) -> None:
    """The program without the emulator, and the name that its commands use."""
    assert write_files("model-on-a-raspberry-pi", tmp_path) == ["classify.py"]
    assert "emulator" not in (tmp_path / "classify.py").read_text()
    labels = ("circle", "stripes")
    model = train("classification", [example(label, seed) for seed in range(3) for label in labels], labels,
                  TrainingSettings(effort=Effort.INSTANT))  # fmt: skip
    model.export(tmp_path / "model.onnx", dict.fromkeys(labels, 0.5), {})
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    for label in labels:
        (tmp_path / f"{label}.jpg").write_bytes(encode(shape_picture(label, 0), "JPEG"))
    typed = blocks("model-on-a-raspberry-pi", "sh")[1].replace("/var/photos/", "./")
    lines = run(["sh", "-e"], typed, tmp_path).splitlines()
    assert [re.match(r"./(\w+)\.jpg \1 [01]\.\d\d$", line) is not None for line in lines] == [True, True], lines


def test_supervision_and_fiftyone(start_emulator: Callable[..., EmulatorProcess], tmp_path: Path) -> None:
    """What both read, as far as it goes without them; supervision reads it where it is installed."""
    emulator = start_emulator()
    project = new_project(emulator, ACCOUNT)
    pictures = single_label_pictures(("circle", "square"), 3, size=(320, 240))
    dataset = project.create_dataset("TRAIN", pictures, box_manifest)
    [command] = blocks("supervision-and-fiftyone", "sh")
    run(["sh", "-e"], DATASET.sub(dataset, command), tmp_path, **aws(emulator))
    document = json.loads((tmp_path / "parts" / "annotations.json").read_text())
    assert len(document["annotations"]) == len(pictures)
    assert {image["file_name"] for image in document["images"]} == {
        path.name for path in (tmp_path / "parts" / "images").iterdir()
    }
    names: dict[str, object] = {}
    programs = blocks("supervision-and-fiftyone", "python")
    exec(compile(programs[-1], "answers.py", "exec"), names)
    box = {"Left": 0.1, "Top": 0.2, "Width": 0.5, "Height": 0.25}
    answer = {"CustomLabels": [{"Name": "circle", "Confidence": 80.0, "Geometry": {"BoundingBox": box}}]}
    pixels, confidences, labels = names["detections"](answer, 200, 100)  # type: ignore[operator]
    assert np.allclose(pixels, [[20, 20, 120, 45]]) and np.allclose(confidences, [0.8]) and labels == ["circle"]
    assert names["detections"]({"CustomLabels": []}, 200, 100)[0].shape == (0, 4)  # type: ignore[operator]
    if importlib.util.find_spec("supervision") is not None:
        assert run([sys.executable, "-"], programs[0], tmp_path).startswith("6 ['circle', 'square']")
