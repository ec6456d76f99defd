"""A trailing comma is named at its place by each Python: 3.13 and later point to the comma, earlier ones behind it."""

from __future__ import annotations

import json

import pytest

from emulator.lint import syntax

LINE = '{"source-ref": "s3://bucket/a.jpg", "boxes": [1 ,  ]}'
COMMA = LINE.index(",  ]")


@pytest.mark.parametrize(
    ("message", "position"),
    [("Illegal trailing comma before end of array", COMMA), ("Expecting value", COMMA + 3)],
    ids=["3.13", "3.11"],
)
def test_the_comma_is_named_whatever_python_points_to(
    message: str, position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(text: str) -> None:
        raise json.JSONDecodeError(message, text, position)

    monkeypatch.setattr(json, "loads", refuse)
    mistake = syntax.mistake_of(LINE.encode(), False, None)
    assert (mistake.key, mistake.column) == ("trailing-comma", COMMA + 1)
    assert "before the closing bracket" in mistake.title
