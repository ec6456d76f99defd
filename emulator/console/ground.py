"""What every page of the console stands on: about, the console's bucket, the catalogue of errors."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from emulator.console.context import PREVIEW_SIDES, OpenParts, SignedCall
from emulator.console.errors import ConsoleError
from emulator.domain.manifest.rules.catalogue import RULES

router = APIRouter()


class AboutDocument(BaseModel):
    """This emulator. `s3` is embedded or external; `auth` says whether signatures are verified."""

    version: str
    s3: str
    control_enabled: bool
    control_token_required: bool
    auth: str
    default_account: str
    preview_widths: list[int]


class BucketDocument(BaseModel):
    """The console's bucket, and the name that it would get now (S-4, S-5)."""

    name: str | None
    proposal: str


class BucketWish(BaseModel):
    """The proposed name, or none."""

    name: str | None = None


class NamedBucket(BaseModel):
    """The console's bucket."""

    name: str


class ErrorEntry(BaseModel):
    """One error or warning of manifests; `message` may hold `{}` for a name."""

    code: str
    message: str
    level: str
    effect: str
    cause: str
    cure: str
    ids: list[str]
    is_warning: bool
    published: bool
    moments: list[str]


class ErrorCatalogue(BaseModel):
    """All of them, as in docs/errors.md."""

    errors: list[ErrorEntry]


@router.get("/about")
async def about(parts: OpenParts) -> AboutDocument:
    """What emulator this is; needs no signature."""
    facts = parts.about
    return AboutDocument(
        version=facts.version,
        s3=facts.s3,
        control_enabled=facts.control_enabled,
        control_token_required=facts.control_token_required,
        auth=facts.auth,
        default_account=facts.default_account,
        preview_widths=list(PREVIEW_SIDES),
    )


@router.get("/bucket")
async def get_bucket(call: SignedCall) -> BucketDocument:
    """The name of the account's console bucket in the region; null until it is made (S-4)."""
    buckets = call.parts.buckets
    name = await asyncio.to_thread(buckets.find, call.caller)
    return BucketDocument(name=name, proposal=name or buckets.propose(call.caller))


@router.post("/bucket")
async def post_bucket(call: SignedCall, wish: BucketWish) -> NamedBucket:
    """Make the console bucket, once for each account and region."""
    try:
        return NamedBucket(name=await asyncio.to_thread(call.parts.buckets.make, call.caller, wish.name))
    except ValueError as error:
        raise ConsoleError("InvalidBucketName", str(error)) from None


@router.get("/errors")
async def errors() -> ErrorCatalogue:
    """Every error and warning that a manifest can meet, with cause and cure; needs no signature."""
    entries = [
        ErrorEntry(
            code=rule.code,
            message=rule.message,
            level=rule.level.value,
            effect=rule.effect.value,
            cause=rule.when,
            cure=rule.cure,
            ids=list(rule.ids),
            is_warning=rule.is_warning,
            published=rule.published,
            moments=sorted(moment.value for moment in rule.moments),
        )
        for rule in RULES
    ]
    return ErrorCatalogue(errors=entries)
