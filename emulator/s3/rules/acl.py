"""Access control lists: canned ones, grants in headers and documents, the stored form and the answer.

Lists are kept and given back, and name the bucket's owner (TE-10 compares owners). They do not restrict anybody: access
across accounts is allowed unless a bucket policy says no.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from xml.etree import ElementTree

from emulator.s3.errors import S3Error
from emulator.s3.http import xml_reading
from emulator.wire import xml

_SCHEMA = 1
_ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
_AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_PERMISSIONS = frozenset({"FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"})
_HEADER_PERMISSIONS = {
    "x-amz-grant-full-control": "FULL_CONTROL",
    "x-amz-grant-read": "READ",
    "x-amz-grant-read-acp": "READ_ACP",
    "x-amz-grant-write": "WRITE",
    "x-amz-grant-write-acp": "WRITE_ACP",
}
_HEADER_GRANTEES = {"id": "CanonicalUser", "uri": "Group", "emailaddress": "AmazonCustomerByEmail"}
_GRANTEE_ELEMENTS = {"CanonicalUser": "ID", "Group": "URI", "AmazonCustomerByEmail": "EmailAddress"}
_CANNED_GROUP_GRANTS: dict[str, list[tuple[str, str]]] = {
    "private": [],
    "public-read": [(_ALL_USERS, "READ")],
    "public-read-write": [(_ALL_USERS, "READ"), (_ALL_USERS, "WRITE")],
    "authenticated-read": [(_AUTHENTICATED_USERS, "READ")],
    "log-delivery-write": [(_LOG_DELIVERY, "WRITE"), (_LOG_DELIVERY, "READ_ACP")],
    "aws-exec-read": [],
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of a list. `type` is CanonicalUser, Group or AmazonCustomerByEmail."""

    type: str
    grantee: str
    permission: str


def canonical_user_id(account: str) -> str:
    """The 64 hexadecimal digits by which S3 names an account; the same account always has the same."""
    return hashlib.sha256(f"canonical user of account {account}".encode()).hexdigest()


def private(account: str) -> str:
    """The stored form of the list that only names its owner."""
    return _stored(canned("private", account, account))


def canned(name: str, account: str, bucket_account: str) -> list[Grant]:
    """The grants that a canned ACL stands for. Raises InvalidArgument for an unknown name."""
    owner = Grant("CanonicalUser", canonical_user_id(account), "FULL_CONTROL")
    if name in ("bucket-owner-read", "bucket-owner-full-control"):
        permission = "READ" if name == "bucket-owner-read" else "FULL_CONTROL"
        bucket_owner = Grant("CanonicalUser", canonical_user_id(bucket_account), permission)
        return [owner] if bucket_account == account else [owner, bucket_owner]
    if name not in _CANNED_GROUP_GRANTS:
        raise S3Error("InvalidArgument", ArgumentName="x-amz-acl", ArgumentValue=name)
    return [owner, *(Grant("Group", uri, permission) for uri, permission in _CANNED_GROUP_GRANTS[name])]


def from_headers(headers: Mapping[str, str], account: str, bucket_account: str) -> str | None:
    """The stored form of what x-amz-acl or x-amz-grant-* ask for; None when neither is there.

    Raises InvalidRequest for both at once, InvalidArgument for a name or a grantee that is none.
    """
    grants = [
        grant
        for header, permission in _HEADER_PERMISSIONS.items()
        for grant in _granted(headers.get(header), permission)
    ]
    name = headers.get("x-amz-acl")
    if name is not None and grants:
        raise S3Error("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed")
    if name is not None:
        return _stored(canned(name, account, bucket_account))
    return _stored(grants) if grants else None


def from_document(body: bytes) -> str:
    """The stored form of an AccessControlPolicy document. Raises MalformedACLError."""
    root = xml_reading.parse(body, "AccessControlPolicy", "MalformedACLError")
    grant_list = root.find("AccessControlList")
    if grant_list is None:
        raise S3Error("MalformedACLError")
    return _stored([_grant_of(element) for element in grant_list.findall("Grant")])


def to_document(stored: str, account: str) -> bytes:
    """The AccessControlPolicy document of a list owned by `account`."""
    grants = [Grant(**grant) for grant in json.loads(stored)["grants"]]
    return xml.document(
        "AccessControlPolicy",
        owner_element(account) + xml.branch("AccessControlList", [_grant_element(grant) for grant in grants]),
    )


def owner_element(account: str, name: str = "Owner") -> str:
    """`<Owner>` with the canonical id; the display name is the account's number."""
    return xml.branch(name, xml.leaves(ID=canonical_user_id(account), DisplayName=account))


def _stored(grants: list[Grant]) -> str:
    return json.dumps({"schema": _SCHEMA, "grants": [asdict(grant) for grant in grants]})


def _granted(header: str | None, permission: str) -> list[Grant]:
    grants = []
    for grantee in (header or "").split(","):
        if not grantee.strip():
            continue
        kind, _, value = grantee.strip().partition("=")
        grantee_type = _HEADER_GRANTEES.get(kind.strip().lower())
        if grantee_type is None:
            raise S3Error("InvalidArgument", "Argument format not recognized", ArgumentValue=grantee.strip())
        grants.append(Grant(grantee_type, value.strip().strip('"'), permission))
    return grants


def _grant_of(element: ElementTree.Element) -> Grant:
    grantee, permission = element.find("Grantee"), xml_reading.child_text(element, "Permission")
    if grantee is None or permission not in _PERMISSIONS:
        raise S3Error("MalformedACLError")
    for kind, name in _GRANTEE_ELEMENTS.items():
        value = xml_reading.child_text(grantee, name)
        if value:
            return Grant(kind, value, permission)
    raise S3Error("MalformedACLError")


def _grant_element(grant: Grant) -> str:
    attributes = f' xmlns:xsi="{xml.SCHEMA_INSTANCE}" xsi:type="{grant.type}"'
    identity = xml.leaf(_GRANTEE_ELEMENTS[grant.type], grant.grantee)
    return xml.branch("Grant", xml.branch("Grantee", identity, attributes) + xml.leaf("Permission", grant.permission))
