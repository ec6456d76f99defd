"""Snapshots of trainings as they lie in S3, indexed once: which image has which result, and where its line is."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from emulator.domain.caller import Caller
from emulator.domain.evaluation.result_keys import ResultKind
from emulator.domain.evaluation.snapshot_view import Result, SnapshotView, view_line
from emulator.domain.object_store import ObjectLocation, ObjectStore
from emulator.storage.rows import Version

_KEPT = 4
_RESULTS = tuple(Result)
Told = tuple[tuple[int, Result], ...]
"""Results of one image: (number of the label, result)."""


@dataclass(slots=True)
class SnapshotIndex:
    """All images of a snapshot. `starts` are the lines' first bytes; `labels` those of truth and answers, sorted."""

    source_refs: list[str]
    starts: array[int]
    told: list[Told]
    labels: list[str]
    true_labels: set[str]
    has_boxes: bool

    def matching(self, labels: Sequence[str], name: str) -> list[int]:
        """The images within the filters by label (any of them) and by a part of the address."""
        wanted = {number for number, label in enumerate(self.labels) if label in labels}
        return [
            line
            for line, source_ref in enumerate(self.source_refs)
            if (not name or name in source_ref)
            and (not labels or any(number in wanted for number, _ in self.told[line]))
        ]

    def with_result(self, lines: Iterable[int], labels: Sequence[str], results: Sequence[str]) -> list[int]:
        """Those of some images that have one of these results, for one of these labels if there are any."""
        wanted = {number for number, label in enumerate(self.labels) if not labels or label in labels}
        return [line for line in lines if any(number in wanted and kind in results for number, kind in self.told[line])]

    def counts(self, lines: Iterable[int], labels: Sequence[str]) -> dict[str, int]:
        """How many results of each kind some images have, of these labels if there are any."""
        wanted = {number for number, label in enumerate(self.labels) if not labels or label in labels}
        counts = dict.fromkeys(_RESULTS, 0)
        for line in lines:
            for number, kind in self.told[line]:
                counts[kind] += number in wanted
        return {kind.value: count for kind, count in counts.items()}


class Snapshots:
    """The indexes that were asked for last. Thread-safe; building one takes seconds for 100,000 images."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._kept: OrderedDict[tuple[str, str, str], SnapshotIndex] = OrderedDict()
        self._lock = threading.Lock()

    def index(self, version: Version, kind: ResultKind, caller: Caller) -> SnapshotIndex | None:
        """The index of a version's snapshot, None where the version has none. Raises store errors, ValueError."""
        location = _location(version, kind)
        if location is None:
            return None
        head = self._objects.head(location, caller)
        key = (location.bucket, location.key, f"{head.etag} {head.size}")
        with self._lock:  # whoever comes second waits for the first one's work
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = self._build(location, caller)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _build(self, location: ObjectLocation, caller: Caller) -> SnapshotIndex:
        source_refs: list[str] = []
        starts: array[int] = array("Q")
        seen: list[tuple[tuple[str, Result], ...]] = []
        true_labels: set[str] = set()
        has_boxes, place = False, 0
        with self._objects.open(location, caller) as stream:
            for line in stream:
                if line.strip():
                    view = view_line(line)
                    source_refs.append(view.source_ref)
                    starts.append(place)
                    seen.append(tuple((one.label, one.result) for one in view.results))
                    true_labels.update(label for label, _ in view.truth)
                    has_boxes = has_boxes or view.image_size is not None
                place += len(line)
        labels = sorted(true_labels | {label for told in seen for label, _ in told})
        numbers = {label: number for number, label in enumerate(labels)}

        @cache  # many images are told the same of
        def numbered(told: tuple[tuple[str, Result], ...]) -> Told:
            return tuple((numbers[label], result) for label, result in told)

        return SnapshotIndex(source_refs, starts, [numbered(told) for told in seen], labels, true_labels, has_boxes)

    def read(self, version: Version, kind: ResultKind, caller: Caller, starts: Sequence[int]) -> list[SnapshotView]:
        """The lines that begin at these bytes, in the given order."""
        location = _location(version, kind)
        assert location is not None, "an index was read from it"
        views: dict[int, SnapshotView] = {}
        with self._objects.open(location, caller) as stream:
            place = 0
            for start in sorted(set(starts)):
                place = _go_to(stream, place, start)
                line = stream.readline()
                place += len(line)
                views[start] = view_line(line)
        return [views[start] for start in starts]


def _go_to(stream: BinaryIO, place: int, start: int) -> int:
    """Seek, or read on where a store's stream cannot be sought."""
    if stream.seekable():
        return stream.seek(start)
    while place < start and (skipped := stream.read(min(1 << 20, start - place))):
        place += len(skipped)
    return place


def _location(version: Version, kind: ResultKind) -> ObjectLocation | None:
    key = (version.result_keys or {}).get(kind)
    return None if key is None else ObjectLocation(version.output_bucket, key)
