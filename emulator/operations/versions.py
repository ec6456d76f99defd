"""CreateProjectVersion, DescribeProjectVersions, DeleteProjectVersion (api-facts §2.11-2.13, §3.4; T-*, DV-*, M-3)."""

from __future__ import annotations

from emulator.domain.arns import Arn, parse_arn, partition_of
from emulator.domain.caller import Caller
from emulator.domain.errors import InvalidParameterError, ResourceInUseError
from emulator.domain.job_payloads import TrainingSource
from emulator.domain.jobs import JobKind
from emulator.domain.manifest.rules import file_rules
from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.metering.quotas import Quota
from emulator.domain.refusals import dataset_refused, project_refused, version_refused
from emulator.domain.shapes import (
    Asset,
    CreateProjectVersionRequest,
    CreateProjectVersionResponse,
    DeleteProjectVersionRequest,
    DeleteProjectVersionResponse,
    DescribeProjectVersionsRequest,
    DescribeProjectVersionsResponse,
    EvaluationResult,
    GroundTruthManifest,
    OutputConfig,
    ProjectVersionDescription,
    S3Object,
    TestingData,
    TestingDataResult,
    TrainingData,
    TrainingDataResult,
)
from emulator.domain.states import (
    READABLE_DATASET_STATES,
    VERSION_MOVES,
    DatasetState,
    Event,
    ProjectState,
    VersionState,
    next_state,
)
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import project_of, version_of
from emulator.operations.object_rights import look_at_images, may_read, may_write_results
from emulator.operations.registry import JobFilter, Runs, operation
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
    limits="`FeatureConfig` (adapters only) answers InvalidParameterException; nothing is encrypted with `KmsKeyId`.",
    chosen=(
        "A project with a training dataset alone is split 80/20 and the moved entries become its test dataset.",
        "A project without a training dataset, an empty dataset, or one whose creation failed answers "
        "InvalidParameterException; one at work answers ResourceInUseException.",
        "A version name that is taken answers ResourceInUseException.",
        "An output bucket that cannot be written ends as TRAINING_FAILED (TE-5).",
        "`S3KeyPrefix` absent or empty puts the result files at the root of the bucket; a final `/` is not doubled.",
    ),
)
def create_project_version(context: Context[CreateProjectVersionRequest]) -> CreateProjectVersionResponse:
    """Begin a training with the project's datasets, or with external manifests in a project without datasets (T-2)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    bucket = _checked_new_version(context, project)
    if "FeatureConfig" in parameters:
        raise InvalidParameterError(
            f"FeatureConfig does not match the feature CUSTOM_LABELS of the project {project.arn}. Leave it away."
        )
    train = find_dataset_of_project(context.connection, project.id, "train")
    test = find_dataset_of_project(context.connection, project.id, "test")
    training_input, testing_input = parameters.get("TrainingData"), parameters.get("TestingData")
    if training_input is None and testing_input is None:
        _check_datasets(context, project, train, test)
        source = _source_of_datasets(context, project, train, test)
    else:
        _check_external_manifests(training_input, testing_input, has_datasets=train is not None or test is not None)
        source = _source_of_manifests(context, project, training_input, testing_input)
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
    context.accept(JobKind.TRAIN_VERSION, "training", arn, project.arn, source)
    return {"ProjectVersionArn": arn}


def _source_of_datasets(
    context: AnyContext, project: Project, train: Dataset | None, test: Dataset | None
) -> TrainingSource:
    """What the training reads, and what of S3 its caller may not do by now (TE-5, TE-8), or finds there (TE-10)."""
    images = look_at_images(context, train, test)
    return TrainingSource(
        from_datasets=True,
        asked_by=context.asked_by,
        refused=_refused_results(context, project),
        images_refused=images.is_refused,
        foreign_images=list(images.foreign_sides),
    )


def _source_of_manifests(
    context: AnyContext, project: Project, training: TrainingData | None, testing: TestingData | None
) -> TrainingSource:
    """The same of external manifests, which must be readable first of all (TE-4)."""
    assets = [*((training or {}).get("Assets") or []), *((testing or {}).get("Assets") or [])]
    manifests = [asset["GroundTruthManifest"]["S3Object"] for asset in assets]
    may = may_read(context, manifests)
    refused = _refused_results(context, project) if may else file_rules.MANIFEST_PERMISSIONS.message
    return TrainingSource(from_datasets=False, asked_by=context.asked_by, refused=refused)


def _refused_results(context: AnyContext, project: Project) -> str:
    return "" if may_write_results(context, project.name) else file_rules.OUTPUT_BUCKET_NOT_WRITABLE.message


def _checked_new_version(context: AnyContext, project: Project) -> str:
    """What holds for every new version, trained or copied; gives the output bucket."""
    name = context.parameters["VersionName"]
    if project.status is not ProjectState.CREATED:
        raise ResourceInUseError(project_refused(project.arn, "given a version"))
    bucket: str | None = context.parameters["OutputConfig"].get("S3Bucket")
    if bucket is None:
        raise InvalidParameterError(
            "OutputConfig must have an S3Bucket. Name a bucket of this account and Region for the result files."
        )
    if version_name_is_taken(context.connection, project.id, name):
        raise ResourceInUseError(
            f"The project {project.name} already has a version named {name}. Choose another, or delete that version."
        )
    return bucket


def add_new_version(
    context: AnyContext,
    project: Project,
    *,
    state: VersionState,
    output_bucket: str | None = None,
    training_input: TrainingData,
    testing_input: TestingData,
    source_version_arn: str | None = None,
) -> str:
    """Store a version that begins its life in `state`; gives its ARN. Raises as the rules for new versions say."""
    parameters = context.parameters
    bucket = output_bucket or _checked_new_version(context, project)
    present = count_versions(context.connection, project.account, project.region, project_id=project.id)
    context.check_quota(Quota.MODELS_PER_PROJECT, present)
    _check_key(context)
    created_at = context.stamp()
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


def _check_key(context: AnyContext) -> None:
    """The KMS key for the copies of images and results, where callers have rights or keys are known (S-12)."""
    key, caller, source = context.parameters.get("KmsKeyId"), context.caller, context.services.key_source
    if key is None or (caller.rights is None and source is None):
        return
    from emulator.operations.authorization import require_present_key, require_usable_key  # only where keys are known

    if caller.rights is not None:
        require_usable_key(caller.rights, key, caller.region)
    elif source is not None:
        require_present_key(source(), key, caller)


def _check_datasets(context: AnyContext, project: Project, train: Dataset | None, test: Dataset | None) -> None:
    if train is None:
        raise InvalidParameterError(
            f"The project {project.arn} has no training dataset. Create one, or give TrainingData and TestingData."
        )
    for dataset in (train, test):
        if dataset is None:
            continue
        if dataset.status is DatasetState.CREATE_FAILED:
            raise InvalidParameterError(dataset_refused(dataset.arn, dataset.status, "trained with"))
        if dataset.status not in READABLE_DATASET_STATES:
            raise ResourceInUseError(dataset_refused(dataset.arn, dataset.status, "trained with"))
        if not content_stats(context.connection, dataset.content_id).total_entries:
            raise InvalidParameterError(
                f"The dataset {dataset.arn} is empty. Add entries with UpdateDatasetEntries, or distribute those "
                "of the training dataset."
            )


def _check_external_manifests(
    training: TrainingData | None, testing: TestingData | None, *, has_datasets: bool
) -> None:
    if has_datasets:
        raise InvalidParameterError(
            "TrainingData and TestingData are for projects without datasets. Leave both away to train with those."
        )
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


def _jobs_shown(_caller: Caller, parameters: DescribeProjectVersionsRequest) -> JobFilter:
    project_arn, names = parameters["ProjectArn"], parameters.get("VersionNames")

    def is_shown(job: Job) -> bool:
        if job.project_arn != project_arn:
            return False
        version = parse_arn(job.resource_arn).version
        return version is not None and (names is None or version in names)

    return is_shown


def _jobs_of_one(parameters: DescribeProjectVersionsRequest) -> JobFilter | None:
    names = parameters.get("VersionNames", ())
    if len(names) != 1:
        return None
    return lambda job: parse_arn(job.resource_arn).version == names[0]


@operation("DescribeProjectVersions", Runs.READS, describes=_jobs_shown, names_one=_jobs_of_one)
def describe_project_versions(context: Context[DescribeProjectVersionsRequest]) -> DescribeProjectVersionsResponse:
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
    result: DescribeProjectVersionsResponse = {
        "ProjectVersionDescriptions": [_describe(version) for version in found[:limit]]
    }
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
def delete_project_version(context: Context[DeleteProjectVersionRequest]) -> DeleteProjectVersionResponse:
    """Delete a version that is neither at work nor running (M-3)."""
    version = version_of(context.connection, context.caller, context.parameters["ProjectVersionArn"])
    state = next_state(VERSION_MOVES, version.status, Event.DELETE)
    if state is None:
        raise ResourceInUseError(version_refused(version.arn, version.status, "deleted"))
    set_version(context.connection, version.id, status=state, status_message=VERSION_MESSAGES[state])
    context.accept(JobKind.DELETE_VERSION, "deleting", version.arn, version.project_arn)
    return {"Status": state}


def _describe(version: Version) -> ProjectVersionDescription:
    keys = version.result_keys or {}
    output: OutputConfig = {"S3Bucket": version.output_bucket}
    if version.output_prefix is not None:
        output["S3KeyPrefix"] = version.output_prefix
    training, testing = _training_result(version, keys), _testing_result(version, keys)
    description: ProjectVersionDescription = {
        "ProjectVersionArn": version.arn,
        "CreationTimestamp": version.created_at / 1000,
        "Status": version.status,
        "StatusMessage": version.status_message,
        "OutputConfig": output,
        "TrainingDataResult": training,
        "TestingDataResult": testing,
    }
    _add_what_is_known(description, version)
    if "ManifestSummary" in keys:
        description["ManifestSummary"] = _manifest(version, keys["ManifestSummary"])
    if "EvaluationResultSummary" in keys:
        evaluation: EvaluationResult = {"Summary": {"S3Object": _object(version, keys["EvaluationResultSummary"])}}
        if version.f1_score is not None:
            evaluation["F1Score"] = version.f1_score
        description["EvaluationResult"] = evaluation
    return description


def _add_what_is_known(description: ProjectVersionDescription, version: Version) -> None:
    """The members that a version has only once something happened, or was asked for."""
    if version.training_ended_at is not None:
        description["TrainingEndTimestamp"] = version.training_ended_at / 1000
    if version.billable_seconds is not None:
        description["BillableTrainingTimeInSeconds"] = version.billable_seconds
    if version.min_inference_units is not None:
        description["MinInferenceUnits"] = version.min_inference_units
    if version.max_inference_units is not None:
        description["MaxInferenceUnits"] = version.max_inference_units
    if version.source_version_arn is not None:
        description["SourceProjectVersionArn"] = version.source_version_arn
    if version.kms_key_id is not None:
        description["KmsKeyId"] = version.kms_key_id
    if version.description is not None:
        description["VersionDescription"] = version.description


def _training_result(version: Version, keys: dict[str, str]) -> TrainingDataResult:
    """What was given, what was used, and the validation (api-facts §3.4)."""
    result: TrainingDataResult = {"Input": version.training_input}
    if "TrainingGroundTruth" in keys:
        result["Output"] = {"Assets": [_asset(version, keys["TrainingGroundTruth"])]}
    if "TrainingManifestWithValidation" in keys:
        result["Validation"] = {"Assets": [_asset(version, keys["TrainingManifestWithValidation"])]}
    return result


def _testing_result(version: Version, keys: dict[str, str]) -> TestingDataResult:
    given = version.testing_input
    result: TestingDataResult = {"Input": given}
    if "TestingGroundTruth" in keys:
        assets = [_asset(version, keys["TestingGroundTruth"])]
        result["Output"] = {"Assets": assets, "AutoCreate": given.get("AutoCreate", False)}
    if "TestingManifestWithValidation" in keys:
        result["Validation"] = {"Assets": [_asset(version, keys["TestingManifestWithValidation"])]}
    return result


def _asset(version: Version, key: str) -> Asset:
    return {"GroundTruthManifest": _manifest(version, key)}


def _manifest(version: Version, key: str) -> GroundTruthManifest:
    return {"S3Object": _object(version, key)}


def _object(version: Version, key: str) -> S3Object:
    return {"Bucket": version.output_bucket, "Name": key}
