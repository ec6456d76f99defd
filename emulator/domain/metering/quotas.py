"""The service's quotas and what breaking one is called (api-facts §6, Q-*, CP-11); enforced only in mode `aws`.

Which exception a count quota answers is not published. The choice here: what the service model describes as too many
concurrent jobs or running things is LimitExceededException; what it describes as the number of stored resources is
ServiceQuotaExceededException, where the operation declares that one at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from emulator.domain.errors import RuleError
from emulator.domain.metering.units import TOKEN_TOLERANCE

QuotaMode = Literal["off", "aws"]

LIMIT_EXCEEDED = "LimitExceededException"
SERVICE_QUOTA_EXCEEDED = "ServiceQuotaExceededException"

DETECT_OPERATION = "DetectCustomLabels"
DEFAULT_REQUESTS_PER_SECOND = 5.0
REQUESTS_PER_SECOND = {
    DETECT_OPERATION: 50.0,
    "TagResource": 10.0,
    "UntagResource": 10.0,
    "ListTagsForResource": 10.0,
}
"""Requests a second by operation, for each account and region; all others have DEFAULT_REQUESTS_PER_SECOND."""

BUCKETS_KEPT = 10_000


class Quota(StrEnum):
    """The count quotas. The value completes the sentence of the error."""

    PROJECTS = "projects in this account"
    MODELS_PER_PROJECT = "models in this project"
    CONCURRENT_TRAININGS = "concurrent training jobs"
    RUNNING_MODELS = "concurrently running models"
    INFERENCE_UNITS = "inference units for this model"
    POLICIES_PER_PROJECT = "project policies for this project"
    CONCURRENT_COPIES = "concurrent copy jobs for this destination"
    TAGS_PER_RESOURCE = "tags on this resource"


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """A count quota: its default limit, the limit of the regions that differ, the error that breaking it is, and what
    helps then.
    """

    limit: int
    code: str
    advice: str
    limit_of_region: dict[str, int] = field(default_factory=dict)

    def limit_in(self, region: str) -> int:
        """The limit in a region."""
        return self.limit_of_region.get(region, self.limit)


QUOTAS: dict[Quota, QuotaRule] = {
    Quota.PROJECTS: QuotaRule(100, LIMIT_EXCEEDED, "Delete a project first."),
    Quota.MODELS_PER_PROJECT: QuotaRule(100, SERVICE_QUOTA_EXCEEDED, "Delete a model first, or use another project."),
    Quota.CONCURRENT_TRAININGS: QuotaRule(2, LIMIT_EXCEEDED, "Wait until one has ended.", {"ap-southeast-2": 1}),
    Quota.RUNNING_MODELS: QuotaRule(2, LIMIT_EXCEEDED, "Stop one first."),
    Quota.INFERENCE_UNITS: QuotaRule(5, LIMIT_EXCEEDED, "Ask for fewer."),
    Quota.POLICIES_PER_PROJECT: QuotaRule(5, SERVICE_QUOTA_EXCEEDED, "Put its statements into another one."),
    Quota.CONCURRENT_COPIES: QuotaRule(5, LIMIT_EXCEEDED, "Wait until one has ended."),
    Quota.TAGS_PER_RESOURCE: QuotaRule(200, SERVICE_QUOTA_EXCEEDED, "Remove tags first."),
}


class QuotaExceededError(RuleError):
    """A count would pass its quota: LimitExceededException or ServiceQuotaExceededException, see QUOTAS."""

    def __init__(self, quota: Quota, region: str, wanted: int) -> None:
        rule = QUOTAS[quota]
        said = f"The maximum number of {quota.value} is {rule.limit_in(region)}, and this call would make it {wanted}."
        super().__init__(rule.code, f"{said} {rule.advice}")


class RequestRateError(RuleError):
    """More requests a second than the account may send (api-facts §1.4)."""

    def __init__(self, operation: str) -> None:
        if operation == DETECT_OPERATION:
            super().__init__("ProvisionedThroughputExceededException", "Provisioned Rate exceeded.")
        else:
            super().__init__("ThrottlingException", "Slow down; sudden increase in rate of requests.")


def check_count(mode: QuotaMode, quota: Quota, present: int, region: str, adding: int = 1) -> None:
    """Raise QuotaExceededError if `present` and `adding` together pass the quota; in mode `off` never."""
    if mode == "aws" and present + adding > QUOTAS[quota].limit_in(region):
        raise QuotaExceededError(quota, region, present + adding)


@dataclass(slots=True)
class TokenBucket:
    """`rate` requests a second, and as many at once (at least one). `tokens` are what is left at `updated_at`."""

    rate: float
    tokens: float
    updated_at: float

    def take(self, now: float) -> bool:
        """One request's token, if there is one. A clock that went back gives none, and is followed from then on."""
        burst = max(1.0, self.rate)
        self.tokens = min(burst, self.tokens + max(0.0, now - self.updated_at) * self.rate)
        self.updated_at = now
        if self.tokens < 1.0 - TOKEN_TOLERANCE:
            return False
        self.tokens -= 1.0
        return True


class RequestQuota:
    """The requests-a-second quotas of every account, region and operation. Belongs to the event loop."""

    def __init__(self, mode: QuotaMode) -> None:
        self.mode = mode
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def check(self, account: str, region: str, operation: str, now: float) -> None:
        """Count one request at epoch second `now`. Raises RequestRateError beyond the quota; in mode `off` never."""
        if self.mode == "off":
            return
        key = (account, region, operation)
        bucket = self._buckets.get(key)
        if bucket is None:
            rate = REQUESTS_PER_SECOND.get(operation, DEFAULT_REQUESTS_PER_SECOND)
            self._make_room(now)
            bucket = self._buckets[key] = TokenBucket(rate, max(1.0, rate), now)
        if not bucket.take(now):
            raise RequestRateError(operation)

    def reset(self, account: str | None = None) -> None:
        """Forget every request counted, or those of one account (O-8, O-39)."""
        if account is None:
            self._buckets.clear()
        else:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if key[0] != account}

    def _make_room(self, now: float) -> None:
        """A bucket untouched for over a second is full again, so forgetting it changes nothing."""
        if len(self._buckets) >= BUCKETS_KEPT:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if abs(now - bucket.updated_at) < 1.0}
