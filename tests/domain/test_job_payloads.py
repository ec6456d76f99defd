"""Payloads of jobs: what is written is read again, and what nobody wrote breaks one job alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.job_payloads import (
    CopyFrom,
    Distribution,
    JobPayload,
    NoPayload,
    Relabelling,
    Removal,
    TrainingSource,
    UnreadablePayload,
    UpsertLines,
    payload_from_json,
    payload_to_json,
)
from emulator.domain.jobs import JobKind
from emulator.storage.rows import Job

LABELS = st.dictionaries(st.text(), st.text(), max_size=3)
WRITTEN = st.one_of(
    st.tuples(st.just(JobKind.UPDATE_DATASET), st.builds(UpsertLines, st.binary())),
    st.tuples(st.just(JobKind.COPY_VERSION), st.builds(CopyFrom, st.text())),
    st.tuples(st.just(JobKind.RELABEL_DATASET), st.builds(Relabelling, LABELS, st.lists(st.text(), max_size=3))),
    st.tuples(st.just(JobKind.REMOVE_ENTRIES), st.builds(Removal, st.lists(st.text(), max_size=3))),
    st.tuples(st.just(JobKind.TRAIN_VERSION), st.builds(TrainingSource, st.booleans())),
    st.tuples(st.just(JobKind.STOP_VERSION), st.just(NoPayload())),
)


@given(WRITTEN)
def test_what_is_written_is_read_again(written: tuple[JobKind, JobPayload]) -> None:
    kind, payload = written
    assert payload_from_json(kind, json.loads(json.dumps(payload_to_json(payload)))) == payload


def test_distributions_of_the_first_release_have_no_status_before() -> None:
    assert payload_from_json(JobKind.DISTRIBUTE_DATASET, {"test_arn": "arn"}) == Distribution("arn", None)


@pytest.mark.parametrize(
    "kind, document",
    [
        (JobKind.UPDATE_DATASET, {"lines": "not base64!"}),
        (JobKind.UPDATE_DATASET, {"lines": 5}),
        (JobKind.COPY_DATASET, {}),
        (JobKind.START_VERSION, {"what": "more"}),
    ],
)
def test_what_nobody_wrote_breaks_the_work_of_its_job_alone(kind: JobKind, document: dict[str, object]) -> None:
    payload = payload_from_json(kind, document)
    assert payload == UnreadablePayload(document)
    job = Job(1, kind, "dataset", "arn", "project", "111122223333", "us-east-1", payload, {}, 1, None)
    with pytest.raises(TypeError, match=f"the {kind} job of arn has the payload"):
        job.payload_as(UpsertLines)
