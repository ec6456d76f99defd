"""On whose behalf a job acts: the account it belongs to, with the rights of whoever asked for it (S-9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emulator.domain.caller import Caller

if TYPE_CHECKING:
    from emulator.domain.iam.rights import Rights
    from emulator.domain.temporary_credentials import TemporaryCredentials

RightsAtWork = Callable[[str], "Rights | None"]
"""Gives what the principal of a reference may do now; of one that is gone, rights to nothing."""


@dataclass(frozen=True, slots=True)
class Askers:
    """Finds the callers of jobs. Without `rights_at_work` nobody's rights are looked at."""

    rights_at_work: RightsAtWork | None = None
    session: Callable[[Caller], TemporaryCredentials] | None = None
    """Gives keys that act for a caller in S3; None where no signature is verified."""

    def caller(self, account: str, region: str, asked_by: str) -> Caller:
        """The caller of work in an account and Region, with its rights as they are at this moment.

        `asked_by` is the reference that was stored with the work, "" if it was accepted from somebody without rights.
        """
        if self.rights_at_work is None or not asked_by:
            return Caller(account, region)
        rights = self.rights_at_work(asked_by)
        if rights is not None:
            rights = replace(rights, context={**rights.context, "aws:requestedregion": (region,)})
        return Caller(account, region, rights)
