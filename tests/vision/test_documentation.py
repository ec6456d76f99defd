"""The programs of using-a-model-without-the-emulator.md, notebook.md and detection.md in docs/, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from emulator.vision.detector.training import DetectorEffort, train_detector
from emulator.vision.served_model import ServedModel
from emulator.vision.training import Effort, TrainingSettings, ignore_progress, train
from tests.vision.detector.drawings import LABELS as DRAWN_LABELS
from tests.vision.detector.drawings import drawing
from tests.vision.pictures import encode, example, shape_picture

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "using-a-model-without-the-emulator.md"
CLASSIFICATION, DETECTION, WITHOUT_CLIPPING = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
LABELS = ("circle", "stripes")


def output_of(program: str, folder: Path) -> str:
    """What the program prints, run in `folder` with no path to the checkout."""
    assert "emulator" not in program
    command = [sys.executable, "-I", "-c", program]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=180).stdout


@pytest.mark.parametrize("program", [CLASSIFICATION, DETECTION])
def test_the_programs_are_short(program: str) -> None:
    assert len([line for line in program.splitlines() if line.strip()]) <= 15


def test_the_classification_program_prints_what_the_emulator_answers(tmp_path: Path) -> None:
    examples = [example(label, seed) for seed in range(3) for label in LABELS]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST))
    model.export(tmp_path / "model.onnx", {"circle": 0.5, "stripes": 0.0}, {})
    picture = encode(shape_picture("circle", 9, side=500), "JPEG")
    (tmp_path / "picture.jpg").write_bytes(picture)

    printed = output_of(CLASSIFICATION, tmp_path)

    expected = {
        answer.label: answer.confidence for answer in ServedModel.load(tmp_path / "model.onnx").predict(picture)
    }
    values = [float(value) for value in re.findall(r"(?<!float)(?<!\w)\d\.\d+(?:e-\d+)?", printed)]
    assert [name for name in LABELS if name in printed] == ["circle", "stripes"]
    assert values == pytest.approx([expected["circle"], expected["stripes"]], abs=2e-2)


def test_the_session_for_other_processors_answers_the_same(tmp_path: Path) -> None:
    examples = [example(label, seed) for seed in range(2) for label in LABELS]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST))
    model.export(tmp_path / "model.onnx", dict.fromkeys(LABELS, 0.0), {})
    (tmp_path / "picture.jpg").write_bytes(encode(shape_picture("circle", 9), "JPEG"))
    [line] = [line for line in CLASSIFICATION.splitlines() if line.startswith("session = ")]
    program = CLASSIFICATION.replace(line, WITHOUT_CLIPPING)
    assert "x64quantprecision" in program
    assert output_of(program, tmp_path) == output_of(CLASSIFICATION, tmp_path)


def test_the_detection_program_prints_what_the_emulator_answers(tmp_path: Path) -> None:
    effort = DetectorEffort(passes=1, minimum_steps=3, megapixels=50, sides=(160,))
    examples = [drawing(seed) for seed in range(4)]
    model = train_detector(examples, DRAWN_LABELS, TrainingSettings(), ignore_progress, effort)
    model.export(tmp_path / "model.onnx", dict.fromkeys(DRAWN_LABELS, 0.0), {})
    picture = drawing(50).image.read()
    (tmp_path / "picture.jpg").write_bytes(picture)

    lines = output_of(DETECTION, tmp_path).splitlines()

    expected = ServedModel.load(tmp_path / "model.onnx").predict(picture)
    assert [line.split()[0] for line in lines] == [answer.label for answer in expected]
    assert [float(line.split()[1]) for line in lines] == pytest.approx([a.confidence for a in expected], abs=1e-4)
    assert all(len(line[line.index("[") :].strip("[]").split()) == 4 for line in lines)


def test_the_detector_of_a_notebook(tmp_path: Path) -> None:
    """docs/detection.md: three photographs, of which the boxes are where the page says, and a new one."""
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "detection.md").read_text(), re.DOTALL)
    boxes = {label: [int(number) for number in re.findall(r"=(\d+)", line)] for label, line in
             re.findall(r'LabelledBox\("(\w+)"(.*)\)', program)}  # fmt: skip
    for name, labels in {"table-1": ["fork"], "table-2": ["scissors"], "table-3": list(boxes), "new": ["fork"]}.items():
        photograph = Image.new("RGB", (360, 270), "white")
        for label in labels:
            left, top, width, height = boxes[label]
            shape = (left, top, left + width, top + height)
            draw = ImageDraw.Draw(photograph)
            draw.ellipse(shape, fill="navy") if label == "scissors" else draw.rectangle(shape, fill="crimson")
        photograph.save(tmp_path / f"{name}.jpg")
    command, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True, timeout=120
    )
    assert ended.stdout.startswith("Prediction(label='fork'"), ended.stdout


def test_the_notebook_trains_explains_and_exports(tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "notebook.md").read_text(), re.DOTALL)
    for label, shape in (("ants", "circle"), ("bees", "stripes")):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for seed in range(3):
            (tmp_path / "photos" / label / f"{seed}.jpg").write_bytes(encode(shape_picture(shape, seed), "JPEG"))
    (tmp_path / "new.jpg").write_bytes(encode(shape_picture("circle", 9), "JPEG"))
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = [line for line in program.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 20
    assert "Prediction(label='ants'" in ended.stdout
    # Where the circle is covered, the confidence falls most; that it falls at all is what counts here.
    effects = [float(number) for number in re.findall(r"-?\d+\.\d*(?=[ \]])", ended.stdout.split("[[")[1])]
    assert len(effects) == 16 and max(effects) > 0
    answers = ServedModel.load(tmp_path / "model.onnx").predict((tmp_path / "new.jpg").read_bytes())
    assert answers[0].label == "ants"
