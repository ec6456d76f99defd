"""Training pictures: read once, kept small, boxes in their own pixels."""

from pathlib import Path

import numpy as np
from PIL import Image

from emulator.vision.detector.pictures import PictureStore, annotate
from emulator.vision.examples import LabelledBox, TrainingExample
from tests.vision.detector.drawings import LABELS, drawing
from tests.vision.pictures import MemoryImage, encode


class CountedImage(MemoryImage):
    """Counts how often it is read."""

    reads = 0

    def read(self) -> bytes:
        type(self).reads += 1
        return super().read()


def example(size: tuple[int, int], *boxes: LabelledBox, **options: object) -> TrainingExample:
    picture = Image.new("RGB", size, (10, 200, 30))
    return TrainingExample(MemoryImage("green", encode(picture, "JPEG", **options)), frozenset(), boxes)


def test_boxes_are_cut_to_the_picture_and_foreign_ones_dropped() -> None:
    annotation = annotate(
        example(
            (100, 80),
            LabelledBox("disc", -10, 20, 60, 100),
            LabelledBox("dog", 0, 0, 50, 50),
            LabelledBox("cross", 99.5, 0, 10, 10),
        ),
        LABELS,
    )
    assert annotation.boxes.tolist() == [[0, 20, 50, 80]]
    assert annotation.labels.tolist() == [1]


def test_boxes_refer_to_the_upright_picture() -> None:
    """A photograph that is stored lying, with EXIF orientation 6."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = example((100, 60), LabelledBox("disc", 5, 70, 50, 25), exif=exif)
    annotation = annotate(turned, LABELS)
    assert (annotation.width, annotation.height) == (60, 100)
    assert annotation.boxes.tolist() == [[5, 70, 55, 95]]
    with PictureStore([turned], [annotation], 100) as store:
        assert store.sample(0).picture.size == (60, 100)


def test_large_pictures_are_scaled_with_their_boxes() -> None:
    large = example((400, 200), LabelledBox("disc", 100, 50, 200, 100))
    with PictureStore([large], [annotate(large, LABELS)], 100) as store:
        sample = store.sample(0)
    assert sample.picture.size == (100, 50)
    assert sample.boxes.tolist() == [[25, 12.5, 75, 37.5]]


def test_small_pictures_stay_as_they_are() -> None:
    small = drawing(1, width=120, height=90)
    with PictureStore([small], [annotate(small, LABELS)], 500) as store:
        assert store.sample(0).picture.size == (120, 90)


def test_a_picture_is_decoded_once(tmp_path: Path) -> None:
    original = drawing(1)
    counted = TrainingExample(CountedImage("counted", original.image.read()), frozenset(), original.boxes)
    annotation = annotate(original, LABELS)
    with PictureStore([counted], [annotation], 160, tmp_path) as store:
        pictures = [np.asarray(store.sample(0, number).picture) for number in range(3)]
    assert CountedImage.reads == 1
    assert all((picture == pictures[0]).all() for picture in pictures)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_beyond_its_bound_the_store_reads_again_instead_of_growing() -> None:
    examples = [drawing(1), drawing(2)]
    annotations = [annotate(one, LABELS) for one in examples]
    with (
        PictureStore(examples, annotations, 160) as roomy,
        PictureStore(examples, annotations, 160, byte_limit=100_000) as bounded,
    ):
        for _ in range(2):
            for index in (0, 1):
                expected = roomy.sample(index).picture.tobytes()
                assert bounded.sample(index).picture.tobytes() == expected
        assert bounded.stored_bytes <= 100_000 < roomy.stored_bytes
