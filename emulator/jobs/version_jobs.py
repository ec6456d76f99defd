"""Jobs on project versions: train, copy, start, stop, delete; and the deletion of projects."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from emulator.domain.caller import Caller
from emulator.domain.evaluation.result_keys import result_keys
from emulator.domain.job_payloads import CopyFrom, TrainingSource
from emulator.domain.jobs import Broke, Done, Outcome, VersionResults
from emulator.domain.messages import UNABLE_TO_COPY, VERSION_MESSAGES
from emulator.domain.object_store import ObjectLocation, ObjectStore, ObjectStoreError
from emulator.domain.states import VERSION_MOVES, Event, VersionState, next_state
from emulator.jobs.askers import Askers
from emulator.jobs.fair_places import FairPlaces
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.ingest import client_error
from emulator.jobs.readers import Readers
from emulator.jobs.threads import in_thread
from emulator.jobs.training_preparation import Preparation
from emulator.jobs.training_progress import RunningTrainings
from emulator.jobs.worker_process import WorkerSettings, run_in_worker
from emulator.storage.engine import Database
from emulator.storage.files import copy_file
from emulator.storage.projects import find_project, remove_project
from emulator.storage.rows import Job, Version
from emulator.storage.running_spans import begin_span
from emulator.storage.tags import read_tags, remove_tags
from emulator.storage.versions import VersionColumns, find_version, remove_version, set_version
from emulator.training.task import Manifests, TrainingOptions, TrainingTask
from emulator.vision.examples import Effort

logger = logging.getLogger(__name__)

EFFORT_TAG = "custom-labels:training-effort"
_SECONDS_FOR_A_MANIFEST_BYTE = 1 / 4000
"""A tenth of a second for an image with a label or two, whose line has 400 bytes."""


def version_of_job(connection: Connection, job: Job) -> Version:
    """The version that a job is about."""
    version = find_version(connection, job.resource_arn)
    assert version is not None, "a version is kept while a job is open for it"
    return version


def _keys_of(version: Version) -> dict[str, str]:
    """The object keys of a version's result files, by the first part of their names."""
    keys = result_keys(version.output_prefix, version.project_name, version.name)
    return {str(kind): key for kind, key in keys.items()}


def _due(job: Job, manifests: Manifests) -> float:
    """When a waiting training is due, in seconds: the shortest first, with ageing (O-32).

    The bytes of its manifests, which grow with images and boxes, stand for how long it will take. A training gives
    way to smaller ones of its account that were asked for soon after it, and to none that came later than that.
    """
    size = sum(path.stat().st_size for path in (manifests.training, manifests.testing) if path is not None)
    return job.started_at / 1000 + size * _SECONDS_FOR_A_MANIFEST_BYTE


class VersionHandler:
    """What all jobs on versions share: the outcome moves the version's state and says why."""

    def __init__(self, database: Database, hosting: Hosting) -> None:
        self.database = database
        self.hosting = hosting

    def version(self, job: Job) -> Version:
        """The version that a job is about, read on the event loop."""
        return self.database.read(lambda connection: version_of_job(connection, job))

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        """Move the version to the state that the outcome leads to, with the columns that the outcome brings."""
        version = version_of_job(connection, job)
        event = Event.DONE if isinstance(outcome, Done) else Event.BROKE
        state = next_state(VERSION_MOVES, version.status, event)
        assert state is not None, "a job on a version is open in a state that it can end"
        message = (outcome.message if isinstance(outcome, Broke) else None) or VERSION_MESSAGES[state]
        columns: VersionColumns = {**outcome.version, "status": state, "status_message": message}  # type: ignore[typeddict-item]
        if version.status is VersionState.TRAINING_IN_PROGRESS:
            columns["training_ended_at"] = max(now, version.created_at)
        set_version(connection, version.id, **columns)

    def settled(self, job: Job, outcome: Outcome) -> None:
        """Nothing more to do, unless a kind of job says otherwise."""


