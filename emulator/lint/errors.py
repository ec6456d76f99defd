"""What ends a command with one clear line."""

from __future__ import annotations


class UsageError(Exception):
    """The arguments do not go together, or name something that is not there: exit code 2."""


class ConversionError(Exception):
    """The input cannot be turned into a manifest: exit code 1."""
