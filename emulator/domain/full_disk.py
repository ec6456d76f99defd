"""How a full disk shows in an exception, and what is said of it."""

from __future__ import annotations

import errno

FULL_DISK = "The disk of the emulator's data directory is full."

_ERRNOS = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_OF_SQLITE = "database or disk is full"


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an exception, or one that it was raised from, says that there is no room (or quota) left.

    SQLite's own exception is known by its words, so that a library that wraps it does not have to be.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return True
        if _OF_SQLITE in str(error):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
