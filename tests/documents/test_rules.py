"""docs/rules.md: every rule id leads to a sentence, and no sentence is without a use."""

from __future__ import annotations

import re
from pathlib import Path

from emulator.documents.rules import CHAPTERS, RULES, chapter_of, document

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "emulator" / "documents" / "rules.py"
_LETTERS = "|".join(sorted(CHAPTERS, key=len, reverse=True))
ONE = re.compile(rf"(?<![\w-])(?:{_LETTERS})-\d+\b(?!-)")
SPAN = re.compile(rf"(?<![\w-])({_LETTERS})-(\d+) to (?:(?:{_LETTERS})-)?(\d+)\b")
FOLDERS = ("emulator", "tests", "support", "benchmarks", "models", "web/src")
SUFFIXES = {".py", ".ts", ".tsx"}


def named_rules(text: str) -> set[str]:
    """The ids in a text; `O-2 to O-4` names three."""
    spans = {f"{span[1]}-{number}" for span in SPAN.finditer(text) for number in range(int(span[2]), int(span[3]) + 1)}
    return spans | set(ONE.findall(text))


def sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return [path for path in found if path not in (TABLE, Path(__file__).resolve())]


def test_every_rule_that_is_named_is_explained_and_none_is_left_over() -> None:
    named = set().union(*(named_rules(path.read_text(encoding="utf-8")) for path in sources()))
    assert named - set(RULES) == set(), "named, but not in emulator/documents/rules.py"
    assert set(RULES) - named == set(), "in emulator/documents/rules.py, but named nowhere"


def test_every_rule_belongs_to_a_chapter_and_is_one_sentence() -> None:
    for rule_id, sentence in RULES.items():
        assert chapter_of(rule_id) in CHAPTERS
        assert sentence[0].isupper() or sentence.startswith(("`", '"')), rule_id
        assert sentence.endswith("."), rule_id


def test_the_page_is_up_to_date() -> None:
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == document()
