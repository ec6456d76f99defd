"""What each operation is checked against before it runs: actions, resources, condition keys (api-facts §8, SE-1, TG-4).

As Amazon's service authorization reference says, with one exception: CreateProject is checked against the ARN of the
project to be made, so that `*` matches and so does the guide's own policy (SE-2; docs/parity.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.domain.arns import Arn, parse_arn, partition_of
from emulator.domain.caller import Caller
from emulator.domain.errors import AccessDeniedError, InvalidParameterError
from emulator.domain.iam.documents import RESOURCE_TAG
from emulator.domain.iam.evaluation import Decision
from emulator.domain.iam.keys import KeyDeniedError, KeyDisabledError, KeyNotFoundError, KeyRing
from emulator.domain.iam.requests import Context, keys_of_tags
from emulator.domain.iam.rights import Rights
from emulator.domain.json_values import JsonMapping
from emulator.operations.context import Services
from emulator.storage.tags import read_tags

ANYTHING = "*"
TAG = "TagResource"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the caller must be allowed: an action without `rekognition:`, and an ARN or `*`.

    `pattern` is what a policy names by that has no ARN yet.
    """

    action: str
    resource: str
    pattern: str | None = None


def named_by(*members: str) -> Callable[[JsonMapping], Iterator[str]]:
    """The resources that members of the request name."""

    def resources(parameters: JsonMapping) -> Iterator[str]:
        for member in members:
            yield parameters[member]

    return resources


def _of_datasets(parameters: JsonMapping) -> Iterator[str]:
    for dataset in parameters["Datasets"]:
        yield dataset["Arn"]


def _anything(_parameters: JsonMapping) -> Iterator[str]:
    yield ANYTHING


RESOURCES: dict[str, Callable[[JsonMapping], Iterator[str]]] = {
    "DescribeProjects": _anything,
    **dict.fromkeys(
        (
            *("DeleteProject", "CreateDataset", "CreateProjectVersion", "DescribeProjectVersions"),
            *("PutProjectPolicy", "ListProjectPolicies", "DeleteProjectPolicy"),
        ),
        named_by("ProjectArn"),
    ),
    **dict.fromkeys(
        ("DescribeDataset", "ListDatasetEntries", "ListDatasetLabels", "UpdateDatasetEntries", "DeleteDataset"),
        named_by("DatasetArn"),
    ),
    "DistributeDatasetEntries": _of_datasets,
    **dict.fromkeys(
        ("StartProjectVersion", "StopProjectVersion", "DeleteProjectVersion", "DetectCustomLabels"),
        named_by("ProjectVersionArn"),
    ),
    # The version is checked by the operation, which knows the policies of the project that it belongs to.
    "CopyProjectVersion": named_by("SourceProjectArn"),
    **dict.fromkeys((TAG, "UntagResource", "ListTagsForResource"), named_by("ResourceArn")),
}
"""The resources of each operation's own action; CreateProject's does not exist yet."""


def checks(operation: str, parameters: JsonMapping, caller: Caller, epoch: int) -> list[Check]:
    """All that a call must be allowed. `epoch`, in milliseconds, ends the ARN of what is to be made."""
    new = _new_arn(operation, parameters, caller, epoch)
    pattern = None if new is None else f"{str(new).rpartition('/')[0]}/*"
    if operation == "CreateProject":
        found = [Check(operation, str(new), pattern)]
    else:
        found = [Check(operation, resource) for resource in RESOURCES[operation](parameters)]
    if operation == "CopyProjectVersion":
        found.append(Check("CreateProjectVersion", parameters["DestinationProjectArn"]))
    source = (parameters.get("DatasetSource") or {}).get("DatasetArn") if operation == "CreateDataset" else None
    if source is not None:
        found.append(Check("ListDatasetEntries", source))
    if new is not None and parameters.get("Tags"):
        found.append(Check(TAG, str(new), pattern))
    return found


