"""`custom-labels identities check FILE`: whether a file of identities is right, and what it says (O-33)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emulator.access.identities import Identities, IdentitiesError, load_identities


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The one thing that can be done, and the file."""
    actions = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    check = actions.add_parser("check", help="tell every mistake of a file, with its line")
    check.add_argument("file", metavar="FILE", help="JSON, or YAML by its name (.yaml, .yml)")


def run(arguments: argparse.Namespace) -> int:
    """0 for a file that an emulator takes, 1 with one line for each mistake."""
    try:
        identities = load_identities(Path(arguments.file))
    except IdentitiesError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    print(_summary(identities))
    return 0


def _summary(identities: Identities) -> str:
    kinds = [identity.arn.split(":")[5].partition("/")[0] for identity in identities.all()]
    counts = {
        "account": len(identities.accounts),
        "user": kinds.count("user"),
        "role": kinds.count("role"),
        "access key": len(identities.access_key_ids),
        "KMS key": len(identities.keys.keys),
    }
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
