"""What fails every call alike is told in one line."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

import pytest

from emulator.commands.shortened_log import SECONDS_BETWEEN_LINES, FullDiskFilter, LostDatabaseFilter


class AwayError(Exception):
    """The database went away."""


class Lines(logging.Handler):
    """Keeps what is written."""

    def __init__(self, *filters: logging.Filter) -> None:
        super().__init__()
        self.written: list[str] = []
        for one in filters:
            self.addFilter(one)

    def emit(self, record: logging.LogRecord) -> None:
        """A record with its traceback."""
        self.written.append(self.format(record))


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """One that writes nowhere else."""
    found = logging.getLogger("test of shortened logs")
    found.propagate = False
    yield found
    found.handlers.clear()


def fail(logger: logging.Logger, error: Exception) -> None:
    """A call fails."""
    try:
        raise error
    except type(error):
        logger.exception("%s failed, 100 %% of it", "DescribeProjects")


def test_a_database_that_is_away_is_one_line_an_outage(logger: logging.Logger) -> None:
    clock = Clock()
    lines = Lines(LostDatabaseFilter(lambda error: isinstance(error, AwayError), clock))
    logger.addHandler(lines)
    for _ in range(20):  # one outage, however long it is
        fail(logger, AwayError("connection refused\nIs the server running?"))
        clock.now += SECONDS_BETWEEN_LINES * 0.9
    line = (
        "DescribeProjects failed, 100 % of it: the database is away, and calls fail until it is back: "
        "connection refused Is the server running?"
    )
    assert lines.written == [line]
    clock.now += SECONDS_BETWEEN_LINES
    fail(logger, AwayError("connection refused\nIs the server running?"))
    assert lines.written == [line, line]


def test_other_errors_keep_their_tracebacks(logger: logging.Logger) -> None:
    lines = Lines(LostDatabaseFilter(lambda error: isinstance(error, AwayError)), FullDiskFilter())
    logger.addHandler(lines)
    fail(logger, AwayError("gone"))
    fail(logger, ValueError("a mistake"))
    logger.error("without an exception")
    assert len(lines.written) == 3
    assert "Traceback" in lines.written[1]
    assert lines.written[2] == "without an exception"


def test_a_full_disk_is_a_line_now_and_then(logger: logging.Logger) -> None:
    lines = Lines(FullDiskFilter())
    logger.addHandler(lines)
    for _ in range(3):
        fail(logger, OSError(errno.ENOSPC, "No space left on device"))
    assert lines.written == [
        "DescribeProjects failed, 100 % of it: the disk of the data directory, or of its database, is full"
    ]
