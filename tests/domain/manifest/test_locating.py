"""Columns of fields in JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.manifest.locating import column_of

TEXT = ' {"a": 1, "b" : {"c":[10, {"d\\"e": true}], "f": null}, "ü": "x", "a": 2}'


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ((), '{"a"'),
        (("a",), "2}"),
        (("b",), '{"c"'),
        (("b", "c", 0), "10,"),
        (("b", "c", 1, 'd"e'), "true"),
        (("b", "f"), "null"),
        (("ü",), '"x"'),
        (("b", "missing"), '{"c"'),
        (("b", "c", 7), "[10"),
        (("a", "deeper"), "2}"),
    ],
)
def test_the_column_of_a_path(path: tuple[str | int, ...], at: str) -> None:
    assert column_of(TEXT, path) == TEXT.index(at) + 1


@settings(max_examples=100)
@given(
    st.recursive(
        st.integers() | st.text(max_size=4),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3),
    ),
    st.data(),
)
def test_the_value_at_the_column_is_the_value_behind_the_path(document: Any, data: st.DataObject) -> None:
    path: list[str | int] = []
    value = document
    while isinstance(value, dict | list) and value and data.draw(st.booleans()):
        step = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        path.append(step)
        value = value[step]
    text = json.dumps(document)
    assert json.JSONDecoder().raw_decode(text, column_of(text, path) - 1)[0] == value


@given(st.text(max_size=30), st.lists(st.text(max_size=2) | st.integers(0, 3), max_size=3))
def test_any_text_gives_a_column(text: str, path: list[str | int]) -> None:
    assert 1 <= column_of(text, path) <= len(text) + 1
