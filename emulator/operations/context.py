"""What an operation gets to work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Connection

from emulator.domain.caller import Caller
from emulator.domain.controls.answers import AnswerBook
from emulator.domain.job_payloads import NO_PAYLOAD, JobPayload
from emulator.domain.jobs import JobKind
from emulator.domain.json_values import JsonMapping
from emulator.domain.metering.quotas import Quota, QuotaMode, check_count
from emulator.domain.object_store import ObjectStore
from emulator.domain.paging import Cursor, decode_token, encode_token
from emulator.jobs.clock import Clocks
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.runner import JobRunner
from emulator.storage.engine import Database
from emulator.storage.rows import Job

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource


@dataclass(frozen=True, slots=True)
class Services:
    """What all operations share in one process. `key_source` gives the KMS keys, where a file says which there are."""

    database: Database
    clocks: Clocks
    runner: JobRunner
    hosting: Hosting
    objects: ObjectStore
    token_secret: bytes
    fleet: Fleet
    answers: AnswerBook
    quotas: QuotaMode
    key_source: KeySource | None = None


Request = TypeVar("Request", bound=JsonMapping)
"""The validated members of a request, under the model's names (`shapes`)."""


@dataclass(slots=True)
class Context(Generic[Request]):
    """One call of an operation: its caller and validated parameters, and the transaction that it runs in.

    `accepted` collects the jobs that begin once the transaction is committed.
    """

    operation: str
    caller: Caller
    parameters: Request
    services: Services
    connection: Connection
    accepted: list[Job] = field(default_factory=list)

    def accept(
        self,
        kind: JobKind,
        transition: str,
        resource_arn: str,
        project_arn: str,
        payload: JobPayload = NO_PAYLOAD,
    ) -> None:
        """Store a job within this transaction and begin it after the commit."""
        self.accepted.append(
            self.services.runner.accept(self.connection, kind, transition, resource_arn, project_arn, payload)
        )

    @property
    def asked_by(self) -> str:
        """The reference by which work that is accepted finds the caller's rights again, "" if they do not count."""
        return "" if self.caller.rights is None else self.caller.rights.reference

    def check_quota(self, quota: Quota, present: int, adding: int = 1) -> None:
        """Raise LimitExceeded or ServiceQuotaExceeded if the account's quotas hold and this one would be passed."""
        check_count(self.services.quotas, quota, present, self.caller.region, adding)

    def now(self) -> int:
        """Milliseconds since the epoch, by the clock of the caller's account."""
        return self.services.clocks.of(self.caller.account).milliseconds()

    def stamp(self) -> int:
        """The same, never twice: what ends an ARN."""
        return self.services.clocks.of(self.caller.account).stamp()

    def page_start(self) -> list[Any] | None:
        """The cursor inside the request's NextToken; None for a first page (K-4)."""
        return decode_token(self.parameters.get("NextToken"), self._page_binding(), self.services.token_secret)

    def next_token(self, cursor: Cursor) -> str:
        """A NextToken that continues this request behind `cursor`."""
        return encode_token(cursor, self._page_binding(), self.services.token_secret)

    def _page_binding(self) -> JsonMapping:
        filters = {name: value for name, value in self.parameters.items() if name not in ("NextToken", "MaxResults")}
        return {
            "operation": self.operation,
            "account": self.caller.account,
            "region": self.caller.region,
            "filters": filters,
        }


AnyContext = Context[Any]
"""The context of whichever operation: what all of them share, such as looking a resource up, takes it."""
