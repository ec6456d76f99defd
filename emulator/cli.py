"""The command line: `custom-labels COMMAND` (O-2 to O-4)."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence

from emulator import __version__

SUCCESS, FAILURE, USAGE = 0, 1, 2

# name -> (module with add_arguments(parser) and run(arguments) -> exit code, one line of help)
_COMMANDS = {
    "serve": ("emulator.commands.serve", "run the emulator"),
    "demo": ("emulator.commands.demo.command", "train, start and use an example model against an emulator"),
    "lint": ("emulator.commands.lint", "check a manifest as Custom Labels would, without a server"),
    "convert": (
        "emulator.commands.convert",
        "make a manifest from COCO, VOC, YOLO, CSV, folders, Label Studio, CVAT …",
    ),
    "export-dataset": (
        "emulator.commands.export_dataset",
        "write a dataset or manifest as COCO, VOC, YOLO, CSV or folders",
    ),
    "save": ("emulator.commands.save", "write the whole state of a running emulator to a file"),
    "load": ("emulator.commands.load", "make such a file the whole state of a running emulator"),
    "identities": ("emulator.commands.identities", "check a file of identities, without a server"),
    "simulate": ("emulator.commands.simulate", "say whether an identity of the file may do something, and why"),
    "verify": ("emulator.commands.verify", "look at every file of a data directory, without a server"),
    "export": ("emulator.commands.export", "write a trained model as one ONNX file"),
    "cancel": ("emulator.commands.cancel", "end a training that waits or runs"),
    "reset": ("emulator.commands.reset", "make a running emulator forget everything"),
    "healthcheck": ("emulator.commands.healthcheck", "say whether an emulator is ready"),
}


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the module of `command` is imported, so that each command starts quickly."""
    parser = argparse.ArgumentParser(
        prog="custom-labels", description="A local Amazon Rekognition Custom Labels that really trains."
    )
    parser.add_argument("--version", action="version", version=f"custom-labels {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, text) in _COMMANDS.items():
        command_parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if command is None or command == name:
            importlib.import_module(module).add_arguments(command_parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code (0 success, 1 failure, 2 usage)."""
    _write_whatever_the_encoding()
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in given if word in _COMMANDS), "")
    try:
        parsed = build_parser(command).parse_args(given)
        code: int = importlib.import_module(_COMMANDS[parsed.command][0]).run(parsed)
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()  # whoever read it has seen enough (`| head`)
        return FAILURE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename is not None:
            raise
        _close_output()
        print(f"custom-labels: cannot write: {error.strerror}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return FAILURE
    return code


def _close_output() -> None:
    """Send what is left of the output nowhere; Python would complain once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_whatever_the_encoding() -> None:
    """Let what the terminal's or the file's encoding does not have, such as an arrow, be written as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
