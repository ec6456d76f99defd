"""CreateProjectVersion, DescribeProjectVersions, DeleteProjectVersion (api-facts §2.11-2.13, §3.4; T-*, DV-*, M-3)."""

from __future__ import annotations

from typing import Any

from emulator.domain.arns import Arn, parse_arn, partition_of
from emulator.domain.caller import Caller
from emulator.domain.errors import InvalidParameterError, ResourceInUseError
from emulator.domain.jobs import JobKind
from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.metering.quotas import Quota
from emulator.domain.states import (
    READABLE_DATASET_STATES,
    VERSION_MOVES,
    DatasetState,
    Event,
    ProjectState,
    VersionState,
    next_state,
)
from emulator.operations.context import Context
from emulator.operations.lookup import project_of, version_of
from emulator.operations.registry import JobFilter, Result, Runs, operation
from emulator.storage.contents import content_stats
from emulator.storage.datasets import find_dataset_of_project
from emulator.storage.rows import Dataset, Job, Project, Version
from emulator.storage.tags import write_tags
from emulator.storage.versions import (
    add_version,
    count_versions,
    list_versions,
    set_version,
    version_name_is_taken,
)

DEFAULT_PAGE = 100


@operation(
    "CreateProjectVersion",
    Runs.WRITES,
    limits="`FeatureConfig` (adapters only) answers InvalidParameterException; `KmsKeyId` is only stored.",
    chosen=(
        "A project with a training dataset alone is split 80/20 and the moved entries become its test dataset.",
        "A project without a training dataset, an empty dataset, or one whose creation failed answers "
        "InvalidParameterException; one at work answers ResourceInUseException.",
        "A version name that is taken answers ResourceInUseException.",
        "An output bucket that cannot be written ends as TRAINING_FAILED (TE-5).",
        "`S3KeyPrefix` absent or empty puts the result files at the root of the bucket; a final `/` is not doubled.",
    ),
)
def create_project_version(context: Context) -> Result:
    """Begin a training with the project's datasets, or with external manifests in a project without datasets (T-2)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    bucket = _checked_new_version(context, project)
    if "FeatureConfig" in parameters:
        raise InvalidParameterError("FeatureConfig does not match the feature CUSTOM_LABELS of the project.")
    train = find_dataset_of_project(context.connection, project.id, "train")
    test = find_dataset_of_project(context.connection, project.id, "test")
    training_input, testing_input = parameters.get("TrainingData"), parameters.get("TestingData")
    if training_input is None and testing_input is None:
        _check_datasets(context, train, test)
        source = {"from_datasets": True}
    else:
        _check_external_manifests(training_input, testing_input, has_datasets=train is not None or test is not None)
        source = {"from_datasets": False}
    caller, training = context.caller, [VersionState.TRAINING_IN_PROGRESS]
    running = count_versions(context.connection, caller.account, caller.region, training)
    context.check_quota(Quota.CONCURRENT_TRAININGS, running)
    arn = add_new_version(
        context,
        project,
        state=VersionState.TRAINING_IN_PROGRESS,
        output_bucket=bucket,
        training_input=training_input or {},
        testing_input=testing_input or {"AutoCreate": False},
    )
    context.accept(JobKind.TRAIN_VERSION, "training", arn, project.arn, **source)
    return {"ProjectVersionArn": arn}


def _checked_new_version(context: Context, project: Project) -> str:
    """What holds for every new version, trained or copied; gives the output bucket."""
    name = context.parameters["VersionName"]
    if project.status is not ProjectState.CREATED:
        raise ResourceInUseError(f"The project {project.arn} is being deleted.")
    bucket: str | None = context.parameters["OutputConfig"].get("S3Bucket")
    if bucket is None:
        raise InvalidParameterError("OutputConfig must have an S3Bucket.")
    if version_name_is_taken(context.connection, project.id, name):
        raise ResourceInUseError(f"The project {project.name} already has a version named {name}.")
    return bucket


def add_new_version(
    context: Context,
    project: Project,
    *,
    state: VersionState,
    output_bucket: str | None = None,
    training_input: dict[str, Any],
    testing_input: dict[str, Any],
    source_version_arn: str | None = None,
) -> str:
    """Store a version that begins its life in `state`; gives its ARN. Raises as the rules for new versions say."""
    parameters = context.parameters
    bucket = output_bucket or _checked_new_version(context, project)
    present = count_versions(context.connection, project.account, project.region, project_id=project.id)
    context.check_quota(Quota.MODELS_PER_PROJECT, present)
    created_at = context.services.clock.stamp()
    name, partition = parameters["VersionName"], partition_of(project.region)
    arn = str(Arn(project.region, project.account, project.name, created_at, version=name, partition=partition))
    add_version(
        context.connection,
        project_id=project.id,
        name=name,
        arn=arn,
        created_at=created_at,
        status=state,
        status_message=VERSION_MESSAGES[state],
        description=parameters.get("VersionDescription"),
        kms_key_id=parameters.get("KmsKeyId"),
        output_bucket=bucket,
        output_prefix=parameters["OutputConfig"].get("S3KeyPrefix"),
        training_input=training_input,
        testing_input=testing_input,
        source_version_arn=source_version_arn,
    )
    write_tags(context.connection, arn, parameters.get("Tags", {}))
    return arn


def _check_datasets(context: Context, train: Dataset | None, test: Dataset | None) -> None:
    if train is None:
        raise InvalidParameterError("The project has no training dataset.")
    for dataset in (train, test):
        if dataset is None:
            continue
        if dataset.status is DatasetState.CREATE_FAILED:
            raise InvalidParameterError(f"The dataset {dataset.arn} could not be created.")
        if dataset.status not in READABLE_DATASET_STATES:
            raise ResourceInUseError(f"The dataset {dataset.arn} is in state {dataset.status}.")
        if not content_stats(context.connection, dataset.content_id).total_entries:
            raise InvalidParameterError(f"The dataset {dataset.arn} is empty.")


def _check_external_manifests(
    training: dict[str, Any] | None, testing: dict[str, Any] | None, *, has_datasets: bool
) -> None:
    if has_datasets:
        raise InvalidParameterError("TrainingData and TestingData are for projects without datasets.")
    if training is None or testing is None:
        raise InvalidParameterError("TrainingData and TestingData must be given together.")
    assets = training.get("Assets") or []
    if not assets:
        raise InvalidParameterError("TrainingData must have at least one asset.")
    test_assets = testing.get("Assets") or []
    if bool(test_assets) == bool(testing.get("AutoCreate")):
        raise InvalidParameterError("TestingData must have either assets or AutoCreate.")
    for asset in (*assets, *test_assets):
        location = (asset.get("GroundTruthManifest") or {}).get("S3Object") or {}
        if not location.get("Bucket") or not location.get("Name"):
            raise InvalidParameterError("Every asset must have a GroundTruthManifest with an S3Object.")


def _jobs_shown(_caller: Caller, parameters: dict[str, Any]) -> JobFilter:
    project_arn, names = parameters["ProjectArn"], parameters.get("VersionNames")

    def is_shown(job: Job) -> bool:
        if job.project_arn != project_arn:
            return False
        version = parse_arn(job.resource_arn).version
        return version is not None and (names is None or version in names)

    return is_shown


def _jobs_of_one(parameters: dict[str, Any]) -> JobFilter | None:
    names = parameters.get("VersionNames", ())
    if len(names) != 1:
        return None
    return lambda job: parse_arn(job.resource_arn).version == names[0]


@operation("DescribeProjectVersions", Runs.READS, describes=_jobs_shown, names_one=_jobs_of_one)
def describe_project_versions(context: Context) -> Result:
    """A page of a project's versions, latest first (api-facts §2.12); unknown names are silently absent (M-3)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    limit = parameters.get("MaxResults", DEFAULT_PAGE)
    cursor = context.page_start()
    found = list_versions(
        context.connection,
        project.id,
        names=parameters.get("VersionNames"),
        after=None if cursor is None else (cursor[0], cursor[1]),
        limit=limit + 1,
    )
    result: dict[str, Any] = {"ProjectVersionDescriptions": [_describe(version) for version in found[:limit]]}
    if len(found) > limit:
        last = found[limit - 1]
        result["NextToken"] = context.next_token((last.created_at, last.id))
    return result


