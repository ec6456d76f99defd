"""Manifests that trainings used directly: listed, and made the datasets of their project (T-3, D-19)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection

from emulator.console.authorization import may_describe
from emulator.console.context import SignedCall
from emulator.console.project_documents import DatasetType
from emulator.domain.json_values import JsonObject
from emulator.domain.states import TRAINED_VERSION_STATES
from emulator.operations.context import AnyContext
from emulator.operations.datasets import create_dataset
from emulator.operations.lookup import project_of
from emulator.storage.datasets import list_datasets
from emulator.storage.rows import Version
from emulator.storage.versions import list_versions, versions_of

router = APIRouter()

_ALL = 2**31
_SIDES: tuple[tuple[DatasetType, str], ...] = (("TRAIN", "training_input"), ("TEST", "testing_input"))


class ProjectWish(BaseModel):
    """One project."""

    project: str


class AssociatedDatasets(BaseModel):
    """The ARNs of the datasets that were created now."""

    datasets: list[str]


class PriorDataset(BaseModel):
    """A manifest that trainings of a project used; `associated` if the project has a dataset of that type."""

    type: DatasetType
    bucket: str
    key: str
    version: str | None
    project: str
    project_name: str
    versions: list[str]
    associated: bool
    last_used: float


class PriorDatasets(BaseModel):
    """Those used last come first."""

    datasets: list[PriorDataset]


def _manifest(version: Version, side: str) -> JsonObject | None:
    """The first manifest that a version was trained or tested with, as an S3Object; a copy used none here."""
    if version.source_version_arn is not None:
        return None
    given: JsonObject = getattr(version, side)
    for asset in given.get("Assets") or ():
        place = (asset.get("GroundTruthManifest") or {}).get("S3Object")
        if place:
            return dict(place)
    return None


@router.post("/project/associate")
async def associate(call: SignedCall, wish: ProjectWish) -> AssociatedDatasets:
    """Make the manifests of the latest training the project's datasets, where it has none (T-3); idempotent."""

    def change(context: AnyContext) -> AssociatedDatasets:
        project = project_of(context, wish.project)
        if list_datasets(context.connection, [project.id])[project.id]:
            return AssociatedDatasets(datasets=[])
        versions = list_versions(context.connection, project.id, names=None, after=None, limit=_ALL)
        trained = (version for version in versions if version.status in TRAINED_VERSION_STATES)
        latest = next((version for version in trained if _manifest(version, "training_input")), None)
        arns = []
        for kind, side in _SIDES if latest is not None else ():
            assert latest is not None
            place = _manifest(latest, side)
            if place is not None:
                source = {"GroundTruthManifest": {"S3Object": place}}
                context.parameters = {"ProjectArn": project.arn, "DatasetType": kind, "DatasetSource": source}
                arns.append(str(create_dataset(context)["DatasetArn"]))
        return AssociatedDatasets(datasets=arns)

    return await call.write(change)


@router.get("/prior-datasets")
async def prior_datasets(call: SignedCall) -> PriorDatasets:
    """The manifests that trainings of the account in the region used directly."""
    return await call.database.read_in_thread(lambda connection: _prior(call.operation(connection)))


def _prior(context: AnyContext) -> PriorDatasets:
    connection: Connection = context.connection
    found: dict[tuple[str, str, str, str | None, int], PriorDataset] = {}
    versions = versions_of(connection, context.caller.account, context.caller.region)
    datasets = list_datasets(connection, sorted({version.project_id for version in versions}))
    permits = may_describe(context.caller)
    for version in versions:
        if not permits("DescribeProjectVersions", version.project_arn):
            continue
        kinds = {dataset.kind.upper() for dataset in datasets[version.project_id]}
        for kind, side in _SIDES:
            place = _manifest(version, side)
            if place is None:
                continue
            key = (kind, place["Bucket"], place["Name"], place.get("Version"), version.project_id)
            prior = found.get(key) or PriorDataset(
                type=kind,
                bucket=place["Bucket"],
                key=place["Name"],
                version=place.get("Version"),
                project=version.project_arn,
                project_name=version.project_name,
                versions=[],
                associated=kind in kinds,
                last_used=version.created_at / 1000,
            )
            prior.versions.append(version.arn)
            found[key] = prior
    return PriorDatasets(datasets=list(found.values()))
