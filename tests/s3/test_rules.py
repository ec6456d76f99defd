"""The pure rules: CRCs, policies, ranges, prefixes, names."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.iam.documents import PolicyKind, parse_policy
from emulator.domain.iam.evaluation import PolicySet, decide
from emulator.domain.iam.requests import Request, account_principal
from emulator.s3.errors import S3Error
from emulator.s3.http import crc
from emulator.s3.http.chunked import ChunkedDecoder
from emulator.s3.index.listing import after_prefix
from emulator.s3.rules import bucket_names, policy, ranges

ACCOUNT = "111122223333"


def bitwise(polynomial: crc.Polynomial, data: bytes) -> int:
    """The definition of a reflected CRC, one bit at a time."""
    register = polynomial.ones
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (polynomial.bits if register & 1 else 0)
    return register ^ polynomial.ones


@pytest.mark.parametrize("polynomial", [crc.CRC32, crc.CRC32C, crc.CRC64NVME])
@settings(max_examples=20)
@given(seed=st.binary(min_size=1, max_size=40), repeats=st.integers(0, 400), cut=st.floats(0, 1))
def test_crcs_follow_their_definition(polynomial: crc.Polynomial, seed: bytes, repeats: int, cut: float) -> None:
    data = seed * repeats
    first, second = data[: int(len(data) * cut)], data[int(len(data) * cut) :]
    expected = bitwise(polynomial, data)
    assert crc.update(polynomial, 0, data) == expected
    assert crc.update(polynomial, crc.update(polynomial, 0, first), second) == expected
    parts = crc.update(polynomial, 0, first), crc.update(polynomial, 0, second)
    assert crc.combine(polynomial, *parts, len(second)) == expected


@pytest.mark.parametrize("size", [8_191, 8_192, 1_000_003, 2_500_000])
def test_large_crcs_agree_with_zlib(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert crc.update(crc.CRC32, 5, data[:size]) == zlib.crc32(data[:size], 5)


@given(st.binary(max_size=200), st.integers(1, 50), st.lists(st.integers(1, 30), max_size=40))
def test_the_chunked_coding_is_undone_however_it_is_cut(body: bytes, chunk: int, cuts: list[int]) -> None:
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    coded = b"".join(b"%X;chunk-signature=00\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    coded += b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-other: b\r\n\r\n"
    decoder, decoded = ChunkedDecoder(), b""
    for cut in [*cuts, len(coded)]:
        decoded += b"".join(decoder.feed(coded[:cut]))
        coded = coded[cut:]
    assert decoded == body
    assert decoder.finished
    assert decoder.trailers == {"x-amz-checksum-crc32": "AAAAAA==", "x-other": "b"}


@given(st.text(st.sampled_from("ab\ud7ff\U0010ffff"), max_size=4), st.text(max_size=4))
def test_what_sorts_after_a_prefix(prefix: str, tail: str) -> None:
    following = after_prefix(prefix)
    if following is not None:
        assert (prefix + tail).encode(errors="replace") < following.encode()
        assert not following.startswith(prefix)
    else:
        assert prefix.strip("\U0010ffff") == ""


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("abc", True),
        ("a.b-c.9", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("ab", False),
        ("-abc", False),
        ("abc.", False),
        ("a..b", False),
        ("Abc", False),
        ("1.2.3.4", False),
        ("xn--abc", False),
        ("abc-s3alias", False),
        ("", False),
    ],
)
def test_bucket_names(name: str, valid: bool) -> None:
    assert bucket_names.is_valid(name) is valid


def test_ranges_of_an_empty_object() -> None:
    assert ranges.requested(None, 0) is None
    for header in ("bytes=0-", "bytes=-5"):
        with pytest.raises(S3Error, match="InvalidRange"):
            ranges.requested(header, 0)


def deny(**elements: Any) -> bytes:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"} | elements
    kept = {name: value for name, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]}).encode()


def denies(document: bytes, resource: str) -> bool:
    """Whether the policy of a bucket forbids its own account to read an object of it."""
    policies = PolicySet(resource=(parse_policy(document, PolicyKind.BUCKET, "b"),))
    context = {"aws:securetransport": ["true"], "aws:sourceip": ["192.0.2.1"]}
    return not decide(Request("s3:GetObject", resource, account_principal(ACCOUNT), context), policies).allowed


@pytest.mark.parametrize(
    ("document", "denied"),
    [
        (deny(), True),
        (deny(Effect="Allow"), False),
        (deny(Action="s3:PutObject"), False),
        (deny(Action=["s3:get*", "s3:PutObject"]), True),
        (deny(Action=None, NotAction="s3:Get*"), False),
        (deny(Resource="arn:aws:s3:::b/other/*"), False),
        (deny(Resource="arn:aws:s3:::b/k?y"), True),
        (deny(Resource=None, NotResource="arn:aws:s3:::b/key"), False),
        (deny(Principal={"AWS": ACCOUNT}), True),
        (deny(Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/any"]}), True),
        (deny(Principal={"AWS": "999988887777"}), False),
        (deny(Principal={"Service": "rekognition.amazonaws.com"}), False),
        (deny(Principal=None, NotPrincipal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), False),
        (deny(Principal=None, NotPrincipal={"AWS": "999988887777"}), True),
        (deny(Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}), True),
        (deny(Condition={"StringNotEquals": {"aws:PrincipalAccount": [ACCOUNT, "1"]}}), False),
        (deny(Condition={"StringNotEquals": {"aws:PrincipalAccount": "999988887777"}}), True),
        (deny(Condition={"Bool": {"aws:SecureTransport": "false"}}), False),
        (deny(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), False),
        (deny(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), True),
        (deny(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), False),
    ],
)
def test_denials(document: bytes, denied: bool) -> None:
    policy.check(document, "b")
    assert denies(document, "arn:aws:s3:::b/key") is denied


@pytest.mark.parametrize(
    "elements",
    [
        {"Principal": 5},
        {"Principal": []},
        {"Principal": {}},
        {"Principal": {"AWS": []}},
        {"Principal": {"AWS": [5]}},
        {"Principal": {"Account": ACCOUNT}},
        {"Principal": None, "NotPrincipal": ACCOUNT},
        {"Action": []},
        {"Resource": []},
        {"Condition": {"StringEqual": {"aws:PrincipalAccount": ACCOUNT}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "everywhere"}}},
    ],
)
def test_statements_that_can_speak_of_nobody_are_refused(elements: dict[str, Any]) -> None:
    with pytest.raises(S3Error, match="MalformedPolicy"):
        policy.check(deny(**elements), "b")


@given(st.text(st.sampled_from("ab*?."), max_size=9), st.text(st.sampled_from("ab."), max_size=9))
def test_stars_and_question_marks(pattern: str, name: str) -> None:
    wanted = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    document = deny(Resource=f"arn:aws:s3:::b/{pattern}")
    assert denies(document, f"arn:aws:s3:::b/{name}") is bool(re.fullmatch(wanted, name))


def test_a_pattern_of_many_stars_comes_to_an_end() -> None:
    """One that tries all ways to share the text out among the stars would not, within this test's life."""
    document = deny(Resource="arn:aws:s3:::b/" + "*a" * 500 + "b")
    assert not denies(document, "arn:aws:s3:::b/" + "a" * 1000)
