"""Signatures: botocore's signers are the referees; what AWS refuses is refused (O-33, api-facts §1.6)."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from emulator.access.chunks import ChunkSignatures
from emulator.access.signatures import (
    ALGORITHM,
    EMPTY_HASH,
    Credentials,
    Verified,
    parse_moment,
    sign,
    verify,
    verify_form,
)
from emulator.wire.refused import SignatureRefused, Why

KEY, SECRET, REGION = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-west-1"
OTHER_KEY, OTHER_SECRET = "AKIAIOSFODNN7ANOTHER", "another-secret-altogether"
HOST = "emulator.example:4598"

CHARACTERS = st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"])
KEYS = st.text(CHARACTERS, min_size=1, max_size=30)
NAMES = KEYS.filter(lambda name: not name.lower().startswith("x-amz-"))


def look_up(access_key: str, token: str | None) -> Credentials:
    """Two keys, no sessions."""
    secrets = {KEY: SECRET, OTHER_KEY: OTHER_SECRET}
    if token is not None:
        raise SignatureRefused(Why.INVALID_TOKEN)
    if access_key not in secrets:
        raise SignatureRefused(Why.UNKNOWN_KEY)
    return Credentials(secrets[access_key], access_key)


def scope_of(method: str, url: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
    """What a server makes of a request."""
    parts = urlsplit(url)
    return {
        "type": "http",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode("ascii"),
        "query_string": parts.query.encode("ascii"),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }


def signed(
    signer: type[Any],
    service: str,
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    **options: Any,
) -> dict[str, Any]:
    """The scope of a request that botocore has signed."""
    request = AWSRequest(method, url, dict(headers or {}), body)
    signer(BotoCredentials(KEY, SECRET), service, REGION, **options).add_auth(request)
    pairs = [(name, value) for name, value in request.headers.items() if name.lower() != "host"]
    return scope_of(method, request.prepare().url, [("host", HOST), *pairs])


def moment_of(scope: dict[str, Any]) -> float:
    headers = dict(scope["headers"])
    text = headers.get(b"x-amz-date", b"").decode()
    if not text:
        text = dict(pair.split("=", 1) for pair in scope["query_string"].decode().split("&"))["X-Amz-Date"]
    moment = parse_moment(text)
    assert moment is not None
    return float(moment)


def check(scope: dict[str, Any], later: float = 0.0, body: bytes | None = None) -> Verified:
    at = moment_of(scope) + later
    body_hash = None if body is None else hashlib.sha256(body).hexdigest()
    return verify(scope, look_up, body_hash=body_hash, now=lambda: at)


def refused(scope: dict[str, Any], later: float = 0.0, body: bytes | None = None) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as caught:
        check(scope, later, body)
    return caught.value


def put(scope: dict[str, Any], name: str, value: str) -> None:
    """Change a header of a request."""
    raw = name.encode()
    scope["headers"] = [pair for pair in scope["headers"] if pair[0] != raw] + [(raw, value.encode("latin-1"))]


@given(key=KEYS, query=st.dictionaries(NAMES, st.text(CHARACTERS, max_size=20), max_size=3), header=KEYS)
def test_what_botocore_signs_for_s3_is_right(key: str, query: dict[str, str], header: str) -> None:
    """Paths are escaped once; queries are sorted; spaces of headers are collapsed."""
    pairs = "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in query.items())
    url = f"http://{HOST}/bucket/{quote(key, safe='/~')}" + (f"?{pairs}" if pairs else "")
    headers = {"x-amz-meta-note": " ".join(header.encode("ascii", "ignore").decode().split())}
    scope = signed(S3SigV4Auth, "s3", "PUT", url, headers, b"bytes")
    assert check(scope).holder == KEY
    presigned = signed(S3SigV4QueryAuth, "s3", "GET", url, expires=60)
    assert check(presigned, later=59).claim.expires == 60


@given(
    path=st.lists(st.sampled_from(["a", "b.c", "..", ".", "", "d e", "f%g"]), max_size=5), body=st.binary(max_size=60)
)
def test_what_botocore_signs_for_other_services_is_right(path: list[str], body: bytes) -> None:
    """Paths are normalised and escaped twice."""
    url = f"http://{HOST}/" + "/".join(quote(step, safe="") for step in path)
    scope = signed(SigV4Auth, "rekognition", "POST", url, {"content-type": "application/x-amz-json-1.1"}, body)
    assert check(scope, body=body).claim.region == REGION
    assert refused(scope, body=body + b" ").why is Why.MISMATCH
    assert check(signed(SigV4QueryAuth, "sts", "GET", url + "?Action=GetCallerIdentity"), body=b"").holder == KEY


def test_what_was_expected_is_told_without_secrets() -> None:
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/key")
    put(scope, "x-amz-content-sha256", EMPTY_HASH.replace("e", "f"))
    error = refused(scope)
    assert error.why is Why.MISMATCH
    assert error.details["CanonicalRequest"].startswith("GET\n/bucket/key\n\nhost:emulator.example:4598\n")
    assert error.details["StringToSign"].startswith(ALGORITHM + "\n")
    assert error.details["StringToSignBytes"].startswith("41 57 53 34")
    assert SECRET not in str(dict(error.details))


def test_a_request_is_not_taken_again_after_fifteen_minutes() -> None:
    scope = signed(SigV4Auth, "rekognition", "POST", f"http://{HOST}/", body=b"{}")
    assert check(scope, 899, b"{}").holder == KEY
    assert check(scope, -899, b"{}").holder == KEY
    old = refused(scope, 901, b"{}")
    assert old.why is Why.SKEWED
    assert old.message.startswith("Signature expired: ")
    assert "is now earlier than" in old.message
    assert refused(scope, -901, b"{}").message.startswith("Signature not yet current: ")


def test_a_presigned_url_ends_when_it_says() -> None:
    scope = signed(S3SigV4QueryAuth, "s3", "GET", f"http://{HOST}/bucket/key", expires=3600)
    assert check(scope, 3600).holder == KEY
    error = refused(scope, 3601)
    assert (error.why, error.details["X-Amz-Expires"]) == (Why.EXPIRED_URL, "3600")
    for expires in (604_801, -1):
        other = signed(S3SigV4QueryAuth, "s3", "GET", f"http://{HOST}/bucket/key", expires=expires)
        assert refused(other).why is Why.INCOMPLETE


def test_a_query_in_another_order_than_was_signed_is_not_right() -> None:
    """Signed are the sorted parameters, in whatever order they come; an unsorted text is not a signature."""
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket?prefix=a&list-type=2")
    scope["query_string"] = b"list-type=2&prefix=a"
    assert check(scope).holder == KEY
    scope["query_string"] = b"list-type=2&prefix=b"
    assert refused(scope).why is Why.MISMATCH

    unsorted = hand_signed("/bucket", "prefix=a&list-type=2")
    assert refused(unsorted).why is Why.MISMATCH
    assert check(hand_signed("/bucket", "list-type=2&prefix=a")).holder == KEY


@pytest.mark.parametrize(
    ("query", "reordered", "harmless"),
    [
        ("a=1&prefix=a&prefix=b", "a=1&prefix=b&prefix=a", "prefix=a&a=1&prefix=b"),
        ("X-Amz-Acl=private&a=1&x-amz-acl=public", "x-amz-acl=public&X-Amz-Acl=private&a=1", None),
    ],
)
def test_values_of_one_name_in_another_order_mean_something_else(
    query: str, reordered: str, harmless: str | None
) -> None:
    """Whoever reads a query takes the last value of a name, in whatever case, so their order is signed as well."""
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket?{query}")
    assert check(scope).holder == KEY
    assert check(scope | {"query_string": (harmless or query).encode()}).holder == KEY
    assert refused(scope | {"query_string": reordered.encode()}).why is Why.MISMATCH


def test_a_plus_sign_in_a_query_means_a_space_and_is_signed_so() -> None:
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket?prefix=a%20b")
    scope["query_string"] = b"prefix=a+b"
    assert check(scope).holder == KEY
    scope["query_string"] = b"prefix=a%2Bb"
    assert refused(scope).why is Why.MISMATCH


def hand_signed(path: str, query: str, date: str = "x-amz-date", sent: str | None = None) -> dict[str, Any]:
    """A request for S3 whose client signs path and query as they stand; the header `date` says when it is `sent`."""
    moment = "20261130T120000Z"
    sent = sent or moment
    fields = sorted({"host": HOST, "x-amz-content-sha256": EMPTY_HASH, date: sent}.items())
    names = ";".join(name for name, _ in fields)
    lines = "".join(f"{name}:{value}\n" for name, value in fields)
    canonical = f"GET\n{path}\n{query}\n{lines}\n{names}\n{EMPTY_HASH}"
    day = f"{moment[:8]}/{REGION}/s3/aws4_request"
    text = f"{ALGORITHM}\n{moment}\n{day}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = sign(key_of("s3", moment[:8]), text)
    authorization = f"{ALGORITHM} Credential={KEY}/{day}, SignedHeaders={names}, Signature={signature}"
    return scope_of("GET", f"http://{HOST}{path}?{query}", [*fields, ("authorization", authorization)])


@pytest.mark.parametrize("sent", ["Mon, 30 Nov 2026 12:00:00 GMT", "20261130T120000Z"])
def test_the_date_header_counts_where_there_is_no_other(sent: str) -> None:
    noon = parse_moment("20261130T120000Z") or 0
    assert verify(hand_signed("/bucket/key", "", "date", sent), look_up, now=lambda: noon).holder == KEY
    late = hand_signed("/bucket/key", "", "date", "Mon, 30 Nov 2026 12:00:01 GMT")
    with pytest.raises(SignatureRefused) as raised:
        verify(late, look_up, now=lambda: noon)
    assert raised.value.why is Why.MISMATCH


@pytest.mark.parametrize("sent", ["yesterday", "Mon, 30 Nov 99999 12:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +2300"])
def test_a_date_header_that_is_not_a_date_is_refused(sent: str) -> None:
    scope = hand_signed("/bucket/key", "", "date", sent)
    with pytest.raises(SignatureRefused) as raised:
        verify(scope, look_up, now=lambda: 0.0)
    assert raised.value.why in (Why.INCOMPLETE, Why.WRONG_SCOPE)


def key_of(service: str, date: str) -> bytes:
    """The signing key, by botocore's own derivation."""
    signer = SigV4Auth(BotoCredentials(KEY, SECRET), service, REGION)
    derived = f"AWS4{SECRET}".encode()
    for part in (date, REGION, service, "aws4_request"):
        derived = signer._sign(derived, part)
    return derived


