"""Rows as the rest of the emulator sees them: frozen records, one a resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import CursorResult

from emulator.domain.job_payloads import JobPayload, Payload
from emulator.domain.jobs import JobKind, Outcome
from emulator.domain.json_values import JsonObject
from emulator.domain.shapes import TestingData, TrainingData
from emulator.domain.states import DatasetState, ProjectState, VersionState


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `created_at` in milliseconds since the epoch, equal to the number that ends the ARN."""

    id: int
    account: str
    region: str
    name: str
    arn: str
    status: ProjectState
    feature: str
    auto_update: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset; `kind` is `train` or `test`; `content_id` is None until a first content was built."""

    id: int
    project_id: int
    kind: str
    arn: str
    created_at: int
    updated_at: int
    status: DatasetState
    status_message: str
    status_message_code: str
    content_id: int | None


@dataclass(frozen=True, slots=True)
class ContentStats:
    """What DatasetStats tells of a content (api-facts §2.5)."""

    total_entries: int
    labeled_entries: int
    error_entries: int
    total_labels: int


@dataclass(frozen=True, slots=True)
class Version:
    """A project version; `project_arn` and `project_name` come from its project; times in milliseconds."""

    id: int
    project_id: int
    project_arn: str
    project_name: str
    account: str
    region: str
    name: str
    arn: str
    created_at: int
    status: VersionState
    status_message: str
    description: str | None
    kms_key_id: str | None
    output_bucket: str
    output_prefix: str | None
    training_input: TrainingData
    testing_input: TestingData
    source_version_arn: str | None
    training_ended_at: int | None
    billable_seconds: int | None
    f1_score: float | None
    quality: JsonObject | None
    result_keys: dict[str, str] | None
    min_inference_units: int | None
    max_inference_units: int | None
    model_file: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """A project policy as it was last put; times in milliseconds."""

    id: int
    project_id: int
    name: str
    document: str
    revision_id: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Job:
    """Accepted work. `outcome` is None until the work is done; `policy` is the transition policy it was begun under."""

    id: int
    kind: JobKind
    transition: str
    resource_arn: str
    project_arn: str
    account: str
    region: str
    payload: JobPayload
    policy: JsonObject
    started_at: int
    outcome: Outcome | None

    def payload_as(self, form: type[Payload]) -> Payload:
        """The payload, which the job's kind says is of this form. Raises TypeError, which breaks the job's work."""
        if not isinstance(self.payload, form):
            raise TypeError(f"the {self.kind} job of {self.resource_arn} has the payload {self.payload!r}")
        return self.payload


def inserted_id(result: CursorResult[Any]) -> int:
    """The row id that an insert of one row was given."""
    assert result.inserted_primary_key is not None, "one row was inserted"
    return int(result.inserted_primary_key[0])


class EntryRecord(NamedTuple):
    """One dataset line as stored. `labels` maps each label of the image to its number of boxes (0 for image-level)."""

    source_ref: str
    line: str
    is_labeled: bool
    has_errors: bool
    labels: dict[str, int]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """The filters of ListDatasetEntries (api-facts §2.6), combined with AND; None means no filter."""

    contains_labels: tuple[str, ...] | None = None
    labeled: bool | None = None
    source_ref_contains: str | None = None
    has_errors: bool | None = None


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label of a content. `entries` counts images, `boxes` bounding boxes."""

    id: int
    name: str
    entries: int
    boxes: int
