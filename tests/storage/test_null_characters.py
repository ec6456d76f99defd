"""U+0000 in what is stored: kept, found and in its place, in whichever database."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.storage.engine import Database
from emulator.storage.null_characters import with_nulls, without_nulls
from emulator.storage.tags import read_tags, write_tags

TEXTS = st.text(alphabet=st.one_of(st.sampled_from("\x00\x01\x02a"), st.characters(codec="utf-8")))


@given(TEXTS, TEXTS)
def test_texts_keep_their_difference_and_their_order(one: str, other: str) -> None:
    assert "\x00" not in without_nulls(one)
    assert with_nulls(without_nulls(one)) == one
    assert (without_nulls(one) < without_nulls(other)) == (one < other)


def test_what_is_stored_is_read_again(database: Database) -> None:
    written = {"a\x00": "\x01", "a\x01": "\x00\x00", "a": "\x01\x02\x00"}
    database.write_now(lambda connection: write_tags(connection, "arn\x00", written))
    assert database.read_now(lambda connection: read_tags(connection, "arn\x00")) == written
    assert database.read_now(lambda connection: read_tags(connection, "arn")) == {}
