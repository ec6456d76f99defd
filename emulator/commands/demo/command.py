"""`custom-labels demo`: the whole life of an example model against an emulator (O-4)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from emulator.commands.client import EmulatorUnreachableError, endpoint_address
from emulator.settings import PREFIX, Settings

if TYPE_CHECKING:
    from emulator.commands.demo.life import Demo

SUCCESS, FAILURE = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--endpoint-url or --port, and --keep."""
    parser.description = (
        "Draws pictures of three kinds of scenes, trains a model with them, starts it, shows it a picture that it has "
        "not seen, and takes everything back. Uses a running emulator if it finds one, else starts one for itself, "
        "which keeps nothing."
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--endpoint-url",
        "--endpoint",
        dest="endpoint",
        type=endpoint_address,
        metavar="URL",
        help="address of a running emulator",
    )
    where.add_argument(
        "--port",
        type=_port,
        help=f"port of 127.0.0.1 to look for an emulator on, and to start one on if there is none "
        f"(default: look on {PREFIX}PORT or {Settings().port}, start on a free one; 0: start on a free one)",
    )
    parser.add_argument(
        "--project",
        choices=("rooms", "flowers", "logos", "circuit-boards"),
        help="show one of the console's example projects instead of the three kinds of scenes",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the project, its running model and the pictures in place"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the demo; 0 if it went well, 1 if not, with a line that says why."""
    from emulator.commands.demo.emulator import EmulatorStartError
    from emulator.commands.demo.life import DemoError

    try:
        with _sigterm_as_interrupt():
            return _run(arguments)
    except (EmulatorUnreachableError, EmulatorStartError, DemoError) as error:
        print(f"custom-labels: {error}", file=sys.stderr)
        return FAILURE


def _run(arguments: argparse.Namespace) -> int:
    from emulator.commands.demo.emulator import own_emulator, wait_ready
    from emulator.commands.demo.life import Demo
    from emulator.commands.demo.material import SCENES_NAME
    from emulator.commands.demo.screen import screen

    with ExitStack() as stack:
        endpoint = arguments.endpoint or _running_emulator(arguments.port)
        is_own = endpoint is None
        if endpoint is None:
            endpoint = stack.enter_context(own_emulator(arguments.port or 0))
            print(f"Started an emulator on {endpoint}; it ends with the demo.", flush=True)
        else:
            wait_ready(endpoint)
            print(f"Using the emulator on {endpoint}.", flush=True)
        with screen() as shown:
            demo = Demo(endpoint, shown, arguments.project or SCENES_NAME)
            _show(demo, clean_up=not (arguments.keep or is_own))
        if arguments.keep:
            print(f"Kept: project {demo.name} with its running model, bucket {demo.name}.", flush=True)
        if arguments.keep and is_own:
            print(f"The emulator on {endpoint} stays until Ctrl-C.", flush=True)
            _wait_for_interrupt()
    return SUCCESS


def _show(demo: Demo, clean_up: bool) -> None:
    """The demo, and its traces removed whatever happens, a second Ctrl-C excepted."""
    if not clean_up:
        demo.show()
        return
    try:
        demo.show()
        demo.clean_up()
    except KeyboardInterrupt:
        demo.screen.say("Interrupted; taking everything back. Ctrl-C again leaves it as it is.")
        _clean_up_if_possible(demo)
        raise
    except BaseException:
        _clean_up_if_possible(demo)
        raise


def _clean_up_if_possible(demo: Demo) -> None:
    """After an error: that error is what matters, not one that follows from it."""
    from emulator.commands.demo.life import DemoError

    try:
        demo.clean_up()
    except DemoError as error:
        demo.screen.say(f"Project {demo.name} and bucket {demo.name} are left: {error}")
    except KeyboardInterrupt:
        demo.screen.say(f"Project {demo.name} and bucket {demo.name} are left.")
        raise


def _wait_for_interrupt() -> None:
    import threading

    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("Ending the emulator.", flush=True)


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let `kill` and `timeout` end the demo as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _running_emulator(port: int | None) -> str | None:
    """Address of the emulator on that port of this machine, or on the usual one; None if there is none, or for 0."""
    from emulator.commands.demo.emulator import answers

    if port == 0:
        return None
    endpoint = f"http://127.0.0.1:{port or os.environ.get(f'{PREFIX}PORT') or Settings().port}"
    return endpoint if answers(endpoint) else None


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return int(text)
