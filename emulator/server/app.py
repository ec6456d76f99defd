"""The composition root: builds every part from the settings and routes requests between them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import APIRouter

from emulator import __version__
from emulator.cloudwatch.app import CloudWatchApp
from emulator.console.api import GuardedApi, create_console_api
from emulator.console.context import CALLER, About, ConsoleParts
from emulator.console.errors import error_response
from emulator.console.page import ConsolePage
from emulator.console.preview_cache import PreviewCache
from emulator.console.snapshots import Snapshots
from emulator.console.task_runs import TaskHandler
from emulator.console.task_works import WORKS
from emulator.console.watching import Watcher
from emulator.control.app import Controls, create_control_app, is_of_this_site
from emulator.control.decisions import decisions_router
from emulator.control.knobs import Knobs, knobs_router
from emulator.control.localstack import localstack_router
from emulator.control.models import ModelArchives, models_router
from emulator.control.state import StateArchive, state_router
from emulator.control.trainings import trainings_router
from emulator.domain.caller import Caller
from emulator.domain.controls.answers import AnswerBook
from emulator.domain.controls.faults import FaultBook
from emulator.domain.jobs import Broke, JobKind
from emulator.domain.json_values import JsonObject
from emulator.domain.messages import TRAINING_CANCELLED
from emulator.domain.metering.measurements import Measurements
from emulator.domain.metering.quotas import QuotaMode, RequestQuota
from emulator.domain.metering.usage import Prices
from emulator.domain.object_store import ObjectStore
from emulator.domain.temporary_credentials import SessionTokens, account_of
from emulator.jobs.clock import Clock
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.metrics_keeper import MetricsKeeper
from emulator.jobs.objects import open_object_store
from emulator.jobs.runner import JobRunner
from emulator.jobs.sweeper import Sweeper
from emulator.jobs.training_progress import TrainingProgress
from emulator.jobs.transitions import TransitionPolicies
from emulator.operations.context import Services
from emulator.operations.dispatch import Dispatcher
from emulator.operations.gates import FaultGate, QuotaGate
from emulator.operations.holding import HoldSettings
from emulator.operations.observer import RequestObserver
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.errors import S3Error
from emulator.s3.http.presigned import check_expiry
from emulator.server.access_parts import Access, open_access
from emulator.server.archive_files import begins_an_archive
from emulator.server.assembly import (
    Directories,
    JobParts,
    console_buckets,
    event_transports,
    job_handlers,
    object_store_description,
    unit_settings,
)
from emulator.server.browser_guard import BrowserGuard
from emulator.server.lifecycle import Lifecycle
from emulator.server.model_archive import ModelArchive
from emulator.server.parts import Parts
from emulator.server.routing import Destination, destination
from emulator.settings import Settings
from emulator.storage.engine import Database
from emulator.sts.app import OtherServices
from emulator.wire.asgi import App, Receive, Scope, Send
from emulator.wire.errors import AwsError
from emulator.wire.identity import identify, identify_or_anonymous
from emulator.wire.pipeline import RekognitionEdge
from emulator.wire.refused import Why, json_error
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

logger = logging.getLogger(__name__)


class Emulator:
    """All parts of one emulator, and the ASGI application that routes between them."""

    def __init__(self, settings: Settings, data_directory: Path) -> None:
        self.settings = settings
        self.directories = Directories(data_directory)
        self.directories.create()
        self.database = Database(self.directories.database)
        self.clock = Clock()
        self.s3 = EmbeddedS3(
            self.directories.objects,
            virtual_host_domain=settings.virtual_host_domain,
            console_origin=f"http://{settings.host}:{settings.port}",
            transports=event_transports(settings),
        )
        self.objects = self._open_objects()
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
        self.fleet = Fleet(self.database, self.clock, self.measurements.series, unit_settings(settings))
        self.service_model = load_service_model()
        self.faults = FaultBook(self._modelled_errors(), settings.seed)
        self.answers = AnswerBook()
        self.request_quota = RequestQuota(self.quota_mode)
        self.metrics_keeper = MetricsKeeper(self.database, self.measurements.series)
        self.console_buckets = console_buckets(self.s3, self.objects, settings)
        handlers = job_handlers(self._job_parts())
        handlers[JobKind.CONSOLE_TASK] = TaskHandler(
            self.database, self.objects, self.console_buckets, self._services, WORKS
        )
        self.runner = JobRunner(self.database, self.clock, self.policies, handlers)
        self._guarded = BrowserGuard(
            self._route, settings.virtual_host_domain, _listed(settings.hosts), _listed(settings.cors_origins)
        )
        self.lifecycle = Lifecycle(self._parts(), self._build_edge)
        self.access = open_access(settings, self._session_tokens)
        self.control = create_control_app(
            self._controls(),
            knobs_router(self._knobs()),
            trainings_router(self.database, self.cancel_training),
            models_router(self.database, self.hosting.model_path, self._model_archives()),
            state_router(self._state_archive()),
            self._localstack_router(),
            decisions_router(self._decisions),
        )
        self.other_services = OtherServices(self._session_tokens, self.access.roles if self.access else None)
        self.cloudwatch = CloudWatchApp(self.measurements.series, self.clock.now, self.fleet.refresh)
        self.console = ConsolePage()
        self.session_tokens: SessionTokens | None = None
        self.services: Services | None = None
        self.console_api = GuardedApi(create_console_api(self._console_parts()), is_of_this_site)

    def _session_tokens(self) -> SessionTokens:
        assert self.session_tokens is not None, "serving means that the key of sessions was read"
        return self.session_tokens

    def _localstack_router(self) -> APIRouter:
        lifecycle = self.lifecycle
        return localstack_router(__version__, lifecycle.serving.is_set, lifecycle.ready.is_set, lifecycle.init_scripts)

    def _decisions(self, account: str | None) -> list[JsonObject]:
        return [] if self.access is None else self.access.gatekeeper.decisions.document(account)

    def _state_archive(self) -> StateArchive:
        lifecycle = self.lifecycle
        return StateArchive(lifecycle.save, lifecycle.load, begins_an_archive, self.directories.work)

    def _model_archives(self) -> ModelArchives:
        archive = ModelArchive(self._parts(), self.objects, self.lifecycle.reset_lock)
        return ModelArchives(archive.save, archive.add, begins_an_archive, self.directories.work)

    def _open_objects(self) -> ObjectStore:
        """The embedded S3 in process, or the outside one that the settings name."""
        if not self.settings.s3_endpoint_url:
            return self.s3.store()
        return open_object_store(object_store_description(self.settings, self.directories))

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

    def _console_parts(self) -> ConsoleParts:
        settings = self.settings
        about = About(
            version=__version__,
            s3="external" if settings.s3_endpoint_url else "embedded",
            control_enabled=settings.control == "on",
            control_token_required=bool(settings.control_token),
            auth=settings.auth,
            default_account=settings.default_account,
        )
        return ConsoleParts(
            about=about,
            database=self.database,
            objects=self.objects,
            buckets=self.console_buckets,
            previews=PreviewCache(self.directories.previews),
            services=self._services,
            trainings=self.progress,
            watcher=Watcher(
                self.database, self.progress, self.clock, lambda: self.lifecycle.epoch, self.lifecycle.ending
            ),
            snapshots=Snapshots(self.objects),
            cancel_training=self.cancel_training,
        )

    async def cancel_training(self, arn: str) -> bool:
        """O-32: end a training that waits or runs; False where there is none."""
        return await self.runner.abandon(JobKind.TRAIN_VERSION, arn, Broke(TRAINING_CANCELLED))

    def _services(self) -> Services:
        assert self.services is not None, "serving means that the edge was built"
        return self.services

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
            job_kinds=self.runner.job_kinds,
        )

    def _parts(self) -> Parts:
        return Parts(
            settings=self.settings,
            directories=self.directories,
            database=self.database,
            clock=self.clock,
            s3=self.s3,
            hosting=self.hosting,
            sweeper=self.sweeper,
            policies=self.policies,
            measurements=self.measurements,
            fleet=self.fleet,
            faults=self.faults,
            answers=self.answers,
            request_quota=self.request_quota,
            metrics_keeper=self.metrics_keeper,
            runner=self.runner,
        )

    def _job_parts(self) -> JobParts:
        return JobParts(
            settings=self.settings,
            directories=self.directories,
            database=self.database,
            objects=self.objects,
            clock=self.clock,
            hosting=self.hosting,
            fleet=self.fleet,
            sweeper=self.sweeper,
            progress=self.progress,
        )

    def _build_edge(self, token_secret: bytes) -> RekognitionEdge:
        """The Rekognition endpoint; its stages stand as a list in `wire.pipeline`."""
        self.services = Services(
            database=self.database,
            clock=self.clock,
            runner=self.runner,
            hosting=self.hosting,
            objects=self.objects,
            token_secret=token_secret,
            fleet=self.fleet,
            answers=self.answers,
            quotas=self.quota_mode,
        )
        settings = self.settings
        self.session_tokens = SessionTokens(token_secret, settings.auth)
        holds = HoldSettings(settings.waiter_hold, settings.waiter_hold_for, settings.settle_hold)
        dispatcher = Dispatcher(self.services, holds, self.access.gatekeeper.rights_of if self.access else None)
        return RekognitionEdge(
            self.service_model,
            dispatcher,
            default_account=self.settings.default_account,
            account_of=account_of,
            gates=[QuotaGate(self.request_quota, self.clock.now), FaultGate(self.faults, self.lifecycle.ending)],
            observe=RequestObserver(self.measurements, self.clock.now),
            admit=None if self.access is None else self.access.gatekeeper.admit_for_json,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the part that it is for (`routing`)."""
        if scope["type"] == "lifespan":
            await self.lifecycle.serve_lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                await self._guarded(scope, receive, send)
            except asyncio.CancelledError:
                if not self.lifecycle.ending.is_set():
                    raise
                await _tell_that_it_ends(send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        match destination(scope):
            case Destination.REKOGNITION:
                self.measurements.in_progress += 1
                try:
                    await self.lifecycle.serving.wait()
                    await self.lifecycle.edge(scope, receive, send)
                finally:
                    self.measurements.in_progress -= 1
            case Destination.CONTROL:
                await self.control(scope, receive, send)
            case Destination.CONSOLE:
                await self.console(scope, receive, send)
            case Destination.CONSOLE_API:
                await self._serve_console_api(scope, receive, send)
            case Destination.CLOUDWATCH:
                await self._serve_as_caller(self.cloudwatch, scope, receive, send)
            case Destination.OTHER_SERVICES:
                await self._serve_as_caller(self.other_services, scope, receive, send)
            case Destination.S3:
                await self._serve_s3(scope, receive, send)

    async def _serve_console_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.lifecycle.serving.wait()
        if self.access is not None:
            await self._serve_console_api_as_admitted(self.access, scope, receive, send)
            return
        headers, query = dict(scope["headers"]), scope["query_string"]
        try:
            if b"authorization" in headers or b"X-Amz-Signature" in query:
                identity = identify(headers, query, self.settings.default_account, account_of)
                check_expiry(dict(parse_qsl(query.decode("latin-1"))), datetime.now(UTC))
                scope[CALLER] = Caller(identity.account, identity.region)
        except AwsError as error:
            await error_response(error.status, error.code, error.message)(scope, receive, send)
        except S3Error as error:
            await error_response(403, "RequestExpired", error.message)(scope, receive, send)
        else:
            await self.console_api(scope, receive, send)

    async def _serve_console_api_as_admitted(self, access: Access, scope: Scope, receive: Receive, send: Send) -> None:
        receive = await access.admissions.to_service(scope, receive, _SERVICE_OF_CONSOLE)
        refused = scope.get("aws.refusal")
        if refused is None:
            scope[CALLER] = Caller(scope["aws.account"], scope["aws.region"], scope["aws.rights"])
        elif refused.why is not Why.MISSING:
            error = json_error(refused)
            await error_response(403, error.code, error.message)(scope, receive, send)
            return
        await self.console_api(scope, receive, send)

    async def _serve_s3(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.access is None:
            await self._serve_as_caller(self.s3, scope, receive, send)
            return
        await self.lifecycle.serving.wait()
        self.access.admissions.to_s3(scope)
        await self.s3(scope, receive, send)

    async def _serve_as_caller(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        await self.lifecycle.serving.wait()
        if self.access is not None:
            await app(scope, await self.access.admissions.to_service(scope, receive), send)
            return
        try:
            identity = identify_or_anonymous(
                dict(scope["headers"]), scope["query_string"], self.settings.default_account, account_of
            )
            scope["aws.account"], scope["aws.region"] = identity.account, identity.region
        except AwsError as error:
            scope["aws.account"], scope["aws.region"] = self.settings.default_account, "us-east-1"
            scope["aws.unreadable_signature"] = error.message
        await app(scope, receive, send)


_SERVICE_OF_CONSOLE = frozenset({"rekognition"})


def _listed(setting: str) -> list[str]:
    return [part for part in setting.split(",") if part]


async def _tell_that_it_ends(send: Send) -> None:
    """Answer a call that there was no time for (O-3); SDKs try again after a 503. What is half sent is cut off."""
    with suppress(RuntimeError):
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"23"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"The emulator is ending."})


def create_app(settings: Settings, data_directory: Path) -> Emulator:
    """The ASGI application on a data directory that this process holds the lock of."""
    return Emulator(settings, data_directory)
