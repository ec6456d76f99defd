"""A dataset's images as the gallery shows them: pages by offset, filters, counts, errors (C-10, C-13)."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.errors import ConsoleError
from emulator.console.labels import LabelEntry, all_labels
from emulator.console.lookup import as_json, content_of
from emulator.domain.manifest.viewing import view_entry
from emulator.domain.object_store import ObjectLocation
from emulator.storage.contents import content_stats, positions_of, read_records
from emulator.storage.entry_blocks import count_by_label, matching_blocks, matching_positions
from emulator.storage.entry_pages import (
    content_revision,
    in_order,
    offset_of,
    positions_by_offset,
    source_refs_at,
)
from emulator.storage.rows import EntryFilter, EntryRecord

router = APIRouter()

Sort = Literal["manifest", "name", "-name"]
State = Literal["all", "labeled", "unlabeled", "errors"]
MOST_ENTRIES = 1_000
MOST_REFS = 10_000
_ERRORS_AT_ONCE = 1_000


class EntryLabel(BaseModel):
    """A label of an image and on how many boxes; 0 for one of the whole image."""

    name: str
    boxes: int


class EntryBox(BaseModel):
    """A box in pixels of the entry's image_size."""

    label: str
    left: float
    top: float
    width: float
    height: float


class Size(BaseModel):
    """Pixels."""

    width: float
    height: float


class EntryError(BaseModel):
    """An error of the line, one of its attributes, or one annotation of it (from 0)."""

    code: str
    message: str
    attribute: str | None
    annotation: int | None


class Entry(BaseModel):
    """One image of a dataset; `line` is what ListDatasetEntries gives."""

    source_ref: str
    bucket: str
    key: str
    name: str
    is_labeled: bool
    has_errors: bool
    labels: list[EntryLabel]
    image_labels: list[str]
    boxes: list[EntryBox]
    image_size: Size | None
    errors: list[EntryError]
    line: str


class EntryPage(BaseModel):
    """A page of entries. The same revision means the same pages."""

    total: int
    offset: int
    revision: str
    status: str
    status_message: str
    entries: list[Entry]


class EntryPlace(BaseModel):
    """Where an image stands under filters and order."""

    offset: int | None


class RefPage(BaseModel):
    """The addresses of many images."""

    total: int
    source_refs: list[str]


class LookupWish(BaseModel):
    """Images by address."""

    dataset: str
    source_refs: list[str]


class LookupAnswer(BaseModel):
    """Entries in the order asked for; null for what is not there."""

    entries: list[Entry | None]


class Counts(BaseModel):
    """How many images each filter shows, within a part of the address if one is given."""

    all: int
    labeled: int
    unlabeled: int
    errors: int
    labels: list[LabelEntry]


class CodeCount(BaseModel):
    """How many entries have an error of a code."""

    code: str
    entries: int


class ErrorCounts(BaseModel):
    """The codes that occur, most frequent first."""

    codes: list[CodeCount]


class Filters(BaseModel):
    """What is asked for."""

    dataset: str
    state: State = "all"
    label: list[str] | None = None
    name: str | None = None

    def wanted(self) -> EntryFilter:
        """As the storage filters. Addresses have no line feed, so a part with one is nowhere."""
        return EntryFilter(
            contains_labels=None if not self.label else tuple(self.label),
            labeled={"labeled": True, "unlabeled": False}.get(self.state),
            source_ref_contains=self.name or None,
            has_errors=True if self.state == "errors" else None,
        )


class SortedFilters(Filters):
    """With an order."""

    sort: Sort = "manifest"


class PageQuery(SortedFilters):
    """A page of at most 1,000."""

    offset: Annotated[int, Query(ge=0)] = 0
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 100


class RefQuery(SortedFilters):
    """A page of at most 10,000."""

    offset: Annotated[int, Query(ge=0)] = 0
    limit: Annotated[int, Query(ge=1, le=MOST_REFS)] = MOST_REFS


class PlaceQuery(SortedFilters):
    """One image."""

    source_ref: str


def _positions(
    call: ConsoleCall, connection: Connection, content_id: int, query: SortedFilters, offset: int, limit: int
) -> tuple[int, list[int]]:
    """How many pass, and the positions of one page."""
    if query.sort == "manifest":
        return positions_by_offset(connection, content_id, query.wanted(), offset, limit)
    found = in_order(connection, content_id, query.wanted(), call.parts.name_orders.of(connection, content_id))
    if query.sort == "-name":
        found.reverse()
    return len(found), found[offset : offset + limit]


def _entry(record: EntryRecord) -> Entry:
    view = view_entry(record.line)
    place = ObjectLocation.at(record.source_ref)
    return Entry(
        source_ref=record.source_ref,
        bucket=place.bucket,
        key=place.key,
        name=place.key.rpartition("/")[2],
        is_labeled=record.is_labeled,
        has_errors=record.has_errors,
        labels=[EntryLabel(name=name, boxes=boxes) for name, boxes in record.labels.items()],
        image_labels=view.image_labels,
        boxes=[EntryBox(**box._asdict()) for box in view.boxes],
        image_size=None if view.image_size is None else Size(**view.image_size._asdict()),
        errors=[EntryError(**error._asdict()) for error in view.errors],
        line=record.line,
    )


