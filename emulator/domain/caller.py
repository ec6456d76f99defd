"""Who calls: what everything that the emulator keeps is kept apart by (O-20), and what the caller may do (S-9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.domain.json_values import JsonMapping, JsonObject

if TYPE_CHECKING:
    from emulator.domain.iam.rights import Rights


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
    def from_json(cls, document: JsonMapping) -> Caller:
        """What `to_json` wrote. What is refused to the caller is logged: a process of its own keeps no decisions."""
        rights = document.get("rights")
        if rights is not None:
            from emulator.domain.iam.rights import Rights, log_refusals  # only where rights are looked at

            rights = log_refusals(Rights.from_json(rights))
        return cls(document["account"], document["region"], rights)