@operation(
    "DeleteProjectVersion",
    Runs.WRITES,
    chosen=(
        "A version that is training, copying, starting, running, stopping or being deleted answers "
        "ResourceInUseException.",
        "The result files in S3 and copies in other projects stay.",
    ),
)
def delete_project_version(context: Context) -> Result:
    """Delete a version that is neither at work nor running (M-3)."""
    version = version_of(context.connection, context.caller, context.parameters["ProjectVersionArn"])
    state = next_state(VERSION_MOVES, version.status, Event.DELETE)
    if state is None:
        raise ResourceInUseError(f"The version {version.arn} is in state {version.status} and cannot be deleted.")
    set_version(context.connection, version.id, status=state, status_message=VERSION_MESSAGES[state])
    context.accept(JobKind.DELETE_VERSION, "deleting", version.arn, version.project_arn)
    return {"Status": state}


def _describe(version: Version) -> dict[str, Any]:
    keys = version.result_keys or {}
    output: dict[str, Any] = {"S3Bucket": version.output_bucket}
    if version.output_prefix is not None:
        output["S3KeyPrefix"] = version.output_prefix
    description: dict[str, Any] = {
        "ProjectVersionArn": version.arn,
        "CreationTimestamp": version.created_at / 1000,
        "MinInferenceUnits": version.min_inference_units,
        "MaxInferenceUnits": version.max_inference_units,
        "Status": version.status,
        "StatusMessage": version.status_message,
        "BillableTrainingTimeInSeconds": version.billable_seconds,
        "OutputConfig": output,
        "TrainingDataResult": _data_result(version, keys, "Training", version.training_input),
        "TestingDataResult": _data_result(version, keys, "Testing", version.testing_input),
        "SourceProjectVersionArn": version.source_version_arn,
        "KmsKeyId": version.kms_key_id,
        "VersionDescription": version.description,
    }
    if version.training_ended_at is not None:
        description["TrainingEndTimestamp"] = version.training_ended_at / 1000
    if "ManifestSummary" in keys:
        description["ManifestSummary"] = _object(version, keys["ManifestSummary"])
    if "EvaluationResultSummary" in keys:
        summary = _object(version, keys["EvaluationResultSummary"])
        description["EvaluationResult"] = {"F1Score": version.f1_score, "Summary": summary}
    return {name: value for name, value in description.items() if value is not None}


def _data_result(version: Version, keys: dict[str, str], side: str, given: dict[str, Any]) -> dict[str, Any]:
    """TrainingDataResult or TestingDataResult: what was given, what was used, and the validation (api-facts §3.4)."""
    result: dict[str, Any] = {"Input": given}
    snapshot, validation = keys.get(f"{side}GroundTruth"), keys.get(f"{side}ManifestWithValidation")
    if snapshot is not None:
        result["Output"] = {"Assets": [{"GroundTruthManifest": _object(version, snapshot)}]}
        if side == "Testing":
            result["Output"]["AutoCreate"] = given.get("AutoCreate", False)
    if validation is not None:
        result["Validation"] = {"Assets": [{"GroundTruthManifest": _object(version, validation)}]}
    return result


def _object(version: Version, key: str) -> dict[str, Any]:
    return {"S3Object": {"Bucket": version.output_bucket, "Name": key}}
