"""Opening the object store that the settings name, in the server and in its worker processes alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.storage.object_store import ObjectStore


def open_object_store(description: dict[str, Any]) -> ObjectStore:
    """The store that `description` names: `{"kind": "embedded", "directory": ...}`."""
    if description["kind"] == "embedded":
        from emulator.s3 import open_embedded_store

        return open_embedded_store(Path(description["directory"]))
    raise ValueError(f"unknown kind of object store {description['kind']}")