class TrainVersion(VersionHandler):
    """Trains in a worker process; a worker that dies is a failed training (TE-0), a restart begins anew."""

    def __init__(
        self,
        database: Database,
        hosting: Hosting,
        preparation: Preparation,
        progress: RunningTrainings,
        worker_settings: WorkerSettings,
        *,
        work_directory: Path,
        concurrent_trainings: int,
        options: TrainingOptions,
        askers: Askers,
    ) -> None:
        super().__init__(database, hosting)
        self._preparation = preparation
        self._progress = progress
        self._worker_settings = worker_settings
        self._work_directory = work_directory
        self._places = FairPlaces(concurrent_trainings)
        progress.order = self._places.order
        self._options = options
        self._askers = askers

    async def work(self, job: Job) -> Outcome:
        """Write the manifests down, wait for a free place, train."""
        version, refused = self.version(job), job.payload_as(TrainingSource).refused
        if refused:
            return client_error(refused)
        directory = self._work_directory / str(job.id)
        with self._progress.of(job.resource_arn) as progress:
            # Before waiting for a place, so that the datasets may change or go while this training waits.
            manifests = await self._preparation.prepare(job, version, directory)
            if isinstance(manifests, Broke):
                return manifests
            progress.effort = self._effort(version)
            logger.info("training of %s: effort %s", version.arn, progress.effort)
            progress.waits = True
            async with self._places.place(version.arn, job.account, _due(job, manifests)):
                progress.begin_billing()
                task = self._task(job, version, manifests, progress.effort)
                return await run_in_worker(self._worker_settings, task, progress.report)

    def _task(self, job: Job, version: Version, manifests: Manifests, effort: str) -> TrainingTask:
        """What the worker is told, with the rights of whoever asked as they are when the training begins (S-9)."""
        source = job.payload_as(TrainingSource)
        return TrainingTask(
            caller=self._askers.caller(job.account, job.region, source.asked_by),
            images_refused=source.images_refused,
            foreign_images=tuple(source.foreign_images),
            version_arn=version.arn,
            manifests=manifests,
            options=replace(self._options, effort=effort),
            bucket=version.output_bucket,
            keys=_keys_of(version),
            work_directory=self._work_directory / str(job.id),
            model_path=self.hosting.model_path(f"{job.id}.onnx"),
        )

    def _effort(self, version: Version) -> str:
        """What the version's tag says, else the setting (O-36)."""
        asked = self.database.read(lambda connection: read_tags(connection, version.arn)).get(EFFORT_TAG)
        if asked is None or asked in set(Effort):
            return asked or self._options.effort
        logger.warning("%s: the tag %s is ignored: there is no effort %r", version.arn, EFFORT_TAG, asked)
        return self._options.effort

    def settled(self, job: Job, outcome: Outcome) -> None:
        """The work directory is of no more use, nor is the model of a training that was cancelled when it was done."""
        shutil.rmtree(self._work_directory / str(job.id), ignore_errors=True)
        if isinstance(outcome, Broke):
            self.hosting.model_path(f"{job.id}.onnx").unlink(missing_ok=True)
        logger.info(
            "training of %s ended: %s", job.resource_arn, outcome.message if isinstance(outcome, Broke) else "trained"
        )


class CopyVersion(VersionHandler):
    """Copies a model file and its result files (CP-3)."""

    def __init__(
        self, database: Database, hosting: Hosting, readers: Readers, objects: ObjectStore, askers: Askers
    ) -> None:
        super().__init__(database, hosting)
        self._readers = readers
        self._objects = objects
        self._askers = askers

    async def work(self, job: Job) -> Outcome:
        """Copy in a thread; doing it twice is doing it once."""
        target, payload = self.version(job), job.payload_as(CopyFrom)
        if payload.refused:
            return Broke(payload.refused)
        source = self.database.read(lambda connection: find_version(connection, payload.source_arn))
        if source is None or source.model_file is None:
            return Broke("The source model was deleted.")
        with self._readers.reading(source.arn):
            return await in_thread(self._copy, job, source, target)

    def _copy(self, job: Job, source: Version, target: Version) -> Outcome:
        assert source.model_file is not None, "checked before"
        names = _keys_of(target)
        keys = {kind: names[kind] for kind in source.result_keys or {}}
        # The service reads what it wrote itself; whoever asked must be able to write (CP-14).
        reader = Caller(source.account, source.region)
        writer = self._askers.caller(target.account, target.region, job.payload_as(CopyFrom).asked_by)
        try:
            for kind, key in keys.items():
                origin = ObjectLocation(source.output_bucket, (source.result_keys or {})[kind])
                with self._objects.open(origin, reader) as body:
                    self._objects.put(ObjectLocation(target.output_bucket, key), body, writer, "application/json")
        except ObjectStoreError as error:
            logger.warning("the results of %s could not be copied: %s: %s", source.arn, type(error).__name__, error)
            return Broke(UNABLE_TO_COPY)
        model_file = f"{job.id}.onnx"
        copy_file(self.hosting.model_path(source.model_file), self.hosting.model_path(model_file))
        results: VersionResults = {
            "result_keys": keys,
            "model_file": model_file,
            "f1_score": source.f1_score,
            "quality": source.quality,
            "training_ended_at": source.training_ended_at,
            "billable_seconds": source.billable_seconds,
        }
        return Done(version=results)


