"""Accepted work in the database, so that a restart finds it (O-19)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from emulator.domain.job_payloads import JobPayload, payload_from_json, payload_to_json
from emulator.domain.jobs import JobKind, Outcome, outcome_from_json, outcome_to_json
from emulator.domain.json_values import JsonObject
from emulator.storage.rows import Job, inserted_id
from emulator.storage.tables import jobs

_COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.transition,
    jobs.c.resource_arn,
    jobs.c.project_arn,
    jobs.c.account,
    jobs.c.region,
    jobs.c.payload,
    jobs.c.policy,
    jobs.c.started_at,
    jobs.c.outcome,
)

# Built once: building a statement takes longer than running it.
_ALL = select(*_COLUMNS).order_by(jobs.c.id)
_IS_ONE = jobs.c.id == bindparam("id_")
_INSERT = insert(jobs)
_SET_OUTCOME = update(jobs).where(_IS_ONE).values(outcome=bindparam("found"))
_REMOVE = delete(jobs).where(_IS_ONE)
_OPEN = select(jobs.c.id).where(jobs.c.outcome.is_(None)).limit(1)


def _job(row: Any) -> Job:
    outcome = None if row.outcome is None else outcome_from_json(row.outcome)
    kind = JobKind(row.kind)
    payload = payload_from_json(kind, row.payload)
    return Job(**{**row._mapping, "kind": kind, "payload": payload, "outcome": outcome})


def add_job(
    connection: Connection,
    *,
    kind: JobKind,
    transition: str,
    resource_arn: str,
    project_arn: str,
    account: str,
    region: str,
    payload: JobPayload,
    policy: JsonObject,
    started_at: int,
) -> Job:
    """Store work that begins under a transition policy at `started_at`, in milliseconds."""
    values = {
        "kind": kind,
        "transition": transition,
        "resource_arn": resource_arn,
        "project_arn": project_arn,
        "account": account,
        "region": region,
        "policy": policy,
        "started_at": started_at,
    }
    result = connection.execute(_INSERT, {**values, "payload": payload_to_json(payload)})
    # Not read again: a payload may have megabytes.
    return Job(
        inserted_id(result),
        kind,
        transition,
        resource_arn,
        project_arn,
        account,
        region,
        payload,
        policy,
        started_at,
        outcome=None,
    )


def list_jobs(connection: Connection) -> list[Job]:
    """All work that is not over, oldest first."""
    return [_job(row) for row in connection.execute(_ALL)]


def is_work_open(connection: Connection) -> bool:
    """Whether there is work whose outcome is not known yet."""
    return connection.execute(_OPEN).one_or_none() is not None


_ENDED_TRAININGS = select(jobs.c.resource_arn, jobs.c.outcome).where(
    jobs.c.kind == JobKind.TRAIN_VERSION, jobs.c.outcome.is_not(None)
)


def ended_trainings(connection: Connection) -> dict[str, Outcome]:
    """What came of trainings whose end does not show yet, by the ARN of their version."""
    return {arn: outcome_from_json(outcome) for arn, outcome in connection.execute(_ENDED_TRAININGS)}


def set_job_outcome(connection: Connection, job_id: int, outcome: Outcome) -> None:
    """Note that the work is done and what came of it."""
    connection.execute(_SET_OUTCOME, {"id_": job_id, "found": outcome_to_json(outcome)})


def remove_job(connection: Connection, job_id: int) -> None:
    """The work and its effect are over."""
    connection.execute(_REMOVE, {"id_": job_id})
