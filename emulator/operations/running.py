"""StartProjectVersion and StopProjectVersion (api-facts §2.14, §2.15; R-1, R-10)."""

from __future__ import annotations

from emulator.domain.errors import InvalidParameterError, ResourceInUseError
from emulator.domain.jobs import JobKind
from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.metering.quotas import Quota
from emulator.domain.refusals import version_refused
from emulator.domain.shapes import (
    StartProjectVersionRequest,
    StartProjectVersionResponse,
    StopProjectVersionRequest,
    StopProjectVersionResponse,
)
from emulator.domain.states import VERSION_MOVES, Event, VersionState, next_state
from emulator.jobs.stopping import begin_to_stop
from emulator.operations.context import AnyContext, Context
from emulator.operations.lookup import version_of
from emulator.operations.registry import Runs, operation
from emulator.storage.versions import count_versions, set_version


@operation(
    "StartProjectVersion",
    Runs.WRITES,
    chosen=(
        "Allowed from TRAINING_COMPLETED, COPYING_COMPLETED, STOPPED and FAILED; any other state answers "
        "ResourceInUseException, RUNNING included (units change by stop and start).",
        "`MaxInferenceUnits` below `MinInferenceUnits` answers InvalidParameterException.",
    ),
)
def start_project_version(context: Context[StartProjectVersionRequest]) -> StartProjectVersionResponse:
    """Begin to run a trained version with its inference units (R-1)."""
    parameters = context.parameters
    version = version_of(context.connection, context.caller, parameters["ProjectVersionArn"])
    minimum, maximum = parameters["MinInferenceUnits"], parameters.get("MaxInferenceUnits")
    if maximum is not None and maximum < minimum:
        raise InvalidParameterError(
            f"MaxInferenceUnits, {maximum}, must not be less than MinInferenceUnits, {minimum}. Leave it away "
            "for a fixed number."
        )
    state = next_state(VERSION_MOVES, version.status, Event.START)
    if state is None:
        raise ResourceInUseError(version_refused(version.arn, version.status, "started"))
    set_version(context.connection, version.id, status=state, status_message=VERSION_MESSAGES[state])
    _check_quotas(context, maximum or minimum)
    set_version(context.connection, version.id, min_inference_units=minimum, max_inference_units=maximum)
    context.accept(JobKind.START_VERSION, "starting", version.arn, version.project_arn)
    return {"Status": state}


@operation(
    "StopProjectVersion",
    Runs.WRITES,
    chosen=("A version that is not RUNNING, STARTING included, answers ResourceInUseException.",),
)
def stop_project_version(context: Context[StopProjectVersionRequest]) -> StopProjectVersionResponse:
    """Stop a running version (R-10); from now on DetectCustomLabels answers ResourceNotReadyException."""
    version = version_of(context.connection, context.caller, context.parameters["ProjectVersionArn"])
    job = begin_to_stop(context.connection, context.services.runner, version, context.now())
    if job is None:
        raise ResourceInUseError(version_refused(version.arn, version.status, "stopped"))
    context.accepted.append(job)
    return {"Status": VersionState.STOPPING}


def _check_quotas(context: AnyContext, units: int) -> None:
    """The running models (this one is among them by now) and the units of one (api-facts §6)."""
    caller, running = context.caller, (VersionState.STARTING, VersionState.RUNNING)
    count = count_versions(context.connection, caller.account, caller.region, running)
    context.check_quota(Quota.RUNNING_MODELS, count, adding=0)
    context.check_quota(Quota.INFERENCE_UNITS, 0, adding=units)
