"""Java's regular expressions and value texts, against facts about Java."""

from __future__ import annotations

import math
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.wire.java import compile_java_pattern, java_float, java_pattern_to_python, java_text
from emulator.wire.service_model import load_service_model

TAG_KEY = r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc1", False),
        ("^[a-z]+$", "abc\n", False),
        (r"\d{2}", "12", True),
        (r"\d{2}", "\u0661\u0662", False),
        (r"\w+", "é", False),
        (r"\S*", "a\u00a0b", True),
        (r"\S*", "a b", False),
        (".{1,}", "a\u2028", False),
        (".{1,}", "a\r", False),
        (".{1,}", "äöü \U0001f33b", True),
        (r"[.]", "a", False),
        (r"[\d-]+", "1-2", True),
        (r"\.\[\]", ".[]", True),
        (TAG_KEY, "Stück/Größe 3²", True),
        (TAG_KEY, "名前", True),
        (TAG_KEY, "aws:x", False),
        (TAG_KEY, "AWS:x", True),
        (TAG_KEY, "100%", False),
        (TAG_KEY, "\U0001f33b", False),
        (TAG_KEY, "tab\t", False),
        (TAG_KEY, "", True),
        (r"\p{Z}", "\u2029", True),
    ],
)
def test_patterns_mean_what_they_mean_in_java(pattern: str, text: str, matches: bool) -> None:
    assert bool(compile_java_pattern(pattern)(text)) is matches


def test_every_pattern_of_the_model_compiles() -> None:
    patterns = {shape["pattern"] for shape in load_service_model().shapes.values() if "pattern" in shape}
    assert len(patterns) > 20
    for pattern in patterns:
        assert callable(compile_java_pattern(pattern))


@pytest.mark.parametrize("category", ["L", "N", "Z", "Lu", "Nd"])
def test_a_category_has_exactly_its_characters(category: str) -> None:
    matches = compile_java_pattern(rf"[\p{{{category}}}]")
    for code_point in range(0, sys.maxunicode + 1, 1 if category == "Z" else 7):
        character = chr(code_point)
        assert bool(matches(character)) is unicodedata.category(character).startswith(category)


def test_there_are_no_other_categories_than_those_that_unicode_has() -> None:
    seen = {unicodedata.category(chr(code_point)) for code_point in range(sys.maxunicode + 1)}
    for category in seen:
        assert callable(compile_java_pattern(rf"\p{{{category}}}"))


@pytest.mark.parametrize("pattern", [r"\p{Xx}", "[\\p{L}é]", r"[\p{L}\u00e9]", r"[\p{L}\xe9]"])
def test_patterns_outside_the_subset_are_refused(pattern: str) -> None:
    with pytest.raises(re.error):
        compile_java_pattern(pattern)


@given(st.text(alphabet=" \t\n\r\u0085\u2028ab\x0b", max_size=8))
def test_the_linear_form_of_the_query_pattern_is_equivalent(text: str) -> None:
    translated = re.compile(java_pattern_to_python(r".*\S.*"))
    assert bool(compile_java_pattern(r".*\S.*")(text)) is bool(translated.fullmatch(text))


@pytest.mark.parametrize(
    "text", ["a" * 2_000_000 + "\n", " " * 2_000_000 + "\n", "-" * 2_000_000, "arn:aws:" * 250_000]
)
def test_no_pattern_of_the_model_takes_more_than_linear_time(text: str) -> None:
    """One that backtracks would not end within this test's life."""
    ours = {"QueryString", "ProjectArn", "ProjectVersionArn", "DatasetArn", "TagKey", "TagValue", "KmsKeyId"}
    for name in sorted(ours):
        compile_java_pattern(load_service_model().shapes[name]["pattern"])(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (500, "500.0"),
        (-1, "-1.0"),
        (0.1, "0.1"),
        (67.564, "67.564"),
        (100.00001, "100.00001"),
        (1234567.0, "1234567.0"),
        (1e7, "1.0E7"),
        (16777216.0, "1.6777216E7"),
        (1e10, "1.0E10"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (-1.5e-7, "-1.5E-7"),
        (3.4028235e38, "3.4028235E38"),
        (1e39, "Infinity"),
        (-1e300, "-Infinity"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_floats_print_as_java_prints_them(value: float, text: str) -> None:
    assert java_float(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (101, "101"),
        ("a b", "a b"),
        (b"abc", "java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]"),
        (["a", "b"], "[a, b]"),
        ([], "[]"),
        ({"k": "v", "n": 1}, "{k=v, n=1}"),
        ([[[[[[[[["deep"]]]]]]]]], "[[[[[[[[...]]]]]]]]"),
    ],
)
def test_values_print_as_java_prints_them(value: object, text: str) -> None:
    assert java_text(value) == text
