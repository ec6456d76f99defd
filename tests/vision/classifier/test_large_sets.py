"""Sets of more pictures than are kept in memory: all are used where that pays, and a killed training goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from emulator.domain.evaluation.quality import SampleReason
from emulator.vision import feature_store
from emulator.vision.classifier import data as classification_data
from emulator.vision.classifier import large_sets, linear_head, search
from emulator.vision.classifier.data import arrange
from emulator.vision.classifier.large_sets import Reason, grow
from emulator.vision.classifier.refinement import Refinement
from emulator.vision.classifier.search import SearchPlan
from emulator.vision.examples import Effort, ImageSource, Progress, TrainingExample, TrainingSettings
from emulator.vision.features import Look
from emulator.vision.training import ignore_progress, train
from tests.vision.pictures import example

LABELS = ("circle", "stripes")
FAST = TrainingSettings(effort=Effort.FAST)
IMAGES, PART = 75, 20


def bounds(pays: bool = True) -> dict[object, dict[str, object]]:
    """A set is large from 20 pictures on, blocks have 8, and more always pays, or never."""
    worth = -1e9 if pays else 1e9
    return {
        classification_data: {"MOST_IMAGES": PART, "_PICTURES_OF_A_TURN": 20},
        linear_head: {"_MOST_IMAGES_TO_VALIDATE": 8},
        feature_store: {"BLOCK_ROWS": 8},
        large_sets: {
            "GOOD_ENOUGH_LOSS": 0.0,
            "_WORTHWHILE_STANDARD_ERRORS": worth,
            "_WORTHWHILE_GAIN": worth,
        },
        search: {"PLANS": {**search.PLANS, Effort.FAST: SearchPlan((Look(64),), 0)}},
    }


def lower(set_attribute: Callable[[object, str, object], None], pays: bool = True) -> None:
    """Put `bounds` in force."""
    for module, values in bounds(pays).items():
        for name, value in values.items():
            set_attribute(module, name, value)


@dataclass
class Counted:
    """An ImageSource that remembers in a list shared by many that it was read."""

    source: ImageSource
    reads: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return self.source.identity

    def read(self) -> bytes:
        self.reads.append(self.identity)
        return self.source.read()


def pictures(count: int = IMAGES) -> list[TrainingExample]:
    return [example(LABELS[number % 3 == 0], number) for number in range(count)]


def exported(examples: list[TrainingExample], settings: TrainingSettings, path: Path) -> bytes:
    train("classification", examples, LABELS, settings).export(path, dict.fromkeys(LABELS, 0.5), {})
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The model of all pictures, trained without a stop and without a cache."""
    with pytest.MonkeyPatch.context() as patch:
        lower(patch.setattr)
        return exported(pictures(), FAST, tmp_path_factory.mktemp("whole") / "model")


def test_all_pictures_are_used_where_that_pays(
    whole: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("INFO")
    lower(monkeypatch.setattr)
    heard: list[Progress] = []
    examples = pictures()
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST, threads=3), heard.append)
    assert model.report["images"] == IMAGES
    share = model.report["large_set"]
    assert share == {
        "used": 75,
        "labelled": 75,
        "reason": "whole",
        "text": "all 75 labelled images were used: with more of them the model became better.",
    }
    assert "all 75 labelled images were used" in caplog.text
    curve = model.report["learning_curve"]
    assert isinstance(curve, list)
    assert [point["images"] for point in curve] == [6, 12, 28, 67]
    stages = {progress.stage for progress in heard}
    assert "features of 75 images at efficientnet_lite2 64 px" in {stage.replace("_int8", "") for stage in stages}
    assert {"learning from 12 images", "learning from 75 images"} <= stages
    for label in LABELS:
        assert model.predict([example(label, 1000).image])[0][0].label == label
    model.export(tmp_path / "model", dict.fromkeys(LABELS, 0.5), {})
    assert (tmp_path / "model").read_bytes() == whole, "the number of threads changes the time alone"


