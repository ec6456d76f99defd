"""The parameter `account` of control paths: they speak of one account, or without it of all (O-39)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from emulator.control.errors import ControlError

_ACCOUNT = re.compile(r"\d{12}")


def _account(request: Request) -> str | None:
    """The account of a call. Raises ControlError for what is not twelve digits."""
    given = request.query_params.get("account")
    if given is not None and not _ACCOUNT.fullmatch(given):
        raise ControlError("InvalidAccount", "The parameter account must be twelve digits.")
    return given


Account = Annotated[str | None, Depends(_account)]
