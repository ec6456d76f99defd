"""What a caller must be allowed to use a route of the console's API, in the words of AWS's operations (O-33).

The console's own calls have no actions in IAM, so each asks for the operation that shows or does the same. What lists
many resources shows those that the caller may describe. Objects are read with the caller's rights on S3 in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastapi import Request

from emulator.domain.caller import Caller
from emulator.storage.engine import Database
from emulator.storage.versions import find_version

if TYPE_CHECKING:
    from emulator.domain.iam.rights import Rights
    from emulator.operations.context import Services


@dataclass(frozen=True, slots=True)
class Need:
    """An operation of Rekognition and the member of its request that names the resource: `member` takes what the
    parameter or the body's member `named` says.
    """

    operation: str
    member: str = ""
    named: str = ""


_LISTS = Need("DescribeProjects")
_ENTRIES = Need("ListDatasetEntries", "DatasetArn", "dataset")
_UPDATES = Need("UpdateDatasetEntries", "DatasetArn", "dataset")
_VERSION = Need("DescribeProjectVersions", "ProjectArn", "version")

NEEDS: dict[tuple[str, str], tuple[Need, ...]] = {
    ("GET", "/projects"): (_LISTS,),
    ("GET", "/project"): (Need("DescribeProjectVersions", "ProjectArn", "project"),),
    ("GET", "/trainings"): (_LISTS,),
    ("GET", "/events"): (_LISTS,),
    ("GET", "/tasks"): (_LISTS,),
    ("GET", "/task"): (_LISTS,),
    ("DELETE", "/task"): (_LISTS,),
    ("GET", "/prior-datasets"): (_LISTS,),
    ("POST", "/project/associate"): (Need("CreateDataset", "ProjectArn", "project"),),
    ("POST", "/training/cancel"): (Need("DeleteProjectVersion", "ProjectVersionArn", "version"),),
    # The route asks for DeleteProject, DeleteProjectVersion and DeleteDataset, for each of what goes.
    ("POST", "/deletions"): (Need("DescribeProjectVersions", "ProjectArn", "project"),),
    ("POST", "/imports/folder"): (Need("CreateDataset", "ProjectArn", "project"),),
    ("POST", "/examples"): (Need("CreateProject", "ProjectName", "id"),),
    ("GET", "/examples"): (),
    ("GET", "/examples/sample"): (),
    ("GET", "/dataset/entries"): (_ENTRIES,),
    ("GET", "/dataset/places"): (_ENTRIES,),
    ("GET", "/dataset/refs"): (_ENTRIES,),
    ("POST", "/dataset/lookup"): (_ENTRIES,),
    ("GET", "/dataset/counts"): (_ENTRIES,),
    ("GET", "/dataset/error-counts"): (_ENTRIES,),
    ("GET", "/dataset/labels"): (Need("ListDatasetLabels", "DatasetArn", "dataset"),),
    ("POST", "/dataset/labels"): (_UPDATES,),
    ("POST", "/dataset/labels/import"): (_UPDATES, Need("ListDatasetLabels", "DatasetArn", "from_dataset")),
    ("POST", "/dataset/remove"): (_UPDATES,),
    ("GET", "/dataset/uploads"): (Need("DescribeDataset", "DatasetArn", "dataset"),),
    ("POST", "/dataset/uploads"): (_UPDATES,),
    ("GET", "/results"): (_VERSION,),
    ("GET", "/version/figures"): (_VERSION,),
    # With objects of S3 alone, which are read with the caller's rights.
    ("GET", "/preview"): (),
    ("POST", "/images/facts"): (),
    ("POST", "/proposals"): (),
    ("GET", "/bucket"): (),
    # Whoever is refused everything reads here why.
    ("GET", "/decisions"): (),
    ("POST", "/bucket"): (),
}
"""By method and path below /console/api; a route that is missing needs what listing needs."""


async def require_rights(request: Request, caller: Caller, database: Database, services: Services) -> None:
    """Raises AccessDeniedError unless the caller may use the route that a request is for; RuleError for other ARNs."""
    from emulator.operations.authorization import authorize  # only where rights are looked at

    if caller.rights is None:
        return
    path = request.scope["route"].path.removeprefix("/console/api")
    needs = NEEDS.get((request.method, path), (_LISTS,))
    given = dict(request.query_params)
    if any(need.named for need in needs) and request.method in ("POST", "PUT"):
        body = await request.json()
        given |= {name: value for name, value in body.items() if isinstance(value, str)}
    for need in needs:
        parameters: dict[str, object] = {}
        if need.member:
            named: str | None = given.get(need.named)
            if named is not None and (need.named, need.member) == ("version", "ProjectArn"):
                named = _project_of(database, named)
            if named is None:
                continue  # the route says what is wrong
            parameters = {need.member: named, "DatasetType": given.get("dataset_type", "TRAIN")}
        authorize(services, caller, need.operation, parameters)
    if path == "/bucket":
        _require_bucket_rights(caller.rights, caller.region, is_listing=request.method == "GET")


def may_describe(caller: Caller) -> Callable[[str, str], bool]:
    """Tells whether the caller may do a describing operation on a resource; nothing of it is recorded.

    A list of hundreds is one look, and not hundreds of decisions.
    """
    rights = caller.rights
    if rights is None:
        return lambda _operation, _resource: True
    silent = replace(rights, record=None)
    return lambda operation, resource: silent.permits(silent.ask(f"rekognition:{operation}", resource))


def visible_versions(caller: Caller, database: Database, arns: Iterable[str]) -> set[str]:
    """Those of some versions that the caller may describe."""
    if caller.rights is None:
        return set(arns)
    permits = may_describe(caller)
    projects = {arn: _project_of(database, arn) for arn in arns}
    return {
        arn for arn, project in projects.items() if project is not None and permits("DescribeProjectVersions", project)
    }


def _project_of(database: Database, version_arn: str) -> str | None:
    version = database.read(lambda connection: find_version(connection, version_arn))
    return None if version is None else version.project_arn


def _require_bucket_rights(rights: Rights, region: str, *, is_listing: bool) -> None:
    from emulator.operations.authorization import refuse

    if is_listing:
        refuse(rights, rights.ask("s3:ListAllMyBuckets", "*"))
        return
    names = f"arn:aws:s3:::custom-labels-console-{region}-"
    refuse(rights, rights.ask("s3:CreateBucket", f"{names}new", pattern=f"{names}*"))
