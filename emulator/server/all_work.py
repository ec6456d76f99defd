"""All work of an emulator at once: ended before everything becomes another, taken up after that and at a start."""

from __future__ import annotations

import shutil

from emulator.control.paths import TRANSFER_PREFIX
from emulator.server.parts import Parts
from emulator.server.running_models import load_running_models


async def drop_all_work(parts: Parts) -> None:
    """End everything that runs, and forget it."""
    await parts.runner.stop(for_good=False)
    await parts.sweeper.stop()
    parts.hosting.unload_all()
    parts.fleet.clear()
    parts.measurements.series.clear()
    parts.request_quota.reset()


async def take_up_all_work(parts: Parts) -> None:
    """Go on from what the database says (O-19)."""
    await load_running_models(parts)
    parts.metrics_keeper.restore()
    parts.fleet.take_up()
    await parts.fleet.write()
    parts.runner.resume()
    parts.sweeper.sweep()


def remove_work_files(parts: Parts) -> None:
    """What dropped jobs had written down: jobs of a loaded archive may have the same row ids."""
    for path in parts.directories.work.iterdir():
        if not path.name.startswith(TRANSFER_PREFIX):  # an archive on its way belongs to its own call
            shutil.rmtree(path, ignore_errors=True)
