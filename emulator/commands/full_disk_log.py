"""A full disk in the log: one line now and then instead of a traceback for every call that it fails."""

from __future__ import annotations

import logging
import time

from emulator.domain.full_disk import is_full_disk

SECONDS_BETWEEN_LINES = 10.0


class FullDiskFilter(logging.Filter):
    """For a handler. Records about anything else pass as they are."""

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
        record.msg = (
            f"{record.getMessage().splitlines()[0]}: the disk of the data directory, or of its database, is full{more}"
        )
        record.args, record.exc_info, record.exc_text = (), None, None
        self._left_out = 0
        return True
