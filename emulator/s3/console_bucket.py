"""The bucket that the console keeps its projects' files in (S-4)."""

from __future__ import annotations

import re
import secrets
import string

from emulator.s3.index import buckets
from emulator.s3.rules import acl, cors
from emulator.s3.vault import Vault, now

_ALPHABET = string.ascii_lowercase + string.digits
_RANDOM_LENGTH = 10


def prefix(region: str) -> str:
    """What the names of a region's console buckets begin with."""
    return f"custom-labels-console-{region}-"


def new_name(region: str) -> str:
    """A name that nobody has guessed."""
    return prefix(region) + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))


def checked_name(region: str, name: str | None) -> str:
    """A name as `new_name` gives them; a new one for None. Raises ValueError for any other name."""
    if name is None:
        return new_name(region)
    if not re.fullmatch(re.escape(prefix(region)) + rf"[a-z0-9]{{{_RANDOM_LENGTH}}}", name):
        raise ValueError(f"The bucket must be named {prefix(region)} and {_RANDOM_LENGTH} letters or digits.")
    return name


def find_console_bucket(vault: Vault, account: str, region: str) -> str | None:
    """The name of the console bucket of an account and region, None until it is made."""
    vault.open()
    with vault.reading() as connection:
        return buckets.console_bucket(connection, account, region)


def ensure_console_bucket(
    vault: Vault, account: str, region: str, console_origin: str, wanted: str | None = None
) -> str:
    """`custom-labels-console-<region>-<10 characters>`: one per account and region, open to the console's origin.

    Raises ValueError for a wanted name of another form, or that somebody has.
    """
    wanted = checked_name(region, wanted)
    name = find_console_bucket(vault, account, region)
    if name is not None:
        return name
    with vault.changing() as change:
        connection = change.connection
        name = buckets.console_bucket(connection, account, region)
        if name is not None:  # another thread was quicker
            return name
        name = wanted
        if buckets.find(connection, name) is not None:
            raise ValueError(f"The bucket {name} exists already.")
        buckets.add(connection, name, account, region, now(), acl.private(account))
        bucket = buckets.find(connection, name)
        assert bucket is not None
        buckets.set_configuration(connection, bucket, "cors", cors.document_for_origin(console_origin))
        buckets.remember_console_bucket(connection, account, region, name)
    return name
