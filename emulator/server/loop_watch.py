"""How late the event loop is: the time by which a short sleep is overslept, since whatever holds it holds everybody."""

from __future__ import annotations

import asyncio

from emulator.domain.metering.measurements import Measurements

_SECONDS_BETWEEN_LOOKS = 0.1


class LoopWatch:
    """Measures ten times a second. Lives on the event loop."""

    def __init__(self, measurements: Measurements) -> None:
        self._measurements = measurements
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to measure."""
        self._task = asyncio.create_task(self._watch(), name="event loop")

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _SECONDS_BETWEEN_LOOKS
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            self._measurements.loop_lag.add(max(0.0, loop.time() - due))
