"""CopyProjectVersion (api-facts §2.16, §8; CP-1 to CP-14)."""

from __future__ import annotations

from emulator.domain.arns import Arn, parse_arn
from emulator.domain.errors import (
    AccessDeniedError,
    InvalidParameterError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from emulator.domain.job_payloads import CopyFrom
from emulator.domain.jobs import JobKind
from emulator.domain.metering.quotas import Quota
from emulator.domain.policy import Decision, decide, parse_policy
from emulator.domain.refusals import not_found, version_refused
from emulator.domain.shapes import CopyProjectVersionRequest, CopyProjectVersionResponse
from emulator.domain.states import TRAINED_VERSION_STATES, VersionState
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import project_of
from emulator.operations.registry import Runs, operation
from emulator.operations.versions import add_new_version
from emulator.storage.policies import list_policies
from emulator.storage.projects import find_project
from emulator.storage.rows import Version
from emulator.storage.versions import count_versions, find_version


@operation(
    "CopyProjectVersion",
    Runs.WRITES,
    limits="`KmsKeyId` is stored, nothing is encrypted.",
    chosen=(
        "The destination project must be the caller's; the source may be another account's, if a policy of its "
        "project allows the caller's account; otherwise AccessDeniedException.",
        "Conditions of policies are not evaluated: a conditional Allow counts as met, a conditional Deny as not met.",
        "A source version that is not trained (training, failed, copying) answers ResourceInUseException.",
        "Projects of two regions answer InvalidParameterException.",
    ),
)
def copy_project_version(context: Context[CopyProjectVersionRequest]) -> CopyProjectVersionResponse:
    """Copy a trained model and its results into a project of the caller; datasets are not copied (CP-3)."""
    parameters = context.parameters
    source_arn = parse_arn(parameters["SourceProjectVersionArn"])
    source_project_arn = parse_arn(parameters["SourceProjectArn"])
    regions = {source_arn.region, source_project_arn.region, parse_arn(parameters["DestinationProjectArn"]).region}
    if regions != {context.caller.region}:  # CP-2
        raise InvalidParameterError(
            f"A model can only be copied within one region, and these are {', '.join(sorted(regions))}. Call "
            f"{context.caller.region} with a source and a destination there."
        )
    destination = project_of(context, parameters["DestinationProjectArn"])
    source = _allowed_source(context, source_arn)
    copying = [VersionState.COPYING_IN_PROGRESS]
    count = count_versions(context.connection, destination.account, destination.region, copying, destination.id)
    context.check_quota(Quota.CONCURRENT_COPIES, count)
    arn = add_new_version(
        context,
        destination,
        state=VersionState.COPYING_IN_PROGRESS,
        training_input=source.training_input,
        testing_input=source.testing_input,
        source_version_arn=source.arn,
    )
    context.accept(JobKind.COPY_VERSION, "copying", arn, destination.arn, CopyFrom(source.arn))
    return {"ProjectVersionArn": arn}


def _allowed_source(context: AnyContext, version_arn: Arn) -> Version:
    """The source version, once the policies of its project have let the caller pass (CP-4).

    A caller of another account learns nothing of what exists unless a policy lets it.
    """
    # As they were given: an ARN that is only read the same, with zeros before its last number, names nothing.
    project_name, version_name = (context.parameters[name] for name in ("SourceProjectArn", "SourceProjectVersionArn"))
    project = find_project(context.connection, project_name)
    version = find_version(context.connection, version_name)
    decision = Decision.SILENT
    if project is not None:
        policies = list_policies(context.connection, project.id)
        documents = [parse_policy(policy.document) for policy in policies]
        decision = decide(documents, context.caller.account, version_name)
    is_own = version_arn.account == context.caller.account
    if decision is Decision.DENY or (not is_own and decision is not Decision.ALLOW):
        caller_arn = f"arn:{version_arn.partition}:iam::{context.caller.account}:root"
        raise AccessDeniedError(caller_arn, "CopyProjectVersion", version_name)
    if project is None:
        raise ResourceNotFoundError(not_found("project", project_name, parse_arn(project_name), context.caller))
    if version is None or version.project_id != project.id:
        raise ResourceNotFoundError(not_found("project version", version_name, version_arn, context.caller))
    if version.status not in TRAINED_VERSION_STATES:
        raise ResourceInUseError(version_refused(version.arn, version.status, "copied"))
    return version
