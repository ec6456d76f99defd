"""Names of control paths that the rest of the emulator knows, without the application that answers them."""

from __future__ import annotations

LOCALSTACK_PATHS = "/_localstack/"
"""What the paths of `localstack` begin with (O-39)."""

TRANSFER_PREFIX = "state-"
"""What the names of folders for transfers of the whole state begin with (O-15)."""
