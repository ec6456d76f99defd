"""DetectCustomLabels (api-facts §2.17, §4; A-1 to A-10)."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial

from emulator.domain.caller import Caller
from emulator.domain.detection import check_size, highest_labels, invalid_s3_object, select_labels
from emulator.domain.errors import InvalidParameterError, ResourceNotReadyError
from emulator.domain.metering.quotas import RequestRateError
from emulator.domain.object_store import ObjectLocation, ObjectStore, ObjectStoreError
from emulator.domain.refusals import version_refused
from emulator.domain.shapes import DetectCustomLabelsRequest, DetectCustomLabelsResponse, S3Object
from emulator.domain.states import VersionState
from emulator.operations.context import Services
from emulator.operations.lookup import version_of
from emulator.operations.registry import coroutine_operation
from emulator.storage.rows import Version


@coroutine_operation(
    "DetectCustomLabels",
    limits="`Image.S3Object` is read with the caller's account from the S3 that the emulator uses, from buckets of the "
    "call's own Region. Of an outside S3 the Region is not known.",
    chosen=(
        "A confidence equal to `MinConfidence` is returned; `MaxResults` 0 means no limit.",
        "Both or neither of `Bytes` and `S3Object` answer InvalidParameterException.",
        "An image under 64 px or over 20:1 answers InvalidParameterException, over 4096 px ImageTooLargeException; "
        "bytes over 4 MB (4,194,304) ImageTooLargeException.",
        "A broken JPEG or PNG answers InvalidImageFormatException.",
        "EXIF orientation is applied before analysis.",
    ),
)
async def detect_custom_labels(
    services: Services, caller: Caller, parameters: DetectCustomLabelsRequest
) -> DetectCustomLabelsResponse:
    """Analyse an image with a running version."""
    image = parameters["Image"]
    if ("Bytes" in image) == ("S3Object" in image):
        raise InvalidParameterError("Request has invalid parameters. Image must have either Bytes or S3Object.")
    arn = parameters["ProjectVersionArn"]
    version = services.database.read_cached((caller, arn), lambda connection: version_of(connection, caller, arn))
    model_file = _running_model(version)
    if not services.fleet.take(arn):
        raise RequestRateError("DetectCustomLabels")
    # Taken hold of before anything else is awaited: a stop that comes meanwhile lets this call end normally.
    model = await services.hosting.load(arn, model_file)
    if "Bytes" in image:
        data = image["Bytes"]
        check_size(len(data), from_s3=False)
    else:
        data = await asyncio.to_thread(_read_image, services.objects, caller, image["S3Object"])
    minimum, maximum = parameters.get("MinConfidence"), parameters.get("MaxResults")
    key = image["S3Object"]["Name"] if "S3Object" in image else None
    find = partial(services.answers.find, arn, key, lambda: hashlib.sha256(data).hexdigest())
    forced = await asyncio.to_thread(find) if services.answers.ask_for_content else find()
    if forced is not None:
        return {"CustomLabels": highest_labels(forced.labels, minimum, maximum)}
    candidates, thresholds = await services.hosting.analyse(model, data)
    return {
        "CustomLabels": select_labels(candidates, thresholds, min_confidence=minimum, max_results=maximum),
    }


def _running_model(version: Version) -> str:
    if version.status is not VersionState.RUNNING or version.model_file is None:
        raise ResourceNotReadyError(version_refused(version.arn, version.status, "used"))
    return version.model_file


def _read_image(objects: ObjectStore, caller: Caller, named: S3Object) -> bytes:
    if "Bucket" not in named or "Name" not in named:
        raise InvalidParameterError("Request has invalid parameters. S3Object must have a Bucket and a Name.")
    location = ObjectLocation(named["Bucket"], named["Name"], named.get("Version"))
    try:
        check_size(objects.head(location, caller).size, from_s3=True)
        return objects.get(location, caller)
    except ObjectStoreError:
        raise invalid_s3_object() from None
