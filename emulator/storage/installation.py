"""What belongs to this installation as a whole: the key that signs pagination tokens."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from emulator.storage.tables import installation

_TOKEN_SECRET = "token-secret"


def token_secret(connection: Connection) -> bytes:
    """The 32-byte key for `domain.paging`, made at the first start and kept, so that tokens outlive a restart."""
    found = connection.execute(select(installation.c.value).where(installation.c.name == _TOKEN_SECRET)).scalar()
    if found is not None:
        return bytes(found)
    secret = secrets.token_bytes(32)
    connection.execute(insert(installation).values(name=_TOKEN_SECRET, value=secret))
    return secret
