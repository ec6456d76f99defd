"""Images that wait for running models: their order, and who gets which answer when."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulator.domain.errors import RuleError
from emulator.jobs import analyses as module
from emulator.jobs.analyses import MOST_TOLD_TOGETHER, Analyses
from emulator.vision.errors import DamagedImageError
from emulator.vision.examples import Prediction
from tests.vision.pictures import encode, shape_picture


@dataclass
class RecordingModel:
    """Names each picture by its bytes; notes which came. Each waits for `may_go_on`, and for its event of `slow`."""

    seen: list[bytes] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    slow: dict[bytes, threading.Event] = field(default_factory=dict)
    broken: frozenset[bytes] = frozenset()
    damaged: frozenset[bytes] = frozenset()

    def predict(self, picture: bytes) -> list[Prediction]:
        self.seen.append(picture)
        self.begun.set()
        assert self.may_go_on.wait(30)
        assert picture not in self.slow or self.slow[picture].wait(30)
        if picture in self.broken:
            raise MemoryError("no memory for a run")
        if picture in self.damaged:
            raise DamagedImageError
        return [Prediction(picture.hex(), 0.5)]


PICTURES = [encode(shape_picture("circle", seed), "JPEG") for seed in range(9)]


def play(threads: int, story: Callable[[Analyses], Awaitable[None]]) -> None:
    async def whole() -> None:
        analyses = Analyses(threads)
        async with asyncio.timeout(30):
            await story(analyses)
        analyses.close()

    asyncio.run(whole())


async def begin(analyses: Analyses, model: RecordingModel, pictures: Sequence[bytes]) -> list[asyncio.Future[Any]]:
    """Ask for the first one, and for the others once it is under way."""
    answers: list[asyncio.Future[Any]] = [analyses.analyse(model, pictures[0])]  # type: ignore[arg-type]
    while not model.begun.is_set():
        await asyncio.sleep(0.001)
    answers += [analyses.analyse(model, data) for data in pictures[1:]]  # type: ignore[arg-type]
    return answers


def labels(answers: Sequence[Any]) -> list[str | type]:
    return [type(answer) if isinstance(answer, Exception) else answer[0].label for answer in answers]


def test_what_waits_is_analysed_in_order_and_each_gets_its_own_answer() -> None:
    model = RecordingModel()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES)
        model.may_go_on.set()
        assert labels(await asyncio.gather(*answers)) == [data.hex() for data in PICTURES]

    play(1, story)
    assert model.seen == PICTURES


def test_answers_are_told_together_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_HELD", 3600.0)
    last_of_them, next_one = PICTURES[MOST_TOLD_TOGETHER - 1 : MOST_TOLD_TOGETHER + 1]
    model = RecordingModel(slow={last_of_them: threading.Event(), next_one: threading.Event()})

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES)
        model.may_go_on.set()
        while last_of_them not in model.seen:
            await asyncio.sleep(0.001)
        assert not any(answer.done() for answer in answers)
        model.slow[last_of_them].set()
        await asyncio.gather(*answers[:MOST_TOLD_TOGETHER])
        assert not answers[MOST_TOLD_TOGETHER].done()
        model.slow[next_one].set()
        await asyncio.gather(*answers)

    play(1, story)


def test_an_answer_is_told_at_once_where_the_next_would_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_HELD", 0.0)
    model = RecordingModel(slow={PICTURES[1]: threading.Event()})

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES)
        model.may_go_on.set()
        await answers[0]
        assert not answers[1].done()
        model.slow[PICTURES[1]].set()
        await asyncio.gather(*answers)

    play(1, story)


def test_an_answer_does_not_wait_for_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_HELD", 3600.0)
    first, second = RecordingModel(), RecordingModel()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, first, PICTURES[:2])
        last = analyses.analyse(second, PICTURES[2])  # type: ignore[arg-type]
        first.may_go_on.set()
        assert labels(await asyncio.gather(*answers)) == [data.hex() for data in PICTURES[:2]]
        assert not last.done()
        second.may_go_on.set()
        assert labels([await last]) == [PICTURES[2].hex()]

    play(1, story)


def test_who_leaves_before_its_turn_is_not_analysed() -> None:
    model = RecordingModel()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES[:5])
        for index in (0, 1, 3):  # the first one is under way already
            answers[index].cancel()
        model.may_go_on.set()
        await asyncio.gather(answers[2], answers[4])

    play(1, story)
    assert model.seen == [PICTURES[0], PICTURES[2], PICTURES[4]]


def test_a_bad_image_spoils_no_answer_but_its_own() -> None:
    model = RecordingModel(damaged=frozenset({PICTURES[2]}))

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, [PICTURES[0], PICTURES[1], PICTURES[2], b"GIF89a", PICTURES[3]])
        model.may_go_on.set()
        found = labels(await asyncio.gather(*answers, return_exceptions=True))
        assert found == [PICTURES[0].hex(), PICTURES[1].hex(), RuleError, RuleError, PICTURES[3].hex()]

    play(1, story)


def test_a_run_that_fails_spoils_no_answer_but_its_own() -> None:
    model = RecordingModel(broken=frozenset({PICTURES[2]}))

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES[:4])
        model.may_go_on.set()
        found = labels(await asyncio.gather(*answers, return_exceptions=True))
        assert found == [PICTURES[0].hex(), PICTURES[1].hex(), MemoryError, PICTURES[3].hex()]

    play(1, story)


def test_what_was_asked_for_is_answered_before_the_threads_end() -> None:
    model = RecordingModel()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES)
        model.may_go_on.set()
        await asyncio.to_thread(analyses.close)
        assert labels(await asyncio.gather(*answers)) == [data.hex() for data in PICTURES]

    play(2, story)


def test_threads_end_when_nothing_waits_and_begin_again() -> None:
    model = RecordingModel()
    model.may_go_on.set()

    async def story(analyses: Analyses) -> None:
        for data in PICTURES:
            assert labels([await analyses.analyse(model, data)]) == [data.hex()]  # type: ignore[arg-type]

    play(2, story)
    assert model.seen == PICTURES
