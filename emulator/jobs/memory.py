"""Memory that large work has freed, given back to the system."""

from __future__ import annotations

import sys
from contextlib import suppress


def give_back_memory() -> None:
    """Have the C library give back what is free; for threads, since it takes some ten milliseconds for 100 MB.

    glibc keeps what lies below a block that is in use, in a heap for each thread: after an update of 160,000 lines that
    was half of what it had needed. Other libraries do not know the function.
    """
    if sys.platform != "linux":
        return
    import ctypes  # not needed for a start

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
