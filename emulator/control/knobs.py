"""What a tester turns and reads: faults, answers, outages, usage, metrics (O-11 to O-14, O-23)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response

from emulator.control.accounts import Account
from emulator.control.body import read_json
from emulator.control.errors import ControlError
from emulator.control.metrics import CONTENT_TYPE, RunningModel, Snapshot, TrainingShare, prometheus_text
from emulator.control.usage import usage_report
from emulator.domain.controls.answers import AnswerBook
from emulator.domain.controls.definitions import DefinitionError, Fields
from emulator.domain.controls.faults import FaultBook
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.measurements import Measurements
from emulator.domain.metering.usage import Prices
from emulator.jobs.clock import Clocks
from emulator.jobs.fleet import Fleet, model_of
from emulator.jobs.training_progress import RunningTrainings
from emulator.storage.engine import Database
from emulator.storage.rows import Job


@dataclass(frozen=True, slots=True)
class Knobs:
    """What these paths read and move. `open_jobs` gives the jobs that wait or work, `job_kinds` all kinds there are."""

    version: str
    faults: FaultBook
    answers: AnswerBook
    measurements: Measurements
    fleet: Fleet
    trainings: RunningTrainings
    database: Database
    clocks: Clocks
    prices: Prices
    open_jobs: Callable[[], Iterable[Job]]
    job_kinds: tuple[str, ...]


def knobs_router(knobs: Knobs) -> APIRouter:
    """The paths of what a tester turns and reads."""
    router = APIRouter()
    _add_book(router, "faults", "Fault", knobs.faults)
    _add_book(router, "answers", "Answer", knobs.answers)
    _add_outage(router, knobs)
    _add_reports(router, knobs)
    return router


class Definition(Protocol):
    """A fault or an answer."""

    def document(self) -> JsonObject:
        """As it can be given again."""
        ...


class Book(Protocol):
    """The faults or the answers in force."""

    def all(self, account: str | None, /) -> Sequence[Definition]: ...
    def prepare(self, document: object, account: str | None, /) -> Callable[[], Sequence[Definition]]: ...
    def remove(self, item_id: int, account: str | None, /) -> bool: ...
    def clear(self, account: str | None, /) -> None: ...


def _add_book(router: APIRouter, name: str, kind: str, book: Book) -> None:
    @router.get(f"/_emulator/{name}")
    async def list_all(account: Account = None) -> JsonObject:
        return {name: [item.document() for item in book.all(account)]}

    @router.post(f"/_emulator/{name}")
    async def add(request: Request, account: Account = None) -> JsonObject:
        document = await read_json(request)
        try:
            added = (await asyncio.to_thread(book.prepare, document, account))()
        except DefinitionError as error:
            raise ControlError(f"Invalid{kind}", str(error)) from None
        # Reading and telling thousands of them is done in threads: it would hold everybody.
        return {name: await asyncio.to_thread(lambda: [item.document() for item in added])}

    @router.delete(f"/_emulator/{name}")
    async def remove_all(account: Account = None) -> JsonObject:
        book.clear(account)
        return {name: []}

    @router.delete(f"/_emulator/{name}/{{item_id}}")
    async def remove(item_id: str, account: Account = None) -> JsonObject:
        if not (item_id.isdecimal() and len(item_id) < 10 and book.remove(int(item_id), account)):
            raise ControlError("NotFound", f"There is no {kind.lower()} {item_id}.", status=404)
        return {name: [item.document() for item in book.all(account)]}


def _add_outage(router: APIRouter, knobs: Knobs) -> None:
    @router.post("/_emulator/outage")
    async def outage(request: Request, account: Account = None) -> JsonObject:
        """O-23; with an account it must be one of its versions (O-39)."""
        try:
            fields = Fields(await read_json(request), "outage")
            arn = fields.text("project_version") or ""
            units = fields.integer("units", 1, 1, 1_000_000) or 1
            seconds = fields.number("seconds", None, 0.001, 10.0**9)
            if seconds is None:
                raise fields.wrong("seconds", "is missing")
            fields.done()
        except DefinitionError as error:
            raise ControlError("InvalidOutage", str(error)) from None
        try:
            if account is not None and f":{account}:project/" not in arn:
                raise KeyError(arn)
            levels = knobs.fleet.take_away(arn, units, seconds)
        except KeyError:
            raise ControlError("NotRunning", f"{arn} is not running.", status=409) from None
        return {"project_version": arn, "desired": levels.desired, "in_service": levels.in_service}


def _add_reports(router: APIRouter, knobs: Knobs) -> None:
    @router.get("/_emulator/usage")
    async def usage(account: Account = None) -> JsonObject:
        """O-13, O-26."""
        knobs.fleet.refresh()
        await knobs.fleet.write()
        return await usage_report(
            knobs.database, knobs.fleet.running, knobs.trainings, knobs.clocks, knobs.prices, account
        )

    @router.get("/_emulator/metrics")
    async def metrics(account: Account = None) -> Response:
        """O-14; with an account O-39."""
        knobs.fleet.refresh()
        trainings = [(model_of(one.version_arn), one) for one in knobs.trainings.all()]
        jobs = (job.kind for job in knobs.open_jobs() if account in (None, job.account))
        snapshot = Snapshot(
            version=knobs.version,
            running=tuple(
                RunningModel(one.model, one.levels)
                for one in knobs.fleet.running
                if account in (None, one.model.account)
            ),
            trainings=tuple(
                TrainingShare(model, one.done / one.total if one.total else 0.0)
                for model, one in trainings
                if account in (None, model.account)
            ),
            queues=dict.fromkeys(knobs.job_kinds, 0) | Counter(jobs),
            account=account,
        )
        return Response(prometheus_text(knobs.measurements, snapshot), media_type=CONTENT_TYPE)
