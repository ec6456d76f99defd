"""CreateDataset, DescribeDataset, DeleteDataset, DistributeDatasetEntries (api-facts §2.4, §2.5, §2.9, §2.10; D-*)."""

from __future__ import annotations

from emulator.domain.arns import Arn, partition_of
from emulator.domain.caller import Caller
from emulator.domain.errors import (
    InvalidParameterError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
    ResourceNotFoundError,
    ResourceNotReadyError,
)
from emulator.domain.job_payloads import CopyFrom, Distribution, ReadManifest, StatusBefore
from emulator.domain.jobs import JobKind
from emulator.domain.manifest.rules import file_rules
from emulator.domain.messages import DATASET_MESSAGES, EMPTY_DATASET_CREATED
from emulator.domain.refusals import dataset_refused, project_refused
from emulator.domain.shapes import (
    CreateDatasetRequest,
    CreateDatasetResponse,
    DatasetSource,
    DeleteDatasetRequest,
    DeleteDatasetResponse,
    DescribeDatasetRequest,
    DescribeDatasetResponse,
    DistributeDatasetEntriesRequest,
    DistributeDatasetEntriesResponse,
)
from emulator.domain.states import DATASET_MOVES, READABLE_DATASET_STATES, DatasetState, Event, ProjectState, next_state
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import dataset_of, project_of, project_of_dataset
from emulator.operations.object_rights import may_read
from emulator.operations.registry import JobFilter, Runs, operation
from emulator.storage.content_changes import create_content
from emulator.storage.contents import content_stats
from emulator.storage.datasets import (
    add_dataset,
    find_dataset_of_project,
    set_dataset_content,
    set_dataset_status,
)
from emulator.storage.rows import Dataset, Job, Project
from emulator.storage.tags import write_tags


