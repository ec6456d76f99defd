"""The latest decisions about the caller's account, for the console's page (O-33)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from emulator.console.context import SignedCall
from emulator.domain.json_values import JsonObject

router = APIRouter()


class NeededStatement(BaseModel):
    """A statement that would have to be added, and to which kind of policy."""

    where: str
    statement: JsonObject


class DecisionDocument(BaseModel):
    """One decision. `statement` names the policy and the statement that decided, null where none speaks.

    With `enforced` false a refusal was let pass.
    """

    time: float
    principal: str
    account: str
    action: str
    resource: str
    allowed: bool
    enforced: bool
    reason: str
    statement: str | None
    message: str
    needed: list[NeededStatement]


class DecisionList(BaseModel):
    """Newest first."""

    decisions: list[DecisionDocument]


@router.get("/decisions")
async def get_decisions(call: SignedCall) -> DecisionList:
    """The last decisions about callers and resources of the caller's account; none where policies do not decide."""
    return DecisionList.model_validate({"decisions": call.parts.decisions(call.caller.account)})
