"""What does each kind of job, but the console's tasks (`behind`). A start does not import it (`deferred_jobs`)."""

from __future__ import annotations

from emulator.domain.jobs import JobKind
from emulator.jobs.dataset_jobs import CopyDataset, CreateDataset, DeleteDataset, DistributeDataset, UpdateDataset
from emulator.jobs.entry_jobs import RelabelDataset, RemoveEntries
from emulator.jobs.readers import Readers
from emulator.jobs.runner import JobHandler
from emulator.jobs.training_preparation import Preparation
from emulator.jobs.version_jobs import (
    CopyVersion,
    DeleteProject,
    DeleteVersion,
    StartVersion,
    StopVersion,
    TrainVersion,
)
from emulator.jobs.worker_process import WorkerSettings
from emulator.server.assembly import cluster_description, object_store_description
from emulator.server.parts import Parts
from emulator.training.task import TrainingOptions


def job_handlers(parts: Parts) -> dict[JobKind, JobHandler]:
    """What does each kind of job, by the names that operations accept them under."""
    database, sweeper, hosting, readers = parts.database, parts.sweeper, parts.hosting, Readers()
    worker = WorkerSettings(
        database=parts.settings.database_url or str(parts.directories.database.resolve()),
        objects=object_store_description(parts.settings, parts.directories),
        key_source=parts.key_source,
        cluster=cluster_description(parts.settings, parts.directories),
        session=None if parts.settings.s3_endpoint_url else parts.askers.session,
    )
    return {
        JobKind.CREATE_DATASET: CreateDataset(database, sweeper, readers, parts.objects, worker, parts.askers),
        JobKind.COPY_DATASET: CopyDataset(database, sweeper, readers),
        JobKind.UPDATE_DATASET: UpdateDataset(database, sweeper, readers),
        JobKind.DISTRIBUTE_DATASET: DistributeDataset(database, sweeper, readers, parts.settings.seed),
        JobKind.DELETE_DATASET: DeleteDataset(database, sweeper, readers),
        JobKind.RELABEL_DATASET: RelabelDataset(database, sweeper, readers),
        JobKind.REMOVE_ENTRIES: RemoveEntries(database, sweeper, readers),
        JobKind.TRAIN_VERSION: _train_version(parts, worker, readers),
        JobKind.COPY_VERSION: CopyVersion(database, hosting, readers, parts.objects, parts.askers),
        JobKind.START_VERSION: StartVersion(database, hosting, parts.fleet),
        JobKind.STOP_VERSION: StopVersion(database, hosting, parts.fleet),
        JobKind.DELETE_VERSION: DeleteVersion(database, hosting, readers),
        JobKind.DELETE_PROJECT: DeleteProject(),
    }


def _train_version(parts: Parts, worker: WorkerSettings, readers: Readers) -> TrainVersion:
    settings = parts.settings
    return TrainVersion(
        parts.database,
        parts.hosting,
        Preparation(parts.database, parts.objects, parts.clocks, readers, seed=settings.seed, askers=parts.askers),
        parts.progress,
        worker,
        work_directory=parts.directories.work.resolve(),
        concurrent_trainings=settings.concurrent_trainings,
        options=TrainingOptions(
            seed=settings.seed,
            effort=settings.training_effort,
            threads=settings.training_threads,
            cache_directory=parts.directories.cache.resolve(),
        ),
        askers=parts.askers,
    )
