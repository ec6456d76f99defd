"""Opening the object store that the settings name, in the server and in its worker processes alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectStore

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource


def _key_source(documents: Sequence[JsonObject] | None) -> KeySource | None:
    if documents is None:
        return None
    from emulator.domain.iam.keys import Key, KeyRing

    ring = KeyRing(map(Key.from_json, documents))
    return lambda: ring


def open_object_store(description: JsonObject) -> ObjectStore:
    """The store that `description` names. Raises CredentialsFileError.

    It is `{"kind": "embedded", "directory": …, "strict_owners": …, "keys": …}`, or kind `external` and the fields of
    ExternalS3Settings (`credentials`: key, secret and session token). `keys` are those of KMS (`Key.to_json`), None
    where they are not known.
    """
    if description["kind"] == "embedded":
        from emulator.s3.object_store import open_embedded_store

        return open_embedded_store(
            Path(description["directory"]),
            strict_owners=description["strict_owners"],
            key_source=_key_source(description["keys"]),
        )
    from emulator.s3.external import AccountCredentials, ExternalS3Settings, ExternalS3Store

    given = {name: value for name, value in description.items() if name not in ("kind", "keys")}
    if given["credentials_file"] is not None:
        given["credentials_file"] = Path(given["credentials_file"])
    if given.get("credentials") is not None:
        given["credentials"] = AccountCredentials(*given["credentials"])
    return ExternalS3Store(ExternalS3Settings(**given))