def test_a_path_that_is_escaped_twice_is_not_right_for_s3() -> None:
    assert check(hand_signed("/bucket/a%20b", "")).holder == KEY
    scope = hand_signed("/bucket/a%2520b", "")
    scope["raw_path"] = b"/bucket/a%20b"
    assert refused(scope).why is Why.MISMATCH


def test_doubled_headers_are_not_right() -> None:
    """Which of two holds is anybody's guess, so both count."""
    for name in ("x-amz-date", "host", "x-amz-content-sha256"):
        scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/key")
        value = dict(scope["headers"])[name.encode()]
        at = moment_of(scope)
        scope["headers"].append((name.encode(), value))
        with pytest.raises(SignatureRefused) as caught:
            verify(scope, look_up, now=partial(float, at))
        assert caught.value.why in (Why.MISMATCH, Why.INCOMPLETE)
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/key")
    scope["headers"].append((b"authorization", dict(scope["headers"])[b"authorization"]))
    assert refused(scope).why is Why.INCOMPLETE
    presigned = signed(S3SigV4QueryAuth, "s3", "GET", f"http://{HOST}/bucket/key", expires=60)
    presigned["query_string"] += b"&X-Amz-Expires=600000"
    with pytest.raises(SignatureRefused, match="twice"):
        check(presigned)


