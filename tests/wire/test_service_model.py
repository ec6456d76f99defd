"""The model is read from botocore's data file alone."""

from __future__ import annotations

import importlib.machinery
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.wire import service_model
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, ServiceModelNotFoundError, load_service_model

E5 = {
    "AccessDeniedException",
    "InternalServerError",
    "InvalidParameterException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
}


def test_all_23_operations_are_there_with_their_shapes_and_the_five_common_errors() -> None:
    model = load_service_model()
    assert len(CUSTOM_LABELS_OPERATIONS) == 23
    assert model.target_prefix == "RekognitionService"
    for name in CUSTOM_LABELS_OPERATIONS:
        operation = model.operations[name]
        assert operation.name == name
        assert model.shapes[operation.input_shape]["type"] == "structure"
        assert model.shapes[operation.output_shape]["type"] == "structure"
        assert operation.error_codes >= E5


def test_the_other_operations_of_rekognition_are_known_and_can_be_refused_by_a_modelled_error() -> None:
    others = load_service_model().operations.keys() - CUSTOM_LABELS_OPERATIONS
    assert {"DetectFaces", "StartLabelDetection", "CreateCollection"} <= others
    assert all("AccessDeniedException" in load_service_model().operations[name].error_codes for name in others)


def test_the_errors_of_one_operation_are_its_own() -> None:
    codes = load_service_model().operations["CreateProject"].error_codes
    assert codes == E5 | {"ResourceInUseException", "LimitExceededException"}


def test_documentation_is_not_kept() -> None:
    shapes = load_service_model().shapes.values()
    assert not any("documentation" in shape for shape in shapes)
    assert not any("documentation" in member for shape in shapes for member in shape.get("members", {}).values())


def test_the_edge_does_not_import_botocore() -> None:
    program = (
        "import sys; import emulator.wire.pipeline; from emulator.wire.service_model import load_service_model;"
        "load_service_model(); sys.exit(any(name.startswith('botocore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_missing_botocore_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ServiceModelNotFoundError, match="botocore is not installed"):
        service_model._read_document()


def test_an_unpacked_model_is_read_too_and_a_missing_one_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = importlib.machinery.ModuleSpec("botocore", None, is_package=True)
    package.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr("importlib.util.find_spec", lambda _: package)
    with pytest.raises(ServiceModelNotFoundError, match="carries no Rekognition service model"):
        service_model._read_document()
    folder = tmp_path / "data" / "rekognition" / "2016-06-27"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"shapes": {}}')
    assert service_model._read_document() == {"shapes": {}}
