"""An edge over HTTP that the tests of a module share, each with a dispatch of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.wire.validation import use_quick_parser
from support.edge_server import EdgeServer, RecordingDispatch
from support.raw_http import RawConnection


@pytest.fixture(scope="session", autouse=True)
def quick_parser() -> None:
    """As in an emulator whose start is over."""
    use_quick_parser()


@pytest.fixture(scope="module")
def server() -> Iterator[EdgeServer]:
    """An edge with default options."""
    with EdgeServer(RecordingDispatch()) as server:
        yield server


@pytest.fixture
def dispatch(server: EdgeServer) -> RecordingDispatch:
    """What the shared edge calls during this test; its result is `{}` until the test sets another."""
    server.dispatch = RecordingDispatch()
    return server.dispatch


@pytest.fixture
def connection(server: EdgeServer, dispatch: RecordingDispatch) -> Iterator[RawConnection]:
    """A connection to the shared edge."""
    assert server.dispatch is dispatch
    with RawConnection(server.address) as connection:
        yield connection
