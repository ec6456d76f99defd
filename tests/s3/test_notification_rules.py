"""Notification configurations by their rules alone: what overlaps, what is matched, what a document keeps."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.s3.errors import S3Error
from emulator.s3.rules import notification
from emulator.s3.rules.notification import EVENTS, Notification, of_document, parse, parse_destination, to_document

REGION = "us-east-1"
QUEUE = parse_destination(f"arn:aws:sqs:{REGION}:111122223333:uploads")
KEYS = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]
HAPPENING = ("ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:Delete", "ObjectAcl:Put")

ends = st.text(st.sampled_from("ab"), max_size=2)
events = st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=3, unique=True).map(tuple)
wishes = st.builds(Notification, st.uuids().map(str), st.just(QUEUE), events, ends, ends)
written = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20)


@given(one=wishes, other=wishes)
@settings(max_examples=300)
def test_two_are_refused_exactly_if_an_event_of_some_key_could_go_to_both(
    one: Notification, other: Notification
) -> None:
    names = {event.removeprefix("s3:") for event in EVENTS if not event.endswith("*")}
    clash = any(one.wants(name, key) and other.wants(name, key) for name in names for key in KEYS)
    try:
        parse(to_document([one, other]), REGION)
    except S3Error as error:
        assert (error.code, clash) == ("InvalidArgument", True)
    else:
        assert not clash


@given(identity=written.filter(lambda text: text.strip() == text != ""), prefix=written, suffix=written, kinds=events)
def test_a_document_keeps_what_it_was_given(identity: str, prefix: str, suffix: str, kinds: tuple[str, ...]) -> None:
    wish = Notification(identity, QUEUE, kinds, prefix, suffix)
    assert of_document(to_document([wish])) == (wish,)


@given(wish=wishes, name=st.sampled_from(HAPPENING), key=st.sampled_from(KEYS))
def test_an_event_is_wanted_by_name_and_key(wish: Notification, name: str, key: str) -> None:
    by_name = f"s3:{name}" in wish.events or f"s3:{name.partition(':')[0]}:*" in wish.events
    assert wish.wants(name, key) == (by_name and key.startswith(wish.prefix) and key.endswith(wish.suffix))


@given(body=st.one_of(st.binary(max_size=80), st.text(st.sampled_from('<>/QueueConfigratinsEvFlb &;"'), max_size=60)))
def test_anything_else_is_refused_as_s3_does(body: bytes | str) -> None:
    given_body = (
        body if isinstance(body, bytes) else f"<NotificationConfiguration>{body}</NotificationConfiguration>".encode()
    )
    try:
        parse(given_body, REGION)
    except S3Error as error:
        assert error.code in ("MalformedXML", "InvalidArgument", "NotImplemented")


@pytest.mark.parametrize(
    "arn",
    [
        *("", "arn", "arn:aws:sqs:us-east-1:1:a", "arn:aws:s3:us-east-1:111122223333:a", "arn:aws:sqs::111122223333:a"),
        *("arn:aws:sqs:us-east-1:111122223333:../a", "arn:aws:lambda:us-east-1:111122223333:layer:a"),
        "arn:aws:sns:us-east-1:111122223333:a\n",
    ],
)
def test_arns_of_something_else(arn: str) -> None:
    with pytest.raises(S3Error):
        notification.parse_destination(arn)
