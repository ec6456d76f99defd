"""What callers must be allowed in S3 for the work that they ask for, looked at when they ask (S-9).

The guide tells of missing rights as ends of the work (E-4, TE-4, TE-5, TE-8), not as errors of the call, so what is
refused here travels with the work. Whoever is let in here is asked again when the work reads and writes: both count.
"""

from __future__ import annotations

from collections.abc import Iterable

from emulator.domain.object_store import ObjectAccessDeniedError, ObjectAction, ObjectLocation, ObjectStoreError
from emulator.domain.shapes import S3Object
from emulator.operations.context import AnyContext


def may_read(context: AnyContext, objects: Iterable[S3Object]) -> bool:
    """Whether the caller may read all of these, as far as it is known without the work."""
    places = (ObjectLocation(one["Bucket"], one["Name"], one.get("Version")) for one in objects)
    return _may(context, "s3:GetObject", places)


def may_write_results(context: AnyContext, project_name: str) -> bool:
    """Whether the caller may write the result files of a new version of a project."""
    if context.caller.rights is None:
        return True
    from emulator.domain.evaluation.result_keys import result_keys  # only where rights are looked at

    output, name = context.parameters["OutputConfig"], context.parameters["VersionName"]
    keys = result_keys(output.get("S3KeyPrefix"), project_name, name).values()
    return _may(context, "s3:PutObject", (ObjectLocation(output["S3Bucket"], key) for key in keys))


def may_use_images(context: AnyContext, buckets: Iterable[str]) -> bool:
    """Whether the caller may ask who owns the buckets of images, as a training does (TE-8, TE-10)."""
    return _may(context, "s3:GetBucketAcl", (ObjectLocation(bucket, "") for bucket in buckets))


def _may(context: AnyContext, action: ObjectAction, locations: Iterable[ObjectLocation]) -> bool:
    if context.caller.rights is None:
        return True
    try:
        for location in locations:
            context.services.objects.require(action, location, context.caller)
    except ObjectAccessDeniedError:
        return False
    except ObjectStoreError:
        return True
    return True
