"""The composition root: builds every part from the settings and routes requests between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from emulator import __version__
from emulator.domain.controls.answers import AnswerBook
from emulator.domain.controls.faults import FaultBook
from emulator.domain.jobs import Broke, JobKind
from emulator.domain.messages import TRAINING_CANCELLED
from emulator.domain.metering.measurements import Measurements
from emulator.domain.metering.quotas import QuotaMode, RequestQuota
from emulator.domain.object_store import ObjectStore
from emulator.domain.temporary_credentials import SessionTokens, account_of
from emulator.jobs.askers import Askers, RightsAtWork
from emulator.jobs.clock import Clocks
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.metrics_keeper import MetricsKeeper
from emulator.jobs.objects import open_object_store
from emulator.jobs.runner import JobHandler, JobRunner
from emulator.jobs.running_watch import RunningWatch, WatchSettings
from emulator.jobs.sweeper import Sweeper
from emulator.jobs.training_progress import RunningTrainings
from emulator.operations.context import Services
from emulator.operations.dispatch import Dispatcher
from emulator.operations.gates import FaultGate, QuotaGate
from emulator.operations.holding import HoldSettings
from emulator.operations.observer import RequestObserver
from emulator.server.access_parts import open_access, open_key_file
from emulator.server.assembly import (
    console_buckets,
    embedded_s3,
    object_store_description,
    transition_policies,
    unit_settings,
)
from emulator.server.browser_guard import BrowserGuard
from emulator.server.deferred_jobs import DeferredHandlers
from emulator.server.directories import Directories
from emulator.server.lifecycle import Lifecycle
from emulator.server.parts import Parts
from emulator.server.probes import Probes
from emulator.server.routing import Destination, destination
from emulator.settings import Settings
from emulator.storage.engine import Database
from emulator.wire.asgi import App, Receive, Scope, Send
from emulator.wire.deferred import Deferred
from emulator.wire.errors import AwsError
from emulator.wire.identity import identify_or_anonymous
from emulator.wire.pipeline import RekognitionEdge
from emulator.wire.precedence import Precedence
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model
from emulator.wire.validation import compile_readers, use_quick_parser

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource

logger = logging.getLogger(__name__)


class Emulator:
    """All parts of one emulator, and the ASGI application that routes between them."""

    def __init__(self, settings: Settings, data_directory: Path) -> None:
        self.settings = settings
        self.directories = Directories(data_directory)
        self.directories.create()
        self.database = Database(settings.database_url or self.directories.database)
        self.clocks = Clocks()
        self.services: Services | None = None
        self.session_tokens: SessionTokens | None = None
        self.access = open_access(settings, self._session_tokens)
        self.identities_file = self.access or open_key_file(settings)
        self.key_source = self._key_source()
        self.precedence = Precedence()
        self.s3 = embedded_s3(settings, self.directories, self.key_source, self.precedence)
        self.objects = self._open_objects()
        self.hosting = Hosting(self.directories.models, settings.inference_threads)
        self.progress = RunningTrainings()
        self.sweeper = Sweeper(self.database)
        self.policies = transition_policies(settings)
        self.measurements = Measurements()
        self.fleet = Fleet(self.database, self.clocks, self.measurements.series, unit_settings(settings))
        self.service_model = load_service_model()
        self.faults = FaultBook(self._modelled_errors(), settings.seed)
        self.answers = AnswerBook()
        self.request_quota = RequestQuota(self.quota_mode)
        self.metrics_keeper = MetricsKeeper(self.database, self.measurements.series)
        self.console_buckets = console_buckets(self.s3, self.objects, settings)
        self._jobs = DeferredHandlers(self._build_job_handlers)
        self._console_jobs = DeferredHandlers(self._build_console_handlers)
        console_kinds = {JobKind.CONSOLE_TASK}
        handlers = self._jobs.of(set(JobKind) - console_kinds) | self._console_jobs.of(console_kinds)
        self.runner = JobRunner(self.database, self.clocks, self.policies, handlers)
        self._guarded = BrowserGuard(
            self._route, settings.virtual_host_domain, _listed(settings.hosts), _listed(settings.cors_origins)
        )
        self.parts = self._parts()
        self.lifecycle = Lifecycle(self.parts, self._build_edge, self._build_what_is_behind)
        self._control = Deferred(self._build_control)
        self.control = Probes(__version__, self.lifecycle.ready.is_set, self._control)
        self.cloudwatch = Deferred(self._build_cloudwatch)
        self.kms = Deferred(self._build_kms)
        self.other_services = Deferred(self._build_other_services)
        self.console = Deferred(self._build_console)
        self.console_api = Deferred(self._build_console_api)

    async def _build_what_is_behind(self) -> None:
        """Import and build, once it is ready, what a start does not wait for: what is needed soonest comes first."""
        apps = (self.other_services, self.cloudwatch, self.kms, self._control, self.console_api, self.console)
        steps: tuple[Callable[[], Awaitable[object]], ...] = (
            partial(asyncio.to_thread, compile_readers, self.service_model, CUSTOM_LABELS_OPERATIONS),
            self.s3.http.built,
            self._jobs.soon,
            partial(asyncio.to_thread, use_quick_parser),
            *(app.built for app in apps),
            self._console_jobs.soon,
        )
        for build in steps:
            await self._let_calls_go_first()
            await build()

    async def _let_calls_go_first(self) -> None:
        """Wait, two seconds at most, for a moment without calls of operations: an import would slow them down."""
        for _ in range(40):
            answered = self.measurements.series.samples
            await asyncio.sleep(0.05)
            if answered == self.measurements.series.samples and not self.measurements.in_progress:
                return

    def _build_job_handlers(self) -> Mapping[JobKind, JobHandler]:
        from emulator.server.job_handlers import job_handlers

        return job_handlers(self.parts)

    def _build_console_handlers(self) -> Mapping[JobKind, JobHandler]:
        from emulator.server.console_parts import console_handlers

        return console_handlers(self.parts, self.console_buckets, self._services)

    def _build_control(self) -> App:
        from emulator.server.behind import control_application

        return control_application(self.parts, self.lifecycle, self.access, self.cancel_training)

    def _build_cloudwatch(self) -> App:
        from emulator.server.behind_services import cloudwatch_application

        return cloudwatch_application(self.parts)

    def _build_kms(self) -> App:
        from emulator.server.behind_services import kms_application

        return kms_application(self.key_source)

    def _build_other_services(self) -> App:
        from emulator.server.behind_services import sts_application

        return sts_application(self._session_tokens, self.access)

    def _build_console(self) -> App:
        from emulator.server.console_parts import console_page

        return console_page()

    def _build_console_api(self) -> App:
        from emulator.server.console_parts import console_application

        return console_application(
            self.parts, self.lifecycle, self.access, self.console_buckets, self._services, self.cancel_training
        )

    def _session_tokens(self) -> SessionTokens:
        assert self.session_tokens is not None, "serving means that the key of sessions was read"
        return self.session_tokens

    def _key_source(self) -> KeySource | None:
        """What gives the KMS keys of the file of identities; None without a file."""
        file = self.identities_file
        return None if file is None else lambda: file.keys

    def _open_objects(self) -> ObjectStore:
        """The embedded S3 in process, or the outside one that the settings name."""
        if not self.settings.s3_endpoint_url:
            return self.s3.store()
        return open_object_store(object_store_description(self.settings, self.directories))

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

    def _running_watch(self) -> RunningWatch:
        settings = WatchSettings(self.settings.stop_idle_after, self.settings.warn_running_after)
        return RunningWatch(self.database, self.clocks, self.runner, self.fleet, settings)

    def _parts(self) -> Parts:
        return Parts(
            settings=self.settings,
            directories=self.directories,
            database=self.database,
            clocks=self.clocks,
            s3=self.s3,
            objects=self.objects,
            hosting=self.hosting,
            sweeper=self.sweeper,
            progress=self.progress,
            policies=self.policies,
            measurements=self.measurements,
            fleet=self.fleet,
            faults=self.faults,
            answers=self.answers,
            request_quota=self.request_quota,
            metrics_keeper=self.metrics_keeper,
            runner=self.runner,
            askers=Askers(self._rights_at_work(), self.access.gatekeeper.session_for_work if self.access else None),
            running_watch=self._running_watch(),
            key_source=self.key_source,
        )

    def _rights_at_work(self) -> RightsAtWork | None:
        """What finds the rights of whoever asked for work; None in the modes that decide nothing."""
        if self.access is None or not self.access.gatekeeper.decides:
            return None
        return self.access.gatekeeper.rights_at_work

    def _build_edge(self, token_secret: bytes) -> RekognitionEdge:
        """The Rekognition endpoint; its stages stand as a list in `wire.pipeline`."""
        self.services = Services(
            database=self.database,
            clocks=self.clocks,
            runner=self.runner,
            hosting=self.hosting,
            objects=self.objects,
            token_secret=token_secret,
            fleet=self.fleet,
            answers=self.answers,
            quotas=self.quota_mode,
            key_source=self.key_source,
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
            gates=[QuotaGate(self.request_quota, self.clocks.now_of), FaultGate(self.faults, self.lifecycle.ending)],
            observe=RequestObserver(self.measurements, self.clocks.now_of),
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
                self.precedence.short_call()
                self.measurements.in_progress += 1
                try:
                    await self.lifecycle.serving.wait()
                    await self.lifecycle.edge(scope, receive, send)
                finally:
                    self.measurements.in_progress -= 1
            case Destination.CONTROL:
                self.precedence.short_call()
                await self.control(scope, receive, send)
            case Destination.CONSOLE:
                await self.console(scope, receive, send)
            case Destination.CONSOLE_API:
                await self.lifecycle.serving.wait()
                await self.console_api(scope, receive, send)
            case Destination.CLOUDWATCH:
                await self._serve_as_caller(self.cloudwatch, scope, receive, send)
            case Destination.KMS:
                await self._serve_as_caller(self.kms, scope, receive, send)
            case Destination.OTHER_SERVICES:
                await self._serve_as_caller(self.other_services, scope, receive, send)
            case Destination.S3:
                await self._serve_s3(scope, receive, send)

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
