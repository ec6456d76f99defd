"""CreateProject, DescribeProjects, DeleteProject (api-facts §2.1-2.3; P-1 to P-9)."""

from __future__ import annotations

from emulator.domain.arns import Arn, parse_arn, partition_of
from emulator.domain.caller import Caller
from emulator.domain.errors import InvalidParameterError, ResourceInUseError
from emulator.domain.jobs import JobKind
from emulator.domain.metering.quotas import Quota
from emulator.domain.shapes import (
    CreateProjectRequest,
    CreateProjectResponse,
    DeleteProjectRequest,
    DeleteProjectResponse,
    DescribeProjectsRequest,
    DescribeProjectsResponse,
    ProjectDescription,
)
from emulator.domain.states import PROJECT_MOVES, Event, next_state
from emulator.operations.context import Context
from emulator.operations.lookup import project_of
from emulator.operations.registry import JobFilter, Runs, operation
from emulator.storage.datasets import list_datasets
from emulator.storage.projects import (
    add_project,
    count_projects,
    find_project_by_name,
    has_children,
    list_projects,
    set_project_status,
)
from emulator.storage.rows import Dataset, Job, Project
from emulator.storage.tags import write_tags

CUSTOM_LABELS = "CUSTOM_LABELS"
DEFAULT_PAGE = 100


@operation(
    "CreateProject",
    Runs.WRITES,
    limits="`Feature` CONTENT_MODERATION (adapters) answers InvalidParameterException.",
    chosen=(
        "A project is CREATED at once; CREATING is never seen.",
        "`AutoUpdate` ENABLED on a Custom Labels project answers InvalidParameterException; DISABLED is accepted.",
    ),
)
def create_project(context: Context[CreateProjectRequest]) -> CreateProjectResponse:
    """Create a project. The name is unique in the account and region (api-facts §0.3)."""
    parameters, caller = context.parameters, context.caller
    if parameters.get("Feature", CUSTOM_LABELS) != CUSTOM_LABELS:
        raise InvalidParameterError(
            "This emulator supports projects of the feature CUSTOM_LABELS only. Leave Feature away."
        )
    if parameters.get("AutoUpdate") == "ENABLED":
        raise InvalidParameterError(
            "AutoUpdate is not supported for projects of the feature CUSTOM_LABELS. Leave it away."
        )
    name = parameters["ProjectName"]
    if find_project_by_name(context.connection, caller.account, caller.region, name) is not None:
        raise ResourceInUseError(
            f"The project name {name} is already in use. Choose another, or delete that project first."
        )
    context.check_quota(Quota.PROJECTS, count_projects(context.connection, caller.account, caller.region))
    created_at = context.stamp()
    arn = str(Arn(caller.region, caller.account, name, created_at, partition=partition_of(caller.region)))
    add_project(
        context.connection,
        account=caller.account,
        region=caller.region,
        name=name,
        arn=arn,
        feature=CUSTOM_LABELS,
        auto_update=parameters.get("AutoUpdate"),
        created_at=created_at,
    )
    write_tags(context.connection, arn, parameters.get("Tags", {}))
    return {"ProjectArn": arn}


def _jobs_shown(caller: Caller, parameters: DescribeProjectsRequest) -> JobFilter:
    names = parameters.get("ProjectNames")

    def is_shown(job: Job) -> bool:
        if (job.account, job.region) != (caller.account, caller.region):
            return False
        arn = parse_arn(job.resource_arn)
        return arn.version is None and (names is None or arn.project in names)

    return is_shown


def _jobs_of_one(parameters: DescribeProjectsRequest) -> JobFilter | None:
    """Of the project itself: whoever looks at a project does not wait for its datasets."""
    if len(parameters.get("ProjectNames", ())) != 1:
        return None
    return lambda job: job.resource_arn == job.project_arn


@operation(
    "DescribeProjects",
    Runs.READS,
    chosen=("Projects are sorted newest first.",),
    describes=_jobs_shown,
    names_one=_jobs_of_one,
)
def describe_projects(context: Context[DescribeProjectsRequest]) -> DescribeProjectsResponse:
    """List projects, newest first; unknown names are silently absent (K-7), `Datasets` is always there (K-6)."""
    parameters, caller = context.parameters, context.caller
    limit = parameters.get("MaxResults", DEFAULT_PAGE)
    cursor = context.page_start()
    found = list_projects(
        context.connection,
        caller.account,
        caller.region,
        names=parameters.get("ProjectNames"),
        features=parameters.get("Features", (CUSTOM_LABELS,)),
        after=None if cursor is None else (cursor[0], cursor[1]),
        limit=limit + 1,
    )
    shown = found[:limit]
    datasets = list_datasets(context.connection, [project.id for project in shown])
    result: DescribeProjectsResponse = {
        "ProjectDescriptions": [_describe(project, datasets[project.id]) for project in shown],
    }
    if len(found) > limit:
        result["NextToken"] = context.next_token((shown[-1].created_at, shown[-1].id))
    return result


@operation(
    "DeleteProject",
    Runs.WRITES,
    chosen=("A project that still has datasets or versions answers ResourceInUseException.",),
)
def delete_project(context: Context[DeleteProjectRequest]) -> DeleteProjectResponse:
    """Delete a project without datasets and versions; its policies and tags go with it (M-1, M-2)."""
    project = project_of(context, context.parameters["ProjectArn"])
    state = next_state(PROJECT_MOVES, project.status, Event.DELETE)
    if state is None:
        raise ResourceInUseError(
            f"The project {project.arn} is in state {project.status} and cannot be deleted. It is gone in a moment."
        )
    has_datasets, has_versions = has_children(context.connection, project.id)
    if has_datasets or has_versions:
        children = "datasets and models" if has_datasets and has_versions else "datasets" if has_datasets else "models"
        raise ResourceInUseError(f"The project {project.arn} has {children}. Delete them first.")
    set_project_status(context.connection, project.id, state)
    context.accept(JobKind.DELETE_PROJECT, "deleting", project.arn, project.arn)
    return {"Status": state}


def _describe(project: Project, datasets: list[Dataset]) -> ProjectDescription:
    return {
        "ProjectArn": project.arn,
        "CreationTimestamp": project.created_at / 1000,
        "Status": project.status,
        "Datasets": [
            {
                "CreationTimestamp": dataset.created_at / 1000,
                "DatasetType": dataset.kind.upper(),
                "DatasetArn": dataset.arn,
                "Status": dataset.status,
                "StatusMessage": dataset.status_message,
                "StatusMessageCode": dataset.status_message_code,
            }
            for dataset in datasets
        ],
    }
