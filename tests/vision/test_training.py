import pytest

from emulator.vision import training
from emulator.vision.errors import UnsupportedModelKindError, UnusableTrainingDataError
from emulator.vision.training import ModelKind, supported_kinds, train
from tests.vision.pictures import example


def test_classification_can_always_be_trained() -> None:
    assert ModelKind.CLASSIFICATION in supported_kinds()


def test_a_kind_without_a_trainer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(training._TRAINERS, ModelKind.DETECTION, "emulator.vision.absent.training")
    assert supported_kinds() == {ModelKind.CLASSIFICATION, ModelKind.BRAND}
    with pytest.raises(UnsupportedModelKindError, match="detection"):
        train("detection", [example("circle", 1)], ["circle"])


@pytest.mark.parametrize("labels", [[], ["a", "a"]])
def test_labels_have_to_be_distinct(labels: list[str]) -> None:
    with pytest.raises(UnusableTrainingDataError):
        train("classification", [], labels)
