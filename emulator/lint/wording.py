"""Text of a lint result, whatever form it leaves in."""

from __future__ import annotations

import re
from pathlib import Path

FIX = "custom-labels lint --fix fixed.manifest {file}"
"""The command of a cure that `lint` can do itself; `with_file` fills in the file."""


def with_file(cure: str, path: Path | None) -> str:
    """The cure with the file's name in its command, quoted where a shell would need it."""
    if path is None:
        return cure
    name = str(path)
    return cure.replace(
        "{file}", name if re.fullmatch(r"[\w./+:@%-]+", name) else "'" + name.replace("'", "'\\''") + "'"
    )


def printable(text: str) -> str:
    """The text with control characters and the like replaced, fit for a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
