"""ListDatasetEntries, ListDatasetLabels, UpdateDatasetEntries (api-facts §2.6-2.8; D-12, D-13, L-1)."""

from __future__ import annotations

from emulator.domain.errors import InvalidPaginationTokenError, ResourceInUseError, ResourceNotReadyError
from emulator.domain.job_payloads import UpsertLines
from emulator.domain.jobs import JobKind
from emulator.domain.messages import DATASET_MESSAGES
from emulator.domain.refusals import dataset_refused
from emulator.domain.shapes import (
    DatasetLabelDescription,
    DatasetLabelStats,
    ListDatasetEntriesRequest,
    ListDatasetEntriesResponse,
    ListDatasetLabelsRequest,
    ListDatasetLabelsResponse,
    UpdateDatasetEntriesRequest,
    UpdateDatasetEntriesResponse,
)
from emulator.domain.states import DATASET_MOVES, READABLE_DATASET_STATES, DatasetState, Event, next_state
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import dataset_of, project_of_dataset
from emulator.operations.registry import Runs, operation
from emulator.storage.contents import list_entries, list_labels
from emulator.storage.datasets import set_dataset_status
from emulator.storage.rows import Dataset, EntryFilter

DEFAULT_PAGE = 100


@operation(
    "ListDatasetEntries",
    Runs.READS_IN_THREAD,
    chosen=(
        "Entries come in the order of the manifest; updated ones keep their place, new ones follow.",
        "`HasErrors` false means no filter (the guide's client sends it for all entries).",
        "`SourceRefContains` is case-sensitive.",
        "A dataset that is being created, or whose creation failed, answers ResourceNotReadyException; one that is "
        "being updated or deleted answers ResourceInUseException.",
    ),
)
def list_dataset_entries(context: Context[ListDatasetEntriesRequest]) -> ListDatasetEntriesResponse:
    """A page of JSON lines that pass all filters."""
    parameters = context.parameters
    dataset = _readable(dataset_of(context, parameters["DatasetArn"]))
    limit = parameters.get("MaxResults", DEFAULT_PAGE)
    labels = parameters.get("ContainsLabels")
    wanted = EntryFilter(
        contains_labels=None if labels is None else tuple(labels),
        labeled=parameters.get("Labeled"),
        source_ref_contains=parameters.get("SourceRefContains"),
        has_errors=True if parameters.get("HasErrors") else None,
    )
    content_id, after = _place(context, dataset)
    found = list_entries(context.connection, content_id, wanted, after=after, limit=limit + 1)
    result: ListDatasetEntriesResponse = {"DatasetEntries": [line for _, line in found[:limit]]}
    if len(found) > limit:
        result["NextToken"] = context.next_token((content_id, found[limit - 1][0]))
    return result


@operation(
    "ListDatasetLabels",
    Runs.READS_IN_THREAD,
    chosen=(
        "Labels come in the order in which they were first seen.",
        "`BoundingBoxCount` counts boxes and is absent where there are none.",
    ),
)
def list_dataset_labels(context: Context[ListDatasetLabelsRequest]) -> ListDatasetLabelsResponse:
    """A page of labels with the number of images and boxes that use them."""
    parameters = context.parameters
    dataset = _readable(dataset_of(context, parameters["DatasetArn"]))
    limit = parameters.get("MaxResults", DEFAULT_PAGE)
    content_id, after = _place(context, dataset)
    found = list_labels(context.connection, content_id, after=after, limit=limit + 1)
    descriptions: list[DatasetLabelDescription] = []
    for label in found[:limit]:
        stats: DatasetLabelStats = {"EntryCount": label.entries}
        if label.boxes:
            stats["BoundingBoxCount"] = label.boxes
        descriptions.append({"LabelName": label.name, "LabelStats": stats})
    result: ListDatasetLabelsResponse = {"DatasetLabelDescriptions": descriptions}
    if len(found) > limit:
        result["NextToken"] = context.next_token((content_id, found[limit - 1].id))
    return result


@operation(
    "UpdateDatasetEntries",
    Runs.WRITES_LINES,
    chosen=(
        "Within one update a later line with the same `source-ref` is dropped as a repetition (E-8).",
        "A dataset whose creation failed, or that is at work, answers ResourceInUseException.",
    ),
)
def update_dataset_entries(context: Context[UpdateDatasetEntriesRequest]) -> UpdateDatasetEntriesResponse:
    """Add or replace entries by `source-ref`; the work goes on after the answer (D-12)."""
    parameters = context.parameters
    dataset = dataset_of(context, parameters["DatasetArn"])
    state = next_state(DATASET_MOVES, dataset.status, Event.UPDATE)
    if state is None:
        raise ResourceInUseError(dataset_refused(dataset.arn, dataset.status, "updated"))
    set_dataset_status(context.connection, dataset.id, state, DATASET_MESSAGES[state], updated_at=context.now())
    lines = UpsertLines(parameters["Changes"]["GroundTruth"])
    project = project_of_dataset(context, dataset)
    context.accept(JobKind.UPDATE_DATASET, "dataset", dataset.arn, project.arn, lines)
    return {}


def _readable(dataset: Dataset) -> Dataset:
    if dataset.status in READABLE_DATASET_STATES:
        return dataset
    if dataset.status in (DatasetState.CREATE_IN_PROGRESS, DatasetState.CREATE_FAILED):
        raise ResourceNotReadyError(dataset_refused(dataset.arn, dataset.status, "read"))
    raise ResourceInUseError(dataset_refused(dataset.arn, dataset.status, "read"))


def _place(context: AnyContext, dataset: Dataset) -> tuple[int, int | None]:
    """The dataset's content, and the place in it that the request's NextToken continues behind.

    A distribution gives the dataset another content, in which that place means nothing: entries would be missed and
    labels repeated. Raises InvalidPaginationTokenError.
    """
    assert dataset.content_id is not None, "a readable dataset has a content"
    cursor = context.page_start()
    if cursor is None:
        return dataset.content_id, None
    if len(cursor) != 2 or cursor[0] != dataset.content_id:
        raise InvalidPaginationTokenError
    return dataset.content_id, cursor[1]
