"""CopyProjectVersion (api-facts §2.16, §8; CP-1 to CP-14)."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.domain.arns import Arn, parse_arn
from emulator.domain.errors import (
    InvalidParameterError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from emulator.domain.job_payloads import CopyFrom
from emulator.domain.jobs import JobKind
from emulator.domain.messages import UNABLE_TO_COPY
from emulator.domain.metering.quotas import Quota
from emulator.domain.refusals import not_found, version_refused
from emulator.domain.shapes import CopyProjectVersionRequest, CopyProjectVersionResponse
from emulator.domain.states import TRAINED_VERSION_STATES, VersionState
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import project_of
from emulator.operations.object_rights import may_write_results
from emulator.operations.registry import Runs, operation
from emulator.operations.versions import add_new_version
from emulator.storage.policies import list_policies
from emulator.storage.projects import find_project
from emulator.storage.rows import Policy, Version
from emulator.storage.tags import read_tags
from emulator.storage.versions import count_versions, find_version


@operation(
    "CopyProjectVersion",
    Runs.WRITES,
    limits="nothing is encrypted with `KmsKeyId`.",
    chosen=(
        "The destination project must be the caller's; the source may be another account's, if a policy of its "
        "project allows the caller's account; otherwise AccessDeniedException.",
        "Where a caller is known by its account alone (`CUSTOM_LABELS_AUTH=off`), a policy's condition about its "
        "identity or its address counts as met in an Allow and as not met in a Deny.",
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
    refused = "" if may_write_results(context, destination.name) else UNABLE_TO_COPY
    payload = CopyFrom(source.arn, context.asked_by, refused)
    context.accept(JobKind.COPY_VERSION, "copying", arn, destination.arn, payload)
    return {"ProjectVersionArn": arn}


def _allowed_source(context: AnyContext, version_arn: Arn) -> Version:
    """The source version, once the policies of its project have let the caller pass (CP-4).

    A caller of another account learns nothing of what exists unless a policy lets it.
    """
    # As they were given: an ARN that is only read the same, with zeros before its last number, names nothing.
    project_name, version_name = (context.parameters[name] for name in ("SourceProjectArn", "SourceProjectVersionArn"))
    project = find_project(context.connection, project_name)
    version = find_version(context.connection, version_name)
    policies = () if project is None else list_policies(context.connection, project.id)
    _check_copying(context, version_arn, version_name, policies)
    if project is None:
        raise ResourceNotFoundError(not_found("project", project_name, parse_arn(project_name), context.caller))
    if version is None or version.project_id != project.id:
        raise ResourceNotFoundError(not_found("project version", version_name, version_arn, context.caller))
    if version.status not in TRAINED_VERSION_STATES:
        raise ResourceInUseError(version_refused(version.arn, version.status, "copied"))
    return version


def _check_copying(context: AnyContext, version_arn: Arn, version_name: str, policies: Sequence[Policy]) -> None:
    """Raises AccessDeniedException unless the caller may copy a version, by its rights and the project's policies."""
    from emulator.domain.iam.documents import (  # only where rights are looked at
        RESOURCE_TAG,
        PolicyKind,
        parse_stored_policy,
    )
    from emulator.domain.iam.evaluation import PolicySet
    from emulator.domain.iam.requests import account_principal, keys_of_tags, moment_keys
    from emulator.domain.iam.rights import Rights
    from emulator.operations.authorization import refuse

    caller = context.caller
    rights = caller.rights or Rights(account_principal(caller.account), PolicySet(), moment_keys(context.now() / 1000))
    tags = read_tags(context.connection, version_name)
    decision = rights.ask(
        f"rekognition:{context.operation}",
        version_name,
        owner=version_arn.account,
        resource_policies=tuple(
            parse_stored_policy(policy.document, PolicyKind.PROJECT, policy.name) for policy in policies
        ),
        context={
            "aws:requestedregion": (caller.region,),
            **keys_of_tags(RESOURCE_TAG, tags.items()),
        },
    )
    refuse(rights, decision)
