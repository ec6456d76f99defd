"""Accounts and regions from signatures (O-20, api-facts §1.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.wire.errors import AwsError
from emulator.wire.identity import Identity, identify, identify_or_anonymous
from support.raw_http import authorization

DEFAULT = "000000000000"


def from_header(value: str, **more: str) -> Identity:
    headers = {b"authorization": value.encode("latin-1")}
    headers.update({name.replace("_", "-").encode(): text.encode() for name, text in more.items()})
    return identify(headers, b"", DEFAULT)


def from_query(query: str) -> Identity:
    return identify({}, query.encode(), DEFAULT)


def test_twelve_digits_are_the_account_and_the_scope_is_the_region() -> None:
    assert from_header(authorization("123456789012", "eu-west-1")) == Identity(
        "123456789012", "eu-west-1", "123456789012", "rekognition"
    )


@pytest.mark.parametrize("access_key", ["AKIDEXAMPLE", "12345678901", "1234567890123", "12345678901a", "a/b", "test"])
def test_every_other_access_key_is_the_default_account(access_key: str) -> None:
    identity = from_header(authorization(access_key))
    assert (identity.account, identity.access_key) == (DEFAULT, access_key)


def test_a_resolver_knows_the_accounts_of_session_keys() -> None:
    headers = {b"authorization": authorization("ASIAEXAMPLE").encode()}
    known = {"ASIAEXAMPLE": "210987654321"}
    assert identify(headers, b"", DEFAULT, lambda key: known.get(key)).account == "210987654321"
    assert identify(headers, b"", DEFAULT, lambda _: None).account == DEFAULT


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256 Credential=123456789012/20261121/us-west-2/s3/aws4_request,SignedHeaders=host,Signature=ab",
        "AWS4-HMAC-SHA256  SignedHeaders=h , Signature=ab , Credential=123456789012/20261121/us-west-2/s3/aws4_request",
    ],
)
def test_the_parts_of_the_header_may_stand_in_any_order_and_spacing(header: str) -> None:
    assert from_header(header) == Identity("123456789012", "us-west-2", "123456789012", "s3")


def test_sigv4a_takes_its_region_from_the_region_set() -> None:
    header = "AWS4-ECDSA-P256-SHA256 Credential=123456789012/20261121/s3/aws4_request, SignedHeaders=host, Signature=ab"
    assert from_header(header, x_amz_region_set="eu-west-3,eu-west-1").region == "eu-west-3"
    assert from_header(header, x_amz_region_set="*").region == "us-east-1"
    assert from_header(header).service == "s3"


def test_sigv2_headers_are_the_default_region_of_s3() -> None:
    assert from_header("AWS 123456789012:c2ln") == Identity("123456789012", "us-east-1", "123456789012", "s3")


def test_presigned_urls_of_both_versions() -> None:
    v4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=123456789012%2F20261121%2Feu-west-1%2Fs3%2Faws4_request"
    assert from_query(f"{v4}&X-Amz-SignedHeaders=host&X-Amz-Signature=ab") == Identity(
        "123456789012", "eu-west-1", "123456789012", "s3"
    )
    assert from_query("AWSAccessKeyId=123456789012&Signature=ab%3D&Expires=1") == Identity(
        "123456789012", "us-east-1", "123456789012", "s3"
    )


@pytest.mark.parametrize("query", ["", "list-type=2", "X-Amz-Date=20261121T000000Z"])
def test_an_unsigned_request_has_no_token(query: str) -> None:
    with pytest.raises(AwsError) as caught:
        from_query(query)
    assert caught.value.code == "MissingAuthenticationTokenException"
    assert caught.value.message == "Missing Authentication Token"
    assert identify_or_anonymous({}, query.encode(), DEFAULT) == Identity(DEFAULT, "us-east-1", "anonymous", "s3")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Bearer abc", "Authorization header requires 'Credential' parameter."),
        ("AWS4-HMAC-SHA256", "Authorization header requires 'Credential' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/20261121/r/s/aws4_request, SignedHeaders=host",
         "Authorization header requires 'Signature' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/20261121/r/s/aws4_request, Signature=x",
         "Authorization header requires 'SignedHeaders' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1, SignedHeaders=host, Signature=x", "Credential must be"),
        ("AWS4-HMAC-SHA256 Credential=a/today/us-east-1/s3/aws4_request, SignedHeaders=h, Signature=x",
         "Credential must be"),
        ("AWS4-HMAC-SHA256 Credential=/20261121/us-east-1/s3/aws4_request, SignedHeaders=h, Signature=x",
         "Credential has no usable access key"),
        ("AWS nothing", "Authorization header requires AccessKeyId:Signature."),
        ("AWS :sig", "Credential has no usable access key"),
    ],
)  # fmt: skip
def test_a_malformed_signature_is_incomplete_and_the_text_says_why(header: str, text: str) -> None:
    with pytest.raises(AwsError) as caught:
        from_header(header)
    assert caught.value.code == "IncompleteSignatureException"
    assert text in caught.value.message
    with pytest.raises(AwsError, match="IncompleteSignatureException"):
        identify_or_anonymous({b"authorization": header.encode()}, b"", DEFAULT)


@pytest.mark.parametrize("query", ["X-Amz-Signature=ab", "X-Amz-Credential=a/20261121/us-east-1/s3/aws4_request"])
def test_a_presigned_url_without_its_parts_is_incomplete(query: str) -> None:
    with pytest.raises(AwsError, match="IncompleteSignatureException"):
        from_query(query)


@pytest.mark.parametrize("region", ["US", ""])
def test_old_names_of_the_first_region_are_read_in_signatures_for_s3(region: str) -> None:
    """s3cmd signs for `US`, old Go SDKs for no region."""
    assert from_header(authorization("123456789012", region, service="s3")).region == "us-east-1"
    with pytest.raises(AwsError, match="Credential should be scoped to a valid region"):
        from_header(authorization("123456789012", region))


@pytest.mark.parametrize("region", ["US-EAST-1", "us east", "..", "r" * 65, "eu_west"])
def test_a_region_that_cannot_stand_in_an_arn_is_refused(region: str) -> None:
    with pytest.raises(AwsError, match="InvalidSignatureException: Credential should be scoped to a valid region"):
        from_header(authorization("123456789012", region))


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=120), st.binary(max_size=60))
def test_any_header_gives_an_identity_or_an_aws_error(header: str, query: bytes) -> None:
    headers = {b"authorization": header.encode("latin-1")} if header else {}
    try:
        identity = identify(headers, query, DEFAULT)
    except AwsError as error:
        assert error.status == 400
    else:
        assert len(identity.account) == 12
