"""What the console's API answers when a call is wrong: {"error": {"code", "message"}}."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from emulator.domain.errors import RuleError
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectNotFoundError, ObjectStoreUnavailableError

# Rules of AWS answer 400 unless HTTP has a better word for them.
_STATUS_OF_RULE = {
    "ResourceNotFoundException": 404,
    "ResourceInUseException": 409,
    "ResourceAlreadyExistsException": 409,
    "ResourceNotReadyException": 409,
    "AccessDeniedException": 403,
}


class ConsoleError(Exception):
    """A call that cannot be served. `code` is AWS's name of the error where AWS has one."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def error_response(status: int, code: str, message: str) -> JSONResponse:
    """An error as JSON, which no cache keeps."""
    document = {"error": {"code": code, "message": message}}
    return JSONResponse(document, status_code=status, headers={"Cache-Control": "no-store"})


def object_error(error: Exception) -> ConsoleError:
    """What an error of the object store becomes; the store's messages name the object."""
    if isinstance(error, ObjectAccessDeniedError):
        return ConsoleError("AccessDenied", str(error), status=403)
    if isinstance(error, ObjectNotFoundError):
        return ConsoleError("NoSuchKey", str(error), status=404)
    return ConsoleError("ServiceUnavailable", str(error), status=503)


def add_error_handlers(app: FastAPI) -> None:
    """Make every exception of a route an answer."""

    @app.exception_handler(ConsoleError)
    async def console_error(_request: Request, error: ConsoleError) -> JSONResponse:
        return error_response(error.status, error.code, error.message)

    @app.exception_handler(RuleError)
    async def rule_error(_request: Request, error: RuleError) -> JSONResponse:
        return error_response(_STATUS_OF_RULE.get(error.code, 400), error.code, error.message)

    @app.exception_handler(ObjectNotFoundError)
    @app.exception_handler(ObjectAccessDeniedError)
    @app.exception_handler(ObjectStoreUnavailableError)
    async def store_error(_request: Request, error: Exception) -> JSONResponse:
        found = object_error(error)
        return error_response(found.status, found.code, found.message)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "body"
        return error_response(422, "InvalidRequest", f"{place}: {first['msg']}.")

    @app.exception_handler(ClientDisconnect)
    async def client_left(_request: Request, _error: ClientDisconnect) -> JSONResponse:
        return error_response(400, "ClientDisconnected", "The body was not sent to its end.")

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return error_response(404, "NotFound", f"There is no path {request.url.path}.")
        if error.status_code == 405:
            return error_response(405, "MethodNotAllowed", f"{request.method} is not allowed here.")
        return error_response(error.status_code, "HttpError", str(error.detail))

    @app.exception_handler(Exception)
    async def internal(_request: Request, _error: Exception) -> JSONResponse:
        return error_response(500, "InternalError", "The call failed within the emulator; its log says why.")
