"""What refusals say: which resource, in which state, and what would help. The sentences are ours: AWS's are not known.

The first sentence says what is wrong, the second what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping

from emulator.domain.arns import Arn
from emulator.domain.caller import Caller
from emulator.domain.states import DatasetState, VersionState

_LISTED_BY = {
    "project": "DescribeProjects lists the projects that there are",
    "dataset": "DescribeProjects lists the datasets of each project",
    "project version": "DescribeProjectVersions lists the versions of a project",
}

_VERSION_ADVICE: Mapping[VersionState, str] = {
    VersionState.TRAINING_IN_PROGRESS: "Wait until it is TRAINING_COMPLETED.",
    VersionState.TRAINING_COMPLETED: "It does not run: start it first.",
    VersionState.TRAINING_FAILED: "Its StatusMessage says why: train another version.",
    VersionState.STARTING: "Wait until it is RUNNING.",
    VersionState.RUNNING: "Stop it first.",
    VersionState.FAILED: "Start it again, or delete it.",
    VersionState.STOPPING: "Wait until it is STOPPED.",
    VersionState.STOPPED: "It does not run: start it first.",
    VersionState.DELETING: "It will be gone in a moment: use another version.",
    VersionState.COPYING_IN_PROGRESS: "Wait until it is COPYING_COMPLETED.",
    VersionState.COPYING_COMPLETED: "It does not run: start it first.",
    VersionState.COPYING_FAILED: "Its StatusMessage says why: copy it again under another name.",
}
_DATASET_ADVICE: Mapping[DatasetState, str] = {
    DatasetState.CREATE_IN_PROGRESS: "Wait until it is CREATE_COMPLETE.",
    DatasetState.CREATE_FAILED: "Its StatusMessage says why: delete it and create it again.",
    DatasetState.UPDATE_IN_PROGRESS: "Wait until it is UPDATE_COMPLETE.",
    DatasetState.DELETE_IN_PROGRESS: "It will be gone in a moment: create another one then.",
}


def not_found(kind: str, given: str, arn: Arn, caller: Caller) -> str:
    """`kind` is project, dataset or project version; `given` the ARN as the caller wrote it, `arn` the same, read."""
    said = f"The {kind} {given} was not found."
    if (arn.account, arn.region) != (caller.account, caller.region):
        return (
            f"{said} It is of account {arn.account} in {arn.region}; this call came from account {caller.account} "
            f"to {caller.region}."
        )
    return f"{said} {_LISTED_BY[kind]} in account {caller.account} and {caller.region}."


def version_refused(arn: str, state: VersionState, done: str) -> str:
    """A version that cannot be `done` (started, stopped, deleted, copied, used) in its state."""
    advice = _VERSION_ADVICE[state]
    if state is VersionState.RUNNING and done == "started":
        advice = "It runs already: to change its inference units, stop it and start it again."
    elif done == "stopped" and advice.startswith("It does not run"):
        advice = "It does not run: there is nothing to stop."
    return f"The version {arn} is in state {state} and cannot be {done}. {advice}"


def dataset_refused(arn: str, state: DatasetState, done: str) -> str:
    """A dataset that cannot be `done` (updated, deleted, read, copied, distributed, trained with) in its state."""
    return f"The dataset {arn} is in state {state} and cannot be {done}. {_DATASET_ADVICE[state]}"


def project_refused(arn: str, done: str) -> str:
    """A project that is being deleted."""
    return f"The project {arn} is in state DELETING and cannot be {done}. Create a project of another name."
