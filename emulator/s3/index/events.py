"""Queries for events that wait to be sent: rows written with the change that they tell of, removed when they are sent.

`sent_to` names the transports (`transports.Transport.name`) that have an event already, with commas between them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """One event for one destination. `created` in milliseconds, `body` the JSON that the destination gets."""

    id: int
    created: int
    bucket: str
    key: str
    destination: str
    account: str
    body: str

    @property
    def lane(self) -> str:
        """What is sent in order: the events of one key for one destination."""
        return f"{self.destination} {self.bucket}/{self.key}"

    @classmethod
    def of(cls, row: sqlite3.Row) -> WaitingEvent:
        """From a row of `events`."""
        return cls(*(row[name] for name in ("id", "created", "bucket", "key", "destination", "account", "body")))


def next_id(connection: sqlite3.Connection) -> int:
    """The id that the next event will have; ids are never used twice."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 1 if row is None else row[0] + 1


def add(
    connection: sqlite3.Connection, created: int, bucket: str, key: str, destination: str, account: str, body: str
) -> None:
    """Keep an event. `key` is "" for one about the bucket; `account` owns the bucket, and is who sends."""
    connection.execute(
        "INSERT INTO events (created, bucket, key, destination, account, body, sent_to) VALUES (?, ?, ?, ?, ?, ?, '')",
        (created, bucket, key, destination, account, body),
    )


def waiting(connection: sqlite3.Connection, transport: str, paused: Iterable[str], limit: int) -> list[WaitingEvent]:
    """The oldest events that a transport has not sent yet, those of paused lanes and destinations left out."""
    left_out = json.dumps(list(paused))
    rows = connection.execute(
        "SELECT * FROM events WHERE instr(',' || sent_to || ',', ',' || ? || ',') = 0 "
        "AND destination NOT IN (SELECT value FROM json_each(?)) "
        "AND destination || ' ' || bucket || '/' || key NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
        (transport, left_out, left_out, limit),
    )
    return [WaitingEvent.of(row) for row in rows]


def mark_sent(connection: sqlite3.Connection, sent: Iterable[WaitingEvent], transport: str, wanted: set[str]) -> None:
    """Remember that a transport has sent these; those that all wanted transports have sent are removed."""
    for event in sent:
        # An archive that was loaded meanwhile may have brought another event with the same id.
        place = (event.id, event.created, event.body)
        row = connection.execute(
            "SELECT sent_to FROM events WHERE id = ? AND created = ? AND body = ?", place
        ).fetchone()
        if row is None:
            continue
        done = {*filter(None, row["sent_to"].split(",")), transport}
        if wanted <= done:
            connection.execute("DELETE FROM events WHERE id = ?", (event.id,))
        else:
            connection.execute("UPDATE events SET sent_to = ? WHERE id = ?", (",".join(sorted(done)), event.id))


def is_over(connection: sqlite3.Connection, most: int, oldest: int) -> bool:
    """Whether there are more events than `most`, or one from before `oldest` (milliseconds)."""
    count, first = connection.execute("SELECT count(*), min(created) FROM events").fetchone()
    return count > most or (first is not None and first < oldest)


def trim(connection: sqlite3.Connection, most: int, oldest: int) -> int:
    """Remove the events from before `oldest`, and the oldest of more than `most`; how many."""
    removed = connection.execute("DELETE FROM events WHERE created < ?", (oldest,)).rowcount
    removed += connection.execute(
        "DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)", (most,)
    ).rowcount
    return removed