def test_headers_of_s3_that_are_not_signed_are_refused() -> None:
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/key")
    put(scope, "x-amz-copy-source", "other/secret")
    error = refused(scope)
    assert (error.why, error.details["HeadersNotSigned"]) == (Why.NOT_SIGNED, "x-amz-copy-source")


def test_the_operation_of_other_services_is_signed() -> None:
    """Else whoever sees a call could make another of it."""
    headers = {"x-amz-target": "RekognitionService.DescribeProjects"}
    scope = signed(SigV4Auth, "rekognition", "POST", f"http://{HOST}/", headers, b"{}")
    assert check(scope, body=b"{}").holder == KEY
    put(scope, "x-amz-target", "RekognitionService.DeleteProject")
    assert refused(scope, body=b"{}").why is Why.MISMATCH
    bare = signed(SigV4Auth, "rekognition", "POST", f"http://{HOST}/", body=b"{}")
    put(bare, "x-amz-target", "RekognitionService.DeleteProject")
    assert refused(bare, body=b"{}").message == "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."


def test_a_key_with_the_secret_of_another_account_is_not_right() -> None:
    scope = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/key")
    authorization = dict(scope["headers"])[b"authorization"].decode()
    put(scope, "authorization", authorization.replace(KEY, OTHER_KEY))
    assert refused(scope).why is Why.MISMATCH
    put(scope, "authorization", authorization.replace(KEY, "AKIAOFNOBODYATALL000"))
    assert refused(scope).why is Why.UNKNOWN_KEY


