"""Building the larger parts from the settings: the object store and the handlers of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from emulator.domain.caller import Caller
from emulator.domain.jobs import JobKind
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.units import UnitSettings
from emulator.domain.object_store import ObjectStore
from emulator.jobs.clock import Clock
from emulator.jobs.dataset_jobs import CopyDataset, CreateDataset, DeleteDataset, DistributeDataset, UpdateDataset
from emulator.jobs.entry_jobs import RelabelDataset, RemoveEntries
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.readers import Readers
from emulator.jobs.runner import JobHandler
from emulator.jobs.sweeper import Sweeper
from emulator.jobs.training_preparation import Preparation
from emulator.jobs.training_progress import TrainingProgress
from emulator.jobs.version_jobs import (
    CopyVersion,
    DeleteProject,
    DeleteVersion,
    StartVersion,
    StopVersion,
    TrainVersion,
)
from emulator.jobs.worker_process import WorkerSettings
from emulator.s3.console_bucket import new_name
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.events.transports import AwsEndpoint, Transport, Webhook
from emulator.settings import Settings
from emulator.storage.engine import Database
from emulator.training.task import TrainingOptions

if TYPE_CHECKING:
    from emulator.s3.external import ExternalS3Store


class Directories:
    """Where things lie inside the data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "state.sqlite"
        self.objects = root / "objects"
        self.models = root / "models"
        self.work = root / "work"
        self.cache = root / "cache"
        self.previews = root / "previews"

    def create(self) -> None:
        """Make those that are missing."""
        for directory in (self.root, self.objects, self.models, self.work, self.cache, self.previews):
            directory.mkdir(parents=True, exist_ok=True)


def object_store_description(settings: Settings, directories: Directories) -> JsonObject:
    """The object store as `jobs.objects.open_object_store` takes it; travels to worker processes as JSON."""
    if not settings.s3_endpoint_url:
        return {"kind": "embedded", "directory": str(directories.objects.resolve())}
    return {
        "kind": "external",
        "endpoint_url": settings.s3_endpoint_url,
        "region": settings.s3_region or None,
        "addressing_style": settings.s3_addressing_style,
        "credentials_file": settings.s3_credentials or None,
        "checksums": settings.s3_checksums,
    }


@dataclass(frozen=True, slots=True)
class EmbeddedBuckets:
    """`ConsoleBuckets` on the embedded S3."""

    s3: EmbeddedS3

    def find(self, caller: Caller) -> str | None:
        return self.s3.find_console_bucket(caller.account, caller.region)

    def propose(self, caller: Caller) -> str:
        return new_name(caller.region)

    def make(self, caller: Caller, name: str | None) -> str:
        return self.s3.console_bucket(caller.account, caller.region, name)


@dataclass(frozen=True, slots=True)
class ExternalBuckets:
    """`ConsoleBuckets` on an outside S3. `origin` is that of the page."""

    store: ExternalS3Store
    origin: str

    def find(self, caller: Caller) -> str | None:
        return self.store.find_console_bucket(caller)

    def propose(self, caller: Caller) -> str:
        return new_name(caller.region)

    def make(self, caller: Caller, name: str | None) -> str:
        return self.store.console_bucket(caller, self.origin, name)


def console_buckets(s3: EmbeddedS3, objects: ObjectStore, settings: Settings) -> EmbeddedBuckets | ExternalBuckets:
    """Where the console's buckets are made: in the S3 that the settings name."""
    if not settings.s3_endpoint_url:
        return EmbeddedBuckets(s3)
    return ExternalBuckets(cast("ExternalS3Store", objects), f"http://{settings.host}:{settings.port}")


def event_transports(settings: Settings) -> list[Transport]:
    """The ways by which events of objects leave."""
    transports: list[Transport] = []
    if settings.events_webhook_url:
        transports.append(Webhook(settings.events_webhook_url))
    if settings.events_endpoint_url:
        transports.append(AwsEndpoint(settings.events_endpoint_url))
    return transports


def unit_settings(settings: Settings) -> UnitSettings:
    """The rules of inference units (O-21, O-22)."""
    return UnitSettings(
        tps_per_unit=settings.tps_per_unit,
        scale_up_share=settings.scale_up_percent / 100,
        scale_up_seconds=settings.scale_up_seconds,
        in_service_delay_seconds=settings.in_service_seconds,
        scale_down_share=settings.scale_down_percent / 100,
        scale_down_seconds=settings.scale_down_seconds,
    )


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the handlers of jobs work with."""

    settings: Settings
    directories: Directories
    database: Database
    objects: ObjectStore
    clock: Clock
    hosting: Hosting
    fleet: Fleet
    sweeper: Sweeper
    progress: TrainingProgress


def job_handlers(parts: JobParts) -> dict[JobKind, JobHandler]:
    """What does each kind of job, by the names that operations accept them under."""
    database, sweeper, hosting, readers = parts.database, parts.sweeper, parts.hosting, Readers()
    worker = WorkerSettings(
        database_path=str(parts.directories.database.resolve()),
        objects=object_store_description(parts.settings, parts.directories),
    )
    return {
        JobKind.CREATE_DATASET: CreateDataset(database, sweeper, readers, parts.objects, worker),
        JobKind.COPY_DATASET: CopyDataset(database, sweeper, readers),
        JobKind.UPDATE_DATASET: UpdateDataset(database, sweeper, readers),
        JobKind.DISTRIBUTE_DATASET: DistributeDataset(database, sweeper, readers, parts.settings.seed),
        JobKind.DELETE_DATASET: DeleteDataset(database, sweeper, readers),
        JobKind.RELABEL_DATASET: RelabelDataset(database, sweeper, readers),
        JobKind.REMOVE_ENTRIES: RemoveEntries(database, sweeper, readers),
        JobKind.TRAIN_VERSION: _train_version(parts, worker, readers),
        JobKind.COPY_VERSION: CopyVersion(database, hosting, readers, parts.objects),
        JobKind.START_VERSION: StartVersion(database, hosting, parts.fleet),
        JobKind.STOP_VERSION: StopVersion(database, hosting, parts.fleet),
        JobKind.DELETE_VERSION: DeleteVersion(database, hosting, readers),
        JobKind.DELETE_PROJECT: DeleteProject(),
    }


def _train_version(parts: JobParts, worker: WorkerSettings, readers: Readers) -> TrainVersion:
    settings = parts.settings
    return TrainVersion(
        parts.database,
        parts.hosting,
        Preparation(parts.database, parts.objects, parts.clock, readers, seed=settings.seed),
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
    )
