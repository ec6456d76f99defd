"""The clocks that states, inference units and metrics go by: real, or moved by hand in tests (O-10, O-39)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from emulator.domain.moments import LATEST_SECOND


class Clock:
    """Seconds since the epoch, real by default. Lives on the event loop; `now` may be called from any thread.

    Time passes where it is real and where it is advanced. A clock that is set leaps: the time between has not passed.
    Whoever measures time is told by `on_leap`, with the moments before and after.
    """

    def __init__(self) -> None:
        self.on_leap: Callable[[float, float], None] = lambda _before, _after: None
        self._manual_now: float | None = None
        self._moved = asyncio.Event()
        self._last_stamp = 0

    @property
    def mode(self) -> str:
        """`real` or `manual`."""
        return "real" if self._manual_now is None else "manual"

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() if self._manual_now is None else self._manual_now

    def milliseconds(self) -> int:
        """Whole milliseconds since the epoch."""
        return int(self.now() * 1000)

    def stamp(self) -> int:
        """Milliseconds since the epoch, never the same twice unless the clock is turned back: what ends an ARN
        (api-facts §0.12).
        """
        self._last_stamp = max(self._last_stamp + 1, self.milliseconds())
        return self._last_stamp

    def set_real(self) -> None:
        """Follow real time again."""
        self._set(None)

    def set_manual(self, now: float) -> None:
        """Stand still at `now` until advanced."""
        self._set(now)

    def advance(self, seconds: float) -> None:
        """Move manual time on. Raises ValueError under real time, for negative seconds, and past LATEST_SECOND."""
        if self._manual_now is None:
            raise ValueError("The clock follows real time; set it to manual first.")
        if seconds < 0:
            raise ValueError("The clock cannot be turned back by advancing.")
        if self._manual_now + seconds > LATEST_SECOND:
            raise ValueError("The clock ends with the year 9999.")
        # To the microsecond: six hundred tenths of a second are a minute, and not a little less.
        self._manual_now = round(self._manual_now + seconds, 6)
        self.wake()

    def follow(self, other: Clock) -> None:
        """Go on from where another clock stands, in its mode."""
        self._manual_now, self._last_stamp = other._manual_now, other._last_stamp

    async def wait_until_or_moved(self, moment: float) -> None:
        """Return when `now()` has reached `moment`, or before, when somebody has moved or set the clock."""
        left = moment - self.now()
        if left <= 0:
            return
        moved = self._moved
        try:
            await asyncio.wait_for(moved.wait(), left if self._manual_now is None else None)
        except TimeoutError:
            return

    def _set(self, manual_now: float | None) -> None:
        before = self.now()
        self._manual_now = manual_now
        self.on_leap(before, self.now())
        if self.milliseconds() < self._last_stamp:
            self._last_stamp = 0
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class Clocks(Clock):
    """The clock that all accounts share, and those of accounts that have one of their own (O-39).

    `on_clock_leap` hears of the leaps of each: the account, None for the shared one, and the moments before and after.
    An account whose own clock is given up leaps to the shared one's time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_clock_leap: Callable[[str | None, float, float], None] = lambda _account, _before, _after: None
        self.on_leap = partial(self._tell_leap, None)
        self._own: dict[str, Clock] = {}

    def of(self, account: str | None) -> Clock:
        """The clock that an account goes by."""
        return self._own.get(account or "", self)

    def owner_of(self, account: str) -> str | None:
        """The account itself if it has a clock of its own, None where it goes by the shared one."""
        return account if account in self._own else None

    def now_of(self, account: str) -> float:
        """Seconds since the epoch by the clock of an account."""
        return self.of(account).now()

    def own(self, account: str) -> Clock:
        """The account's own clock, which begins as the shared one stands."""
        if account not in self._own:
            clock = Clock()
            clock.follow(self)
            clock.on_leap = partial(self._tell_leap, account)
            self._own[account] = clock
            self.wake()  # whoever waits for the account's time waits for another clock now
        return self._own[account]

    def give_up(self, account: str | None = None) -> None:
        """An account, or all of them, go by the shared clock again."""
        for name in [account] if account is not None else list(self._own):
            clock = self._own.get(name)
            if clock is not None:
                self._tell_leap(name, clock.now(), self.now())
                del self._own[name]
                clock.wake()

    def manual_moments(self) -> dict[str, float | None]:
        """Where clocks stand that are moved by hand, None for one that is real: the shared one ("") and all own."""
        clocks = {"": self, **self._own}
        return {name: clock.now() if clock.mode == "manual" else None for name, clock in clocks.items()}

    def _tell_leap(self, account: str | None, before: float, after: float) -> None:
        self.on_clock_leap(account, before, after)
