"""TagResource, UntagResource, ListTagsForResource on projects, datasets and versions (api-facts §2.21-2.23; TG-*)."""

from __future__ import annotations

from emulator.domain.arns import parse_arn
from emulator.domain.metering.quotas import Quota, check_count
from emulator.domain.shapes import (
    ListTagsForResourceRequest,
    ListTagsForResourceResponse,
    TagResourceRequest,
    TagResourceResponse,
    UntagResourceRequest,
    UntagResourceResponse,
)
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import dataset_of, project_of, version_of
from emulator.operations.registry import Runs, operation
from emulator.storage.tags import read_tags, remove_tags, write_tags


@operation(
    "TagResource",
    Runs.WRITES,
    chosen=(
        "Over 200 tags on a resource answer ServiceQuotaExceededException, whether quotas hold or not.",
        "An ARN of anything but a project, dataset or version answers InvalidParameterException.",
    ),
)
def tag_resource(context: Context[TagResourceRequest]) -> TagResourceResponse:
    """Add tags, overwriting those whose keys exist."""
    arn = _existing_resource(context)
    tags = context.parameters["Tags"]
    together = len(read_tags(context.connection, arn) | dict(tags))
    check_count("aws", Quota.TAGS_PER_RESOURCE, together, context.caller.region, adding=0)
    write_tags(context.connection, arn, tags)
    return {}


@operation("UntagResource", Runs.WRITES, chosen=("Keys that the resource does not have are ignored.",))
def untag_resource(context: Context[UntagResourceRequest]) -> UntagResourceResponse:
    """Remove tags by key."""
    remove_tags(context.connection, _existing_resource(context), context.parameters["TagKeys"])
    return {}


@operation("ListTagsForResource", Runs.READS)
def list_tags_for_resource(context: Context[ListTagsForResourceRequest]) -> ListTagsForResourceResponse:
    """All tags of a resource; an empty map where there are none (TG-3)."""
    return {"Tags": read_tags(context.connection, _existing_resource(context))}


def _existing_resource(context: AnyContext) -> str:
    arn: str = context.parameters["ResourceArn"]
    match parse_arn(arn).resource:
        case "project":
            project_of(context, arn)
        case "dataset":
            dataset_of(context, arn)
        case _:
            version_of(context.connection, context.caller, arn)
    return arn
