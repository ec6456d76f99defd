"""Test results of a version, image by image (C-20), and on how much it was trained and tested (C-18)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.errors import ConsoleError
from emulator.console.lookup import as_json
from emulator.console.snapshots import SnapshotIndex
from emulator.domain.evaluation.quality import HintKind, SampleReason
from emulator.domain.evaluation.result_keys import ResultKind
from emulator.domain.evaluation.snapshot_view import SnapshotView
from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.findings import Box
from emulator.domain.object_store import ObjectLocation
from emulator.operations.lookup import version_of
from emulator.storage.rows import Version

router = APIRouter()


class ResultBox(BaseModel):
    """Pixels of the image's image_size."""

    left: float
    top: float
    width: float
    height: float


class ResultSize(BaseModel):
    """Pixels."""

    width: float
    height: float


class ImageResult(BaseModel):
    """An answer compared with the truth; `confidence` 0..1, null where the model said nothing."""

    label: str
    result: Literal["TP", "FP", "FN"]
    confidence: float | None
    box: ResultBox | None


class ImageTruth(BaseModel):
    """A label that the image has."""

    label: str
    box: ResultBox | None


class TestedImage(BaseModel):
    """One image of the test dataset as it was when the version was trained."""

    source_ref: str
    bucket: str
    key: str
    name: str
    image_size: ResultSize | None
    results: list[ImageResult]
    truth: list[ImageTruth]


class ResultCounts(BaseModel):
    """Within the filters by label and name: images, and results of each kind."""

    images: int
    TP: int
    FP: int
    FN: int


class ResultPage(BaseModel):
    """A page of tested images."""

    kind: Literal["labels", "boxes"]
    total: int
    offset: int
    labels: list[str]
    counts: ResultCounts
    items: list[TestedImage]


class ResultQuery(BaseModel):
    """Which images: with any of some labels, any of some results, a part of the address."""

    version: str
    label: list[str] | None = None
    result: list[Literal["TP", "FP", "FN"]] | None = None
    name: str = ""
    sort: Literal["snapshot", "name", "-name"] = "snapshot"
    offset: Annotated[int, Query(ge=0)] = 0
    limit: Annotated[int, Query(ge=1, le=500)] = 100


class SideFigures(BaseModel):
    """How many images with how many different labels."""

    images: int
    labels: int


class FigureInterval(BaseModel):
    """A figure and its interval of 95 % by the bootstrap over the test images, all 0..1."""

    value: float
    low: float
    high: float


class QualityHint(BaseModel):
    """What would help the model: `text` in English, `label` and `other` (taken for it) where it is about them."""

    kind: HintKind
    text: str
    label: str | None
    other: str | None


class UsedImages(BaseModel):
    """How many of the labelled images of a large set made the model, and why; `text` in English."""

    used: int
    labelled: int
    reason: SampleReason
    text: str


class VersionQuality(BaseModel):
    """The training's effort, how sure the figures are, and at most three hints, the most helpful first; no average
    precision without boxes. `training_images` of large sets alone.
    """

    effort: str
    f1: FigureInterval
    average_precision: FigureInterval | None
    training_images: UsedImages | None
    hints: list[QualityHint]


class VersionFigures(BaseModel):
    """What a version was trained and tested on; null where there is no snapshot. How sure its results are, if known."""

    training: SideFigures | None
    testing: SideFigures | None
    quality: VersionQuality | None


@router.get("/results", response_model=ResultPage)
async def get_results(call: SignedCall, query: Annotated[ResultQuery, Query()]) -> Response:
    """Tested images by page and filter, read from the testing snapshot in S3."""
    version = call.database.read(lambda connection: version_of(connection, call.caller, query.version))
    return await asyncio.to_thread(_page, call, version, query)


@router.get("/version/figures")
async def get_figures(call: SignedCall, version: str) -> VersionFigures:
    """Images and labels of both datasets as they were when the version was trained, and how sure its results are."""

    def find(connection: Connection) -> Version:
        return version_of(connection, call.caller, version)

    found = call.database.read(find)

    def look() -> VersionFigures:
        kinds = (ResultKind.TRAINING_SNAPSHOT, ResultKind.TESTING_SNAPSHOT)
        training, testing = (_figures(_index(call, found, kind)) for kind in kinds)
        return VersionFigures(training=training, testing=testing, quality=_quality(found.quality))

    return await asyncio.to_thread(look)


def _index(call: ConsoleCall, version: Version, kind: ResultKind) -> SnapshotIndex | None:
    try:
        return call.parts.snapshots.index(version, kind, call.caller)
    except (ValueError, KeyError, TypeError):
        raise ConsoleError("NoResults", "The snapshot in S3 is not one of a training any more.", status=409) from None


def _figures(index: SnapshotIndex | None) -> SideFigures | None:
    return None if index is None else SideFigures(images=len(index.source_refs), labels=len(index.true_labels))


def _quality(stored: JsonObject | None) -> VersionQuality | None:
    """Of what the training left (docs/training.md); None for versions of earlier releases."""
    if stored is None:
        return None
    precision, images = stored.get("average_precision"), stored.get("training_images")
    return VersionQuality(
        effort=stored["effort"],
        f1=FigureInterval(**stored["f1"]),
        average_precision=None if precision is None else FigureInterval(**precision),
        training_images=None if images is None else UsedImages(**images),
        hints=[
            QualityHint(kind=hint["kind"], text=hint["text"], label=hint.get("label"), other=hint.get("with"))
            for hint in stored["hints"]
        ],
    )


def _page(call: ConsoleCall, version: Version, query: ResultQuery) -> Response:
    index = _index(call, version, ResultKind.TESTING_SNAPSHOT)
    if index is None:
        raise ConsoleError("NoResults", f"The version is {version.status} and has no test results.", status=409)
    labels = query.label or []
    within = index.matching(labels, query.name)
    shown = within if query.result is None else index.with_result(within, labels, query.result)
    if query.sort != "snapshot":
        by_name = sorted(shown, key=lambda line: (index.source_refs[line].rpartition("/")[2], index.source_refs[line]))
        shown = by_name[::-1] if query.sort == "-name" else by_name
    starts = [index.starts[line] for line in shown[query.offset : query.offset + query.limit]]
    views = call.parts.snapshots.read(version, ResultKind.TESTING_SNAPSHOT, call.caller, starts)
    return as_json(
        ResultPage(
            kind="boxes" if index.has_boxes else "labels",
            total=len(shown),
            offset=query.offset,
            labels=index.labels,
            counts=ResultCounts(images=len(within), **index.counts(within, labels)),
            items=[_tested(view) for view in views],
        )
    )


def _tested(view: SnapshotView) -> TestedImage:
    place = ObjectLocation.at(view.source_ref)
    size = view.image_size
    return TestedImage(
        source_ref=view.source_ref,
        bucket=place.bucket,
        key=place.key,
        name=place.key.rpartition("/")[2],
        image_size=None if size is None else ResultSize(width=size.width, height=size.height),
        results=[
            ImageResult(label=label, result=result.value, confidence=confidence, box=_box(box))
            for label, result, confidence, box in view.results
        ],
        truth=[ImageTruth(label=label, box=_box(box)) for label, box in view.truth],
    )


def _box(box: Box | None) -> ResultBox | None:
    if box is None:
        return None
    return ResultBox(left=box.left, top=box.top, width=box.width, height=box.height)