def _entries(connection: Connection, content_id: int, positions: list[int]) -> list[Entry]:
    """The entries at positions, in the given order."""
    records = dict(zip(sorted(positions), read_records(connection, content_id, positions), strict=True))
    return [_entry(records[position]) for position in positions]


@router.get("/dataset/entries", response_model=EntryPage)
async def dataset_entries(call: SignedCall, query: Annotated[PageQuery, Query()]) -> Response:
    """A page of images, whatever the offset; also while the dataset is being updated."""

    def read(connection: Connection) -> Response:
        dataset, content_id = content_of(call, connection, query.dataset)
        total, positions = _positions(call, connection, content_id, query, query.offset, query.limit)
        page = EntryPage(
            total=total,
            offset=query.offset,
            revision=f"{content_id}.{content_revision(connection, content_id)}",
            status=dataset.status,
            status_message=dataset.status_message,
            entries=_entries(connection, content_id, positions),
        )
        return as_json(page)

    return await call.database.read_in_thread(read)


@router.get("/dataset/places")
async def dataset_places(call: SignedCall, query: Annotated[PlaceQuery, Query()]) -> EntryPlace:
    """Where an image stands under filters and order; null where it does not pass."""

    def read(connection: Connection) -> int | None:
        _, content_id = content_of(call, connection, query.dataset)
        position = positions_of(connection, content_id, [query.source_ref]).get(query.source_ref)
        if position is None:
            return None
        if query.sort == "manifest":
            return offset_of(connection, content_id, query.wanted(), position)
        found = _positions(call, connection, content_id, query, 0, 2**31)[1]
        return found.index(position) if position in found else None

    return EntryPlace(offset=await call.database.read_in_thread(read))


@router.get("/dataset/refs", response_model=RefPage)
async def dataset_refs(call: SignedCall, query: Annotated[RefQuery, Query()]) -> Response:
    """The addresses of many images, for choosing them all."""

    def read(connection: Connection) -> Response:
        _, content_id = content_of(call, connection, query.dataset)
        total, positions = _positions(call, connection, content_id, query, query.offset, query.limit)
        return as_json(RefPage(total=total, source_refs=source_refs_at(connection, content_id, positions)))

    return await call.database.read_in_thread(read)


@router.post("/dataset/lookup", response_model=LookupAnswer)
async def dataset_lookup(call: SignedCall, wish: LookupWish) -> Response:
    """Entries by address, at most 1,000."""
    if len(wish.source_refs) > MOST_ENTRIES:
        raise ConsoleError("InvalidRequest", f"source_refs: more than {MOST_ENTRIES}.", status=422)

    def read(connection: Connection) -> Response:
        _, content_id = content_of(call, connection, wish.dataset)
        places = positions_of(connection, content_id, wish.source_refs)
        found = {entry.source_ref: entry for entry in _entries(connection, content_id, list(places.values()))}
        return as_json(LookupAnswer(entries=[found.get(source_ref) for source_ref in wish.source_refs]))

    return await call.database.read_in_thread(read)


@router.get("/dataset/counts")
async def dataset_counts(call: SignedCall, dataset: str, name: str = "") -> Counts:
    """How many images each filter shows."""

    def read(connection: Connection) -> Counts:
        found, content_id = content_of(call, connection, dataset)
        labels = all_labels(connection, found.id, content_id)
        if not name:
            stats = content_stats(connection, content_id)
            return _counts(stats.total_entries, stats.labeled_entries, stats.error_entries, labels)
        wanted = EntryFilter(source_ref_contains=name)
        among = dict(matching_blocks(connection, content_id, wanted))
        labeled, errors = (
            sum(bits.bit_count() for _, bits in matching_blocks(connection, content_id, one))
            for one in (EntryFilter(None, True, name, None), EntryFilter(None, None, name, True))
        )
        total = sum(bits.bit_count() for bits in among.values())
        by_label = count_by_label(connection, content_id, among)
        within = [label.model_copy(update={"images": by_label.get(label.name, 0)}) for label in labels]
        return _counts(total, labeled, errors, within)

    return await call.database.read_in_thread(read)


def _counts(total: int, labeled: int, errors: int, labels: list[LabelEntry]) -> Counts:
    return Counts(all=total, labeled=labeled, unlabeled=total - labeled, errors=errors, labels=labels)


@router.get("/dataset/error-counts")
async def dataset_error_counts(call: SignedCall, dataset: str) -> ErrorCounts:
    """How many entries have which error, read from the lines with errors."""

    def read(connection: Connection) -> ErrorCounts:
        _, content_id = content_of(call, connection, dataset)
        positions = list(matching_positions(connection, content_id, EntryFilter(has_errors=True), after=None))
        codes: Counter[str] = Counter()
        for start in range(0, len(positions), _ERRORS_AT_ONCE):
            for record in read_records(connection, content_id, positions[start : start + _ERRORS_AT_ONCE]):
                codes.update({error.code for error in view_entry(record.line).errors})
        return ErrorCounts(codes=[CodeCount(code=code, entries=count) for code, count in codes.most_common()])

    return await call.database.read_in_thread(read)
