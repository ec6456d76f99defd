"""NextToken: goes round, and nothing but what was handed out comes in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.errors import InvalidPaginationTokenError
from emulator.domain.paging import decode_token, encode_token

MAXIMUM_TOKEN_LENGTH = 1024
SECRET = b"0123456789abcdef0123456789abcdef"
CURSORS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=40), min_size=1, max_size=3)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BINDINGS = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(["DescribeProjects", "ListDatasetEntries"]),
        "account": st.from_regex(r"[0-9]{12}", fullmatch=True),
        "filters": st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=3),
    }
)
BINDING: dict[str, Any] = {"operation": "DescribeProjects", "account": "111122223333", "filters": {}}


@given(CURSORS, BINDINGS)
def test_a_token_goes_round(cursor: list[int | str], binding: dict[str, Any]) -> None:
    token = encode_token(cursor, binding, SECRET)
    assert decode_token(token, binding, SECRET) == cursor
    assert token.isascii() and token.isprintable()


def test_a_token_fits_the_service_model() -> None:
    """api-facts §1.7: at most 1,024 characters; our longest cursor is two 64-bit numbers."""
    assert len(encode_token([2**63 - 1, 2**63 - 1], BINDING, SECRET)) <= MAXIMUM_TOKEN_LENGTH


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_the_first_page(token: str | None) -> None:
    """K-4."""
    assert decode_token(token, BINDING, SECRET) is None


@given(CURSORS, BINDINGS, BINDINGS)
def test_a_token_of_another_request_is_refused(
    cursor: list[int | str], binding: dict[str, Any], other: dict[str, Any]
) -> None:
    token = encode_token(cursor, binding, SECRET)
    if json.dumps(binding, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert decode_token(token, other, SECRET) == cursor
    else:
        with pytest.raises(InvalidPaginationTokenError):
            decode_token(token, other, SECRET)


@given(CURSORS)
def test_a_token_of_another_installation_is_refused(cursor: list[int | str]) -> None:
    with pytest.raises(InvalidPaginationTokenError):
        decode_token(encode_token(cursor, BINDING, b"another secret, 32 bytes or so.."), BINDING, SECRET)


@settings(max_examples=300)
@given(CURSORS, st.data())
def test_an_altered_token_is_refused(cursor: list[int | str], data: st.DataObject) -> None:
    """One character replaced, left out or put in, whatever character: also other spellings of the same bytes."""
    token = encode_token(cursor, BINDING, SECRET)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_+/= \n\u00e9\ud800") | st.characters(exclude_categories=()))
    altered = data.draw(
        st.sampled_from(
            [
                token[:place] + letter + token[place + 1 :],
                token[:place] + token[place + 1 :],
                token[:place] + letter + token[place:],
                token + letter,
                token + "=",
                token.replace("-", "+").replace("_", "/"),
            ]
        )
    )
    if altered == token:
        assert decode_token(altered, BINDING, SECRET) == cursor
    else:
        with pytest.raises(InvalidPaginationTokenError):
            decode_token(altered, BINDING, SECRET)


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=MAXIMUM_TOKEN_LENGTH))
def test_a_foreign_token_is_refused(token: str) -> None:
    """Any characters, lone surrogates included."""
    with pytest.raises(InvalidPaginationTokenError):
        decode_token(token, BINDING, SECRET)


@given(st.binary(min_size=1, max_size=64))
def test_a_forged_token_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidPaginationTokenError) as caught:
        decode_token(base64.urlsafe_b64encode(raw).decode().rstrip("="), BINDING, SECRET)
    assert (caught.value.code, caught.value.message) == ("InvalidPaginationTokenException", "Invalid Pagination Token")


def test_filters_with_lone_surrogates_can_be_continued() -> None:
    binding = {**BINDING, "filters": {"SourceRefContains": "\ud800"}}
    assert decode_token(encode_token([7], binding, SECRET), binding, SECRET) == [7]
