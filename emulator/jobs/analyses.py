"""Images that wait for a running model, and the threads that analyse them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from emulator.domain.detection import Candidate, check_dimensions, invalid_image_format
from emulator.domain.image_limits import image_too_large

if TYPE_CHECKING:
    from emulator.vision.served_model import ServedModel

MOST_TOLD_TOGETHER = 8
"""Answers that reach the event loop at once."""

LONGEST_HELD = 0.03
"""Seconds after which an answer is told, whatever still waits."""

Answer = list[Candidate] | Exception


@dataclass(slots=True, eq=False)
class _Waiting:
    model: ServedModel
    data: bytes
    answer: asyncio.Future[list[Candidate]]


class _Held:
    """Answers of one model that a thread has found and not told yet."""

    def __init__(self) -> None:
        self.answers: list[tuple[_Waiting, Answer]] = []
        self._since = 0.0
        self._next_by = 0.0

    @property
    def model(self) -> ServedModel:
        return self.answers[-1][0].model

    @property
    def is_full(self) -> bool:
        """Whether another image, if it takes as long as the last one, would keep the first answer too long."""
        return len(self.answers) == MOST_TOLD_TOGETHER or self._next_by - self._since > LONGEST_HELD

    def add(self, waiting: _Waiting, answer: Answer, began: float, ended: float) -> None:
        """`began` and `ended`: when the image was analysed, in seconds of the monotonic clock."""
        if not self.answers:
            self._since = ended
        self._next_by = ended + (ended - began)
        self.answers.append((waiting, answer))

    def tell(self) -> None:
        """Hand all of them to the event loop."""
        if self.answers:
            with suppress(RuntimeError):  # a loop that is closed: nobody waits any more
                self.answers[0][0].answer.get_loop().call_soon_threadsafe(_tell, self.answers)
        self.answers = []


class Analyses:
    """Asked on the event loop. Images are analysed in the order in which they come, each by one thread.

    While others wait, a thread tells its answers several at a time: the event loop then has what it needs in the
    processor's caches, which a network leaves cold. When nothing waits, an answer is told at once.
    """

    def __init__(self, threads: int) -> None:
        """`threads`: how many images are analysed at once, each on one core."""
        self._most = threads
        self._threads: list[Thread] = []
        # What wakes a thread: True to work, False to end. An executor does more for each call than is needed here, and
        # all of it with the cold caches that a network leaves behind.
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._lock = Lock()  # of what follows; held for a few steps only
        self._waiting: deque[_Waiting] = deque()
        self._working = 0

    def analyse(self, model: ServedModel, data: bytes) -> asyncio.Future[list[Candidate]]:
        """The candidates for an image, JPEG or PNG. Who cancels this before its turn has come takes no thread's time.

        The future raises RuleError: ImageTooLarge, InvalidImageFormat, InvalidParameter (A-7).
        """
        waiting = _Waiting(model, data, asyncio.get_running_loop().create_future())
        with self._lock:
            self._waiting.append(waiting)
            is_thread_free = self._working < self._most
            self._working += is_thread_free
        if is_thread_free:
            if len(self._threads) < self._most:
                self._begin_thread()
            self._calls.put(True)
        return waiting.answer

    def close(self) -> None:
        """End the threads, after what was asked for."""
        for _ in self._threads:
            self._calls.put(False)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _begin_thread(self) -> None:
        # A daemon: a process that ends without `close` does not wait for it.
        thread = Thread(target=self._serve, name=f"inference-{len(self._threads)}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _serve(self) -> None:
        while self._calls.get():
            self._work()

    def _work(self) -> None:
        """Analyse what waits until nothing does."""
        held = _Held()
        while waiting := self._next():
            if held.answers and waiting.model is not held.model:
                held.tell()
            began = time.monotonic()
            answer = _analysed(waiting.model, waiting.data)
            held.add(waiting, answer, began, time.monotonic())
            if not self._waiting or held.is_full:
                held.tell()
        held.tell()

    def _next(self) -> _Waiting | None:
        """Take the image that a thread analyses next; None says that this thread ends."""
        with self._lock:
            while self._waiting:
                waiting = self._waiting.popleft()
                if not waiting.answer.cancelled():
                    return waiting
            self._working -= 1
            return None


def _tell(answers: Sequence[tuple[_Waiting, Answer]]) -> None:
    for waiting, answer in answers:
        if waiting.answer.done():  # cancelled meanwhile
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)


def _analysed(model: ServedModel, image: bytes) -> Answer:
    """What the model says of the image, or what is wrong with the image or went wrong."""
    from emulator.vision.images import probe

    try:
        facts = probe(image)
        check_dimensions(facts.width, facts.height)
        return [Candidate(item.label, item.confidence, item.box) for item in model.predict(image)]
    except Exception as error:
        return _in_words_of_aws(error)


def _in_words_of_aws(error: Exception) -> Exception:
    from emulator.vision.errors import ImageError, TooManyPixelsError

    if isinstance(error, TooManyPixelsError):
        return image_too_large()
    return invalid_image_format() if isinstance(error, ImageError) else error
