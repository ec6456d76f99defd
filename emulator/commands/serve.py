"""`custom-labels serve`: run the emulator (O-3, O-5)."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.commands.announcing import Announcement
from emulator.commands.shortened_log import FullDiskFilter, LostDatabaseFilter
from emulator.server.data_lock import DataDirectoryError, hold_data_directory
from emulator.settings import PREFIX, Settings, SettingsError, grouped, placeholder, rule_of

if TYPE_CHECKING:
    from emulator.server.app import Emulator

FAILURE = 1
# Of the 10 s that the end may take (O-3): for calls in flight. Then those that still wait are told, work is left
# resumable, and threads end what they are in the middle of.
GRACE_SECONDS = 6
END_SECONDS = 9.5
# How long a second emulator waits for the data directory of the first, which has lost the database.
SECONDS_OF_AN_END = 10.0

logger = logging.getLogger(__name__)

# At level debug these write down the signatures and session tokens of calls to an outside S3.
_TELL_SECRETS_WHEN_DEBUGGING = ("boto3", "botocore", "s3transfer", "urllib3")

# How long a thread may hold the interpreter before the event loop gets its turn (Python's own default is 5 ms).
SWITCH_SECONDS = 0.001


class StartError(Exception):
    """The emulator cannot start; the message is for the user."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A flag for every setting, in groups."""
    parser.usage = "custom-labels serve [--port PORT] [--data-dir DIR | --ephemeral] [OPTION …]"
    parser.epilog = f"Each is also a variable: --log-level is {PREFIX}LOG_LEVEL. A flag wins."
    for title, items in grouped():
        group = parser.add_argument_group(title)
        for item in items:
            flag = "--" + item.name.replace("_", "-")
            default = "" if item.default == "" or item.default is False else f" Default: {item.default}"
            help_text = (rule_of(item).text + default).replace("%", "%%")
            if str(item.type) == "bool":
                group.add_argument(flag, action="store_const", const="true", help=help_text)
            else:
                group.add_argument(flag, metavar=placeholder(item), help=help_text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C (exit code 0); 1 where it cannot start."""
    gc.disable()  # to look for garbage among what imports make, which stays, takes a fifth of a start
    _end_quietly_on_signals()
    with ExitStack() as stack:
        try:
            place = _take_place(arguments, stack)
        except (SettingsError, StartError) as error:
            return _fail(str(error))
        return _serve(place)


@dataclass(frozen=True, slots=True)
class _Place:
    """What one emulator has to itself before it serves, and how it tells others that it does."""

    settings: Settings
    directory: Path
    listener: socket.socket
    announcement: Announcement


def _take_place(arguments: argparse.Namespace, stack: ExitStack) -> _Place:
    """Read the settings, hold the directory and the port until the stack is left. Raises SettingsError, StartError."""
    settings = Settings.read(os.environ, {item.name: getattr(arguments, item.name) for item in fields(Settings)})
    port_file = _port_file(settings)
    _begin_logging(settings.log_level.upper())
    directory = settings.data_dir
    if settings.ephemeral:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="custom-labels-")))
    patience = 0.0
    if settings.database_url:
        settings = replace(settings, database_url=_hold_database(settings.database_url, stack))
        patience = SECONDS_OF_AN_END
    if settings.dask_scheduler and find_spec("distributed") is None:
        raise StartError(f'{PREFIX}DASK_SCHEDULER: Dask is missing; pip install "custom-labels-emulator[dask]"')
    try:
        stack.enter_context(hold_data_directory(directory, patience))
    except DataDirectoryError as error:
        raise StartError(str(error)) from error
    listener = stack.enter_context(_listen(settings))
    announcement = Announcement(
        _endpoint(listener), listener.getsockname()[1], port_file, ready_json=settings.ready_json
    )
    try:
        announcement.begin()
    except OSError as error:
        raise StartError(f"{PREFIX}PORT_FILE={port_file}: {error.strerror}") from error
    stack.callback(announcement.withdraw)
    if not settings.dask_s3_endpoint_url and not settings.s3_endpoint_url:
        settings = replace(settings, dask_s3_endpoint_url=_endpoint(listener))
    return _Place(settings, directory, listener, announcement)


def _port_file(settings: Settings) -> Path | None:
    if not settings.port_file:
        return None
    file = Path(settings.port_file)
    if file.is_dir() or not file.parent.is_dir():
        raise StartError(f"{PREFIX}PORT_FILE={file}: it is a folder, or its folder is not there")
    return file


def _hold_database(url: str, stack: ExitStack) -> str:
    """Have the database until the stack is left; the URL by which its writes are the owner's. Raises StartError."""
    try:
        from emulator.storage.ownership import DatabaseUnreachableError, hold_database
    except ImportError:
        raise StartError(
            f'{PREFIX}DATABASE_URL: the driver is missing; pip install "custom-labels-emulator[postgresql]"'
        ) from None
    try:
        return stack.enter_context(hold_database(url, _import_what_a_start_needs))
    except DatabaseUnreachableError as error:
        raise StartError(f"{PREFIX}DATABASE_URL: {error}") from error


def _import_what_a_start_needs() -> None:
    """Before the database is free, so that a second emulator takes over sooner."""
    import uvicorn

    from emulator.server import app
    from emulator.wire.service_model import load_service_model

    assert uvicorn and app, "they are imported"
    load_service_model()


def _begin_logging(level: str) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(FullDiskFilter())
    for name in _TELL_SECRETS_WHEN_DEBUGGING:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))
    if level == "INFO":  # its lines say in other words what the emulator says itself
        logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _listen(settings: Settings) -> socket.socket:
    """Raises StartError where the address is taken, or not one of this machine."""
    try:
        return _bound(settings)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; choose another with --host, "
            f"--port, {PREFIX}HOST or {PREFIX}PORT"
        ) from error


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _endpoint(listener: socket.socket) -> str:
    """The address under which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{'127.0.0.1' if shown == '0.0.0.0' else shown}:{port}"


def _prepared(settings: Settings, directory: Path) -> Emulator:
    """The emulator on its data directory. Raises StartError."""
    from sqlalchemy.exc import DBAPIError

    from emulator.s3.external import CredentialsFileError
    from emulator.s3.index.schema import NewerObjectIndexError
    from emulator.s3.vault import MissingIndexError
    from emulator.server.app import create_app
    from emulator.storage.migrate import NewerSchemaError

    try:
        app = create_app(settings, directory)
        app.lifecycle.prepare()
    except SettingsError as error:
        raise StartError(str(error)) from error
    except CredentialsFileError as error:
        raise StartError(f"{PREFIX}S3_CREDENTIALS cannot be used: {error}") from error
    except (NewerSchemaError, NewerObjectIndexError) as error:
        raise StartError(f"the data directory {directory} was written by a newer release: {error}") from error
    except MissingIndexError as error:
        raise StartError(
            f"the data directory {directory} is not whole: {error}. Nothing was changed; restore the file, or choose "
            "another directory with --data-dir"
        ) from error
    except DBAPIError as error:
        raise StartError(f"the data directory {directory} cannot be used: {error.orig}") from error
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"the data directory {directory} cannot be used: {error}") from error
    except Exception as error:  # bytes of an index that were altered come up as anything
        logger.debug("the start failed", exc_info=error)
        what = f"{type(error).__name__}: {error}"
        raise StartError(f"the data directory {directory} is damaged or cannot be read ({what})") from error
    return app


def _serve(place: _Place) -> int:
    import uvicorn

    from emulator.server.header_limits import LimitedProtocol

    sys.setswitchinterval(SWITCH_SECONDS)

    async def serve() -> int:
        try:
            app = _prepared(place.settings, place.directory)
        except StartError as error:
            return _fail(str(error))
        for handler in logging.getLogger().handlers:
            handler.addFilter(LostDatabaseFilter(app.database.is_lost))
        config = uvicorn.Config(
            app,
            http=LimitedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            # Else any client of this machine could say which address it comes from (aws:SourceIp).
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
            lifespan="on",
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=75,
        )
        server = _server_class()(config, place.announcement, app.lifecycle.let_go)
        app.lifecycle.endpoint = _endpoint(place.listener)
        app.lifecycle.announce = place.announcement.ready
        app.lifecycle.complete = _collect_garbage_again
        _read_identities_again_on_hangup(app)
        app.lifecycle.give_up = lambda: setattr(server, "should_exit", True)
        await server.serve(sockets=[place.listener])
        return 0 if app.lifecycle.failure is None else _fail(app.lifecycle.failure)

    if sys.platform == "win32":
        return asyncio.run(serve())
    import uvloop

    return uvloop.run(serve())


def _read_identities_again_on_hangup(app: Emulator) -> None:
    """SIGHUP reads the file of identities again; a file that is wrong is told in the log and changes nothing (O-33)."""
    file = app.identities_file
    if file is None or sys.platform == "win32":
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, file.reload))


def _collect_garbage_again() -> None:
    """The start is over: what it made stays, and is not looked through again and again."""
    from emulator.server.garbage import keep_collections_short

    keep_collections_short()
    gc.enable()


def _end_quietly_on_signals() -> None:
    """Exit with 0 on SIGTERM and Ctrl-C (O-3).

    While it serves, uvicorn has its own handlers; when it has ended it raises the signal again, which ends up here.
    A second signal while it tidies up, as Ctrl-C and its parent's SIGTERM together, would leave a part of it.
    """

    def end(_number: int, _frame: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _end_at_the_latest() -> None:
    """End the process after the grace period even if a thread is still at work (O-3): nobody waits for its answer."""

    def end() -> None:
        logger.error("something did not end within %s s; the process ends now", END_SECONDS)
        os._exit(0)

    timer = threading.Timer(END_SECONDS, end)
    timer.daemon = True
    timer.start()


def _server_class() -> type:
    import uvicorn

    class Server(uvicorn.Server):
        """Says where it listens once it does, and lets held and delayed calls go as soon as the end begins."""

        def __init__(self, config: uvicorn.Config, announcement: Announcement, let_go: Callable[[], None]) -> None:
            super().__init__(config)
            self._announcement = announcement
            self._let_go = let_go

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self._announcement.listening()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            _end_at_the_latest()
            self._announcement.withdraw()
            self._let_go()
            await super().shutdown(sockets)

    return Server


def _fail(message: str) -> int:
    print(f"custom-labels: {message}", file=sys.stderr)
    return FAILURE
