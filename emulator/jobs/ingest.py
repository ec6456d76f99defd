"""Reading a manifest into a dataset (E-*, D-4, D-12): streamed, in batches, beside what is already there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

from sqlalchemy import Connection

from emulator.domain.caller import Caller
from emulator.domain.jobs import CLIENT_ERROR, Broke, Done, Outcome
from emulator.domain.json_values import JsonMapping, JsonObject
from emulator.domain.manifest.dataset import DatasetEntry, DatasetExamination, DroppedLine
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.reading import check_manifest_key, read_lines
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.object_store import (
    ObjectAccessDeniedError,
    ObjectLocation,
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreError,
)
from emulator.domain.shapes import S3Object
from emulator.jobs.line_examination import Examine, examined_on_the_spot
from emulator.storage.block_text import BLOCK
from emulator.storage.content_changes import (
    append_entries,
    create_content,
    set_content_bucket,
    set_manifest_owner,
)
from emulator.storage.engine import Database
from emulator.storage.rows import EntryRecord

if TYPE_CHECKING:
    from emulator.domain.iam.evaluation import Decision

logger = logging.getLogger(__name__)

# Whole blocks, so that each is written once. Two of them take a sixth less time than one by one, and other writers wait
# for some 30 ms.
ENTRIES_AT_ONCE = 2 * BLOCK
_DROPS_TOLD = 100
_NO_LABELS: dict[str, int] = {}


def location_of(s3_object: S3Object) -> ObjectLocation:
    """The object that an `S3Object` of the API names."""
    return ObjectLocation(s3_object["Bucket"], s3_object["Name"], s3_object.get("Version"))


@contextmanager
def open_manifest(objects: ObjectStore, location: ObjectLocation, caller: Caller) -> Iterator[BinaryIO]:
    """A stream over a manifest. Raises ManifestFileError: E-1 (TE-1), E-2 (TE-3), E-4 (TE-4)."""
    check_manifest_key(location.key)
    try:
        if objects.head(location, caller).size > ManifestLimits().bytes:
            raise ManifestFileError(file_rules.MANIFEST_TOO_LARGE)
        with objects.open(location, caller) as stream:
            yield stream
    except ObjectNotFoundError:
        raise ManifestFileError(file_rules.MANIFEST_INACCESSIBLE) from None
    except ObjectAccessDeniedError:
        raise ManifestFileError(file_rules.MANIFEST_PERMISSIONS) from None


def manifest_size(objects: ObjectStore, location: ObjectLocation, caller: Caller) -> int:
    """Bytes of a manifest, 0 where it cannot be read."""
    try:
        return objects.head(location, caller).size
    except (ObjectNotFoundError, ObjectAccessDeniedError):
        return 0


@dataclass(frozen=True, slots=True)
class IngestTask:
    """A manifest that becomes a new content of a dataset, as a worker process is told of it."""

    caller: Caller
    manifest: ObjectLocation
    dataset_id: int
    kind: str = "train"

    def to_json(self) -> JsonObject:
        """The task as the worker reads it."""
        return {
            "caller": self.caller.to_json(),
            "manifest": asdict(self.manifest),
            "dataset_id": self.dataset_id,
            "kind": self.kind,
        }

    @classmethod
    def from_json(cls, document: JsonMapping, tell: Callable[[Decision], None] | None = None) -> IngestTask:
        """What `to_json` wrote. `tell` hears of what is decided about the caller."""
        return cls(
            Caller.from_json(document["caller"], tell),
            ObjectLocation(**document["manifest"]),
            document["dataset_id"],
            document["kind"],
        )


def build_content(
    database: Database, objects: ObjectStore, task: IngestTask, examine: Examine = examined_on_the_spot
) -> Outcome:
    """Read a manifest into a new content of its dataset; the outcome of a job `create-dataset`.

    Entries are committed in batches of 2,048, so that other writers wait some 30 ms at most. An interrupted
    build leaves a content that no dataset refers to. Once it is certain that the manifest will be refused, the rest is
    examined only: to store thousands of labels would take minutes.
    """
    examination = DatasetExamination()
    content_id = database.write_now(lambda connection: create_content(connection, task.dataset_id))
    batch: list[EntryRecord] = []
    limits = ManifestLimits.of(task.caller.region, side_of(task.kind))
    drops = DropLog(f"s3://{task.manifest.bucket}/{task.manifest.key}")

    def flush() -> None:
        database.write_now(lambda connection: append_entries(connection, content_id, batch))
        batch.clear()

    try:
        with open_manifest(objects, task.manifest, task.caller) as stream:
            for number, examined in examine(read_lines(stream, limits)):
                entry = examination.take(examined)
                drops.see(number, entry)
                if examination.is_lost:
                    batch.clear()
                elif isinstance(entry, DatasetEntry):
                    batch.append(record_of(entry))
                if len(batch) >= ENTRIES_AT_ONCE:
                    flush()
    except ManifestFileError as error:
        return client_error(error.status_message)
    flush()
    drops.end()
    failure = examination.failure()
    if failure is not None:
        return client_error(failure.message)
    owner = _owner_of(objects, task.manifest.bucket, task.caller)
    _note_origin(database, content_id, next(iter(examination.buckets), None), owner)
    return Done(content_id=content_id)


def _note_origin(database: Database, content_id: int, bucket: str | None, owner: str | None) -> None:
    """Keep the bucket of a content's images, and who owned that of its manifest."""

    def note(connection: Connection) -> None:
        set_content_bucket(connection, content_id, bucket)
        set_manifest_owner(connection, content_id, owner)

    database.write_now(note)


def _owner_of(objects: ObjectStore, bucket: str, caller: Caller) -> str | None:
    """Who owns a bucket; None where the caller may not ask."""
    try:
        return objects.owner(bucket, caller)
    except ObjectStoreError:
        return None


def side_of(kind: str) -> Literal["train", "test"]:
    """A dataset's kind as ManifestLimits names it."""
    return "test" if kind == "test" else "train"


class DropLog:
    """Tells in the log of every line that a dataset drops silently (E-8): of a hundred each, then how many more."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._dropped = 0

    def see(self, number: int, entry: DatasetEntry | DroppedLine) -> None:
        if isinstance(entry, DatasetEntry):
            return
        self._dropped += 1
        if self._dropped <= _DROPS_TOLD:
            detail = next((f": {finding.detail}" for finding in entry.findings if finding.detail), "")
            logger.warning("%s, line %d was dropped: %s%s", self._name, number, entry.rule.code, detail)

    def end(self) -> None:
        if self._dropped > _DROPS_TOLD:
            logger.warning("%s: %d more lines were dropped", self._name, self._dropped - _DROPS_TOLD)


def client_error(message: str) -> Broke:
    """A job that failed for what the user gave it."""
    return Broke(message, CLIENT_ERROR)


def record_of(entry: DatasetEntry) -> EntryRecord:
    """An examined entry as it is stored."""
    source_ref, _, _, line, uses, is_labeled, has_errors, _ = entry
    labels = {name: use.boxes for name, use in uses.items()} if uses else _NO_LABELS
    return EntryRecord(source_ref, line, is_labeled, has_errors, labels)
