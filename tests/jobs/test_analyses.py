"""Images that wait for running models: their order, who is analysed together, and who gets which answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.domain.errors import RuleError
from emulator.jobs.analyses import Analyses
from emulator.vision.errors import DamagedImageError
from emulator.vision.examples import Prediction
from emulator.vision.served_model import Predicted
from tests.vision.pictures import encode, shape_picture


@dataclass
class RecordingModel:
    """Names each picture by its bytes; notes which came together. Waits in its first batch until `may_go_on`."""

    largest_group: int = 4
    batches: list[list[bytes]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    broken: frozenset[bytes] = frozenset()
    damaged: frozenset[bytes] = frozenset()

    def predict_group(self, pictures: Sequence[bytes]) -> list[Predicted]:
        self.batches.append(list(pictures))
        self.begun.set()
        assert self.may_go_on.wait(30)
        return [self._said_of(data) for data in pictures]

    def _said_of(self, data: bytes) -> Predicted:
        if data in self.broken:
            return MemoryError("no memory for a run")
        return DamagedImageError() if data in self.damaged else [Prediction(data.hex(), 0.5)]


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


def test_what_waits_is_analysed_together_and_each_gets_its_own_answer() -> None:
    model = RecordingModel()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES)
        model.may_go_on.set()
        assert labels(await asyncio.gather(*answers)) == [data.hex() for data in PICTURES]

    play(1, story)
    assert model.batches == [PICTURES[:1], PICTURES[1:5], PICTURES[5:]]


def test_models_that_gain_nothing_by_it_get_one_after_the_other() -> None:
    model = RecordingModel(largest_group=1)

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES)
        model.may_go_on.set()
        await asyncio.gather(*answers)

    play(1, story)
    assert model.batches == [[data] for data in PICTURES]


def test_models_take_turns_in_the_order_in_which_they_are_asked() -> None:
    first, second = RecordingModel(), RecordingModel()
    second.may_go_on.set()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, first, PICTURES[:2])
        answers.append(analyses.analyse(second, PICTURES[2]))  # type: ignore[arg-type]
        answers.append(analyses.analyse(first, PICTURES[3]))  # type: ignore[arg-type]
        first.may_go_on.set()
        assert labels(await asyncio.gather(*answers)) == [data.hex() for data in PICTURES[:4]]

    play(1, story)
    assert first.batches == [[PICTURES[0]], [PICTURES[1]], [PICTURES[3]]]
    assert second.batches == [[PICTURES[2]]]


def test_threads_share_what_waits() -> None:
    """One that took all of it would let the others idle."""
    first, second, model = RecordingModel(), RecordingModel(), RecordingModel()
    model.may_go_on.set()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, first, PICTURES[:1]) + await begin(analyses, second, PICTURES[1:2])
        answers += [analyses.analyse(model, data) for data in PICTURES[2:6]]  # type: ignore[arg-type]
        first.may_go_on.set()
        second.may_go_on.set()
        assert labels(await asyncio.gather(*answers)) == [data.hex() for data in PICTURES[:6]]

    play(2, story)
    assert sorted(len(batch) for batch in model.batches) == [1, 1, 2]


def test_who_leaves_before_its_turn_is_not_analysed() -> None:
    model = RecordingModel()

    async def story(analyses: Analyses) -> None:
        answers = await begin(analyses, model, PICTURES[:5])
        for index in (0, 1, 3):  # the first one is under way already
            answers[index].cancel()
        model.may_go_on.set()
        await asyncio.gather(answers[2], answers[4])

    play(1, story)
    assert model.batches == [[PICTURES[0]], [PICTURES[2], PICTURES[4]]]


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
    assert model.batches == [[data] for data in PICTURES]
