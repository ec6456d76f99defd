"""The paths under /_emulator (O-6 to O-15): JSON in, JSON out, errors as {"error": {"code", "message"}}."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.control.accounts import Account, concerns
from emulator.control.body import read_json
from emulator.control.errors import ControlError
from emulator.control.paths import LOCALSTACK_PATHS
from emulator.control.probes import HEALTH, READY, health_answer, ready_answer
from emulator.domain.browsers import origin_authority
from emulator.domain.full_disk import FULL_DISK, is_full_disk
from emulator.domain.json_values import JsonObject
from emulator.domain.moments import LATEST_SECOND
from emulator.jobs.clock import Clocks
from emulator.jobs.transitions import TransitionError, TransitionPolicies

logger = logging.getLogger(__name__)

ALWAYS_OPEN = (HEALTH, READY)


@dataclass(frozen=True, slots=True)
class Controls:
    """What the control paths read and move. `is_ready` turns true once, `reset` empties everything (O-8).

    `settle` is awaited after the clock was moved: what became due then shows before the call is answered.
    """

    version: str
    is_ready: Callable[[], bool]
    reset: Callable[[str | None], Awaitable[None]]
    settle: Callable[[], Awaitable[None]]
    policies: TransitionPolicies
    clocks: Clocks
    is_enabled: bool
    token: str
    account_tokens: Mapping[str, str]


def create_control_app(controls: Controls, *more: APIRouter) -> FastAPI:
    """The control paths as an application of their own. `more` are those of faults, usage, models and the like."""
    app = FastAPI(title="Custom Labels emulator control", openapi_url="/_emulator/openapi.json", docs_url=None)
    app.add_middleware(Guard, controls=controls)
    _add_errors(app)
    for router in (_life_router(controls), _transitions_router(controls), _clock_router(controls), *more):
        app.include_router(router)
    return app


class Guard:
    """Lets in the calls that may be made (O-38). By ASGI itself: a middleware of Starlette's costs more than a call."""

    def __init__(self, app: ASGIApp, controls: Controls) -> None:
        self._app = app
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refusal = self._refusal(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        controls, path = self._controls, request.scope["path"]
        if path in ALWAYS_OPEN or path.startswith(LOCALSTACK_PATHS):
            return None
        if not controls.is_enabled:
            return _error(404, "ControlDisabled", "The control paths are switched off (CUSTOM_LABELS_CONTROL=off).")
        given = request.headers.get("authorization", "")
        has_tokens = bool(controls.token or controls.account_tokens)
        if has_tokens and not _is_token(given, controls.token):
            account = next((of for of, token in controls.account_tokens.items() if _is_token(given, token)), None)
            if account is None:
                return _error(401, "Unauthorized", "This call needs the header Authorization: Bearer <control token>.")
            if not concerns(request, account):
                return _error(403, "OtherAccounts", f"This token is for calls with ?account={account} alone.")
        if not has_tokens and not is_of_this_site(request.headers):
            return _error(403, "ForeignOrigin", "Pages of other sites may not make control calls.")
        return None


def _is_token(header: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(header.encode(), f"Bearer {token}".encode())


def is_of_this_site(headers: Headers) -> bool:
    """False for calls from another site's page: a simple POST needs no preflight, so CORS would not stop it.

    That Host is a name which the emulator may have, and not one that a page had pointed here, was seen before (O-38).
    """
    origin = headers.get("origin")
    return origin is None or origin_authority(origin) == headers.get("host", "")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ControlError)
    async def control_error(_request: Request, error: ControlError) -> Response:
        return _error(error.status, error.code, error.message)

    @app.exception_handler(ClientDisconnect)
    async def client_left(_request: Request, _error_of_client: ClientDisconnect) -> Response:
        return _error(400, "ClientDisconnected", "The body was not sent to its end.")

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return _error(404, "NotFound", f"There is no path {request.url.path}.")
        if error.status_code == 405:
            return _error(405, "MethodNotAllowed", f"{request.method} is not allowed on {request.url.path}.")
        return _error(error.status_code, "HttpError", str(error.detail))

    @app.exception_handler(OSError)
    @app.exception_handler(DBAPIError)
    async def not_written(request: Request, error: Exception) -> Response:
        if not is_full_disk(error):
            raise error
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _error(507, "NotEnoughSpace", FULL_DISK)

    @app.exception_handler(Exception)
    async def internal_error(_request: Request, _error_of_ours: Exception) -> Response:
        return _error(500, "InternalError", "The call failed within the emulator; its log says why.")


def _life_router(controls: Controls) -> APIRouter:
    router = APIRouter()

    @router.head(HEALTH, include_in_schema=False)
    @router.get(HEALTH)
    async def health() -> Response:
        """O-6."""
        status, document = health_answer(controls.version)
        return JSONResponse(document, status)

    @router.head(READY, include_in_schema=False)
    @router.get(READY)
    async def ready() -> Response:
        """O-7."""
        status, document = ready_answer(controls.is_ready())
        return JSONResponse(document, status)

    @router.post("/_emulator/reset")
    async def reset(account: Account = None) -> dict[str, str]:
        """O-8; with an account O-39."""
        await controls.reset(account)
        return {"status": "reset"}

    return router


def _transitions_router(controls: Controls) -> APIRouter:
    router = APIRouter()

    @router.get("/_emulator/transitions")
    async def get_transitions(account: Account = None) -> JsonObject:
        """O-9."""
        return controls.policies.as_json(account)

    @router.put("/_emulator/transitions")
    async def put_transitions(request: Request, account: Account = None) -> JsonObject:
        """O-9: the given policies, the others unchanged."""
        try:
            controls.policies.change(await read_json(request), account)
        except TransitionError as error:
            raise ControlError("InvalidTransitions", str(error)) from error
        return controls.policies.as_json(account)

    return router


def _clock_router(controls: Controls) -> APIRouter:
    router = APIRouter()
    clocks = controls.clocks

    @router.get("/_emulator/clock")
    async def get_clock(account: Account = None) -> JsonObject:
        """O-10; with an account the clock that it goes by (O-39)."""
        clock = clocks.of(account)
        shown: JsonObject = {"mode": clock.mode, "now": clock.now()}
        return shown if account is None else shown | {"own": clocks.owner_of(account) is not None}

    @router.put("/_emulator/clock")
    async def put_clock(request: Request, account: Account = None) -> JsonObject:
        """O-10: real, or manual from a moment (now, if none is given). It is the account's own, or that of all."""
        wanted = _members(await read_json(request), "mode", "now")
        mode = wanted.get("mode")
        if mode not in ("real", "manual"):
            raise ControlError("InvalidClock", "Expected a mode: real, or manual with now in seconds since the epoch.")
        moment = _number(wanted.get("now", clocks.of(account).now()), "now")
        if account is None:
            clocks.give_up()
        clock = clocks if account is None else clocks.own(account)
        if mode == "real":
            clock.set_real()
        else:
            clock.set_manual(moment)
        await controls.settle()
        return await get_clock(account)

    @router.delete("/_emulator/clock")
    async def delete_clock(account: Account = None) -> JsonObject:
        """O-39: the account, or all, go by the shared clock again."""
        clocks.give_up(account)
        await controls.settle()
        return await get_clock(account)

    @router.post("/_emulator/clock/advance")
    async def advance_clock(request: Request, account: Account = None) -> JsonObject:
        """O-10: manual time moves on, that of the account's own clock or the shared one."""
        seconds = _number(_members(await read_json(request), "seconds").get("seconds"), "seconds")
        if account is not None and clocks.owner_of(account) is None:
            raise ControlError(
                "InvalidClock", f"The account {account} has no clock of its own; PUT clock?account= first.", status=409
            )
        try:
            clocks.of(account).advance(seconds)
        except ValueError as error:
            raise ControlError("InvalidClock", str(error), status=409) from error
        await controls.settle()
        return await get_clock(account)

    return router


def _members(document: object, *known: str) -> JsonObject:
    """The members of a body about the clock: a misspelt one is never ignored."""
    if not isinstance(document, dict):
        raise ControlError("InvalidClock", f"Expected an object with {' and '.join(known)}.")
    for name in document:
        if name not in known:
            raise ControlError("InvalidClock", f"The member {name} is not known; there are {' and '.join(known)}.")
    return document


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST_SECOND:
        raise ControlError("InvalidClock", f"The member {name} must be a number from 0 to {LATEST_SECOND}.")
    return float(value)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
