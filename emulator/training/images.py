"""The images of a training: read from the object store when needed, looked at, and handed to the vision part."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from emulator.domain.caller import Caller
from emulator.domain.image_limits import MAXIMUM_OBJECT_BYTES, MAXIMUM_SIDE
from emulator.domain.manifest.findings import Box
from emulator.domain.manifest.images import ImageLook, ImageProblem, image_findings
from emulator.domain.manifest.side import UsableLine
from emulator.domain.manifest.training import TrainingValidation
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectLocation, ObjectNotFoundError, ObjectStore
from emulator.training.journal import Journal
from emulator.vision.examples import LabelledBox, ModelKind, TrainingExample
from emulator.vision.images import ImageFacts, examine
from emulator.vision.parallel import Known, Workers

CHECKING = "checking images"
_LOOKS_BETWEEN_REPORTS = 256


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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A look that is wanted: the `number`-th of this training, from 0, at an image."""

    number: int
    place: tuple[str, str]


class ImageReader:
    """Looks at images in parallel and remembers what vision needs of them: identity and upright size.

    With a `journal` it also remembers what it saw across a restart: an image whose ETag is the same is not read again.
    """

    def __init__(
        self,
        objects: ObjectStore,
        caller: Caller,
        workers: Workers,
        report: Callable[[str, int, int], None],
        journal: Journal | None = None,
    ) -> None:
        self._objects = objects
        self._caller = caller
        self._workers = workers
        self._report = report
        self._journal = journal
        self._looked_at = 0
        self._identities: dict[tuple[str, str], str] = {}
        self._upright_sizes: dict[tuple[str, str], tuple[int, int]] = {}

    def look_at_images(self, places: Iterable[tuple[str, str]]) -> Iterator[ImageLook]:
        """Facts or problems of the images at these (bucket, key) places, in their order."""
        pending: deque[_Wanted] = deque()

        def wanted() -> Iterator[_Wanted]:
            for number, place in enumerate(places, start=self._looked_at):
                pending.append(_Wanted(number, place))
                yield pending[-1]

        examined = partial(examine, largest_side=MAXIMUM_SIDE)
        for look in self._workers.in_order(examined, wanted(), self._load):
            self._keep(pending.popleft(), look)
            self._looked_at += 1
            if self._looked_at % _LOOKS_BETWEEN_REPORTS == 0:
                self._report(CHECKING, self._looked_at, self._looked_at)
            yield look
        self._report(CHECKING, self._looked_at, self._looked_at)

    def source_of(self, line: UsableLine) -> StoredImage:
        """The image of a line that was looked at."""
        location = ObjectLocation(line.bucket, line.key)
        return StoredImage(self._identities[line.bucket, line.key], location, self._objects, self._caller)

    def scale_of(self, line: UsableLine) -> tuple[float, float]:
        """The factors (across, down) that turn a box of the line into pixels of the upright image."""
        assert line.image_size is not None, "lines with boxes state a size"
        width, height = self._upright_sizes[line.bucket, line.key]
        return width / line.image_size.width, height / line.image_size.height

    def _load(self, wanted: _Wanted) -> bytes | Known[ImageLook]:
        location = ObjectLocation(*wanted.place)
        try:
            head = self._objects.head(location, self._caller)
            if head.size > MAXIMUM_OBJECT_BYTES:
                return Known(ImageProblem.TOO_LARGE)
            self._identities[wanted.place] = head.etag
            remembered = self._journal.get(wanted.number) if self._journal else None
            if remembered is not None and remembered[0] == [*wanted.place, head.etag]:
                return Known(ImageFacts(*remembered[1]))
            return self._objects.get(location, self._caller)
        except ObjectNotFoundError:
            return Known(ImageProblem.MISSING)
        except ObjectAccessDeniedError:
            return Known(ImageProblem.NO_PERMISSION)

    def _keep(self, wanted: _Wanted, look: ImageLook) -> None:
        if isinstance(look, ImageProblem):
            return
        self._upright_sizes[wanted.place] = (look.width, look.height)
        if self._journal:
            facts = [look.format, look.width, look.height, look.bytes, look.is_turned, look.damage]
            self._journal.put(wanted.number, [[*wanted.place, self._identities[wanted.place]], facts])


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
    looks = reader.look_at_images((line.bucket, line.key) for line in lines)
    for line, look in zip(lines, looks, strict=True):
        if not image_findings(look, []):
            yield line


def _in_pixels(box: Box, scale: tuple[float, float]) -> LabelledBox:
    horizontal, vertical = scale
    return LabelledBox(
        box.label, box.left * horizontal, box.top * vertical, box.width * horizontal, box.height * vertical
    )
