"""A full disk is known by what is raised, wherever it is wrapped."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from emulator.domain.full_disk import is_full_disk


def wrapped(error: BaseException) -> BaseException:
    try:
        try:
            raise error
        except BaseException as cause:
            raise RuntimeError("something failed") from cause
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_and_no_quota(number: int) -> None:
    assert is_full_disk(OSError(number, "no"))
    assert is_full_disk(wrapped(OSError(number, "no")))
    assert is_full_disk(wrapped(Exception('could not extend file "base/5/16557": No space left on device')))


def test_sqlite_itself_and_within_sqlalchemy() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 1"))
        with pytest.raises(OperationalError) as caught:
            connection.execute(text("CREATE TABLE t AS SELECT randomblob(100000)"))
    engine.dispose()
    assert is_full_disk(caught.value)
    assert isinstance(caught.value.orig, sqlite3.OperationalError) and is_full_disk(caught.value.orig)


@pytest.mark.parametrize(
    "error", [None, OSError(errno.EACCES, "no"), sqlite3.OperationalError("database is locked"), ValueError("full")]
)
def test_anything_else(error: BaseException | None) -> None:
    assert not is_full_disk(error)
