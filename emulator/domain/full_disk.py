"""How a full disk shows in an exception, and what is said of it."""

from __future__ import annotations

import errno

FULL_DISK = "The disk of the emulator's data directory, or of its database, is full."

_ERRNOS = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_OF_DATABASES = ("database or disk is full", "No space left on device")  # SQLite's, PostgreSQL's


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an exception, or one that it was raised from, says that there is no room (or quota) left.

    The databases' own exceptions are known by their words, so that a library that wraps them does not have to be.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return True
        if any(words in str(error) for words in _OF_DATABASES):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
