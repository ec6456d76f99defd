"""Injected faults (O-11): errors and delays that a tester orders for operations, accounts and regions."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from emulator.domain.controls.definitions import DefinitionError, Fields, listed, require_account
from emulator.domain.image_limits import IMAGE_TOO_LARGE
from emulator.domain.json_values import JsonObject

ANY_OPERATION = "*"
LATENCY_LIMIT_MS = 600_000
COUNT_LIMIT = 1_000_000_000

PROTOCOL_ERRORS = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Errors of the protocol that any operation may answer although no operation declares them (api-facts §1.5, §1.6)."""

ACCESS_DENIED = "User: {user} is not authorized to perform: rekognition:{operation} on resource: *"
"""Filled by `Effect.words` for the request that it answers; which resource it is about is not known yet."""

DEFAULT_MESSAGES = {
    "AccessDeniedException": ACCESS_DENIED,
    "ExpiredTokenException": "The security token included in the request is expired",
    "ImageTooLargeException": IMAGE_TOO_LARGE,
    "InternalServerError": "Internal server error",
    "InvalidImageFormatException": "Request has invalid image format.",
    "InvalidPaginationTokenException": "Invalid Pagination Token",
    "InvalidParameterException": "Request has invalid parameters.",
    "InvalidS3ObjectException": "Request has invalid S3 object.",
    "InvalidSignatureException": "The request signature we calculated does not match the signature you provided.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
    "ProvisionedThroughputExceededException": "Provisioned Rate exceeded.",
    "ResourceInUseException": "Specified resource is in use.",
    "ThrottlingException": "Slow down; sudden increase in rate of requests.",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
}
"""The service's own words where they are published (api-facts §1.4, §1.6)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One ordered fault. `error` None means a delay alone; `count` None means that it never runs out."""

    id: int
    operation: str
    error: str | None
    message: str
    probability: float = 1.0
    count: int | None = None
    latency_ms: int = 0
    account: str | None = None
    region: str | None = None

    def concerns(self, operation: str, account: str, region: str) -> bool:
        """Whether a request falls under this fault, chance and count aside."""
        return (
            self.operation in (ANY_OPERATION, operation)
            and self.account in (None, account)
            and self.region in (None, region)
        )

    def document(self) -> JsonObject:
        """The fault as JSON, as it can be given again; `count` is what is left."""
        fields = {
            "id": self.id,
            "operation": self.operation,
            "error": self.error,
            "message": self.message if self.error else None,
            "probability": self.probability,
            "count": self.count,
            "latency_ms": self.latency_ms,
            "account": self.account,
            "region": self.region,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Effect:
    """What faults do to one request: wait `latency_ms`, then answer `error` if there is one."""

    latency_ms: int = 0
    error: str | None = None
    message: str = ""

    def words(self, operation: str, account: str) -> str:
        """The message for a request; an IAM action is called as its operation (api-facts §1.4, §8)."""
        if self.message != ACCESS_DENIED:
            return self.message
        return ACCESS_DENIED.format(user=f"arn:aws:iam::{account}:root", operation=operation)


NO_EFFECT = Effect()


class FaultBook:
    """The faults in force, in order of creation. Chance is seeded: the same requests meet the same faults."""

    def __init__(self, modelled_errors: Mapping[str, Collection[str]], seed: int = 0) -> None:
        """`modelled_errors` gives, for each operation, the errors that its service model declares."""
        self._modelled_errors = modelled_errors
        self._seed = seed
        self._faults: dict[int, Fault] = {}
        self._chances: dict[int, random.Random] = {}
        self._last_id = 0
        self.on_clear: Callable[[str | None], None] = lambda _account: None

    def add(self, document: object) -> list[Fault]:
        """Add one fault or a list of them. Raises DefinitionError, with nothing added, if any is wrong."""
        return self.prepare(document)()

    def prepare(self, document: object, account: str | None = None) -> Callable[[], list[Fault]]:
        """What adds the faults of a document once it is called. Changes nothing itself, so any thread may do it.

        With an account they are faults of this account. Raises DefinitionError if any is wrong.
        """
        parsed: list[Fault] = []
        for at, item in enumerate(listed(document, "faults")):
            fault = parse_fault(item, f"faults[{at}]", self._modelled_errors)
            require_account(fault.account, account, f"faults[{at}]")
            parsed.append(fault if account is None else replace(fault, account=account))
        return partial(self._take, parsed)

    def _take(self, parsed: list[Fault]) -> list[Fault]:
        for fault in parsed:
            self._last_id += 1
            # Nobody else has it yet; thousands of copies would hold the event loop for 20 ms.
            object.__setattr__(fault, "id", self._last_id)
            self._faults[self._last_id] = fault
        return parsed

    def all(self, account: str | None = None) -> list[Fault]:
        """The faults that are left, in order of creation; those of one account alone if it is given."""
        return [fault for fault in self._faults.values() if account in (None, fault.account)]

    def remove(self, fault_id: int, account: str | None = None) -> bool:
        """Take one fault back; False if there is none of this id, or of this account."""
        if account is not None and fault_id not in {fault.id for fault in self.all(account)}:
            return False
        self._chances.pop(fault_id, None)
        return self._faults.pop(fault_id, None) is not None

    def clear(self, account: str | None = None) -> None:
        """Take all faults back and start counting and chance anew, or those of one account; `on_clear` hears of it."""
        if account is None:
            self._faults.clear()
            self._chances.clear()
            self._last_id = 0
        else:
            for fault in self.all(account):
                self.remove(fault.id)
        self.on_clear(account)

    def meet(self, operation: str, account: str, region: str) -> Effect:
        """What happens to this request; counts are used up by it.

        Delays add up over the faults that concern it, in order of creation, up to the first one with an error.
        """
        if not self._faults:
            return NO_EFFECT
        latency_ms = 0
        for fault in self.all():
            if not fault.concerns(operation, account, region) or not self._happens(fault):
                continue
            latency_ms += fault.latency_ms
            self._use(fault)
            if fault.error is not None:
                return Effect(latency_ms, fault.error, fault.message)
        return Effect(latency_ms) if latency_ms else NO_EFFECT

    def _happens(self, fault: Fault) -> bool:
        if fault.probability >= 1.0:
            return True
        chance = self._chances.get(fault.id)
        if chance is None:  # made when it is first needed: seeding those of thousands of faults takes its time
            chance = self._chances[fault.id] = random.Random(f"{self._seed}/{fault.id}")
        return chance.random() < fault.probability

    def _use(self, fault: Fault) -> None:
        if fault.count is None:
            return
        if fault.count == 1:
            self.remove(fault.id)
        else:
            self._faults[fault.id] = replace(fault, count=fault.count - 1)


def parse_fault(document: object, place: str, modelled_errors: Mapping[str, Collection[str]]) -> Fault:
    """Read one fault; its id is 0 until a FaultBook gives one. Raises DefinitionError with the field that is wrong."""
    fields = Fields(document, place)
    fields.integer("id", None, 0, COUNT_LIMIT)  # what GET gave may be posted again
    operation = fields.text("operation", ANY_OPERATION) or ANY_OPERATION
    if operation != ANY_OPERATION and operation not in modelled_errors:
        raise fields.wrong("operation", f"{operation} is not an operation of Rekognition Custom Labels")
    error = fields.text("error", None)
    if error is not None:
        _check_error(fields, operation, error, modelled_errors)
    fault = Fault(
        id=0,
        operation=operation,
        error=error,
        message=fields.text("message", None) or DEFAULT_MESSAGES.get(error or "", "Injected by the emulator."),
        probability=fields.number("probability", 1.0, 0.0, 1.0) or 0.0,
        count=fields.integer("count", None, 1, COUNT_LIMIT),
        latency_ms=fields.integer("latency_ms", 0, 0, LATENCY_LIMIT_MS) or 0,
        account=fields.text("account", None, r"\d{12}", "must be twelve digits"),
        region=fields.text("region", None, r"[a-z0-9-]+", "must be the name of a region"),
    )
    fields.done()
    if fault.error is None and fault.latency_ms == 0:
        raise DefinitionError(place, "needs an error or a latency_ms over 0")
    return fault


def _check_error(fields: Fields, operation: str, error: str, modelled_errors: Mapping[str, Collection[str]]) -> None:
    if error in PROTOCOL_ERRORS:
        return
    concerned = modelled_errors.values() if operation == ANY_OPERATION else [modelled_errors[operation]]
    if all(error in errors for errors in concerned):
        return
    allowed = sorted(set.intersection(*(set(errors) for errors in concerned)) | PROTOCOL_ERRORS)
    whose = "every operation declares" if operation == ANY_OPERATION else f"{operation} declares"
    raise fields.wrong("error", f"{error} is not an error that {whose}; allowed are {', '.join(allowed)}")
