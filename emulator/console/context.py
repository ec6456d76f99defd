"""What the routes of the console's API work with: the parts of the emulator and the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection

from emulator.console.authorization import require_rights
from emulator.console.errors import ConsoleError
from emulator.console.name_orders import NameOrders
from emulator.console.preview_cache import PreviewCache
from emulator.console.snapshots import Snapshots
from emulator.console.watching import Watcher
from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectStore
from emulator.jobs.training_progress import RunningTrainings
from emulator.operations.context import AnyContext, Context, Services
from emulator.storage.engine import Database

Result = TypeVar("Result")

PREVIEW_SIDES = (128, 256, 384, 512, 768, 1024, 1536, 2048, 4096)
"""Widths and heights, in pixels, that previews are made in."""
CALLER = "console.caller"
"""Where the composition root leaves the caller in the ASGI scope; absent on unsigned requests."""
STILL_ADMITTED = "console.still_admitted"
"""Beside it, where sessions end: what tells whether the caller would still be let in."""


class ConsoleBuckets(Protocol):
    """The buckets that the console keeps accounts' files in, one a region (S-4). Blocking; raises store errors."""

    def find(self, caller: Caller) -> str | None:
        """Its name, or None until it is made."""
        ...

    def propose(self, caller: Caller) -> str:
        """A free name for it."""
        ...

    def make(self, caller: Caller, name: str | None) -> str:
        """Its name; it is made, under `name` if given, where there is none. Raises ValueError for a wrong name."""
        ...


@dataclass(frozen=True, slots=True)
class About:
    """What the page is told before it knows who calls."""

    version: str
    s3: str
    control_enabled: bool
    control_token_required: bool
    auth: str
    default_account: str


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """What the API reads and moves. `services` is there once the emulator serves."""

    about: About
    database: Database
    objects: ObjectStore
    buckets: ConsoleBuckets
    previews: PreviewCache
    services: Callable[[], Services]
    trainings: RunningTrainings
    watcher: Watcher
    name_orders: NameOrders
    snapshots: Snapshots
    cancel_training: Callable[[str], Awaitable[bool]]
    decisions: Callable[[str], list[JsonObject]]


@dataclass(frozen=True, slots=True)
class ConsoleCall:
    """One signed call: the parts and the caller, and whether it would still be let in."""

    parts: ConsoleParts
    caller: Caller
    is_still_admitted: Callable[[], bool] = lambda: True

    @property
    def database(self) -> Database:
        return self.parts.database

    def operation(self, connection: Connection) -> AnyContext:
        """The caller's context of an AWS operation within a transaction, for lookups and for calling operations."""
        return Context("", self.caller, {}, self.parts.services(), connection)

    async def write(self, change: Callable[[AnyContext], Result]) -> Result:
        """Run `change` in one transaction; the jobs that it accepted begin after the commit."""
        context: AnyContext | None = None

        def run(connection: Connection) -> Result:
            nonlocal context
            context = self.operation(connection)
            return change(context)

        result = await self.database.write(run)
        assert context is not None
        for job in context.accepted:
            self.parts.services().runner.submit(job)
        return result


async def signed_call(request: Request) -> ConsoleCall:
    """The call of a signed request. Raises ConsoleError, and AccessDeniedError where policies decide (O-33)."""
    caller = request.scope.get(CALLER)
    if caller is None:
        message = "Sign this request as one for the service rekognition: the access key is the account."
        raise ConsoleError("MissingAuthenticationToken", message, status=401)
    call = ConsoleCall(request.app.state.parts, caller)
    if STILL_ADMITTED in request.scope:
        call = replace(call, is_still_admitted=request.scope[STILL_ADMITTED])
    if caller.rights is not None:
        await require_rights(request, caller, call.database, call.parts.services())
    return call


def open_parts(request: Request) -> ConsoleParts:
    """The parts, for the few calls that need no signature."""
    parts: ConsoleParts = request.app.state.parts
    return parts


SignedCall = Annotated[ConsoleCall, Depends(signed_call)]
OpenParts = Annotated[ConsoleParts, Depends(open_parts)]
