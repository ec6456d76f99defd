"""PutProjectPolicy, ListProjectPolicies, DeleteProjectPolicy (api-facts §2.18-2.20; CP-6 to CP-13)."""

from __future__ import annotations

import secrets

from emulator.domain.errors import ResourceAlreadyExistsError, ResourceNotFoundError, RuleError
from emulator.domain.metering.quotas import Quota, check_count
from emulator.domain.policy import check_new_policy
from emulator.domain.shapes import (
    DeleteProjectPolicyRequest,
    DeleteProjectPolicyResponse,
    ListProjectPoliciesRequest,
    ListProjectPoliciesResponse,
    PutProjectPolicyRequest,
    PutProjectPolicyResponse,
)
from emulator.operations.context import Context
from emulator.operations.lookup import project_of
from emulator.operations.registry import Runs, operation
from emulator.storage.policies import add_policy, find_policy, list_policies, remove_policy, replace_policy
from emulator.storage.rows import Policy

DEFAULT_PAGE = 5


@operation(
    "PutProjectPolicy",
    Runs.WRITES,
    chosen=(
        "An existing policy without `PolicyRevisionId` answers ResourceAlreadyExistsException; a new one with a "
        "`PolicyRevisionId` answers InvalidPolicyRevisionIdException.",
        "A sixth policy of a project answers ServiceQuotaExceededException, whether quotas hold or not.",
        "`Effect` is read in any case.",
        "A `Resource` that can match no version of the project answers MalformedPolicyDocumentException.",
        "A principal under `AWS` that is neither an account nor the ARN or id of an identity answers "
        "MalformedPolicyDocumentException.",
    ),
)
def put_project_policy(context: Context[PutProjectPolicyRequest]) -> PutProjectPolicyResponse:
    """Attach a policy, or replace the revision that the caller names (CP-9, CP-10)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    name, document = parameters["PolicyName"], parameters["PolicyDocument"]
    check_new_policy(document, project.arn)
    policy = find_policy(context.connection, project.id, name)
    given = parameters.get("PolicyRevisionId")
    revision = secrets.token_hex(16)
    if policy is None:
        if given is not None:
            raise _invalid_revision(name)
        present = len(list_policies(context.connection, project.id))
        check_count("aws", Quota.POLICIES_PER_PROJECT, present, project.region)
        add_policy(context.connection, project.id, name, document, revision, context.now())
    else:
        if given is None:
            raise ResourceAlreadyExistsError(
                f"The project policy {name} already exists. Give its PolicyRevisionId, which ListProjectPolicies has, "
                "to replace it."
            )
        _check_revision(policy, given)
        replace_policy(context.connection, policy.id, document, revision, context.now())
    return {"PolicyRevisionId": revision}


@operation("ListProjectPolicies", Runs.READS)
def list_project_policies(context: Context[ListProjectPoliciesRequest]) -> ListProjectPoliciesResponse:
    """A page of a project's policies in order of creation (CP-12)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    limit = parameters.get("MaxResults", DEFAULT_PAGE)
    cursor = context.page_start()
    after = None if cursor is None else cursor[0]
    found = list_policies(context.connection, project.id, after=after, limit=limit + 1)
    result: ListProjectPoliciesResponse = {
        "ProjectPolicies": [
            {
                "ProjectArn": project.arn,
                "PolicyName": policy.name,
                "PolicyRevisionId": policy.revision_id,
                "PolicyDocument": policy.document,
                "CreationTimestamp": policy.created_at / 1000,
                "LastUpdatedTimestamp": policy.updated_at / 1000,
            }
            for policy in found[:limit]
        ]
    }
    if len(found) > limit:
        result["NextToken"] = context.next_token((found[limit - 1].id,))
    return result


@operation("DeleteProjectPolicy", Runs.WRITES)
def delete_project_policy(context: Context[DeleteProjectPolicyRequest]) -> DeleteProjectPolicyResponse:
    """Remove a policy, whatever its revision or only the named one (CP-13)."""
    parameters = context.parameters
    project = project_of(context, parameters["ProjectArn"])
    name = parameters["PolicyName"]
    policy = find_policy(context.connection, project.id, name)
    if policy is None:
        raise ResourceNotFoundError(
            f"The project policy {name} was not found. ListProjectPolicies lists those of {project.arn}."
        )
    if "PolicyRevisionId" in parameters:
        _check_revision(policy, parameters["PolicyRevisionId"])
    remove_policy(context.connection, policy.id)
    return {}


def _check_revision(policy: Policy, given: str) -> None:
    if policy.revision_id.lower() != given.lower():
        raise _invalid_revision(policy.name)


def _invalid_revision(name: str) -> RuleError:
    return RuleError(
        "InvalidPolicyRevisionIdException",
        f"The policy revision id is not the current one of the policy {name}. ListProjectPolicies has the current one; "
        "a new policy has none.",
    )
