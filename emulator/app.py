"""The composition root: builds every part from the settings and routes requests between them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from emulator import __version__
from emulator.console.page import ConsolePage
from emulator.control.app import Controls, create_control_app, read_json
from emulator.control.cloudwatch.app import CloudWatchApp
from emulator.control.knobs import Knobs, add_knobs
from emulator.domain.answers import AnswerBook
from emulator.domain.faults import FaultBook
from emulator.domain.measurements import Measurements
from emulator.domain.quotas import QuotaMode, RequestQuota
from emulator.domain.units import UnitSettings
from emulator.domain.usage import Prices
from emulator.jobs.clock import Clock
from emulator.jobs.dataset_jobs import CopyDataset, CreateDataset, DeleteDataset, DistributeDataset, UpdateDataset
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.metrics_keeper import MetricsKeeper
from emulator.jobs.runner import JobHandler, JobRunner
from emulator.jobs.sweeper import Sweeper
from emulator.jobs.training_preparation import Preparation
from emulator.jobs.training_progress import TrainingProgress
from emulator.jobs.transitions import TransitionPolicies
from emulator.jobs.version_jobs import (
    CopyVersion,
    DeleteProject,
    DeleteVersion,
    StartVersion,
    StopVersion,
    TrainVersion,
)
from emulator.jobs.worker_process import WorkerSettings
from emulator.lifecycle import Lifecycle
from emulator.operations.context import Services
from emulator.operations.dispatch import Dispatcher
from emulator.operations.gates import FaultGate, QuotaGate
from emulator.operations.observer import RequestObserver
from emulator.s3.embedded import EmbeddedS3
from emulator.settings import Settings
from emulator.storage.engine import Database
from emulator.wire.errors import AwsError
from emulator.wire.identity import identify_or_anonymous
from emulator.wire.pipeline import RekognitionEdge
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("custom_labels")


class Directories:
    """Where things lie inside the data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "state.sqlite"
        self.objects = root / "objects"
        self.models = root / "models"
        self.work = root / "work"
        self.cache = root / "cache"

    def create(self) -> None:
        """Make those that are missing."""
        for directory in (self.root, self.objects, self.models, self.work, self.cache):
            directory.mkdir(parents=True, exist_ok=True)


