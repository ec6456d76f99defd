"""One emulator a database: the first has the state, a second waits and takes over when the first is gone.

The owner holds an advisory lock with a session of its own and stands in a row, `database_owner`. A lost session frees
the lock; whoever gets it next writes itself into the row, after which no write of the earlier owner is taken any more.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from emulator.storage.dialects.postgresql import OWNER_TABLE, WRITER_LOCK
from emulator.storage.dialects.postgresql_links import connection_info, owned_url

logger = logging.getLogger(__name__)

OWNER_LOCK = 0x43_4C_4F_57
"""The advisory lock of the session of whoever has the state."""
STANDBY_LOCK = 0x43_4C_53_42
"""The advisory lock that those who wait share."""
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_TRIES = 0.25
SECONDS_OF_A_STANDBYS_PATIENCE = 0.5
"""How long an owner without a session keeps the data directory from a standby."""
_SECONDS_BETWEEN_OWN_TRIES = 0.05
EXIT_STATUS = 1

_MAKE_TABLE = f"""CREATE TABLE IF NOT EXISTS {OWNER_TABLE}
    (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), owner text NOT NULL, receipt bigint NOT NULL)"""
_BECOME_OWNER = f"""INSERT INTO {OWNER_TABLE} (owner, receipt) VALUES (%s, 0)
    ON CONFLICT (only_row) DO UPDATE SET owner = excluded.owner, receipt = 0"""
_IS_AWAITED = """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""

Session = psycopg.Connection[tuple[object, ...]]


class DatabaseUnreachableError(Exception):
    """The database cannot be reached; the message says why."""


@contextmanager
def hold_database(url: str, while_waiting: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Have the state for the block, after waiting until nobody else has it; gives the URL for all who write it.

    `while_waiting` is called once if there is anything to wait for. A session that is lost is made again: the emulator
    goes on, unless another has taken over or waits to. Then the process ends at once, as in a crash, since the other
    one needs the data directory. Raises DatabaseUnreachableError.
    """
    try:
        ownership = _Ownership(url, _connect(url))
    except psycopg.Error as error:
        raise DatabaseUnreachableError(str(error).strip().splitlines()[-1]) from error
    try:
        try:
            ownership.wait_for(while_waiting)
        except psycopg.Error as error:
            raise DatabaseUnreachableError(_in_one_line(error)) from error
        ownership.watch()
        yield owned_url(url, ownership.owner)
    finally:
        ownership.close()


def _connect(url: str) -> Session:
    return psycopg.connect(connection_info(url), autocommit=True)


class _Ownership:
    """The session of whoever has the state, or waits for it."""

    def __init__(self, url: str, session: Session) -> None:
        self.owner = uuid.uuid4().hex
        self._url = url
        self._session = session
        self._ended = threading.Event()
        self._end, self._hears_end = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, name="database-ownership", daemon=True)
        self._is_awaited = False
        self._seen: Session | None = None

    def wait_for(self, while_waiting: Callable[[], None]) -> None:
        """Take the state as soon as nobody has it; a server that goes away meanwhile is waited for too."""
        waits = False
        while True:
            try:
                if self._has_taken(waits=waits):
                    break
                if not waits:
                    logger.warning(
                        "another emulator has the database; this one waits and takes over when that one ends"
                    )
                    waits = True
                    self._be_seen_waiting()
                    while_waiting()
            except psycopg.OperationalError as error:
                logger.warning("the database cannot be reached, trying again: %s", _in_one_line(error))
                self._connect_again()
            time.sleep(SECONDS_BETWEEN_TRIES)
        if waits:
            logger.warning("the database is free: taking over")

    def _has_taken(self, *, waits: bool) -> bool:
        """Whether the state is had now; whoever waits is seen by the owner."""
        if waits:
            self._be_seen_waiting()
        if not self._try():
            return False
        with self._session.transaction():
            self._session.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
            self._session.execute(_MAKE_TABLE)
            self._session.execute(_BECOME_OWNER, (self.owner,))
        if waits:
            self._session.execute("SELECT pg_advisory_unlock_shared(%s)", (STANDBY_LOCK,))
        return True

    def _be_seen_waiting(self) -> None:
        if self._seen is not self._session:
            self._session.execute("SELECT pg_advisory_lock_shared(%s)", (STANDBY_LOCK,))
            self._seen = self._session

    def watch(self) -> None:
        """Begin to look after the session."""
        self._thread.start()

    def close(self) -> None:
        """Let the state go."""
        self._ended.set()
        self._end.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._hears_end.close()
        self._session.close()

    def _try(self) -> bool:
        return self._session.execute("SELECT pg_try_advisory_lock(%s)", (OWNER_LOCK,)).fetchone() == (True,)

    def _connect_again(self) -> None:
        with suppress(psycopg.Error):
            self._session.close()
            self._session = _connect(self._url)

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                # A session that is cut shows at once.
                select.select([self._session.fileno(), self._hears_end.fileno()], [], [], SECONDS_BETWEEN_LOOKS)
                if not self._ended.is_set():
                    self._is_awaited = self._session.execute(_IS_AWAITED, (STANDBY_LOCK,)).fetchone() == (True,)
            except (psycopg.OperationalError, OSError, ValueError) as error:
                logger.error("the session with the database is lost: %s", _in_one_line(error))
                if not self._has_again():
                    return

    def _has_again(self) -> bool:
        """Whether the state is had again, or the end has begun; ends the process where another has it or waits."""
        patience = threading.Timer(SECONDS_OF_A_STANDBYS_PATIENCE, _end, ("another emulator waits for the database",))
        patience.daemon = True
        if self._is_awaited:
            patience.start()
        while not self._ended.wait(_SECONDS_BETWEEN_OWN_TRIES):
            self._connect_again()
            try:
                is_held = self._try()
                found = self._session.execute(f"SELECT owner FROM {OWNER_TABLE}").fetchone()
            except psycopg.OperationalError:
                is_held, found = False, (self.owner,)
            if found != (self.owner,):
                _end("another emulator has taken over the database")
            if is_held:
                patience.cancel()
                logger.warning("the session with the database is there again, and nobody has taken over")
                return True
        patience.cancel()
        return False


def _end(why: str) -> None:
    """End as in a crash, which nothing acknowledged is lost by."""
    logger.error("%s: this one ends now", why)
    os._exit(EXIT_STATUS)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
