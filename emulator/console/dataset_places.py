"""Where a dataset's images go to and go from: removing images (AWS has nothing for it), the place of uploads (D-17)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from emulator.console.context import SignedCall
from emulator.console.lookup import begin_update, console_bucket, require_content
from emulator.domain.job_payloads import Removal
from emulator.domain.jobs import JobKind
from emulator.domain.object_store import ObjectLocation
from emulator.operations.context import AnyContext
from emulator.operations.lookup import dataset_of, project_of_dataset
from emulator.storage.console_labels import remember_upload_place, upload_place
from emulator.storage.entry_pages import EVERYTHING, positions_by_offset, source_refs_at
from emulator.storage.rows import Dataset

router = APIRouter()

MOST_REMOVED = 10_000
_FOLDER_OF_KIND = {"train": "training", "test": "test"}


class RemovalWish(BaseModel):
    """Images by address."""

    dataset: str
    source_refs: list[str] = Field(max_length=MOST_REMOVED)


class Accepted(BaseModel):
    """The work goes on."""


class UploadPlace(BaseModel):
    """Where new images of a dataset go; the prefix is empty or ends in a slash."""

    bucket: str
    prefix: str


class UploadPlaceWish(UploadPlace):
    """For which dataset."""

    dataset: str


@router.post("/dataset/remove", status_code=202)
async def remove_images(call: SignedCall, wish: RemovalWish) -> Accepted:
    """Take images out of a dataset; the objects stay. The dataset is UPDATE_IN_PROGRESS until it is done."""

    def change(context: AnyContext) -> Accepted:
        dataset = dataset_of(context, wish.dataset)
        require_content(dataset)
        begin_update(context, dataset, JobKind.REMOVE_ENTRIES, Removal(wish.source_refs))
        return Accepted()

    return await call.write(change)


@router.get("/dataset/uploads")
async def get_upload_place(call: SignedCall, dataset: str) -> UploadPlace:
    """Where the dataset's images lie, else where it was imported from, else the console bucket (D-17)."""

    def read(connection: Connection) -> tuple[UploadPlace | None, str]:
        context = call.operation(connection)
        found = dataset_of(context, dataset)
        project = project_of_dataset(context, found)
        return _known_place(connection, found), f"assets/{project.name}_{_FOLDER_OF_KIND[found.kind]}_dataset/"

    known, prefix = await call.database.read_in_thread(read)
    return known or UploadPlace(bucket=await console_bucket(call), prefix=prefix)


@router.post("/dataset/uploads")
async def post_upload_place(call: SignedCall, wish: UploadPlaceWish) -> UploadPlace:
    """Remember where a dataset's uploads go."""

    def change(context: AnyContext) -> UploadPlace:
        dataset = dataset_of(context, wish.dataset)
        remember_upload_place(context.connection, dataset.id, wish.bucket, wish.prefix)
        return UploadPlace(bucket=wish.bucket, prefix=wish.prefix)

    return await call.write(change)


def _known_place(connection: Connection, dataset: Dataset) -> UploadPlace | None:
    remembered = upload_place(connection, dataset.id)
    if remembered is not None:
        return UploadPlace(bucket=remembered[0], prefix=remembered[1])
    if dataset.content_id is None:
        return None
    _, positions = positions_by_offset(connection, dataset.content_id, EVERYTHING, 0, 1)
    for source_ref in source_refs_at(connection, dataset.content_id, positions):
        place = ObjectLocation.at(source_ref)
        folder, slash, _ = place.key.rpartition("/")
        return UploadPlace(bucket=place.bucket, prefix=folder + slash)
    return None
