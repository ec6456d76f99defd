"""What an operator wants done before the emulator is ready: `*.sh`, `*.py` and `*.http` of a folder, in order of names.

Scripts find the emulator through AWS_ENDPOINT_URL and EMULATOR_ENDPOINT, with any credentials of the default account.
An `.http` file holds requests as editors' HTTP clients have them, one after the other, separated by lines of `###`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import urljoin

from emulator.settings import PREFIX, Settings, SettingsError

logger = logging.getLogger(__name__)

SUFFIXES = (".sh", ".py", ".http")
REQUEST_SECONDS = 300.0
_COMMENTS = ("#", "//")
_SEPARATOR = "###"


class InitScriptError(Exception):
    """A script failed, and the start with it; the message has its output."""


@dataclass(slots=True)
class HttpRequest:
    """One request of an `.http` file; `target` is a path of the emulator, or a whole address."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def check_init_directory(settings: Settings) -> None:
    """Raise SettingsError for a folder that a setting names and that is not there; only the default may be missing."""
    if settings.init_dir != Settings().init_dir and not Path(settings.init_dir).is_dir():
        raise SettingsError(f"{PREFIX}INIT_DIR={settings.init_dir}: there is no such folder")


async def run_init_scripts(directory: Path, endpoint: str, account: str, states: MutableMapping[str, str]) -> None:
    """Run all scripts of the folder, which may be missing. Raises InitScriptError at the first that fails.

    `states` takes the name of each script that began: RUNNING, then SUCCESSFUL.
    """
    if not directory.is_dir():
        return
    for script in sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES and path.is_file()):
        logger.info("init script %s", script.name)
        states[script.name] = "RUNNING"
        if script.suffix == ".http":
            await _in_passing_thread(partial(_send_all, script, endpoint))
        else:
            await _run(script, endpoint, account)
        states[script.name] = "SUCCESSFUL"


def parse_http_file(text: str) -> list[HttpRequest]:
    """The requests of an `.http` file. Raises InitScriptError for a line that is neither request nor header."""
    requests = []
    block: list[str] = []
    for line in [*text.splitlines(), _SEPARATOR]:
        if not line.startswith(_SEPARATOR):
            block.append(line)
            continue
        request = _parse_block(block)
        if request is not None:
            requests.append(request)
        block = []
    return requests


def _parse_block(lines: list[str]) -> HttpRequest | None:
    rest = iter(lines)
    request: HttpRequest | None = None
    for line in rest:
        if request is None:
            if not line.strip() or line.startswith(_COMMENTS):
                continue
            words = line.split()
            if len(words) not in (2, 3) or not words[0].isupper():
                raise InitScriptError(f"expected METHOD TARGET, found {line!r}")
            request = HttpRequest(words[0], words[1])
        elif not line.strip():
            break
        else:
            name, colon, value = line.partition(":")
            if not colon:
                raise InitScriptError(f"expected NAME: VALUE, found {line!r}")
            request.headers[name.strip()] = value.strip()
    if request is not None:
        request.body = "\n".join(rest).strip()
    return request


async def _in_passing_thread(work: Callable[[], None]) -> None:
    """Do blocking work in a thread that the end of the process does not wait for: a host may never answer (O-3)."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if not ended.done():
            ended.set_exception(error) if error else ended.set_result(None)

    def run() -> None:
        error = None
        try:
            work()
        except Exception as caught:
            error = caught
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=run, name="init script", daemon=True).start()
    await ended


def _send_all(script: Path, endpoint: str) -> None:
    # Only here: most starts have no such script, and would wait for the import.
    import http.client
    import urllib.error
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        requests = parse_http_file(script.read_text(encoding="utf-8"))
    except (InitScriptError, OSError, UnicodeDecodeError) as error:
        raise InitScriptError(f"{script.name}: {error}") from error
    for request in requests:
        address = urljoin(endpoint + "/", request.target)
        if not address.startswith(("http://", "https://")):
            raise InitScriptError(f"{script.name}: {request.target} is neither a path nor an http address")
        body = request.body.encode() if request.body else None
        try:
            sent = urllib.request.Request(address, body, request.headers, method=request.method)
            with opener.open(sent, timeout=REQUEST_SECONDS) as answer:
                logger.info("%s: %s %s answered %d", script.name, request.method, request.target, answer.status)
        except urllib.error.HTTPError as error:
            output = error.read().decode("utf-8", "replace")
            what = f"{script.name}: {request.method} {request.target} answered {error.code}"
            raise InitScriptError(f"{what}\n{output}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise InitScriptError(f"{script.name}: {request.method} {request.target}: {error}") from error


async def _run(script: Path, endpoint: str, account: str) -> None:
    with tempfile.TemporaryFile() as file:
        exit_code = await _exit_code(script, _environment(endpoint, account), file)
        file.seek(0)
        output = file.read().decode("utf-8", "replace").rstrip()
    if exit_code != 0:
        raise InitScriptError(f"{script.name} ended with exit code {exit_code}\n{output}")
    for line in output.splitlines():
        logger.info("%s: %s", script.name, line)


async def _exit_code(script: Path, environment: dict[str, str], output: IO[bytes]) -> int:
    """Run a script to its end. Into a file and not a pipe: what it leaves in the background keeps its output open."""
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(script),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            cwd=script.parent,
            start_new_session=True,
        )
    except OSError as error:
        reason = f"{error.strerror}; is the program of its first line there?"
        raise InitScriptError(f"{script.name} cannot be run: {reason}") from error
    try:
        return await process.wait()
    except asyncio.CancelledError:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        raise


def _command(script: Path) -> list[str]:
    path = str(script.resolve())
    if script.suffix == ".py":
        return [sys.executable, path]
    return [path] if os.access(script, os.X_OK) else ["sh", path]


def _environment(endpoint: str, account: str) -> dict[str, str]:
    defaults = {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {**defaults, **os.environ, "AWS_ENDPOINT_URL": endpoint, "EMULATOR_ENDPOINT": endpoint}
