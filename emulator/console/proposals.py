"""Boxes to begin with, for people who draw them: whatever looks like an object."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.previews import ImageWish, image_error, in_picture_thread, read_head
from emulator.vision.errors import ImageError

router = APIRouter()


class ProposalWish(ImageWish):
    """An image, and how many boxes are wanted at most."""

    limit: Annotated[int, Field(ge=1, le=50)] = 20


class ProposedBox(BaseModel):
    """A box in whole pixels of the upright picture; `score` 0..1 says how much it looks like an object."""

    left: int
    top: int
    width: int
    height: int
    score: float


class Proposals(BaseModel):
    """Likeliest first; `width` and `height` are those of the upright picture."""

    boxes: list[ProposedBox]
    width: int
    height: int


@router.post("/proposals")
async def post_proposals(call: SignedCall, wish: ProposalWish) -> Proposals:
    """Boxes around what looks like an object, by a network that knows none of the labels."""
    return await in_picture_thread(lambda: _propose(call, wish))


def _propose(call: ConsoleCall, wish: ProposalWish) -> Proposals:
    # Imported with the first call: a start must not wait for ONNX.
    from emulator.vision.detector.proposals import propose_boxes
    from emulator.vision.images import probe

    read_head(call, wish.location())
    data = call.parts.objects.get(wish.location(), call.caller)
    try:
        facts = probe(data)
        found = propose_boxes(data, wish.limit)
    except ImageError as error:
        raise image_error(error) from None
    boxes = []
    for one in found:
        left, top, width, height = one.box
        right, bottom = min(1.0, left + width), min(1.0, top + height)
        x, y = round(max(0.0, left) * facts.width), round(max(0.0, top) * facts.height)
        wide, high = round(right * facts.width) - x, round(bottom * facts.height) - y
        if wide > 1 and high > 1:
            boxes.append(ProposedBox(left=x, top=y, width=wide, height=high, score=round(one.objectness, 4)))
    return Proposals(boxes=boxes, width=facts.width, height=facts.height)
