"""The registry of operations: each function says its AWS name, how it runs, and what docs/parity.md tells of it."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from emulator.domain.caller import Caller
from emulator.operations.context import AnyContext, Services
from emulator.storage.rows import Job

Result = Mapping[str, object]
Operation = Callable[[AnyContext], Result]
AsyncOperation = Callable[[Services, Caller, Any], Awaitable[Result]]
JobFilter = Callable[[Job], bool]
Describes = Callable[[Caller, Any], JobFilter]
NamesOne = Callable[[Any], JobFilter | None]

_MODULES = ("projects", "datasets", "entries", "versions", "running", "copying", "policies", "tags", "detect")


class Runs(Enum):
    """Where an operation runs, so that the event loop stays free."""

    READS = "reads of less than a millisecond, on the event loop, that nothing but the state and the request decide"
    READS_IN_THREAD = "longer reads, in a reader thread"
    WRITES = "one transaction of about a millisecond, on the event loop"
    WRITES_LINES = "one transaction that stores lines of a manifest: many of them in the writer thread"
    BY_ITSELF = "a coroutine that chooses its own threads"


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered operation, by `function` or, where it runs by itself, by `coroutine`.

    `limits` and `chosen` are sentences for docs/parity.md.

    `describes` gives, for operations that show states, the filter for the jobs whose transitions they show, and
    `names_one` the filter for those of the one resource that the call names, None if it names none or several (O-34).
    """

    name: str
    runs: Runs
    function: Operation | None
    coroutine: AsyncOperation | None
    limits: str
    chosen: tuple[str, ...]
    describes: Describes | None
    names_one: NamesOne | None = None


_entries: dict[str, Entry] = {}


def operation(
    name: str,
    runs: Runs,
    *,
    limits: str = "",
    chosen: tuple[str, ...] = (),
    describes: Describes | None = None,
    names_one: NamesOne | None = None,
) -> Callable[[Operation], Operation]:
    """Register a function as an AWS operation that runs where `runs` says."""

    def register(function: Operation) -> Operation:
        _entries[name] = Entry(name, runs, function, None, limits, chosen, describes, names_one)
        return function

    return register


def coroutine_operation(
    name: str, *, limits: str = "", chosen: tuple[str, ...] = ()
) -> Callable[[AsyncOperation], AsyncOperation]:
    """Register a coroutine as an AWS operation that chooses its own threads and transactions."""

    def register(coroutine: AsyncOperation) -> AsyncOperation:
        _entries[name] = Entry(name, Runs.BY_ITSELF, None, coroutine, limits, chosen, None)
        return coroutine

    return register


def registered_operations() -> Mapping[str, Entry]:
    """All operations by name."""
    for module in _MODULES:
        importlib.import_module(f"emulator.operations.{module}")
    return _entries
