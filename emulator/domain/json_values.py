"""Decoded JSON. Its values are whatever was written there: they are looked at before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JsonValue = Any
"""A value of a JSON document."""

JsonObject = dict[str, Any]
"""An object of a JSON document."""

JsonMapping = Mapping[str, Any]
"""An object of a JSON document that is only read; a TypedDict is one, too."""
