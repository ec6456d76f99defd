"""`custom-labels export --for`: a trained version as a model repository (docs/serving-elsewhere.md)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import yaml

from support.command_line import custom_labels
from support.running import RunningLab
from support.triton_config import parse_model_config

NUMPY_TYPES = {1: np.float32, 2: np.uint8, 3: np.int64}


def test_a_repository_says_what_its_model_takes_and_gives(lab: RunningLab, tmp_path: Path) -> None:
    arn, repository = lab.trained.version_arns["first"], tmp_path / "models"
    place = ("--endpoint-url", lab.emulator.endpoint)
    command = ("export", arn, str(repository), "--for", "triton", "--name", "mine", *place)
    done = custom_labels(*command, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    config = parse_model_config((repository / "mine" / "config.pbtxt").read_text())
    session = onnxruntime.InferenceSession(repository / "mine" / "1" / config.default_model_filename)
    [image] = config.input
    batch = [3] if config.max_batch_size else []
    answers = session.run(None, {image.name: np.zeros([*batch, *image.dims], NUMPY_TYPES[image.data_type])})
    assert [output.name for output in session.get_outputs()] == [output.name for output in config.output]
    for answer, output in zip(answers, config.output, strict=True):
        assert answer.dtype == NUMPY_TYPES[output.data_type]
        sides = answer.shape[len(batch) :]
        assert len(sides) == len(output.dims) and all(
            told in (-1, side) for told, side in zip(output.dims, sides, strict=True)
        )
    labels = json.loads(config.parameters["labels"].string_value)
    assert (repository / "mine" / "labels.txt").read_text().splitlines() == labels

    again = custom_labels(*command, folder=tmp_path)
    assert (again.returncode, again.stdout) == (1, "") and "is there already" in again.stderr


def test_kserve_needs_to_know_where_the_repository_will_be(lab: RunningLab, tmp_path: Path) -> None:
    arn = lab.trained.version_arns["first"]
    command = ("export", arn, str(tmp_path / "models"), "--for", "kserve", "--endpoint-url", lab.emulator.endpoint)
    refused = custom_labels(*command, folder=tmp_path)
    assert refused.returncode == 1 and "--storage-uri" in refused.stderr
    assert not (tmp_path / "models").exists()
    done = custom_labels(*command, "--storage-uri", "s3://models/rooms", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    service = yaml.safe_load((tmp_path / "models" / "inference-service.yaml").read_text())
    assert service["spec"]["predictor"]["model"]["storageUri"] == "s3://models/rooms"
    [model] = [place for place in (tmp_path / "models").iterdir() if place.is_dir()]
    assert model.name == f"{lab.trained.name}-first"
