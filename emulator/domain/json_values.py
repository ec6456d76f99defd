"""Decoded JSON."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
"""An object of a JSON document. Its values are whatever was written there: they are looked at before they are used."""
