"""The worker process's own side: reads one task, does it, reports, ends (see `worker_process`)."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, TextIO

from emulator.domain.jobs import DatabaseLostError, Outcome, outcome_to_json
from emulator.domain.json_values import JsonObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.domain.iam.evaluation import Decision
    from emulator.domain.object_store import ObjectStore
    from emulator.training.run import Report
    from emulator.training.task import TrainingTask

# A line is a few objects and leaves no circles; looking for some every 700 objects takes a fifth of the time.
_LINES_BETWEEN_COLLECTIONS = 100_000
_NICENESS = 10
_OUR_LOGGER = "emulator"

_answering = threading.Lock()


def main() -> None:
    """Read the task from standard input, do it, write its result to standard output."""
    answers = _reserve_standard_output()
    message = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logger = logging.getLogger(_OUR_LOGGER)
    logger.setLevel(logging.INFO)
    logger.addHandler(_LogToParent(answers))
    if hasattr(os, "nice"):
        os.nice(_NICENESS)

    def report(stage: str, done: int, total: int, loss: float | None = None) -> None:
        _answer(answers, {"stage": stage, "done": done, "total": total, "loss": loss})

    def tell(decision: Decision) -> None:
        from emulator.domain.iam.rights import decision_to_json  # only where rights are looked at

        _answer(answers, {"decision": decision_to_json(decision)})

    try:
        result = _perform(message["task"], message["settings"], message["argument"], report, tell)
    except DatabaseLostError as error:
        _answer(answers, {"database_lost": str(error)})
    except OSError as error:  # such as a full disk: whoever asked has to know, on whatever machine this is
        _answer(answers, {"problem": str(error)})
        raise
    else:
        _answer(answers, {"result": outcome_to_json(result)})


def _perform(
    task: str, settings: JsonObject, argument: JsonObject, report: Report, tell: Callable[[Decision], None]
) -> Outcome:
    from emulator.jobs.objects import open_object_store

    objects = open_object_store(settings["objects"])
    if task == "ingest":
        from emulator.jobs.ingest import IngestTask, build_content
        from emulator.jobs.line_examination import examined_beside
        from emulator.storage.engine import open_database

        gc.freeze()
        gc.set_threshold(_LINES_BETWEEN_COLLECTIONS)
        ingest, database = IngestTask.from_json(argument, tell), open_database(settings["database"])
        try:
            return build_content(database, objects, ingest, examined_beside)
        except Exception as error:
            if database.is_lost(error):
                raise DatabaseLostError(" ".join(str(error).split())) from error
            raise
    if task == "train":
        from emulator.training.run import run_training
        from emulator.training.task import TrainingTask

        training = TrainingTask.from_json(argument, tell)
        if settings["cluster"] is not None:
            return _train_with_cluster(settings, training, objects, report)
        return run_training(training, objects, report)
    raise ValueError(f"unknown task {task}")


def _train_with_cluster(settings: JsonObject, training: TrainingTask, objects: ObjectStore, report: Report) -> Outcome:
    from emulator.jobs.cluster.blocks import DaskWorkers
    from emulator.jobs.cluster.connection import Cluster
    from emulator.jobs.cluster.settings import ClusterSettings, Spread
    from emulator.training.run import run_training

    wanted = ClusterSettings.from_json(settings["cluster"])
    with Cluster(wanted, lambda what: report(what, 0, 1)) as cluster:
        if wanted.spread is Spread.STAGES:
            return run_training(training, objects, report, DaskWorkers(cluster, training.options.threads))
        from emulator.jobs.cluster.trainings import train_elsewhere

        assert wanted.objects is not None, "whole trainings have a store that workers reach"
        is_embedded = settings["objects"]["kind"] == "embedded"
        return train_elsewhere(cluster, training, wanted.objects, report, owners_are_accounts=is_embedded)


def _reserve_standard_output() -> TextIO:
    """Standard output for answers alone; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


class _LogToParent(logging.Handler):
    """Sends what is logged here to the emulator, whose log it belongs in."""

    def __init__(self, answers: TextIO) -> None:
        super().__init__()
        self._answers = answers

    def emit(self, record: logging.LogRecord) -> None:
        """One answer for each record."""
        entry = {"logger": record.name, "level": record.levelno, "text": self.format(record)}
        _answer(self._answers, {"log": entry})


def _answer(answers: TextIO, message: JsonObject) -> None:
    """Write one line, whole, from whichever thread."""
    with _answering:
        answers.write(json.dumps(message) + "\n")
        answers.flush()


def _end_with_parent() -> None:
    """Standard input closes when the parent ends, however it ends."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
