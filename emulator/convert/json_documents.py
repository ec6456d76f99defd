"""JSON files of other tools: reading them, and taking values out of them that may be anything."""

from __future__ import annotations

import json
from pathlib import Path

from emulator.domain.json_values import JsonObject, JsonValue
from emulator.domain.manifest.attributes import is_number
from emulator.lint.errors import ConversionError


def read_json(path: Path) -> JsonValue:
    """The document. Raises ConversionError."""
    try:
        document: JsonValue = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ConversionError(f"{path} is not JSON: {error}") from None
    return document


def objects(value: JsonValue) -> list[JsonObject]:
    """The objects of a list; of an object, of its values. Nothing of anything else."""
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return [item for item in items if isinstance(item, dict)]


def member(value: JsonValue, name: str) -> JsonObject:
    """A member that is an object; an empty one where it is missing or anything else."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def figures(holder: JsonObject, *names: str) -> list[float] | None:
    """Members that are numbers of a sensible size; None where one is missing or anything else."""
    values = [holder.get(name) for name in names]
    found = [float(value) for value in values if is_number(value) and abs(value) < 1e9]
    return found if len(found) == len(names) else None


def texts(value: JsonValue) -> list[str]:
    """A text, or the texts of a list, that are not empty; of an object the keys that are true (check boxes)."""
    if isinstance(value, dict):
        return [key for key, chosen in value.items() if chosen is True and key]
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str) and item]
