"""Starts Firefox for Playwright and answers in its place the one WebDriver BiDi command that Firefox does not know.

Playwright drives any Firefox by WebDriver BiDi. Whatever it is asked for, it sends `emulation.setMediaFeaturesOverride`
first, which no released Firefox has; without an answer no window opens. This relay stands between the two: it takes
Playwright's arguments of the browser, starts it, passes every message on and acknowledges that command (docs/adr/016).
A colour scheme that a test asks for therefore has no effect in Firefox.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

NOT_IN_FIREFOX = frozenset({"emulation.setMediaFeaturesOverride"})
PROGRAM = "FIREFOX"
"""The environment variable that names the browser's program."""
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


async def relay(arguments: Sequence[str]) -> int:
    """Start Firefox, relay until it ends; its return code."""
    firefox = await asyncio.create_subprocess_exec(os.environ[PROGRAM], *arguments, stderr=asyncio.subprocess.PIPE)
    assert firefox.stderr is not None
    while line := await firefox.stderr.readline():
        found = _LISTENING.search(line)
        if found is not None:
            break
    else:
        return await firefox.wait()
    address = f"{found.group(1).decode()}/session"

    async def serve_one(playwright: ServerConnection) -> None:
        async with connect(address, max_size=None, compression=None) as browser:
            down = asyncio.create_task(_pass_on(browser, playwright))
            await _answer_or_pass_on(playwright, browser)
            down.cancel()

    async with serve(serve_one, "127.0.0.1", 0, max_size=None, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        # Playwright waits for this line.
        print(f"WebDriver BiDi listening on ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
        while await firefox.stderr.readline():
            pass
    return await firefox.wait()


async def _answer_or_pass_on(playwright: ServerConnection, browser: ClientConnection) -> None:
    try:
        async for message in playwright:
            command = json.loads(message)
            if command.get("method") in NOT_IN_FIREFOX:
                await playwright.send(json.dumps({"type": "success", "id": command["id"], "result": {}}))
            else:
                await browser.send(message)
    except ConnectionClosed:
        return


async def _pass_on(browser: ClientConnection, playwright: ServerConnection) -> None:
    try:
        async for message in browser:
            await playwright.send(message)
    except ConnectionClosed:
        return


if __name__ == "__main__":
    sys.exit(asyncio.run(relay(sys.argv[1:])))
