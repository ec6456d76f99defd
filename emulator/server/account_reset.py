"""Forgetting one account, while all others work on (O-39)."""

from __future__ import annotations

import asyncio
import shutil
from functools import partial

from emulator.server.parts import Parts
from emulator.storage.reset import delete_account


async def reset_account(parts: Parts, account: str) -> None:
    """End the account's work and forget what it has: as O-8 says of everything. To be called by one at a time."""
    job_ids = await drop_work_of(parts, account)
    model_files = await parts.database.write(partial(delete_account, account=account))
    # Once more, for what was accepted before the rows went and began only now.
    job_ids += await drop_work_of(parts, account)
    await asyncio.to_thread(_remove_files, parts, account, model_files, job_ids)
    parts.policies.reset(account)
    parts.clocks.give_up(account)
    parts.measurements.forget(account)
    parts.sweeper.sweep()


async def drop_work_of(parts: Parts, account: str) -> list[int]:
    """End what the account has running; the ids of its jobs."""
    job_ids = [job.id for job in parts.runner.open_jobs if job.account == account]
    await parts.runner.drop(lambda job: job.account == account)
    parts.hosting.unload_all(account)
    parts.fleet.clear(account)
    parts.request_quota.reset(account)
    return job_ids


def _remove_files(parts: Parts, account: str, model_files: list[str], job_ids: list[int]) -> None:
    parts.s3.reset(account)
    models, work = parts.directories.models, parts.directories.work
    for name in (*model_files, *(f"{job_id}.onnx" for job_id in job_ids)):
        (models / name).unlink(missing_ok=True)
    for job_id in job_ids:
        shutil.rmtree(work / str(job_id), ignore_errors=True)
