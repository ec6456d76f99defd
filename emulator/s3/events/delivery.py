"""Sending what waits: one thread a transport, in order for a key, again after a failure, until it is too old.

An event is removed only after it was taken, so a process killed in between sends it once more: at least once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.s3.events.transports import DeliveryError, Transport
from emulator.s3.index import events
from emulator.s3.index.events import WaitingEvent
from emulator.s3.rules.notification import parse_destination
from emulator.s3.vault import Vault, now

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How much may wait, and how it is tried again. Ages in milliseconds, times in seconds.

    `poll` is how often an idle thread looks for events of other processes: a training's worker writes objects too.
    `end` is how long the end waits for an answer; without one the event is sent again after the next start.
    """

    most: int = 10_000
    oldest: int = 24 * 3600 * 1000
    first_pause: float = 0.5
    longest_pause: float = 60.0
    poll: float = 1.0
    between_failures: float = 0.2
    end: float = 1.0
    at_once: int = 4
    batch: int = 48
    between_warnings: float = 60.0
    between_trims: float = 5.0


@dataclass(slots=True)
class _Pause:
    """A lane whose oldest event was not taken, or a destination: it is tried again at `until` (monotonic seconds)."""

    until: float
    failures: int


class Delivery:
    """Sends the events of one object index by some transports. Without any, events are thrown away."""

    def __init__(self, vault: Vault, transports: list[Transport], limits: DeliveryLimits | None = None) -> None:
        self._vault = vault
        self._transports = transports
        self._limits = limits or DeliveryLimits()
        self._names = {transport.name for transport in transports}
        self._senders = [_Sender(vault, transport, self._names, self._limits) for transport in transports]
        self._thrower: threading.Thread | None = None

    def start(self) -> None:
        """Take up what an earlier life left. To be called by the server only: workers write events and send none."""
        self._vault.notifier = self
        for sender in self._senders:
            sender.start()
        if not self._senders:
            self.wake()

    def wake(self) -> None:
        """Something was written. Costs nothing: the threads do the rest."""
        for sender in self._senders:
            sender.wake()
        if not self._senders:
            thrower = threading.Thread(target=self._throw_away, name="s3-events", daemon=True)
            thrower.start()
            self._thrower = thrower

    def problem_with(self, arn: str, account: str) -> str | None:
        """Why a destination cannot be sent to; None where nothing is known against it."""
        if not self._transports:
            return "Neither CUSTOM_LABELS_EVENTS_ENDPOINT_URL nor CUSTOM_LABELS_EVENTS_WEBHOOK_URL is set."
        destination = parse_destination(arn)
        found = (transport.problem_with(destination, account) for transport in self._transports)
        return next((problem for problem in found if problem is not None), None)

    def close(self) -> None:
        """End the threads. What is taken in time is over, the rest waits for the next start."""
        for sender in self._senders:
            sender.end()
        deadline = time.monotonic() + self._limits.end
        for sender in self._senders:
            sender.join(max(0.0, deadline - time.monotonic()))
        if self._thrower is not None:
            self._thrower.join(self._limits.end)

    def _throw_away(self) -> None:
        try:
            with self._vault.reading() as connection:
                if not events.is_over(connection, 0, 0):
                    return
            with self._vault.changing() as change:
                count = events.trim(change.connection, 0, 0)
        except Exception:  # a full disk, a locked index: it waits for the next event
            logger.exception("events of objects could not be thrown away")
            return
        logger.warning("%d events of objects were thrown away: no address for events is set (docs/s3.md)", count)


