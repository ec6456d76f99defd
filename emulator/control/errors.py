"""What the control paths answer when a call is wrong."""

from __future__ import annotations


class ControlError(Exception):
    """A control call that cannot be served; becomes {"error": {"code", "message"}} with `status`."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
