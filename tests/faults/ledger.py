"""The ledger of chaos: what was acknowledged, and so what may be there (see `tests.faults.chaos`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

Absent = None


class Lost(AssertionError):  # noqa: N818
    """Something that was acknowledged is not there, or something is there that cannot be."""


class ControlRefusedError(Exception):
    """A control call was answered with a 4xx and this code."""


@dataclass
class Ledger:
    """What may be there: for each thing its allowed values, one when the last change was answered."""

    allowed: dict[Hashable, set[Any]] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)

    def is_known(self, thing: Hashable) -> bool:
        """Whether there is only one possibility."""
        return len(self.allowed.get(thing, {Absent})) == 1

    def surely(self, thing: Hashable) -> Any:
        """The value of what is surely there; Absent where it is not, or may not be."""
        allowed = self.allowed.get(thing, {Absent})
        return next(iter(allowed)) if len(allowed) == 1 else Absent

    def change(self, thing: Hashable, value: Any, call: Callable[..., Any], **parameters: Any) -> Any:
        """Call; the thing then has the value, or may have it where no answer came. An error changes nothing."""
        before = self.allowed.get(thing, {Absent})
        self.allowed[thing] = before | {value}
        try:
            answer = call(**parameters)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise Lost(f"{error.operation_name} answered {error}") from error
            self.allowed[thing] = before
            raise
        except ControlRefusedError:
            self.allowed[thing] = before
            raise
        self.allowed[thing] = {value}
        return answer

    def compare(self, thing: Hashable, found: Any) -> None:
        """Raise Lost unless the value is an allowed one, which is then the only one."""
        allowed = self.allowed.get(thing, {Absent})
        if found not in allowed:
            raise Lost(f"{thing}: found {short(found)}, allowed were {[short(value) for value in allowed]}")
        self.allowed[thing] = {found}

    def things(self, kind: str) -> list[Any]:
        """What there is an entry for, of one kind."""
        return [thing for thing in self.allowed if isinstance(thing, tuple) and thing[0] == kind]

    def forget(self, *things: Hashable) -> None:
        """Drop what went with something else."""
        for thing in things:
            self.allowed.pop(thing, None)


def short(value: Any) -> str:
    """A value as it is shown."""
    return repr(value)[:120]
