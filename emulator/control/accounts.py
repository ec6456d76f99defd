"""The parameter `account` of control paths: they speak of one account, or without it of all (O-39)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from emulator.control.errors import ControlError
from emulator.domain.caller import ACCOUNT_ID

_PATHS = tuple(
    f"/_emulator/{name}"
    for name in (
        *("reset", "transitions", "clock", "faults", "answers", "outage"),
        *("usage", "metrics", "decisions", "state"),
    )
)


async def _account(request: Request) -> str | None:  # async, since FastAPI runs functions in threads
    """The account of a call. Raises ControlError for what is not twelve digits."""
    given = request.query_params.get("account")
    if given is not None and not ACCOUNT_ID.fullmatch(given):
        raise ControlError("InvalidAccount", "The parameter account must be twelve digits.")
    return given


def concerns(request: Request, account: str) -> bool:
    """Whether a call concerns one account alone: by its parameter, where the path has it, or by the ARN it names."""
    path, given = request.url.path, request.query_params
    if path.startswith(_PATHS):
        return given.get("account") == account
    if path == "/_emulator/model":
        return f":{account}:" in given.get("project_version", "")
    return path.startswith("/_emulator/trainings/") and f":{account}:project/" in path


Account = Annotated[str | None, Depends(_account)]
