"""One emulator a database: the first has the state, a second waits and takes over when the first is gone."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from emulator.storage.dialects.postgresql import driver_url

logger = logging.getLogger(__name__)

OWNER_LOCK = 0x43_4C_4F_57
"""The advisory lock of the session of whoever has the state."""
SECONDS_BETWEEN_TRIES = 0.5


class DatabaseUnreachableError(Exception):
    """The database cannot be reached; the message says why."""


@contextmanager
def hold_database(url: str) -> Iterator[None]:
    """Have the state for the block, after waiting until nobody else has it. The server frees a lost session's lock.

    While it is had, its session is looked at twice a second: an emulator that lost it ends with SIGTERM, since another
    may have taken over. Raises DatabaseUnreachableError.
    """
    try:
        connection = psycopg.connect(driver_url(url), autocommit=True)
    except psycopg.Error as error:
        raise DatabaseUnreachableError(str(error).strip().splitlines()[-1]) from error
    with connection:
        _wait_for_lock(connection)
        ended = threading.Event()
        watch = threading.Thread(target=_watch, args=(connection, ended), name="database-ownership", daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()


def _wait_for_lock(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    has_told = False
    while connection.execute("SELECT pg_try_advisory_lock(%s)", (OWNER_LOCK,)).fetchone() != (True,):
        if not has_told:
            logger.warning("another emulator has the database; this one waits and takes over when that one ends")
            has_told = True
        time.sleep(SECONDS_BETWEEN_TRIES)
    if has_told:
        logger.warning("the database is free: taking over")


def _watch(connection: psycopg.Connection[tuple[object, ...]], ended: threading.Event) -> None:
    while not ended.wait(SECONDS_BETWEEN_TRIES):
        try:
            connection.execute("SELECT 1")
        except psycopg.Error as error:
            logger.error("the session with the database is lost, and with it the state: %s", error)
            os.kill(os.getpid(), signal.SIGTERM)
            return
