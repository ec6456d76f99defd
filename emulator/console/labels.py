"""The labels of a dataset, those without images among them: add, rename, remove, import (C-11, L-2, L-3, L-6)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from emulator.console.context import SignedCall
from emulator.console.errors import ConsoleError
from emulator.console.lookup import begin_update, content_of, require_content
from emulator.domain.job_payloads import Relabelling
from emulator.domain.jobs import JobKind
from emulator.domain.manifest.limits import MAXIMUM_LABEL_CHARACTERS, MAXIMUM_LABELS
from emulator.operations.context import AnyContext
from emulator.operations.lookup import dataset_of
from emulator.storage.console_labels import forget_labels, store_labels, stored_labels
from emulator.storage.contents import list_labels
from emulator.storage.rows import Dataset

router = APIRouter()


class LabelEntry(BaseModel):
    """A label. `images` use it, with `boxes` boxes in all; `is_stored` keeps it in the list without images."""

    name: str
    images: int
    boxes: int
    is_stored: bool


class LabelList(BaseModel):
    """The labels in the order in which they were first seen, then those without images."""

    labels: list[LabelEntry]


class Renaming(BaseModel):
    """One label's new name."""

    old: str = Field(alias="from")
    new: str = Field(alias="to")


class LabelChanges(BaseModel):
    """What is to become of a dataset's labels. `remove_from_images` also removes those that images have."""

    dataset: str
    add: list[str] = []
    rename: list[Renaming] = []
    remove: list[str] = []
    remove_from_images: bool = False


class ChangedLabels(BaseModel):
    """The labels as they will be; the dataset is UPDATE_IN_PROGRESS until then if `is_updating`."""

    labels: list[LabelEntry]
    is_updating: bool


class ImportWish(BaseModel):
    """Whose labels to take over."""

    dataset: str
    from_dataset: str


def all_labels(connection: Connection, dataset_id: int, content_id: int | None) -> list[LabelEntry]:
    """The labels that images have, then the stored ones that none has."""
    stored = dict.fromkeys(stored_labels(connection, dataset_id))
    counted = [] if content_id is None else list_labels(connection, content_id)
    used = [
        LabelEntry(name=label.name, images=label.entries, boxes=label.boxes, is_stored=label.name in stored)
        for label in counted
        if label.entries > 0
    ]
    names = {label.name for label in used}
    return used + [LabelEntry(name=name, images=0, boxes=0, is_stored=True) for name in stored if name not in names]


@router.get("/dataset/labels")
async def get_labels(call: SignedCall, dataset: str) -> LabelList:
    """All labels of a dataset."""

    def read(connection: Connection) -> LabelList:
        found = dataset_of(call.operation(connection), dataset)
        return LabelList(labels=all_labels(connection, found.id, found.content_id))

    return await call.database.read_in_thread(read)


@router.post("/dataset/labels")
async def post_labels(call: SignedCall, changes: LabelChanges) -> ChangedLabels:
    """Add, rename and remove labels at once. What touches images is a job, which survives a kill (O-19)."""

    def change(context: AnyContext) -> ChangedLabels:
        dataset, _ = content_of(call, context.connection, changes.dataset)
        before = all_labels(context.connection, dataset.id, dataset.content_id)
        after = _changed(before, changes)
        return _store(context, dataset, before, after, changes)

    return await call.write(change)


@router.post("/dataset/labels/import")
async def import_labels(call: SignedCall, wish: ImportWish) -> LabelList:
    """Add the names of another dataset's labels (L-6)."""

    def change(context: AnyContext) -> LabelList:
        dataset = dataset_of(context, wish.dataset)
        source = dataset_of(context, wish.from_dataset)
        names = [label.name for label in all_labels(context.connection, source.id, source.content_id)]
        store_labels(context.connection, dataset.id, names)
        found = all_labels(context.connection, dataset.id, dataset.content_id)
        _check_number(len(found))
        return LabelList(labels=found)

    return await call.write(change)


def _changed(before: list[LabelEntry], changes: LabelChanges) -> list[LabelEntry]:
    """The labels as they will be. Raises ConsoleError for what cannot be."""
    labels = {label.name: label for label in before}
    renamed = {renaming.old: renaming.new for renaming in changes.rename if renaming.old != renaming.new}
    for name in (*renamed, *changes.remove):
        if name not in labels:
            raise ConsoleError("NotFound", f"There is no label {name}.", status=404)
    for name in changes.remove:
        if name in renamed:
            raise ConsoleError("LabelInUse", f"The label {name} is to be renamed and removed.", status=409)
        if labels[name].images and not changes.remove_from_images:
            raise ConsoleError(
                "LabelInUse", f"Images have the label {name}; only labels without images can be removed.", status=409
            )
    taken = set(labels)
    for name in (*renamed.values(), *changes.add):
        _check_name(name)
        if name in taken:
            raise ConsoleError("LabelExists", f"There is a label {name} already.", status=409)
        taken.add(name)
    left = [label for label in before if label.name not in changes.remove]
    after = [label.model_copy(update={"name": renamed.get(label.name, label.name)}) for label in left]
    after += [LabelEntry(name=name, images=0, boxes=0, is_stored=True) for name in changes.add]
    _check_number(len(after))
    return after


def _store(
    context: AnyContext, dataset: Dataset, before: list[LabelEntry], after: list[LabelEntry], changes: LabelChanges
) -> ChangedLabels:
    """Change the stored labels now, and accept the job that changes images."""
    connection = context.connection
    renamed = {renaming.old: renaming.new for renaming in changes.rename if renaming.old != renaming.new}
    in_images = {label.name for label in before if label.images}
    stored = [label.name for label in before if label.is_stored]
    forget_labels(connection, dataset.id, [name for name in stored if name in renamed or name in changes.remove])
    store_labels(connection, dataset.id, [renamed[name] for name in stored if name in renamed] + changes.add)
    require_content(dataset)
    rename = {old: new for old, new in renamed.items() if old in in_images}
    remove = [name for name in changes.remove if name in in_images]
    if rename or remove:
        begin_update(context, dataset, JobKind.RELABEL_DATASET, Relabelling(rename, remove))
    return ChangedLabels(labels=after, is_updating=bool(rename or remove))


def _check_name(name: str) -> None:
    if not name.strip():
        raise ConsoleError("InvalidParameterException", "A label needs a name.")
    if len(name) > MAXIMUM_LABEL_CHARACTERS:
        message = f"A label has at most {MAXIMUM_LABEL_CHARACTERS} characters."
        raise ConsoleError("InvalidParameterException", message)


def _check_number(number: int) -> None:
    if number > MAXIMUM_LABELS:
        raise ConsoleError("LimitExceededException", f"A dataset has at most {MAXIMUM_LABELS} labels.")