class StartVersion(VersionHandler):
    """Loads the model; a model that cannot be loaded is FAILED."""

    def __init__(self, database: Database, hosting: Hosting, fleet: Fleet) -> None:
        super().__init__(database, hosting)
        self._fleet = fleet

    async def work(self, job: Job) -> Outcome:
        """Load the session into this process."""
        version = self.version(job)
        assert version.model_file is not None, "only trained versions are started"
        try:
            await self.hosting.load(version.arn, version.model_file)
        except Exception:
            logger.exception("%s could not be loaded", version.arn)
            return Broke()
        return Done()

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        """A version that is RUNNING begins to cost (R-2)."""
        super().apply(connection, job, outcome, now)
        if isinstance(outcome, Done):
            version = version_of_job(connection, job)
            begin_span(connection, version.arn, version.min_inference_units or 1, now)

    def settled(self, job: Job, outcome: Outcome) -> None:
        """Its inference units are in service."""
        if isinstance(outcome, Done):
            self._fleet.begin(self.version(job))


class StopVersion(VersionHandler):
    """Unloads the model."""

    def __init__(self, database: Database, hosting: Hosting, fleet: Fleet) -> None:
        super().__init__(database, hosting)
        self._fleet = fleet

    async def work(self, job: Job) -> Outcome:
        """Calls that are under way end normally."""
        self._fleet.end(job.resource_arn)
        self.hosting.unload(job.resource_arn)
        return Done()


class DeleteVersion(VersionHandler):
    """Removes a version, its tags and its model file."""

    def __init__(self, database: Database, hosting: Hosting, readers: Readers) -> None:
        super().__init__(database, hosting)
        self._readers = readers

    async def work(self, job: Job) -> Outcome:
        """Nothing takes time here but copies that were accepted before, and the transition policy."""
        await self._readers.finished(job.resource_arn)
        return Done(deleted_file=self.version(job).model_file)

    def apply(self, connection: Connection, job: Job, _outcome: Outcome, _now: int) -> None:
        """From now on DescribeProjectVersions no longer lists it."""
        remove_version(connection, version_of_job(connection, job).id)
        remove_tags(connection, job.resource_arn)

    def settled(self, job: Job, outcome: Outcome) -> None:
        """The model file goes once nothing refers to it."""
        self.hosting.unload(job.resource_arn)
        if isinstance(outcome, Done) and outcome.deleted_file is not None:
            self.hosting.model_path(outcome.deleted_file).unlink(missing_ok=True)


class DeleteProject:
    """Removes a project with its policies and tags."""

    async def work(self, _job: Job) -> Outcome:
        """Nothing takes time here but the transition policy."""
        return Done()

    def apply(self, connection: Connection, job: Job, _outcome: Outcome, _now: int) -> None:
        """From now on DescribeProjects no longer lists it."""
        project = find_project(connection, job.resource_arn)
        assert project is not None, "a project is kept while a job is open for it"
        remove_project(connection, project.id)
        remove_tags(connection, job.resource_arn)

    def settled(self, job: Job, outcome: Outcome) -> None:
        """Nothing more to do."""
