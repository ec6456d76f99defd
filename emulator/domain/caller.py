"""Who calls: what everything that the emulator keeps is kept apart by (O-20), and what the caller may do (S-9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.domain.json_values import JsonMapping, JsonObject

if TYPE_CHECKING:
    from emulator.domain.iam.evaluation import Decision
    from emulator.domain.iam.rights import Rights

ACCOUNT_ID = re.compile(r"[0-9]{12}")
REGION_NAME = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf an object is read or written (the caller's S3 rights count, api-facts §8).

    `rights` is None where nobody's rights are looked at (`CUSTOM_LABELS_AUTH=off` and `signature`). Callers are told
    apart by account and Region alone.
    """

    account: str
    region: str
    rights: Rights | None = field(default=None, compare=False)

    def to_json(self) -> JsonObject:
        """For a process of its own."""
        rights = None if self.rights is None else self.rights.to_json()
        return {"account": self.account, "region": self.region, "rights": rights}

    @classmethod
    def from_json(cls, document: JsonMapping, tell: Callable[[Decision], None] | None = None) -> Caller:
        """What `to_json` wrote. `tell` hears of what is decided (`rights.telling`), for whoever keeps decisions."""
        rights = document.get("rights")
        if rights is not None:
            from emulator.domain.iam.rights import Rights, telling  # only where rights are looked at

            rights = Rights.from_json(rights)
            rights = rights if tell is None else telling(rights, tell)
        return cls(document["account"], document["region"], rights)
