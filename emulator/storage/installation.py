"""What belongs to this installation as a whole: the key that signs pagination tokens, an unfinished load, and the
clocks that ruled when its process ended."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from emulator.storage.tables import installation

_TOKEN_SECRET = "token-secret"
_UNFINISHED_LOAD = "unfinished-load"
_OF_ACCOUNT = "?account="
_MANUAL_CLOCK = "manual-clock"


def token_secret(connection: Connection) -> bytes:
    """The 32-byte key for `domain.paging`, made at the first start and kept, so that tokens outlive a restart."""
    found = connection.execute(select(installation.c.value).where(installation.c.name == _TOKEN_SECRET)).scalar()
    if found is not None:
        return bytes(found)
    secret = secrets.token_bytes(32)
    connection.execute(insert(installation).values(name=_TOKEN_SECRET, value=secret))
    return secret


def note_unfinished_load(connection: Connection, folder: str, account: str | None = None) -> None:
    """Keep that the objects of a loaded archive have yet to follow from a folder, named relative to the work folder.

    With an account only its objects.
    """
    forget_unfinished_load(connection)
    value = folder if account is None else f"{folder}{_OF_ACCOUNT}{account}"
    connection.execute(insert(installation).values(name=_UNFINISHED_LOAD, value=value.encode()))


def unfinished_load(connection: Connection) -> tuple[str, str | None] | None:
    """The folder and the account of `note_unfinished_load`, None if there is nothing to finish."""
    found = connection.execute(select(installation.c.value).where(installation.c.name == _UNFINISHED_LOAD)).scalar()
    if found is None:
        return None
    folder, _, account = bytes(found).decode().partition(_OF_ACCOUNT)
    return folder, account or None


def forget_unfinished_load(connection: Connection) -> None:
    """The objects have followed, or cannot."""
    connection.execute(delete(installation).where(installation.c.name == _UNFINISHED_LOAD))


def note_manual_clocks(connection: Connection, moments: Mapping[str, float | None]) -> None:
    """Keep where the shared clock ("") and accounts' own ones stand, in epoch seconds; None for those that are real."""
    connection.execute(delete(installation).where(installation.c.name == _MANUAL_CLOCK))
    if any(moment is not None for moment in moments.values()):
        connection.execute(insert(installation).values(name=_MANUAL_CLOCK, value=json.dumps(dict(moments)).encode()))


def manual_clocks(connection: Connection) -> dict[str, float | None]:
    """Where the clocks of the last process stood, as `note_manual_clocks` kept it; releases before had a shared one."""
    found = connection.execute(select(installation.c.value).where(installation.c.name == _MANUAL_CLOCK)).scalar()
    kept = {} if found is None else json.loads(bytes(found))
    return kept if isinstance(kept, dict) else {"": float(kept)}
