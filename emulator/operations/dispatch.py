"""From a validated call to an operation: where it runs, its transaction, and whether it is held (O-17, O-18, O-34)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from emulator.domain.caller import Caller
from emulator.domain.errors import RuleError
from emulator.domain.job_payloads import QUICK_BYTES
from emulator.domain.json_values import JsonMapping, JsonObject
from emulator.jobs.undisturbed import undisturbed
from emulator.operations.context import AnyContext, Context, Services
from emulator.operations.holding import CallHolder, HoldSettings
from emulator.operations.registry import Entry, Runs, registered_operations
from emulator.storage.rows import Job
from emulator.wire.errors import AwsError, internal
from emulator.wire.identity import Identity
from emulator.wire.request import Call

if TYPE_CHECKING:
    from emulator.domain.iam.rights import Rights

logger = logging.getLogger(__name__)

SECONDS_OF_A_SILENT_DATABASE = 20.0
"""How long a call waits for a database that neither answers nor goes away."""

RightsOf = Callable[[Identity], "Rights | None"]
"""Gives what a caller may do, None where nobody's rights are looked at. Raises AwsError, as for an expired session."""


def _is_quick(entry: Entry, parameters: JsonObject) -> bool:
    """Whether a write takes about a millisecond: lines of an update, which its job takes over, may have megabytes."""
    if entry.runs is Runs.WRITES:
        return True
    lines = parameters.get("Changes", {}).get("GroundTruth")
    return lines is not None and len(lines) <= QUICK_BYTES


class Dispatcher:
    """Carries out calls. `holds` are the settings of O-18 and O-34; without `rights_of` everybody may do everything."""

    def __init__(self, services: Services, holds: HoldSettings, rights_of: RightsOf | None = None) -> None:
        self._services = services
        self._rights_of = rights_of
        self._patience = holds.waiter_seconds
        self._holder = CallHolder(services.runner, holds)
        self._operations = registered_operations()

    async def __call__(self, call: Call) -> JsonMapping:
        """The result of a call, under the model's names. Raises AwsError for a broken rule."""
        entry = self._operations[call.operation]
        try:
            caller = self._admitted(call)
            if entry.describes is not None and await self._await_transitions(entry, caller, call):
                # Long after it was let in: its session may be over, or its rights changed.
                caller = self._admitted(call)
            return await self._run(entry, caller, call.parameters)
        except RuleError as error:
            raise AwsError(error.code, error.message) from error

    def _admitted(self, call: Call) -> Caller:
        """The caller with its rights, if it may make the call. Raises RuleError, and AwsError as `rights_of` does."""
        account, region = call.identity.account, call.identity.region
        if self._rights_of is None:
            return Caller(account, region)
        caller = Caller(account, region, self._rights_of(call.identity))
        if caller.rights is not None:
            from emulator.operations.authorization import authorize  # only where rights are looked at

            authorize(self._services, caller, call.operation, call.parameters)
        return caller

    async def _run(self, entry: Entry, caller: Caller, parameters: JsonObject) -> JsonMapping:
        """The result; InternalServerError where a database in another process says nothing at all."""
        if not self._services.database.reads_wait or entry.runs is Runs.BY_ITSELF:
            return await self._run_in_place(entry, caller, parameters)
        try:
            async with asyncio.timeout(SECONDS_OF_A_SILENT_DATABASE):
                return await self._run_in_place(entry, caller, parameters)
        except TimeoutError:
            logger.error("%s: the database has said nothing for %g s", entry.name, SECONDS_OF_A_SILENT_DATABASE)
            raise internal() from None

    async def _run_in_place(self, entry: Entry, caller: Caller, parameters: JsonObject) -> JsonMapping:
        database = self._services.database
        match entry.runs:
            case Runs.BY_ITSELF:
                assert entry.coroutine is not None, "what runs by itself is registered as a coroutine"
                return await entry.coroutine(self._services, caller, parameters)
            case Runs.READS:
                # Kept until anybody commits: whoever waits asks again and again for what has not changed.
                key = entry.name, caller, repr(parameters)
                if database.reads_wait:
                    return await database.read_cached_in_thread(
                        key, lambda c: self._call(entry, caller, parameters, c)[0]
                    )
                return database.read_cached(key, lambda c: self._call(entry, caller, parameters, c)[0])
            case Runs.READS_IN_THREAD:
                return (await database.read_in_thread(lambda c: self._call(entry, caller, parameters, c)))[0]
            case Runs.WRITES | Runs.WRITES_LINES:
                # Once the transaction runs it is committed, so its jobs must begin even if the client leaves.
                return await undisturbed(self._write(entry, caller, parameters))

    async def _write(self, entry: Entry, caller: Caller, parameters: JsonObject) -> JsonMapping:
        database = self._services.database
        write = database.write_quick if _is_quick(entry, parameters) else database.write
        result, context = await write(lambda connection: self._call(entry, caller, parameters, connection))
        for job in context.accepted:
            self._services.runner.submit(job)
        return result

    def _call(
        self, entry: Entry, caller: Caller, parameters: JsonObject, connection: Connection
    ) -> tuple[JsonMapping, AnyContext]:
        context = Context(entry.name, caller, parameters, self._services, connection)
        assert entry.function is not None, "all other operations are registered as functions"
        return entry.function(context), context

    async def _await_transitions(self, entry: Entry, caller: Caller, call: Call) -> bool:
        """Hold a call where it is held; whether there was anything to wait for."""
        runner = self._services.runner
        if not runner.open_jobs:
            return False
        assert entry.describes is not None
        shown = entry.describes(caller, call.parameters)

        def is_callers(job: Job) -> bool:
            return (job.account, job.region) == (caller.account, caller.region) and shown(job)

        await runner.observed(is_callers, self._patience)
        await self._holder.hold(entry, caller, call, is_callers)
        return True