def _new_arn(operation: str, parameters: JsonMapping, caller: Caller, epoch: int) -> Arn | None:
    """The ARN of what an operation makes, None if it makes nothing."""
    region, partition = caller.region, partition_of(caller.region)
    match operation:
        case "CreateProject":
            return Arn(region, caller.account, parameters["ProjectName"], epoch, partition=partition)
        case "CreateDataset":
            project, kind = parse_arn(parameters["ProjectArn"]), str(parameters["DatasetType"]).lower()
            return Arn(region, caller.account, project.project, epoch, dataset=kind, partition=partition)
        case "CreateProjectVersion" | "CopyProjectVersion":
            name = "ProjectArn" if operation == "CreateProjectVersion" else "DestinationProjectArn"
            project, version = parse_arn(parameters[name]), parameters["VersionName"]
            return Arn(region, caller.account, project.project, epoch, version=version, partition=partition)
    return None


def authorize(services: Services, caller: Caller, operation: str, parameters: JsonMapping) -> None:
    """Raises AccessDeniedError unless the caller's policies allow all that the call needs, or are only reported."""
    rights = caller.rights
    assert rights is not None, "whoever has no rights is not checked"
    given = _tags_of_request(operation, parameters)
    epoch = services.clocks.of(caller.account).milliseconds()
    decisions: list[Decision] = []
    for check in checks(operation, parameters, caller, epoch):
        context = {**given, **_tags_of_resource(services, rights, check.resource)}
        # In a copy the source's project is asked for by the version (CP-4), which the operation checks.
        owner = None if operation == "CopyProjectVersion" and check.action == operation else owner_of(check.resource)
        action, name = f"rekognition:{check.action}", check.resource
        decisions.append(rights.ask(action, name, owner=owner, context=context, pattern=check.pattern))
    for decision in decisions:  # all were asked, so that whoever is refused reads at once all that is missing
        refuse(rights, decision)


def refuse(rights: Rights, decision: Decision) -> None:
    """Raises AccessDeniedError for a refusal that holds."""
    if not rights.permits(decision):
        raise AccessDeniedError(decision.message)


def require_usable_key(rights: Rights, name: str, region: str) -> None:
    """Raises unless the caller may have its copies encrypted with a KMS key (S-12). Nothing is encrypted.

    InvalidParameterException for a key that is missing or cannot be used, AccessDeniedException without the rights
    kms:DescribeKey and kms:CreateGrant.
    """
    for action in ("kms:DescribeKey", "kms:CreateGrant"):
        try:
            rights.require_key(name, action, region, "rekognition")
        except KeyDeniedError as error:
            raise AccessDeniedError(str(error)) from None
        except (KeyNotFoundError, KeyDisabledError) as error:
            if rights.is_enforced:
                raise InvalidParameterError(f"KmsKeyId cannot be used: {error}") from None


def require_present_key(ring: KeyRing, name: str, caller: Caller) -> None:
    """Raises InvalidParameterException for a KMS key that is missing or cannot be used, whoever may use it (S-12)."""
    try:
        ring.usable(name, caller.account, caller.region)
    except (KeyNotFoundError, KeyDisabledError) as error:
        raise InvalidParameterError(f"KmsKeyId cannot be used: {error}") from None


def owner_of(resource: str) -> str | None:
    """The account in an ARN, None where it names none."""
    try:
        return parse_arn(resource).account
    except InvalidParameterError:
        return None


def _tags_of_request(operation: str, parameters: JsonMapping) -> Context:
    """`aws:RequestTag/…` and `aws:TagKeys`."""
    if operation == "UntagResource":
        return {"aws:tagkeys": list(parameters["TagKeys"])}
    tags = parameters.get("Tags")
    if not tags:
        return {}
    return {**keys_of_tags("aws:requesttag/", tags.items()), "aws:tagkeys": list(tags)}


def _tags_of_resource(services: Services, rights: Rights, resource: str) -> Context:
    """`aws:ResourceTag/…`, read only where a policy asks for it."""
    if resource == ANYTHING or not any(RESOURCE_TAG in policy.tag_keys for policy in rights.policies.all):
        return {}
    tags = services.database.read(lambda connection: read_tags(connection, resource))
    return keys_of_tags(RESOURCE_TAG, tags.items())
