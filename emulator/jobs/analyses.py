"""Images that wait for a running model, and the threads that analyse them, so far as they can several at once."""

from __future__ import annotations

import asyncio
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
    from emulator.vision.served_model import Predicted, ServedModel

Answer = list[Candidate] | Exception


@dataclass(slots=True, eq=False)
class _Waiting:
    model: ServedModel
    data: bytes
    answer: asyncio.Future[list[Candidate]]


class Analyses:
    """Asked on the event loop. Images are analysed in the order in which they come, each by one thread.

    Where images of one model wait one behind the other, and there are more of them than free threads, a thread takes
    several: decoding, the network and the event loop each find what they need in the processor's caches then. Nobody
    waits for others to come: who is alone is analysed alone.
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
        while group := self._next_group():
            answers = _analysed(group[0].model, [waiting.data for waiting in group])
            with suppress(RuntimeError):  # a loop that is closed: nobody waits any more
                group[0].answer.get_loop().call_soon_threadsafe(_tell, group, answers)

    def _next_group(self) -> list[_Waiting]:
        """Take the images that a thread analyses next; none says that this thread ends."""
        with self._lock:
            while self._waiting and self._waiting[0].answer.cancelled():
                self._waiting.popleft()
            if not self._waiting:
                self._working -= 1
                return []
            share = -(-len(self._waiting) // self._most)
            group = [self._waiting.popleft()]
            model = group[0].model
            while len(group) < min(share, model.largest_group) and self._waiting and self._waiting[0].model is model:
                following = self._waiting.popleft()
                if not following.answer.cancelled():
                    group.append(following)
            return group


def _tell(group: Sequence[_Waiting], answers: Sequence[Answer]) -> None:
    for waiting, answer in zip(group, answers, strict=True):
        if waiting.answer.done():  # cancelled meanwhile
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)


def _analysed(model: ServedModel, images: Sequence[bytes]) -> list[Answer]:
    """An answer for each of the images, whatever happens to the others."""
    refusals = [_refusal(image) for image in images]
    analysable = [image for image, refusal in zip(images, refusals, strict=True) if refusal is None]
    predicted = iter(model.predict_group(analysable))
    return [refusal or _answer(next(predicted)) for refusal in refusals]


def _refusal(image: bytes) -> Exception | None:
    """What the image's header says against it; None if nothing."""
    from emulator.vision.images import probe

    try:
        facts = probe(image)
        check_dimensions(facts.width, facts.height)
    except Exception as error:
        return _in_words_of_aws(error)
    return None


def _answer(predicted: Predicted) -> Answer:
    if isinstance(predicted, Exception):
        return _in_words_of_aws(predicted)
    return [Candidate(item.label, item.confidence, item.box) for item in predicted]


def _in_words_of_aws(error: Exception) -> Exception:
    from emulator.vision.errors import ImageError, TooManyPixelsError

    if isinstance(error, TooManyPixelsError):
        return image_too_large()
    return invalid_image_format() if isinstance(error, ImageError) else error