def test_another_method_path_region_service_or_day_is_not_right() -> None:
    def fresh() -> dict[str, Any]:
        return signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/key")

    for name, value in (("method", "DELETE"), ("raw_path", b"/bucket/other"), ("query_string", b"acl")):
        assert refused(fresh() | {name: value}).why is Why.MISMATCH
    for before, after, why in ((REGION, "us-east-1", Why.MISMATCH), ("/s3/", "/sts/", Why.NOT_SIGNED)):
        scope = fresh()
        authorization = dict(scope["headers"])[b"authorization"].decode().replace(before, after)
        put(scope, "authorization", authorization)
        assert refused(scope).why in (why, Why.MISMATCH)
    scope = fresh()
    day = dict(scope["headers"])[b"x-amz-date"][:8].decode()
    put(scope, "authorization", dict(scope["headers"])[b"authorization"].decode().replace(f"/{day}/", "/20200101/"))
    assert refused(scope).why is Why.WRONG_SCOPE


def test_other_mechanisms_and_half_headers_are_named() -> None:
    cases = {
        "AWS AKIA:c2lnbmF0dXJl": (Why.UNSUPPORTED, "AWS4-HMAC-SHA256"),
        f"AWS4-ECDSA-P256-SHA256 Credential={KEY}/20260101/s3/aws4_request": (Why.UNSUPPORTED, "AWS4-HMAC-SHA256"),
        f"{ALGORITHM} Credential={KEY}/20260101/{REGION}/s3/aws4_request": (Why.INCOMPLETE, "'SignedHeaders'"),
        f"{ALGORITHM} SignedHeaders=host, Signature={'0' * 64}": (Why.INCOMPLETE, "'Credential'"),
    }
    for authorization, (why, words) in cases.items():
        scope = scope_of("GET", f"http://{HOST}/", [("host", HOST), ("authorization", authorization)])
        with pytest.raises(SignatureRefused, match=words) as caught:
            verify(scope, look_up)
        assert caught.value.why is why
    with pytest.raises(SignatureRefused) as caught:
        verify(scope_of("GET", f"http://{HOST}/", [("host", HOST)]), look_up)
    assert caught.value.why is Why.MISSING


def test_chunks_are_signed_one_after_the_other() -> None:
    """AWS's own example of a body in chunks, whose signatures its documentation prints."""
    secret, moment, day = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z", "20130524"
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    names = (
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
        "x-amz-storage-class"
    )
    credential = f"AKIAIOSFODNN7EXAMPLE/{day}/us-east-1/s3/aws4_request"
    authorization = f"{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={seed}"
    headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": moment,
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "authorization": authorization,
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
    }
    scope = scope_of("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", list(headers.items()))
    at = parse_moment(moment)
    assert at is not None
    verified = verify(scope, lambda _key, _token: Credentials(secret, None), now=lambda: float(at))
    chunks = ChunkSignatures(verified)
    chunks.add(b"a" * 65_536)
    assert chunks.is_right("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
    chunks.add(b"a" * 1_024)
    assert chunks.is_right("0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
    assert chunks.is_right("b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
    chunks.add(b"x")
    assert not chunks.is_right("b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")


def test_forms_are_signed_by_their_policy() -> None:
    moment, policy = "20261130T120000Z", "eyJleHBpcmF0aW9uIjoiMjAyNi0xMi0wMVQwMDowMDowMFoifQ=="
    at = parse_moment(moment)
    assert at is not None
    fields = {
        "policy": policy,
        "x-amz-credential": f"{KEY}/{moment[:8]}/{REGION}/s3/aws4_request",
        "x-amz-date": moment,
        "x-amz-signature": sign(key_of("s3", moment[:8]), policy),
    }
    assert verify_form(fields, look_up, now=lambda: at + 3600.0).holder == KEY
    for name, value, why in (
        ("policy", policy[:-4] + "fR==", Why.MISMATCH),
        ("x-amz-signature", "ü" * 64, Why.MISMATCH),
        ("x-amz-credential", "nonsense", Why.INCOMPLETE),
        ("x-amz-security-token", "by hand", Why.INVALID_TOKEN),
    ):
        with pytest.raises(SignatureRefused) as caught:
            verify_form(fields | {name: value}, look_up, now=lambda: float(at))
        assert caught.value.why is why
    with pytest.raises(SignatureRefused) as caught:
        verify_form({"key": "a"}, look_up)
    assert caught.value.why is Why.MISSING


@given(st.text(max_size=300), st.text(CHARACTERS, max_size=300))
def test_no_header_and_no_query_breaks_the_reader(authorization: str, query: str) -> None:
    raw = authorization.encode("latin-1", "ignore")
    scope = scope_of("GET", f"http://{HOST}/", [("host", HOST)])
    scope["headers"].append((b"authorization", raw))
    with pytest.raises(SignatureRefused):
        verify(scope, look_up)
    unsigned = scope_of("GET", f"http://{HOST}/", [("host", HOST)])
    unsigned["query_string"] = ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-" + quote(query, safe="=&%+;")).encode()
    with pytest.raises(SignatureRefused):
        verify(unsigned, look_up)
