"""A head is written with the body behind it; nothing waits for longer than the event loop's next turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from emulator.server.whole_answers import WholeAnswers

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Recorded(asyncio.Transport):
    """What was written, a piece for each call of the system."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True


def test_heads_and_bodies() -> None:
    async def play() -> None:
        recorded = Recorded()
        transport = WholeAnswers(recorded, asyncio.get_running_loop())
        for _ in range(2):
            transport.write(HEAD)
            assert recorded.pieces == []
            transport.write(b"{}")
            assert recorded.pieces == [HEAD + b"{}"]
            recorded.pieces.clear()
        transport.write(HEAD)
        await asyncio.sleep(0)
        assert recorded.pieces == [HEAD], "of a stream whose first event is yet to come"
        transport.write(b"event")
        transport.write(b"HTTP/1.1 in a body")
        transport.write(b"rest")
        assert recorded.pieces == [HEAD, b"event", b"HTTP/1.1 in a bodyrest"]
        transport.write(HEAD)
        transport.close()
        assert recorded.pieces[3:] == [HEAD]
        assert recorded.is_closed
        assert cast(asyncio.Transport, transport).get_extra_info("peername") == ("127.0.0.1", 1)

    asyncio.run(play())
