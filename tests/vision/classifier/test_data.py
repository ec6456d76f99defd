from pathlib import Path

import numpy as np
import pytest

from emulator.vision.classifier import data as classification_data
from emulator.vision.classifier.calibration import NOTHING_PICTURES
from emulator.vision.classifier.data import arrange, read_table
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.features import Look
from emulator.vision.training import LabelledBox, TrainingExample, TrainingSettings, ignore_progress
from tests.vision.pictures import MemoryImage, encode, shape_picture


def labelled(name: str, *labels: str) -> TrainingExample:
    return TrainingExample(MemoryImage(name, b""), frozenset(labels))


def test_unknown_labels_and_boxes_do_not_count() -> None:
    boxed = TrainingExample(MemoryImage("d", b""), boxes=(LabelledBox("x", 0, 0, 5, 5),))
    data = arrange([labelled("a", "x"), labelled("b", "y", "other"), labelled("c", "other"), boxed], ("x", "y"), 0)
    assert [image.identity for image in data.images] == ["a", "b"]
    assert [image.identity for image in data.background] == ["c", "d"]
    assert data.targets.tolist() == [[1, 0], [0, 1]]
    assert not data.multi_label


def test_one_picture_with_two_labels_makes_it_multi_label() -> None:
    assert arrange([labelled("a", "x"), labelled("b", "x", "y")], ("x", "y"), 0).multi_label


@pytest.mark.parametrize("examples", [[], [labelled("a", "x")], [labelled("a"), labelled("b", "x")]])
def test_two_labels_with_pictures_are_needed(examples: list[TrainingExample]) -> None:
    with pytest.raises(UnusableTrainingDataError):
        arrange(examples, ("x", "y"), 0)


def test_a_sample_keeps_the_shares_of_the_labels() -> None:
    examples = [labelled(str(index), "x" if index % 4 else "y") for index in range(400)]
    sample = arrange(examples, ("x", "y"), 0).sample(100, seed=0)
    assert sample.targets.sum(axis=0).tolist() == [75, 25]


@pytest.mark.parametrize("rare", [1, 2, 6])
def test_a_sample_keeps_pictures_of_every_label(rare: int) -> None:
    """Of some hundred good parts and a few scratched ones, a training has to learn what scratches are."""
    names = ["good"] * 603 + ["scratch"] * rare
    examples = [labelled(str(index), name) for index, name in enumerate(names)]
    for seed in range(3):
        sample = arrange(examples, ("good", "scratch"), seed).sample(300, seed)
        good, scratched = sample.targets.sum(axis=0).tolist()
        assert 200 <= good <= 300
        assert scratched == min(rare, 4)


def test_of_huge_data_sets_a_part_is_taken_and_the_log_says_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(classification_data, "MOST_IMAGES", 10)
    examples = [labelled(str(index), "x" if index % 2 else "y") for index in range(40)]
    data = arrange([*examples, *(labelled(f"none {index}") for index in range(12))], ("x", "y"), 0)
    assert len(data.images) == 10
    assert data.remainder is not None
    assert len(data.remainder.images) == 30
    assert len(data.background) == 10
    assert "of 12 pictures without labels the first 10 are used" in caplog.text


def test_pictures_that_cannot_be_decoded_are_skipped_by_name() -> None:
    examples = [
        TrainingExample(MemoryImage(f"{label}{seed}", encode(shape_picture(label, seed))), frozenset({label}))
        for label in ("circle", "stripes")
        for seed in range(2)
    ]
    examples.insert(1, TrainingExample(MemoryImage("broken", b"\xff\xd8\xff"), frozenset({"circle"})))
    examples.append(TrainingExample(MemoryImage("empty", encode(shape_picture("", 1)))))
    data = arrange(examples, ("circle", "stripes"), 0)

    table = read_table(FeatureReader(Look(64), TrainingSettings()), data, 0, "features", ignore_progress)

    assert table.skipped == ("broken",)
    assert table.features.shape == (4, 2, Look(64).length)
    assert table.targets.tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    assert table.background.shape == (1 + NOTHING_PICTURES, Look(64).length)


def test_nothing_decodable_is_an_error() -> None:
    data = arrange([labelled("a", "x"), labelled("b", "y")], ("x", "y"), 0)
    with pytest.raises(UnusableTrainingDataError):
        read_table(FeatureReader(Look(64), TrainingSettings()), data, 0, "features", ignore_progress)


def test_mirror_images_are_left_out_of_large_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    examples = [
        TrainingExample(MemoryImage(label, encode(shape_picture(label, 1))), frozenset({label}))
        for label in ("circle", "stripes")
    ]
    data = arrange(examples, ("circle", "stripes"), 0)
    reader = FeatureReader(Look(64), TrainingSettings(cache_directory=tmp_path))
    both = read_table(reader, data, 0, "features", ignore_progress).features
    assert both.shape[:2] == (2, 2)
    monkeypatch.setattr(classification_data, "MOST_IMAGES_TO_MIRROR", 1)
    single = read_table(reader, data, 0, "features", ignore_progress).features
    np.testing.assert_array_equal(single, both[:, :1])
