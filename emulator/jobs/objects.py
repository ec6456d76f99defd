"""Opening the object store that the settings name, in the server and in its worker processes alike."""

from __future__ import annotations

from pathlib import Path

from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectStore


def open_object_store(description: JsonObject) -> ObjectStore:
    """The store that `description` names. Raises CredentialsFileError.

    It is `{"kind": "embedded", "directory": …, "strict_owners": …}`, or kind `external` and the fields of
    ExternalS3Settings.
    """
    if description["kind"] == "embedded":
        from emulator.s3.object_store import open_embedded_store

        return open_embedded_store(Path(description["directory"]), strict_owners=description["strict_owners"])
    from emulator.s3.external import ExternalS3Settings, ExternalS3Store

    given = {name: value for name, value in description.items() if name != "kind"}
    if given["credentials_file"] is not None:
        given["credentials_file"] = Path(given["credentials_file"])
    return ExternalS3Store(ExternalS3Settings(**given))
