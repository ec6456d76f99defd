"""What fails every call alike (a full disk, a database that is away) in the log: a line instead of their tracebacks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from emulator.domain.full_disk import is_full_disk

SECONDS_BETWEEN_LINES = 10.0


class FullDiskFilter(logging.Filter):
    """For a handler: a line every ten seconds. Records about anything else pass as they are."""

    def __init__(self) -> None:
        super().__init__()
        self._next_line = 0.0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback off a record about a full disk, or leave it out where a line was written just before."""
        if not record.exc_info or not is_full_disk(record.exc_info[1]):
            return True
        if time.monotonic() < self._next_line:
            self._left_out += 1
            return False
        self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES
        more = f" ({self._left_out} more since the last line)" if self._left_out else ""
        _shorten(record, f"the disk of the data directory, or of its database, is full{more}")
        self._left_out = 0
        return True


class LostDatabaseFilter(logging.Filter):
    """For a handler: a line an outage, which is over once no call has failed of it for ten seconds.

    `is_lost` says whether an error tells that the database went away.
    """

    def __init__(self, is_lost: Callable[[BaseException], bool], now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._is_lost = is_lost
        self._now = now
        self._lock = threading.Lock()  # records come from any thread
        self._over_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback off the first record of an outage, and leave out those that follow."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not self._is_lost(error):
            return True
        with self._lock:
            now = self._now()
            is_first, self._over_at = now >= self._over_at, now + SECONDS_BETWEEN_LINES
        if is_first:
            said = str(getattr(error, "orig", error))  # without the statement and what was to be written
            _shorten(record, f"the database is away, and calls fail until it is back: {' '.join(said.split())}")
        return is_first


def _shorten(record: logging.LogRecord, reason: str) -> None:
    record.msg = f"{record.getMessage().splitlines()[0]}: {reason}"
    record.args, record.exc_info, record.exc_text = (), None, None
