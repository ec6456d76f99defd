"""A whole training as one task on another machine: the worker process of ADR 004, with JSON in and JSON out, there."""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from distributed import Worker, get_worker

from emulator.domain.caller import Caller
from emulator.domain.jobs import Outcome, outcome_from_json
from emulator.domain.json_values import JsonObject, JsonValue
from emulator.jobs.cluster.connection import Cluster
from emulator.jobs.worker_process import record_decision, worker_environment
from emulator.s3.rules.acl import canonical_user_id
from emulator.storage.files import written_file
from emulator.training.task import TrainingTask

if TYPE_CHECKING:
    from emulator.training.run import Report

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_EVENTS = 0.25
# States of a task of a worker while somebody wants its result.
_WANTED = frozenset({"executing", "long-running"})


class RemoteTrainingError(Exception):
    """The training's process on the worker ended without a result, as one on this machine may (TE-0)."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training: the JSON of its outcome, None where its process died; the model's file, if any.

    `problem` says what the worker's machine lacked, such as room on its disk.
    """

    outcome: JsonObject | None
    model: bytes | None
    exit_status: int
    problem: str = ""


def train_elsewhere(
    cluster: Cluster, task: TrainingTask, objects: JsonObject, report: Report, *, owners_are_accounts: bool
) -> Outcome:
    """Have one worker do the training; where it or the scheduler is lost, the training begins anew.

    `objects` describes the object store as workers reach it. What is logged there is logged here. With
    `owners_are_accounts` buckets are the embedded S3's, which names their owners to workers as S3 does. Raises
    RemoteTrainingError.
    """
    manifests = task.manifests
    files = {"training": zlib.compress(manifests.training.read_bytes(), 1)}
    if manifests.testing is not None:
        files["testing"] = zlib.compress(manifests.testing.read_bytes(), 1)
    topic = f"custom-labels-training-{uuid.uuid4()}"

    def hear(answers: JsonValue) -> None:
        for answer in answers:
            if "log" in answer:
                entry = answer["log"]
                logging.getLogger(entry["logger"]).log(entry["level"], "%s", entry["text"])
            elif "decision" in answer:
                record_decision(answer["decision"], task.caller)
            else:
                report(answer["stage"], answer["done"], answer["total"], answer["loss"])

    cluster.listen(topic, hear)
    report("waiting for a Dask worker", 0, 1)
    if owners_are_accounts:
        manifests = replace(
            manifests,
            training_owners=tuple(map(canonical_user_id, manifests.training_owners)),
            testing_owners=tuple(map(canonical_user_id, manifests.testing_owners)),
        )
    # An S3 that is asked with the keys of a session decides about whoever asked for the training by itself.
    caller = Caller(task.caller.account, task.caller.region) if objects.get("credentials") else task.caller
    sent = replace(task, caller=caller, manifests=manifests).to_json()
    trained = cluster.start(train_here, json.dumps(sent), json.dumps(objects), files, topic).result()
    if trained.problem:
        logger.error("the training failed on its Dask worker: %s", trained.problem)
        raise RemoteTrainingError(trained.problem)
    if trained.outcome is None:
        raise RemoteTrainingError(f"the training's process on the worker ended with status {trained.exit_status}")
    if trained.model is not None:
        with written_file(task.model_path) as stream:
            stream.write(trained.model)
    return outcome_from_json(trained.outcome)


def train_here(task: str, objects: str, files: dict[str, bytes], topic: str) -> Trained:
    """One training in a process of its own below this Dask worker; its progress is told under the topic.

    The process ends when nobody wants the result any more, and with the worker, however that ends. Errors of the
    machine come back as a value: those of Dask alone are reasons to ask again.
    """
    worker = get_worker()
    try:
        return _trained_by(worker, task, objects, files, topic)
    except OSError as error:
        return Trained(None, None, 0, f"{worker.name}: {error}")


def _trained_by(worker: Worker, task: str, objects: str, files: dict[str, bytes], topic: str) -> Trained:
    # Beside what workers keep for themselves, so that another training finds its features and checkpoints.
    cache = Path(worker.local_directory).parent / "custom-labels-cache"
    cache.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="training-", dir=worker.local_directory) as folder:
        local = _localised(TrainingTask.from_json(json.loads(task)), files, Path(folder), cache)
        settings = {"database": "", "objects": json.loads(objects), "cluster": None}
        message = json.dumps({"task": "train", "settings": settings, "argument": local.to_json()})
        with _process(message) as process, _Teller(worker, topic) as teller:
            outcome = _outcome(process, teller, _is_wanted(worker))
            assert process.stdin is not None, "it is a pipe"
            process.stdin.close()
            status = process.wait()
        model = local.model_path.read_bytes() if outcome is not None and local.model_path.exists() else None
        return Trained(outcome, model, status)


def _localised(task: TrainingTask, files: dict[str, bytes], folder: Path, cache: Path) -> TrainingTask:
    """The task with the manifests, and all that it writes, in this machine's folders."""
    places = {side: folder / f"{side}.manifest" for side in files}
    for side, data in files.items():
        places[side].write_bytes(zlib.decompress(data))
    return replace(
        task,
        manifests=replace(task.manifests, training=places["training"], testing=places.get("testing")),
        options=replace(task.options, cache_directory=cache),
        work_directory=folder,
        model_path=folder / task.model_path.name,
    )


@contextmanager
def _process(message: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator.jobs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=worker_environment(),
    )
    try:
        assert process.stdin is not None, "it is a pipe"
        process.stdin.write(message + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _outcome(process: subprocess.Popen[str], teller: _Teller, is_wanted: Callable[[], bool]) -> JsonObject | None:
    """The outcome that the process answers; None where it dies or nobody wants it any more. Raises its OSError."""
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    assert process.stdout is not None, "it is a pipe"
    threading.Thread(target=_read, args=(process.stdout, answers), daemon=True).start()
    while is_wanted():
        try:
            line = answers.get(timeout=_SECONDS_BETWEEN_EVENTS)
        except queue.Empty:
            teller.tell()
            continue
        if line is None:
            return None
        answer: JsonObject = json.loads(line)
        if "result" in answer:
            outcome: JsonObject = answer["result"]
            return outcome
        if "problem" in answer:
            raise OSError(answer["problem"])
        teller.add(answer)
    process.kill()
    return None


def _read(stream: IO[str], answers: queue.SimpleQueue[str | None]) -> None:
    try:
        for line in stream:
            answers.put(line)
    except ValueError:  # closed meanwhile
        pass
    answers.put(None)


def _is_wanted(worker: Worker) -> Callable[[], bool]:
    """Whether the scheduler still wants what the running task gives. Dask ends no thread; this one looks by itself."""
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in _WANTED and worker.status.name == "running"

    return wanted


class _Teller:
    """Tells what a training says, a few times a second."""

    def __init__(self, worker: Worker, topic: str) -> None:
        self._worker = worker
        self._topic = topic
        self._answers: list[JsonObject] = []
        self._told_at = 0.0

    def __enter__(self) -> _Teller:
        return self

    def __exit__(self, *_: object) -> None:
        self._told_at = 0.0
        self.tell()

    def add(self, answer: JsonObject) -> None:
        """Tell this, now or soon."""
        self._answers.append(answer)
        self.tell()

    def tell(self) -> None:
        """Tell what was not told yet, unless something was just now."""
        now = time.monotonic()
        if self._answers and now - self._told_at >= _SECONDS_BETWEEN_EVENTS:
            self._told_at = now
            self._worker.log_event(self._topic, self._answers)
            self._answers = []
