"""StatusMessage texts (api-facts §3.3). Those marked `ours` are unknown of AWS and listed in docs/parity.md."""

from __future__ import annotations

from emulator.domain.states import DatasetState, VersionState

TRAINING_CANCELLED = "The training was cancelled."  # ours, O-32
UNABLE_TO_COPY = "The training results could not be copied to the output S3 bucket."  # ours, CP-14
SERVICE_ISSUE = "Amazon Rekognition experienced a service issue."

VERSION_MESSAGES: dict[VersionState, str] = {
    VersionState.TRAINING_IN_PROGRESS: "The model is being trained.",
    VersionState.TRAINING_COMPLETED: "The model is ready to run.",
    VersionState.TRAINING_FAILED: SERVICE_ISSUE,
    VersionState.STARTING: "The model is being started.",  # ours
    VersionState.RUNNING: "The model is running.",  # ours
    VersionState.FAILED: "The model failed to run.",  # ours
    VersionState.STOPPING: "The model is being stopped.",  # ours
    VersionState.STOPPED: "The model has stopped running.",  # seen in the console, C-16
    VersionState.DELETING: "The model is being deleted.",  # ours
    VersionState.COPYING_IN_PROGRESS: "The model is being copied.",  # ours
    VersionState.COPYING_COMPLETED: "The model is ready to run.",  # ours
    VersionState.COPYING_FAILED: "The model could not be copied.",  # ours
}


def runs_long_message(seconds: float) -> str:
    """The StatusMessage of a model that runs for longer than the user wanted to be warned of (ours, O-39)."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    lasted = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
    return f"The model has been running for {lasted}. Its inference units are billed until it is stopped."


DATASET_MESSAGES: dict[DatasetState, str] = {
    DatasetState.CREATE_IN_PROGRESS: "The dataset is being created.",  # ours
    DatasetState.CREATE_COMPLETE: "The dataset was successfully created from the manifest file.",
    DatasetState.CREATE_FAILED: SERVICE_ISSUE,
    DatasetState.UPDATE_IN_PROGRESS: "The dataset is being updated.",  # ours
    DatasetState.UPDATE_COMPLETE: "The dataset was successfully updated.",  # ours
    DatasetState.UPDATE_FAILED: SERVICE_ISSUE,
    DatasetState.DELETE_IN_PROGRESS: "The dataset is being deleted.",  # ours
}

EMPTY_DATASET_CREATED = "The dataset was successfully created."  # ours
COPIED_DATASET_CREATED = "The dataset was successfully created from the dataset."  # ours
DATASET_DISTRIBUTED = "The dataset entries were successfully distributed."  # ours
