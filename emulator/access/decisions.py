"""The latest decisions, for whoever writes policies: `GET /_emulator/decisions` and the console's page (O-33)."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable

from emulator.domain.iam.evaluation import Decision
from emulator.domain.json_values import JsonObject

KEPT = 1_000
logger = logging.getLogger(__name__)


class Decisions:
    """The last thousand, newest last. `is_enforced` is False in mode iam-report: refusals are told, and let pass.

    May be told of decisions from any thread.
    """

    def __init__(self, *, is_enforced: bool, now: Callable[[], float] = time.time) -> None:
        self._is_enforced = is_enforced
        self._now = now
        self._kept: deque[tuple[float, Decision]] = deque(maxlen=KEPT)

    def record(self, decision: Decision) -> None:
        """Keep a decision; a refusal is also a line of the log."""
        self._kept.append((self._now(), decision))
        if not decision.allowed:
            needed = "".join(f"; needed in {one.where}: {json.dumps(one.statement)}" for one in decision.needed)
            logger.info("%s%s%s", "" if self._is_enforced else "let pass: ", decision.message, needed)

    def document(self, account: str | None = None) -> list[JsonObject]:
        """The decisions as JSON, newest first; of one account's callers and resources alone if it is given."""
        return [
            self._row(at, decision)
            for at, decision in reversed(self._kept)
            if account is None or account in (decision.request.principal.account, decision.request.owner)
        ]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def _row(self, at: float, decision: Decision) -> JsonObject:
        request = decision.request
        return {
            "time": at,
            "principal": request.principal.arn or "anonymous",
            "account": request.principal.account,
            "action": request.action,
            "resource": request.resource,
            "allowed": decision.allowed,
            "enforced": self._is_enforced,
            "reason": str(decision.reason),
            "statement": decision.statement,
            "message": decision.message,
            "needed": [{"where": str(one.where), "statement": one.statement} for one in decision.needed],
        }
