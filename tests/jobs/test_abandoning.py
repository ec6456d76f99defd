"""A job that gets another outcome than its work would have: at once, once, and through a restart (O-32)."""

from __future__ import annotations

import pytest

from emulator.domain.jobs import Broke, JobKind, Outcome
from emulator.jobs.training_progress import RunningTrainings
from emulator.storage.engine import Database
from emulator.storage.jobs import list_jobs
from support.runner_bench import ARN, Bench, play

CANCELLED: Outcome = Broke("cancelled")


@pytest.mark.parametrize(
    "policy", [{"type": "real"}, {"type": "seconds", "seconds": 10**6}, {"type": "describes", "count": 9}]
)
def test_work_that_goes_on_is_ended_and_its_end_shows_at_once(database: Database, policy: dict[str, object]) -> None:
    async def story() -> None:
        bench = Bench(database, starting=policy)
        bench.handler.may_end.clear()
        await bench.accept()
        await bench.until(lambda: bench.handler.works == 1)
        assert await bench.runner.abandon(JobKind.START_VERSION, ARN, CANCELLED)
        await bench.ended()
        assert bench.shown() == "broke"
        assert bench.handler.settlements == [CANCELLED]

    play(story)


def test_work_that_is_done_and_does_not_show_yet_is_ended_too(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database, starting={"type": "seconds", "seconds": 10**6})
        await bench.accept()
        await bench.until(lambda: database.read_now(list_jobs)[0].outcome is not None)
        assert await bench.runner.abandon(JobKind.START_VERSION, ARN, CANCELLED)
        await bench.ended()
        assert bench.shown() == "broke"

    play(story)


def test_what_is_over_or_never_was_is_not_abandoned(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        assert not await bench.runner.abandon(JobKind.START_VERSION, ARN, CANCELLED)
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert not await bench.runner.abandon(JobKind.START_VERSION, ARN, CANCELLED)
        assert not await bench.runner.abandon(JobKind.STOP_VERSION, ARN, CANCELLED)
        assert bench.shown() == "done"

    play(story)


def test_a_training_knows_its_place_among_those_that_wait() -> None:
    trainings = RunningTrainings()
    with trainings.of("first") as first, trainings.of("second") as second, trainings.of("third") as third:
        assert trainings.place_in_queue(first) is None, "it is still being prepared"
        for progress in (second, first, third):
            progress.waits = True
        trainings.order = lambda: [one.version_arn for one in (second, first, third) if one.waits]
        assert [trainings.place_in_queue(progress) for progress in (second, first, third)] == [1, 2, 3]
        second.begin_billing()
        assert [trainings.place_in_queue(progress) for progress in (second, first, third)] == [None, 1, 2]


def test_the_curve_has_means_and_a_bound() -> None:
    trainings = RunningTrainings()
    with trainings.of("arn") as progress:
        for step in range(1, 1001):
            progress.report("training", step, 1000, loss=float(step))
        assert len(progress.curve) == 100
        assert progress.curve[0] == ("training", 10, 5.5)
        assert progress.curve[-1] == ("training", 1000, 995.5)
        for step in range(1, 1001):
            progress.report("again", step, 1000, loss=1.0)
            progress.report("once more", step, 1000, loss=1.0)
        assert len(progress.curve) == 200