@pytest.mark.parametrize(
    ("effort", "good_enough", "reason"),
    [(Effort.FAST, 0.0, "flat"), (Effort.FAST, 1e9, "told_apart"), (Effort.INSTANT, 0.0, "effort")],
)
def test_the_others_are_not_even_read_where_they_do_not_pay(
    effort: Effort, good_enough: float, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    lower(monkeypatch.setattr, pays=False)
    monkeypatch.setattr(large_sets, "GOOD_ENOUGH_LOSS", good_enough)
    reads: list[str] = []
    examples = [TrainingExample(Counted(one.image, reads), one.labels) for one in pictures()]
    model = train("classification", examples, LABELS, TrainingSettings(effort=effort))
    share = model.report["large_set"]
    assert isinstance(share, dict)
    assert (share["used"], share["labelled"], share["reason"]) == (PART, IMAGES, reason)
    assert f"20 of 75 labelled images were used: {large_sets._WORDS[Reason(reason)]}." in caplog.text
    assert len(set(reads)) == PART


def test_a_picture_that_cannot_be_decoded_is_left_out_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch.setattr)
    examples = pictures()
    remainder = arrange(examples, LABELS, 0).remainder
    assert remainder is not None
    broken = {remainder.images[3].identity, remainder.images[30].identity}
    for number, one in enumerate(examples):
        if one.image.identity in broken:
            damaged = SimpleNamespace(identity=one.image.identity, read=lambda: b"\xff\xd8\xff")
            examples[number] = TrainingExample(damaged, one.labels)
    report = train("classification", examples, LABELS, FAST).report
    assert set(report["skipped_images"]) == broken  # type: ignore[call-overload]
    assert report["images"] == IMAGES - 2


def test_a_disk_that_is_full_leaves_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch.setattr)
    append = feature_store.FeatureStore.append

    def one_block_only(store: feature_store.FeatureStore, block: feature_store.Rows) -> None:
        if store.blocks:
            raise OSError("no space left")
        append(store, block)

    monkeypatch.setattr(feature_store.FeatureStore, "append", one_block_only)
    share = train("classification", pictures(), LABELS, FAST).report["large_set"]
    assert isinstance(share, dict)
    assert (share["used"], share["reason"]) == (PART + 8, "disk")


@pytest.mark.parametrize(("loss", "reason", "has_head"), [(-1.0, "tuned", False), (1e9, "whole", True)])
def test_a_tuned_network_stays_where_the_others_promise_no_better(
    loss: float, reason: str, has_head: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower(monkeypatch.setattr)
    data = arrange(pictures(), LABELS, 0)
    found = search.search(data, FAST, ignore_progress)
    held_out = found.winner.best.images[:4]
    unused: Any = None
    refinement = Refinement(found.winner.recipe, unused, unused, 0.5, unused, held_out, loss)
    growth = grow(data, found, refinement, FAST, ignore_progress)
    assert growth is not None
    assert growth.share.reason == reason
    assert (growth.head is not None) is has_head


def die_at(stage: str, done: int) -> Callable[[Progress], None]:
    """A listener that kills its process there."""

    def listen(progress: Progress) -> None:
        if progress.stage.startswith(stage) and progress.done >= done:
            os.kill(os.getpid(), signal.SIGKILL)

    return listen


def test_a_training_that_is_killed_again_and_again_goes_on_to_the_same_bytes(
    whole: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sizes = []
    for place in ("features of 36 12", "features of 75 50", "learning from 75 3"):
        command = [
            sys.executable,
            "-m",
            "tests.vision.classifier.test_large_sets",
            str(tmp_path),
            *place.rsplit(" ", 1),
        ]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        [store] = (tmp_path / "large").iterdir()
        sizes.append(store.stat().st_size)
    assert sizes[0] < sizes[1] < sizes[2]
    lower(monkeypatch.setattr)
    reads: list[str] = []
    examples = [TrainingExample(Counted(one.image, reads), one.labels) for one in pictures()]
    settings = TrainingSettings(effort=Effort.FAST, cache_directory=tmp_path)
    assert exported(examples, settings, tmp_path / "model") == whole
    # The part is looked up in the cache by its content; the others are in the file.
    assert len(set(reads)) == PART
    assert not list((tmp_path / "large").iterdir())
    assert not list(tmp_path.glob("*.checkpoint.npz"))


def test_every_beginning_of_the_others_has_its_share_of_each_label(monkeypatch: pytest.MonkeyPatch) -> None:
    lower(monkeypatch.setattr)
    examples = pictures(400)
    data = arrange(examples, LABELS, 0)
    assert len(data.images) == PART
    assert data.remainder is not None
    assert len(data.remainder.images) == 380
    identities = {image.identity for image in (*data.images, *data.remainder.images)}
    assert len(identities) == 400
    for count in (20, 60, 200, 380):
        assert abs(data.remainder.marks[:count, 1].mean() - 1 / 3) < 0.06
    assert data.remainder.marks.dtype == np.uint8


if __name__ == "__main__":
    lower(setattr)
    directory, where, steps = sys.argv[1:]
    chosen = TrainingSettings(effort=Effort.FAST, cache_directory=Path(directory))
    train("classification", pictures(), LABELS, chosen, die_at(where, int(steps)))


def test_every_reason_is_one_that_is_stored_and_shown() -> None:
    assert set(get_args(SampleReason)) == set(Reason)