class Emulator:
    """All parts of one emulator, and the ASGI application that routes between them."""

    def __init__(self, settings: Settings, data_directory: Path) -> None:
        self.settings = settings
        self.directories = Directories(data_directory)
        self.directories.create()
        self.database = Database(self.directories.database)
        self.clock = Clock()
        self.s3 = EmbeddedS3(self.directories.objects, virtual_host_domain=settings.virtual_host_domain)
        self.hosting = Hosting(self.directories.models, settings.inference_threads)
        self.progress = TrainingProgress()
        self.sweeper = Sweeper(self.database)
        self.policies = TransitionPolicies(
            {
                "starting": settings.starting_seconds,
                "stopping": settings.stopping_seconds,
                "deleting": settings.deleting_seconds,
            }
        )
        self.measurements = Measurements()
        self.fleet = Fleet(self.database, self.clock, self.measurements.series, _unit_settings(settings))
        self.service_model = load_service_model()
        self.faults = FaultBook(self._modelled_errors(), settings.seed)
        self.answers = AnswerBook()
        self.request_quota = RequestQuota(self.quota_mode)
        self.metrics_keeper = MetricsKeeper(self.database, self.measurements.series)
        self.runner = JobRunner(self.database, self.clock, self.policies, self._handlers())
        self.lifecycle = Lifecycle(self)
        self.control = create_control_app(self._controls())
        add_knobs(self.control, self._knobs(), read_json)
        self.cloudwatch = CloudWatchApp(self.measurements.series, self.clock.now, self.fleet.refresh)
        self.console = ConsolePage()
        self.rekognition: RekognitionEdge | None = None

    def _controls(self) -> Controls:
        return Controls(
            version=__version__,
            is_ready=self.lifecycle.ready.is_set,
            reset=self.lifecycle.reset,
            settle=self.lifecycle.settle,
            policies=self.policies,
            clock=self.clock,
            is_enabled=self.settings.control == "on",
            token=self.settings.control_token,
        )

    @property
    def quota_mode(self) -> QuotaMode:
        """Whether the account's quotas hold."""
        return "aws" if self.settings.quotas == "aws" else "off"

    def _modelled_errors(self) -> dict[str, frozenset[str]]:
        operations = self.service_model.operations
        return {name: operations[name].error_codes for name in CUSTOM_LABELS_OPERATIONS}

    def _knobs(self) -> Knobs:
        return Knobs(
            version=__version__,
            faults=self.faults,
            answers=self.answers,
            measurements=self.measurements,
            fleet=self.fleet,
            trainings=self.progress,
            database=self.database,
            clock=self.clock,
            prices=Prices(self.settings.price_per_unit_hour, self.settings.price_per_training_hour),
            open_jobs=lambda: self.runner.open_jobs,
        )

    def _handlers(self) -> dict[str, JobHandler]:
        """What does each kind of job, by the names that operations accept them under."""
        objects = self.s3.store()
        worker = WorkerSettings(
            database_path=str(self.directories.database.resolve()),
            objects={"kind": "embedded", "directory": str(self.directories.objects.resolve())},
        )
        settings, database, sweeper = self.settings, self.database, self.sweeper
        preparation = Preparation(database, objects, self.clock, settings.seed)
        return {
            "create-dataset": CreateDataset(database, sweeper, objects, worker),
            "copy-dataset": CopyDataset(database, sweeper),
            "update-dataset": UpdateDataset(database, sweeper),
            "distribute-dataset": DistributeDataset(database, sweeper, settings.seed),
            "delete-dataset": DeleteDataset(database, sweeper),
            "train": TrainVersion(
                database,
                self.hosting,
                preparation,
                self.progress,
                worker,
                work_directory=self.directories.work.resolve(),
                concurrent_trainings=settings.concurrent_trainings,
                options={
                    "seed": settings.seed,
                    "effort": settings.training_effort,
                    "threads": settings.training_threads,
                    "cache_directory": str(self.directories.cache.resolve()),
                },
            ),
            "copy-version": CopyVersion(database, self.hosting, objects),
            "start-version": StartVersion(database, self.hosting, self.fleet),
            "stop-version": StopVersion(database, self.hosting, self.fleet),
            "delete-version": DeleteVersion(database, self.hosting),
            "delete-project": DeleteProject(),
        }

    def build_edge(self, token_secret: bytes) -> RekognitionEdge:
        """The Rekognition endpoint; its stages stand as a list in `wire.pipeline`."""
        services = Services(
            database=self.database,
            clock=self.clock,
            runner=self.runner,
            hosting=self.hosting,
            objects=self.s3.store(),
            token_secret=token_secret,
            fleet=self.fleet,
            answers=self.answers,
            quotas=self.quota_mode,
        )
        dispatcher = Dispatcher(
            services, hold_seconds=self.settings.waiter_hold, hold_for=self.settings.waiter_hold_for
        )
        return RekognitionEdge(
            self.service_model,
            dispatcher,
            default_account=self.settings.default_account,
            gates=[QuotaGate(self.request_quota, self.clock.now), FaultGate(self.faults)],
            observe=RequestObserver(self.measurements, self.clock.now),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route a request: /_emulator and /console by path, Rekognition by its target, everything else to S3."""
        if scope["type"] == "lifespan":
            await self.lifecycle.serve_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._route(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if _is_signed_for(scope, b"monitoring"):
            await self._serve_as_caller(self.cloudwatch, scope, receive, send)
        elif path == "/" and _is_rekognition(scope):
            await self.lifecycle.serving.wait()
            assert self.rekognition is not None, "serving means that the edge was built"
            await self.rekognition(scope, receive, send)
        elif path.startswith("/_emulator/"):
            await self.control(scope, receive, send)
        elif path == "/console" or path.startswith("/console/"):
            await self.console(scope, receive, send)
        else:
            await self._serve_as_caller(self.s3, scope, receive, send)

    async def _serve_as_caller(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        await self.lifecycle.serving.wait()
        try:
            identity = identify_or_anonymous(
                dict(scope["headers"]), scope["query_string"], self.settings.default_account
            )
            scope["aws.account"], scope["aws.region"] = identity.account, identity.region
        except AwsError:
            scope["aws.account"], scope["aws.region"] = self.settings.default_account, "us-east-1"
        await app(scope, receive, send)


def _unit_settings(settings: Settings) -> UnitSettings:
    return UnitSettings(
        tps_per_unit=settings.tps_per_unit,
        scale_up_share=settings.scale_up_percent / 100,
        scale_up_seconds=settings.scale_up_seconds,
        in_service_delay_seconds=settings.in_service_seconds,
        scale_down_share=settings.scale_down_percent / 100,
        scale_down_seconds=settings.scale_down_seconds,
    )


def _is_signed_for(scope: Scope, service: bytes) -> bool:
    """Whether the credential scope of the signature names this service."""
    return any(name == b"authorization" and b"/" + service + b"/" in value for name, value in scope["headers"])


def _is_rekognition(scope: Scope) -> bool:
    """By X-Amz-Target, by the credential scope, or by a browser's preflight that announces the target header."""
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            return True
        if name == b"authorization" and b"/rekognition/" in value:
            return True
        if name == b"access-control-request-headers" and b"x-amz-target" in value.lower():
            return True
    return bool(scope["method"] == "POST" and not scope["query_string"])


def create_app(settings: Settings, data_directory: Path) -> Emulator:
    """The ASGI application on a data directory that this process holds the lock of."""
    return Emulator(settings, data_directory)
