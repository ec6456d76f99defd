"""What callers must be allowed in S3 for the work that they ask for, looked at when they ask (S-9).

The guide tells of missing rights as ends of the work (E-4, TE-4, TE-5, TE-8), not as errors of the call, so what is
refused here travels with the work. Whoever is let in here is asked again when the work reads and writes: both count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emulator.domain.object_store import ObjectAccessDeniedError, ObjectAction, ObjectLocation, ObjectStoreError
from emulator.domain.shapes import S3Object
from emulator.operations.context import AnyContext
from emulator.storage.contents import content_bucket, manifest_owner
from emulator.storage.rows import Dataset


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


@dataclass(frozen=True, slots=True)
class ImagesLook:
    """What is known of the images' buckets without the work.

    `is_refused`: the caller may not ask who owns them, as a training does (TE-8). `foreign_sides`, `training` and
    `testing`, are those whose images lie with another owner than their manifest (TE-10).
    """

    is_refused: bool = False
    foreign_sides: tuple[str, ...] = ()


def look_at_images(context: AnyContext, train: Dataset | None, test: Dataset | None) -> ImagesLook:
    """Look at the buckets of both datasets' images; without a test dataset its side is a part of the other's."""
    if context.caller.rights is None:
        return ImagesLook()
    foreign: list[str] = []
    owners: dict[str, str | None] = {}
    for side, dataset in (("training", train), ("testing", test or train)):
        content_id = None if dataset is None else dataset.content_id
        bucket, owner = content_bucket(context.connection, content_id), manifest_owner(context.connection, content_id)
        if bucket is None:
            continue
        try:
            if bucket not in owners:
                owners[bucket] = context.services.objects.known_owner(bucket, context.caller)
        except ObjectAccessDeniedError:
            return ImagesLook(is_refused=True)
        except ObjectStoreError:
            owners[bucket] = None
        if owner is not None and owners[bucket] not in (None, owner):
            foreign.append(side)
    return ImagesLook(foreign_sides=tuple(foreign))


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
