"""Worker processes: where training and large ingests run, so that the API stays quick and a crash stays a failed job.

A worker is `python -m emulator.jobs.worker`. It gets its task as one JSON line on standard input, answers with JSON
lines on standard output (progress, what it logs, what it decides, then `result`), and ends itself when its standard
input closes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.domain.caller import Caller
from emulator.domain.jobs import DatabaseLostError, Outcome, outcome_from_json
from emulator.domain.json_values import JsonObject
from emulator.jobs.ingest import IngestTask
from emulator.training.task import TrainingTask

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource
    from emulator.domain.temporary_credentials import TemporaryCredentials

_LONGEST_MESSAGE = 64 * 1024 * 1024

ProgressListener = Callable[[str, int, int, float | None], None]
"""Hears the stage, how many of how many steps of it are done, and the loss of the last one where there is one."""


class WorkerDiedError(Exception):
    """The worker process ended without a result; its exit status is in the message."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker needs to open the state (a path or a URL) and the objects for itself; travels as JSON.

    `key_source` gives the keys of KMS as they are when the worker begins.
    `cluster`: the `ClusterSettings` of the Dask cluster that helps with trainings, if there is one. `session` gives the
    keys with which another machine acts for a caller in the embedded S3, where that verifies signatures.
    """

    database: str
    objects: JsonObject
    key_source: KeySource | None = None
    cluster: JsonObject | None = None
    session: Callable[[Caller], TemporaryCredentials] | None = None

    def as_json(self, caller: Caller) -> JsonObject:
        """The settings for the standard input of a worker that acts for a caller."""
        keys = None if self.key_source is None else [key.to_json() for key in self.key_source().keys]
        objects = {**self.objects, "keys": keys}
        return {"database": self.database, "objects": objects, "cluster": self._cluster(caller)}

    def _cluster(self, caller: Caller) -> JsonObject | None:
        if self.cluster is None or self.session is None:
            return self.cluster
        keys = self.session(caller)
        given = (keys.access_key_id, keys.secret_access_key, keys.session_token)
        return {**self.cluster, "objects": {**self.cluster["objects"], "credentials": given}}


async def run_in_worker(
    settings: WorkerSettings, task: TrainingTask | IngestTask, on_progress: ProgressListener | None = None
) -> Outcome:
    """Do a task in a process of its own (`emulator.jobs.worker`) and give what came of it.

    What the worker logs is logged here, after the ARN of the version that is trained. Cancelling kills the process.
    Raises WorkerDiedError where it ends without a result, DatabaseLostError where it may be done again.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "emulator.jobs.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_MESSAGE,
        env=worker_environment(),
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        name, about = ("train", task.version_arn) if isinstance(task, TrainingTask) else ("ingest", "ingest")
        message = {"task": name, "settings": settings.as_json(task.caller), "argument": task.to_json()}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        with suppress(ConnectionError):  # it died already: its exit status is told below
            await process.stdin.drain()
        async for line in process.stdout:
            answer = json.loads(line)
            if "result" in answer:
                return outcome_from_json(answer["result"])
            if "database_lost" in answer:
                raise DatabaseLostError(answer["database_lost"])
            if "problem" in answer:
                raise WorkerDiedError(f"the {name} worker ended: {answer['problem']}")
            if "log" in answer:
                _log_again(answer["log"], about)
            elif "decision" in answer:
                record_decision(answer["decision"], task.caller)
            elif on_progress is not None:
                on_progress(answer["stage"], answer["done"], answer["total"], answer["loss"])
        raise WorkerDiedError(f"the {name} worker ended with exit status {await process.wait()}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _log_again(entry: JsonObject, about: str) -> None:
    """Log what a worker logged, under the same name, and say what it is about."""
    logging.getLogger(entry["logger"]).log(entry["level"], "%s: %s", about, entry["text"])


def record_decision(document: JsonObject, caller: Caller) -> None:
    """Keep what was decided in the worker among the decisions of this process (O-33)."""
    from emulator.domain.iam.rights import decision_from_json  # only where rights are looked at

    if caller.rights is not None and caller.rights.record is not None:
        caller.rights.record(decision_from_json(document, caller.rights))


def worker_environment() -> dict[str, str]:
    """The process's environment; the package is found even where it is not installed (a checkout).

    PYTHONSAFEPATH keeps a folder `emulator` in the working directory from being taken for it.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
