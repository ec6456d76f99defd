"""`custom-labels export-dataset` in process."""

from __future__ import annotations

import argparse

from emulator.commands import export_dataset as command


def export(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="custom-labels export-dataset")
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))
