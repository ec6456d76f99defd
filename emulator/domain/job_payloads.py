"""What each kind of job needs to know besides its resource, and how that is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict, TypeVar

import pybase64

from emulator.domain.jobs import JobKind
from emulator.domain.json_values import JsonMapping, JsonObject
from emulator.domain.shapes import S3Object


class StatusBefore(TypedDict):
    """The status that a dataset had; `updated_at` in milliseconds."""

    status: str
    message: str
    code: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class NoPayload:
    """The resource says it all."""


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """Where the manifest of a new dataset lies, as the request named it, and whose rights count for it (S-9).

    `refused` is the StatusMessage that the work ends with, if the rights did not suffice when it was asked for.
    """

    manifest: S3Object
    asked_by: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class CopyFrom:
    """The dataset or the version that is copied, and whose rights count for what is written to S3 (S-9).

    `refused` as in ReadManifest.
    """

    source_arn: str
    asked_by: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class UpsertLines:
    """The lines of an update, whole."""

    lines: bytes


@dataclass(frozen=True, slots=True)
class Distribution:
    """The test dataset, and what it was: None if an earlier release accepted the work."""

    test_arn: str
    test_before: StatusBefore | None = None


@dataclass(frozen=True, slots=True)
class Relabelling:
    """New names by old ones, and the labels that go."""

    rename: dict[str, str]
    remove: list[str]


@dataclass(frozen=True, slots=True)
class Removal:
    """The `source-ref` of each image that goes."""

    source_refs: list[str]


@dataclass(frozen=True, slots=True)
class TrainingSource:
    """Whether the project's datasets are trained with, or the manifests that the version's row names.

    `asked_by` is whose rights count in S3 (S-9): `Rights.reference`, "" where nobody's are looked at. `refused` as in
    ReadManifest; with `images_refused` it was the images' bucket that could not be used (TE-8), and the images of the
    sides in `foreign_images`, `training` and `testing`, lay with another owner than their manifest (TE-10). Both are
    told with the manifest summary.
    """

    from_datasets: bool
    asked_by: str = ""
    refused: str = ""
    images_refused: bool = False
    foreign_images: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ConsoleTask:
    """The id of a console's task, and whose rights count for it (S-9)."""

    task: int
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class UnreadablePayload:
    """What no release has written. The work of such a job breaks, and only that."""

    document: object


JobPayload = (
    NoPayload
    | ReadManifest
    | CopyFrom
    | UpsertLines
    | Distribution
    | Relabelling
    | Removal
    | TrainingSource
    | ConsoleTask
    | UnreadablePayload
)

NO_PAYLOAD = NoPayload()

QUICK_BYTES = 16 * 1024
"""So many bytes of manifest lines are stored, and their job changed or removed, in less than a millisecond."""

QUICK_SOURCE_REFS = 100
"""The same for names of images, of at most a kilobyte."""


def is_small(payload: JobPayload) -> bool:
    """Whether a job with this payload is written in less than a millisecond: SQLite writes the whole row anew."""
    match payload:
        case UpsertLines(lines):
            return len(lines) <= QUICK_BYTES
        case Removal(source_refs):
            return len(source_refs) <= QUICK_SOURCE_REFS
        case UnreadablePayload():
            return False
    return True


Payload = TypeVar("Payload", bound=JobPayload)
"""The payload of one kind of job."""


def _upsert_lines(lines: str) -> UpsertLines:
    return UpsertLines(pybase64.b64decode(lines, validate=True))


# Payloads are stored under their fields' names. Kinds that are not here have none.
_READERS: dict[JobKind, Callable[..., JobPayload]] = {
    JobKind.CREATE_DATASET: ReadManifest,
    JobKind.COPY_DATASET: CopyFrom,
    JobKind.UPDATE_DATASET: _upsert_lines,
    JobKind.DISTRIBUTE_DATASET: Distribution,
    JobKind.RELABEL_DATASET: Relabelling,
    JobKind.REMOVE_ENTRIES: Removal,
    JobKind.TRAIN_VERSION: TrainingSource,
    JobKind.COPY_VERSION: CopyFrom,
    JobKind.CONSOLE_TASK: ConsoleTask,
}


def payload_to_json(payload: JobPayload) -> JsonObject:
    """The payload as it is stored in the jobs table; bytes in base64."""
    if isinstance(payload, UpsertLines):
        return {"lines": pybase64.b64encode_as_string(payload.lines)}
    return asdict(payload)


def payload_from_json(kind: JobKind, document: JsonMapping) -> JobPayload:
    """What `payload_to_json` wrote, by this release or an earlier one."""
    reader: Callable[..., Any] = _READERS.get(kind, NoPayload)
    try:
        payload: JobPayload = reader(**document)
    except (TypeError, ValueError):
        return UnreadablePayload(document)
    return payload
