"""The control application, which stands behind a start: imported and built once the emulator is ready.

Nothing that a start imports may import this module at its top, nor may `behind_services`: FastAPI, which this imports,
takes longer than all that a start waits for. The function is called once, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi.concurrency import run_in_threadpool

from emulator import __version__
from emulator.control.app import Controls, create_control_app
from emulator.control.decisions import decisions_router
from emulator.control.knobs import Knobs, knobs_router
from emulator.control.localstack import localstack_router
from emulator.control.models import ModelArchives, models_router
from emulator.control.state import StateArchive, state_router
from emulator.control.trainings import trainings_router
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.usage import Prices
from emulator.server.access_parts import Access
from emulator.server.archive_files import begins_an_archive
from emulator.server.lifecycle import Lifecycle
from emulator.server.model_archive import ModelArchive
from emulator.server.parts import Parts
from emulator.wire.asgi import App

CancelTraining = Callable[[str], Awaitable[bool]]


def control_application(
    parts: Parts, lifecycle: Lifecycle, access: Access | None, cancel_training: CancelTraining
) -> App:
    """The control paths (O-6 to O-15)."""
    # The first answer that is a file would import what this does, 40 ms of work, on the event loop.
    asyncio.run(run_in_threadpool(int))
    settings = parts.settings
    controls = Controls(
        version=__version__,
        is_ready=lifecycle.ready.is_set,
        reset=lifecycle.reset,
        settle=lifecycle.settle,
        policies=parts.policies,
        clocks=parts.clocks,
        is_enabled=settings.control == "on",
        token=settings.control_token,
        account_tokens=dict(pair.split("=", 1) for pair in settings.control_account_tokens.split(",") if pair),
    )
    state = StateArchive(lifecycle.save, lifecycle.load, begins_an_archive, parts.directories.work)
    model = ModelArchive(parts, parts.objects, lifecycle.reset_lock)
    models = ModelArchives(model.save, model.add, begins_an_archive, parts.directories.work)

    def decisions(account: str | None) -> list[JsonObject]:
        return [] if access is None else access.gatekeeper.decisions.document(account)

    return create_control_app(
        controls,
        knobs_router(_knobs(parts)),
        trainings_router(parts.database, cancel_training),
        models_router(parts.database, parts.hosting.model_path, models),
        state_router(state),
        localstack_router(__version__, lifecycle.serving.is_set, lifecycle.ready.is_set, lifecycle.init_scripts),
        decisions_router(decisions),
    )


def _knobs(parts: Parts) -> Knobs:
    return Knobs(
        version=__version__,
        faults=parts.faults,
        answers=parts.answers,
        measurements=parts.measurements,
        fleet=parts.fleet,
        trainings=parts.progress,
        database=parts.database,
        clocks=parts.clocks,
        prices=Prices(parts.settings.price_per_unit_hour, parts.settings.price_per_training_hour),
        open_jobs=lambda: parts.runner.open_jobs,
        job_kinds=parts.runner.job_kinds,
    )
