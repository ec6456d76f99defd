"""The images of a training: read from the object store when needed, looked at, and handed to the vision part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from emulator.domain.caller import Caller
from emulator.domain.image_limits import MAXIMUM_OBJECT_BYTES, MAXIMUM_SIDE
from emulator.domain.manifest.findings import Box
from emulator.domain.manifest.images import ImageLook, ImageProblem, image_findings
from emulator.domain.manifest.side import LINES_AT_A_TIME, UsableLine
from emulator.domain.manifest.training import TrainingValidation
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectLocation, ObjectNotFoundError, ObjectStore
from emulator.vision.examples import LabelledBox, ModelKind, TrainingExample
from emulator.vision.images import examine


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in the object store, as vision's ImageSource. `identity` changes with the object's content."""

    identity: str
    location: ObjectLocation
    objects: ObjectStore
    caller: Caller

    def read(self) -> bytes:
        """The object's bytes."""
        return self.objects.get(self.location, self.caller)


class ImageReader:
    """Looks at images in parallel and remembers what vision needs of them: identity and upright size."""

    def __init__(
        self, objects: ObjectStore, caller: Caller, threads: int, report: Callable[[str, int, int], None]
    ) -> None:
        self._objects = objects
        self._caller = caller
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="images")
        self._report = report
        self._looked_at = 0
        self._identities: dict[tuple[str, str], str] = {}
        self._upright_sizes: dict[tuple[str, str], tuple[int, int]] = {}

    def look_at_images(self, places: Sequence[tuple[str, str]]) -> list[ImageLook]:
        """Facts or problems of the images at these (bucket, key) places, in their order."""
        looks = list(self._pool.map(self._look, places))
        self._looked_at += len(places)
        self._report("checking images", self._looked_at, self._looked_at)
        return looks

    def source_of(self, line: UsableLine) -> StoredImage:
        """The image of a line that was looked at."""
        location = ObjectLocation(line.bucket, line.key)
        return StoredImage(self._identities[line.bucket, line.key], location, self._objects, self._caller)

    def scale_of(self, line: UsableLine) -> tuple[float, float]:
        """The factors (across, down) that turn a box of the line into pixels of the upright image."""
        assert line.image_size is not None, "lines with boxes state a size"
        width, height = self._upright_sizes[line.bucket, line.key]
        return width / line.image_size.width, height / line.image_size.height

    def _look(self, place: tuple[str, str]) -> ImageLook:
        location = ObjectLocation(*place)
        try:
            head = self._objects.head(location, self._caller)
            if head.size > MAXIMUM_OBJECT_BYTES:
                return ImageProblem.TOO_LARGE
            data = self._objects.get(location, self._caller)
        except ObjectNotFoundError:
            return ImageProblem.MISSING
        except ObjectAccessDeniedError:
            return ImageProblem.NO_PERMISSION
        facts = examine(data, MAXIMUM_SIDE)
        self._identities[place] = head.etag
        self._upright_sizes[place] = (facts.width, facts.height)
        return facts


@dataclass(frozen=True, slots=True)
class Examples:
    """What vision trains on."""

    kind: ModelKind
    examples: list[TrainingExample]


def training_examples(validation: TrainingValidation, reader: ImageReader) -> Examples:
    """The usable training lines as examples: labels for a classification or brands, boxes for a detection (D-24).

    Readable images of lines without any annotation follow, as background.
    """
    assert validation.model_type is not None, "a validation without failure has chosen what is trained"
    kind = ModelKind(validation.model_type.value)
    examples = [
        TrainingExample(
            reader.source_of(line),
            labels=frozenset(line.image_labels),
            boxes=tuple(_in_pixels(box, reader.scale_of(line)) for box in line.boxes),
        )
        for line in validation.training.usable
    ]
    examples += [TrainingExample(reader.source_of(line)) for line in _readable(validation.training.background, reader)]
    return Examples(kind, examples)


def _readable(lines: Sequence[UsableLine], reader: ImageReader) -> Iterator[UsableLine]:
    for start in range(0, len(lines), LINES_AT_A_TIME):
        batch = lines[start : start + LINES_AT_A_TIME]
        looks = reader.look_at_images([(line.bucket, line.key) for line in batch])
        for line, look in zip(batch, looks, strict=True):
            if not image_findings(look, []):
                yield line


def _in_pixels(box: Box, scale: tuple[float, float]) -> LabelledBox:
    horizontal, vertical = scale
    return LabelledBox(
        box.label, box.left * horizontal, box.top * vertical, box.width * horizontal, box.height * vertical
    )