class _Sender:
    """The thread of one transport."""

    def __init__(self, vault: Vault, transport: Transport, names: set[str], limits: DeliveryLimits) -> None:
        self._vault = vault
        self._transport = transport
        self._names = names
        self._limits = limits
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._pauses: dict[str, _Pause] = {}
        self._warned: dict[str, float] = {}
        self._trimmed = 0.0
        self._thread = threading.Thread(target=self._run, name=f"s3-events-{transport.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def end(self) -> None:
        self._ending.set()
        self._wake.set()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            try:
                is_idle = not self._pass()
            except Exception:  # a full disk, a locked index: what waits is still there
                logger.exception("events of objects could not be looked for")
                is_idle = True
            if is_idle:
                self._wake.wait(self._limits.poll)
            if self._pauses:
                self._ending.wait(self._limits.between_failures)

    def _pass(self) -> bool:
        """Send the oldest events that may be sent now; whether there were any."""
        self._trim()
        moment = time.monotonic()
        paused = [name for name, pause in self._pauses.items() if pause.until > moment]
        with self._vault.reading() as connection:
            found = events.waiting(connection, self._transport.name, paused, self._limits.batch)
        if not found:
            if not paused:
                self._pauses.clear()
            return False
        lanes: dict[str, list[WaitingEvent]] = {}
        for event in found:
            lanes.setdefault(event.lane, []).append(event)
        if sent := self._send_lanes(lanes.values()):
            with self._vault.changing() as change:
                events.mark_sent(change.connection, sent, self._transport.name, self._names)
        return True

    def _send_lanes(self, lanes: Iterable[list[WaitingEvent]]) -> list[WaitingEvent]:
        """Send several lanes at once; what was taken. The threads do not hold up the end of the process."""
        waiting, sent = deque(lanes), list[WaitingEvent]()

        def work() -> None:
            while waiting:
                try:
                    lane = waiting.popleft()
                except IndexError:  # another thread took the last one
                    return
                sent.extend(self._send_lane(lane))

        helpers = [
            threading.Thread(target=work, daemon=True) for _ in range(min(self._limits.at_once, len(waiting)) - 1)
        ]
        for helper in helpers:
            helper.start()
        work()
        for helper in helpers:
            helper.join()
        return sent

    def _send_lane(self, lane: Iterable[WaitingEvent]) -> list[WaitingEvent]:
        """Send events of one key in their order, until one is not taken; those that were."""
        sent: list[WaitingEvent] = []
        for event in lane:
            if self._ending.is_set() or self._is_paused(event.destination):
                break
            try:
                self._transport.send(event)
            except DeliveryError as error:
                self._pause(event, event.destination if error.is_of_destination else event.lane, str(error))
                break
            except Exception as error:  # a row that cannot be sent must not hold the others
                logger.exception("an event of %s could not be sent", event.bucket)
                self._pause(event, event.lane, str(error))
                break
            self._pauses.pop(event.lane, None)
            self._pauses.pop(event.destination, None)
            sent.append(event)
        return sent

    def _is_paused(self, name: str) -> bool:
        pause = self._pauses.get(name)
        return pause is not None and pause.until > time.monotonic()

    def _pause(self, event: WaitingEvent, name: str, why: str) -> None:
        before = self._pauses.get(name)
        failures = 1 if before is None else before.failures + 1
        seconds = min(self._limits.longest_pause, self._limits.first_pause * 2 ** min(failures - 1, 20))
        moment = time.monotonic()
        self._pauses[name] = _Pause(moment + seconds, failures)
        if (
            moment - self._warned.get(event.destination, -self._limits.between_warnings)
            >= self._limits.between_warnings
        ):
            self._warned[event.destination] = moment
            logger.warning("an event for %s waits and is tried again: %s", event.destination, why)

    def _trim(self) -> None:
        """Throw away what waits too long, or is too much, and say so."""
        moment = time.monotonic()
        if moment - self._trimmed < self._limits.between_trims:
            return
        self._trimmed = moment
        limits, oldest = self._limits, now() - self._limits.oldest
        with self._vault.reading() as connection:
            if not events.is_over(connection, limits.most, oldest):
                return
        with self._vault.changing() as change:
            count = events.trim(change.connection, limits.most, oldest)
        if count:
            logger.error(
                "%d events of objects were thrown away unsent: more than %d waited, or they were older than a day",
                count,
                limits.most,
            )
