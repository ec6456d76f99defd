"""Projects with their datasets and versions, and trainings, as the page sees them (C-5, C-7, C-16)."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection

from emulator.console.authorization import may_describe, visible_versions
from emulator.domain.arns import parse_arn
from emulator.domain.caller import Caller
from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.states import VersionState
from emulator.jobs.training_progress import RunningTrainings, TrainingProgress
from emulator.storage.contents import stats_of_contents
from emulator.storage.datasets import list_datasets
from emulator.storage.engine import Database
from emulator.storage.projects import list_projects
from emulator.storage.rows import ContentStats, Dataset, Project, Version
from emulator.storage.versions import versions_of

_NAME_OF_KIND = {"train": "training", "test": "test"}
_ALL = 2**31

DatasetType = Literal["TRAIN", "TEST"]


class DatasetDocument(BaseModel):
    """A dataset of a project; the name is derived, since the API has none. Moments in seconds since the epoch."""

    arn: str
    type: DatasetType
    name: str
    status: str
    status_message: str
    created: float
    updated: float
    total_entries: int
    labeled_entries: int
    error_entries: int
    total_labels: int


class VersionDocument(BaseModel):
    """A version. `training_dataset` and `test_dataset` are names, or the addresses of manifests; null if unknown.

    `runs_long` says that its status message is a warning: it runs for longer than the user wanted to be warned of.
    """

    arn: str
    name: str
    status: str
    status_message: str
    description: str | None
    created: float
    training_ended: float | None
    billable_seconds: int | None
    f1_score: float | None
    min_inference_units: int | None
    max_inference_units: int | None
    source_version_arn: str | None
    training_dataset: str | None
    test_dataset: str | None
    kms_key_id: str | None
    runs_long: bool


class ProjectDocument(BaseModel):
    """A project with all that belongs to it, versions latest first."""

    arn: str
    name: str
    status: str
    created: float
    datasets: list[DatasetDocument]
    versions: list[VersionDocument]


class CurvePoint(BaseModel):
    """The mean loss of the steps since the point before."""

    stage: str
    step: int
    loss: float


class TrainingDocument(BaseModel):
    """A training that waits or runs. `seconds_left` is about the present stage."""

    version_arn: str
    stage: str
    done: int
    total: int
    seconds: float
    seconds_left: float | None
    place_in_queue: int | None
    curve: list[CurvePoint]


class TrainingList(BaseModel):
    """Oldest first."""

    trainings: list[TrainingDocument]


def type_of(kind: str) -> DatasetType:
    """How AWS writes the kind of a dataset, `train` or `test`."""
    return "TRAIN" if kind == "train" else "TEST"


def dataset_name(project_name: str, kind: str) -> str:
    """The name that AWS's console gives a project's dataset (C-3)."""
    return f"{project_name}_{_NAME_OF_KIND[kind]}_dataset"


def read_projects(connection: Connection, caller: Caller, only: Project | None = None) -> list[ProjectDocument]:
    """The caller's projects, or one of them, in four queries, with what the caller may see of them."""
    if only is None:
        found = list_projects(
            connection, caller.account, caller.region, names=None, features=("CUSTOM_LABELS",), after=None, limit=_ALL
        )
    else:
        found = [only]
    datasets = list_datasets(connection, [project.id for project in found])
    contents = [dataset.content_id for several in datasets.values() for dataset in several if dataset.content_id]
    stats = stats_of_contents(connection, contents)
    versions: dict[int, list[VersionDocument]] = defaultdict(list)
    for version in versions_of(connection, caller.account, caller.region):
        versions[version.project_id].append(_version(version))
    permits = may_describe(caller)
    return [
        ProjectDocument(
            arn=project.arn,
            name=project.name,
            status=project.status,
            created=project.created_at / 1000,
            datasets=[
                _dataset(project, dataset, stats)
                for dataset in datasets[project.id]
                if permits("DescribeDataset", dataset.arn)
            ],
            versions=versions[project.id] if permits("DescribeProjectVersions", project.arn) else [],
        )
        for project in found
    ]


def _dataset(project: Project, dataset: Dataset, stats: dict[int, ContentStats]) -> DatasetDocument:
    figures = stats.get(dataset.content_id or 0, ContentStats(0, 0, 0, 0))
    return DatasetDocument(
        arn=dataset.arn,
        type=type_of(dataset.kind),
        name=dataset_name(project.name, dataset.kind),
        status=dataset.status,
        status_message=dataset.status_message,
        created=dataset.created_at / 1000,
        updated=dataset.updated_at / 1000,
        total_entries=figures.total_entries,
        labeled_entries=figures.labeled_entries,
        error_entries=figures.error_entries,
        total_labels=figures.total_labels,
    )


def _version(version: Version) -> VersionDocument:
    ended = version.training_ended_at
    return VersionDocument(
        arn=version.arn,
        name=version.name,
        status=version.status,
        status_message=version.status_message,
        description=version.description,
        created=version.created_at / 1000,
        training_ended=None if ended is None else ended / 1000,
        billable_seconds=version.billable_seconds,
        f1_score=version.f1_score,
        min_inference_units=version.min_inference_units,
        max_inference_units=version.max_inference_units,
        source_version_arn=version.source_version_arn,
        training_dataset=_trained_on(version, "train"),
        test_dataset=_trained_on(version, "test"),
        kms_key_id=version.kms_key_id,
        runs_long=_runs_long(version),
    )


def _runs_long(version: Version) -> bool:
    is_running = version.status is VersionState.RUNNING
    return is_running and version.status_message != VERSION_MESSAGES[VersionState.RUNNING]


def _trained_on(version: Version, kind: str) -> str | None:
    """The name of the dataset, or the first manifest's address."""
    given = version.training_input if kind == "train" else version.testing_input
    for asset in given.get("Assets") or ():
        place = (asset.get("GroundTruthManifest") or {}).get("S3Object") or {}
        return f"s3://{place.get('Bucket', '')}/{place.get('Name', '')}"
    if version.training_input.get("Assets") or version.source_version_arn is not None:
        return None
    return dataset_name(version.project_name, kind)


def training_documents(trainings: RunningTrainings, caller: Caller, database: Database) -> list[TrainingDocument]:
    """The caller's trainings that wait or run, of versions that the caller may see. For the event loop."""
    found = [one for one in trainings.all() if _is_callers(caller, one.version_arn)]
    shown = visible_versions(caller, database, [one.version_arn for one in found])
    return [_training(trainings, one) for one in found if one.version_arn in shown]


def _is_callers(caller: Caller, arn: str) -> bool:
    parsed = parse_arn(arn)
    return (parsed.account, parsed.region) == (caller.account, caller.region)


def _training(trainings: RunningTrainings, one: TrainingProgress) -> TrainingDocument:
    left = one.seconds_left()
    return TrainingDocument(
        version_arn=one.version_arn,
        stage=one.stage,
        done=one.done,
        total=one.total,
        seconds=round(one.seconds(), 1),
        seconds_left=None if left is None else round(left, 1),
        place_in_queue=trainings.place_in_queue(one),
        curve=[CurvePoint(stage=stage, step=step, loss=round(loss, 5)) for stage, step, loss in one.curve],
    )
