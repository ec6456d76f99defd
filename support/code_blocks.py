"""The fenced blocks of code in the documents."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from support.server import PROJECT_ROOT

_BLOCK = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class CodeBlock:
    """A block: its document (a path below the project), its place among those of the document, language and text."""

    document: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}-{self.number}-{self.language}"


def documents() -> list[Path]:
    """Every document that a reader is led to."""
    return sorted((*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")))


def code_blocks(*names: str) -> list[CodeBlock]:
    """The blocks with a language of the named documents, or of all."""
    found = []
    for path in [PROJECT_ROOT / name for name in names] or documents():
        document = path.relative_to(PROJECT_ROOT).as_posix()
        for number, match in enumerate(_BLOCK.finditer(path.read_text(encoding="utf-8")), start=1):
            found.append(CodeBlock(document, number, match[2], textwrap.dedent(match[3])))
    return found
