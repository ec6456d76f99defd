"""The console as it stands behind a start (`behind`): its page, its API, the handler of its tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from emulator import __version__
from emulator.console.api import GuardedApi, create_console_api
from emulator.console.context import CALLER, STILL_ADMITTED, About, ConsoleBuckets, ConsoleParts
from emulator.console.errors import error_response
from emulator.console.name_orders import NameOrders
from emulator.console.page import ConsolePage
from emulator.console.preview_cache import PreviewCache
from emulator.console.snapshots import Snapshots
from emulator.console.task_runs import TaskHandler
from emulator.console.task_works import WORKS
from emulator.console.watching import Watcher
from emulator.control.app import is_of_this_site
from emulator.domain.caller import Caller
from emulator.domain.jobs import JobKind
from emulator.domain.temporary_credentials import account_of
from emulator.jobs.runner import JobHandler
from emulator.operations.context import Services
from emulator.s3.errors import S3Error
from emulator.s3.http.presigned import check_expiry
from emulator.server.access_parts import Access
from emulator.server.lifecycle import Lifecycle
from emulator.server.parts import Parts
from emulator.wire.asgi import App, Receive, Scope, Send
from emulator.wire.errors import AwsError
from emulator.wire.identity import identify
from emulator.wire.refused import Why, json_error


def console_page() -> App:
    """The page at /console."""
    return ConsolePage()


def console_handlers(
    parts: Parts, buckets: ConsoleBuckets, services: Callable[[], Services]
) -> Mapping[JobKind, JobHandler]:
    """What does the console's tasks."""
    return {JobKind.CONSOLE_TASK: TaskHandler(parts.database, parts.objects, buckets, services, WORKS, parts.askers)}


def console_application(
    parts: Parts,
    lifecycle: Lifecycle,
    access: Access | None,
    buckets: ConsoleBuckets,
    services: Callable[[], Services],
    cancel_training: Callable[[str], Awaitable[bool]],
) -> App:
    """The API under /console/api."""
    settings = parts.settings
    about = About(
        version=__version__,
        s3="external" if settings.s3_endpoint_url else "embedded",
        control_enabled=settings.control == "on",
        control_token_required=bool(settings.control_token or settings.control_account_tokens),
        auth=settings.auth,
        default_account=settings.default_account,
    )
    console = ConsoleParts(
        about=about,
        database=parts.database,
        objects=parts.objects,
        buckets=buckets,
        previews=PreviewCache(parts.directories.previews),
        services=services,
        trainings=parts.progress,
        name_orders=NameOrders(lambda: lifecycle.epoch),
        watcher=Watcher(parts.database, parts.progress, parts.clocks, lambda: lifecycle.epoch, lifecycle.ending),
        snapshots=Snapshots(parts.objects),
        cancel_training=cancel_training,
        decisions=lambda account: [] if access is None else access.gatekeeper.decisions.document(account),
    )
    guarded = GuardedApi(create_console_api(console), is_of_this_site)
    if access is not None:
        return AdmittedConsole(guarded, access)
    return SignedConsole(guarded, settings.default_account)


_SERVICE = frozenset({"rekognition"})


class AdmittedConsole:
    """The console's API where signatures are verified (O-33): behind what they prove."""

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        receive = await self._access.admissions.to_service(scope, receive, _SERVICE)
        refused = scope.get("aws.refusal")
        if refused is None:
            scope[CALLER] = Caller(scope["aws.account"], scope["aws.region"], scope["aws.rights"])
            scope[STILL_ADMITTED] = self._access.gatekeeper.validity(scope["aws.admission"])
        elif refused.why is not Why.MISSING:
            error = json_error(refused)
            await error_response(403, error.code, error.message)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class SignedConsole:
    """The console's API where they are not: the signature says who calls."""

    def __init__(self, app: App, default_account: str) -> None:
        self._app = app
        self._default_account = default_account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        headers, query = dict(scope["headers"]), scope["query_string"]
        try:
            if b"authorization" in headers or b"X-Amz-Signature" in query:
                identity = identify(headers, query, self._default_account, account_of)
                check_expiry(dict(parse_qsl(query.decode("latin-1"))), datetime.now(UTC))
                scope[CALLER] = Caller(identity.account, identity.region)
        except AwsError as error:
            await error_response(error.status, error.code, error.message)(scope, receive, send)
        except S3Error as error:
            await error_response(403, "RequestExpired", error.message)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