@operation(
    "CreateDataset",
    Runs.WRITES,
    chosen=(
        "A manifest that cannot be read (bucket, key or version missing) is accepted and ends as CREATE_FAILED "
        "(E-1, E-4), not as InvalidS3ObjectException.",
        "An empty dataset is CREATE_COMPLETE at once.",
        "A source dataset that is not readable (being created, failed, being deleted) answers "
        "InvalidParameterException.",
    ),
)
def create_dataset(context: Context[CreateDatasetRequest]) -> CreateDatasetResponse:
    """Create a dataset from a manifest, from another dataset, or empty (D-4); one of a kind in a project (Q-2)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    if project.status is not ProjectState.CREATED:
        raise ResourceNotFoundError(project_refused(project.arn, "given a dataset"))
    kind = parameters["DatasetType"].lower()
    source = _checked_source(context, parameters.get("DatasetSource"))
    if find_dataset_of_project(context.connection, project.id, kind) is not None:
        raise ResourceAlreadyExistsError(
            f"The project {project.name} already has a dataset of type {kind.upper()}. Update it, or delete it first."
        )
    created_at = context.stamp()
    arn = _arn_of(project, kind, created_at)
    state = DatasetState.CREATE_COMPLETE if source is None else DatasetState.CREATE_IN_PROGRESS
    dataset_id = add_dataset(
        context.connection,
        project_id=project.id,
        kind=kind,
        arn=arn,
        created_at=created_at,
        status=state,
        status_message=EMPTY_DATASET_CREATED if source is None else DATASET_MESSAGES[state],
    )
    write_tags(context.connection, arn, parameters.get("Tags", {}))
    if source is None:
        set_dataset_content(context.connection, dataset_id, create_content(context.connection, dataset_id))
    else:
        kind, payload = source
        context.accept(kind, "dataset", arn, project.arn, payload)
    return {"DatasetArn": arn}


def _checked_source(
    context: AnyContext, source: DatasetSource | None
) -> tuple[JobKind, ReadManifest | CopyFrom] | None:
    """The job that fills the dataset, as (kind, payload); None for an empty dataset."""
    if source is None:
        return None
    manifest, dataset_arn = source.get("GroundTruthManifest"), source.get("DatasetArn")
    if (manifest is None) == (dataset_arn is None):
        raise InvalidParameterError(
            "DatasetSource must have either GroundTruthManifest or DatasetArn. Leave it away for an empty dataset."
        )
    if dataset_arn is not None:
        original = dataset_of(context, dataset_arn)
        if original.status not in READABLE_DATASET_STATES and original.status is not DatasetState.UPDATE_IN_PROGRESS:
            raise InvalidParameterError(dataset_refused(dataset_arn, original.status, "copied"))
        return JobKind.COPY_DATASET, CopyFrom(dataset_arn, context.asked_by)
    location = (manifest or {}).get("S3Object") or {}
    if not location.get("Bucket") or not location.get("Name"):
        raise InvalidParameterError("GroundTruthManifest must have an S3Object with Bucket and Name.")
    refused = "" if may_read(context, [location]) else file_rules.MANIFEST_PERMISSIONS.message
    return JobKind.CREATE_DATASET, ReadManifest(location, context.asked_by, refused)


def _arn_of(project: Project, kind: str, epoch: int) -> str:
    partition = partition_of(project.region)
    return str(Arn(project.region, project.account, project.name, epoch, dataset=kind, partition=partition))


def _jobs_shown(_caller: Caller, parameters: DescribeDatasetRequest) -> JobFilter:
    return _jobs_shown_of(parameters["DatasetArn"])


def _jobs_shown_of(arn: str) -> JobFilter:
    def is_shown(job: Job) -> bool:
        is_filled = isinstance(job.payload, Distribution) and job.payload.test_arn == arn
        return is_filled or job.resource_arn == arn

    return is_shown


@operation(
    "DescribeDataset",
    Runs.READS,
    describes=_jobs_shown,
    names_one=lambda parameters: _jobs_shown_of(parameters["DatasetArn"]),
)
def describe_dataset(context: Context[DescribeDatasetRequest]) -> DescribeDatasetResponse:
    """Describe a dataset; the status tells of the last operation on it (D-11)."""
    dataset = dataset_of(context, context.parameters["DatasetArn"])
    stats = content_stats(context.connection, dataset.content_id)
    return {
        "DatasetDescription": {
            "CreationTimestamp": dataset.created_at / 1000,
            "LastUpdatedTimestamp": dataset.updated_at / 1000,
            "Status": dataset.status,
            "StatusMessage": dataset.status_message,
            "StatusMessageCode": dataset.status_message_code,
            "DatasetStats": {
                "LabeledEntries": stats.labeled_entries,
                "TotalEntries": stats.total_entries,
                "TotalLabels": stats.total_labels,
                "ErrorEntries": stats.error_entries,
            },
        }
    }


@operation(
    "DeleteDataset",
    Runs.WRITES,
    chosen=(
        "A dataset that is being created, updated or deleted answers ResourceInUseException.",
        "Deleting a dataset while a version trains on it is allowed; the training has its own copy of the lines.",
    ),
)
def delete_dataset(context: Context[DeleteDatasetRequest]) -> DeleteDatasetResponse:
    """Delete a dataset; gone when DescribeDataset answers ResourceNotFoundException (D-16)."""
    dataset = dataset_of(context, context.parameters["DatasetArn"])
    state = next_state(DATASET_MOVES, dataset.status, Event.DELETE)
    if state is None:
        raise ResourceInUseError(dataset_refused(dataset.arn, dataset.status, "deleted"))
    _move(context, dataset, state)
    context.accept(JobKind.DELETE_DATASET, "deleting", dataset.arn, project_of_dataset(context, dataset).arn)
    return {}


@operation(
    "DistributeDatasetEntries",
    Runs.WRITES,
    chosen=(
        "The split is stratified by label and deterministic; docs/manifests.md tells the rule.",
        "Two datasets of one type or of two projects, or a test dataset with entries, answer "
        "InvalidParameterException; a dataset that is not complete answers ResourceNotReadyException.",
    ),
)
def distribute_dataset_entries(context: Context[DistributeDatasetEntriesRequest]) -> DistributeDatasetEntriesResponse:
    """Move a fifth of the training entries into the empty test dataset of the same project (D-14)."""
    datasets = [dataset_of(context, item["Arn"]) for item in context.parameters["Datasets"]]
    by_kind = {dataset.kind: dataset for dataset in datasets}
    if len(by_kind) != 2 or datasets[0].project_id != datasets[1].project_id:
        given = " and ".join(dataset.arn for dataset in datasets)
        raise InvalidParameterError(
            f"Datasets must be the training dataset and the test dataset of one project, not {given}. DescribeProjects "
            "lists both."
        )
    for dataset in datasets:
        if next_state(DATASET_MOVES, dataset.status, Event.UPDATE) is None:
            raise ResourceNotReadyError(dataset_refused(dataset.arn, dataset.status, "distributed"))
    train, test = by_kind["train"], by_kind["test"]
    if content_stats(context.connection, test.content_id).total_entries:
        raise InvalidParameterError(
            f"The test dataset {test.arn} is not empty. Delete it and create an empty one to distribute into."
        )
    # A distribution that fails leaves the test dataset as it was.
    before: StatusBefore = {
        "status": test.status,
        "message": test.status_message,
        "code": test.status_message_code,
        "updated_at": test.updated_at,
    }
    for dataset in datasets:
        _move(context, dataset, DatasetState.UPDATE_IN_PROGRESS)
    project = project_of_dataset(context, train)
    payload = Distribution(test.arn, before)
    context.accept(JobKind.DISTRIBUTE_DATASET, "dataset", train.arn, project.arn, payload)
    return {}


def _move(context: AnyContext, dataset: Dataset, state: DatasetState) -> None:
    set_dataset_status(context.connection, dataset.id, state, DATASET_MESSAGES[state], updated_at=context.now())
