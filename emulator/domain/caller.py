"""Who calls: what everything that the emulator keeps is kept apart by (O-20)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf an object is read or written (the caller's S3 rights count, api-facts §8)."""

    account: str
    region: str
