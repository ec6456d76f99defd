"""Describing calls that are answered later, when what they ask for has happened (O-18, O-34).

A waiter's call is held until the state changes, so that waiters do not sleep through it. Any call that names one
resource is held for a moment after the caller's own doing, so that programs which look once and then sleep for 5 to 60
seconds see the end of short work at their first look.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from emulator.domain.caller import Caller
from emulator.jobs.runner import JobRunner
from emulator.operations.registry import Entry
from emulator.storage.rows import Job
from emulator.wire.request import Call

_HELD_OPERATION = "DescribeProjectVersions"
_LOOKS_KEPT = 1000
_FRESH_SECONDS = 2.0

# botocore lists the features that a call uses behind m/ in the User-Agent; B is a waiter.
_FEATURES = re.compile(r"(?:^|\s)m/([A-Za-z0-9+\-,]+)")
_WAITER_FEATURE = "B"
# Seen: `Botocore/1.29.165` last or first in a line, `botocore/1.43.62` of the AWS CLI, `md/Botocore#1.43.62`.
_BOTOCORE = re.compile(r"(?:^|[\s/])botocore[/#](\d+)\.(\d+)\.(\d+)", re.IGNORECASE)
# Version 2 of the AWS CLI names its command: `command/rekognition.wait.project-version-running`.
_CLI_WAITER = re.compile(r"\bcommand[/#]rekognition\.wait\b")
# botocore 1.37.3 does not mark the calls of its waiters, 1.37.4 does.
_FIRST_MARKING_BOTOCORE = (1, 37, 4)


@dataclass(frozen=True, slots=True)
class HoldSettings:
    """How long and which calls: the settings WAITER_HOLD, WAITER_HOLD_FOR and SETTLE_HOLD."""

    waiter_seconds: float
    waiter_calls: str
    settle_seconds: float


def marks_a_waiter(user_agent: str) -> bool:
    """Whether the call says that it is a waiter's: of botocore since 1.37.4, and of version 2 of the AWS CLI."""
    features = _FEATURES.search(user_agent)
    is_marked = features is not None and _WAITER_FEATURE in features[1].split(",")
    return is_marked or _CLI_WAITER.search(user_agent) is not None


def is_of_an_unmarking_botocore(user_agent: str) -> bool:
    """Whether the call comes from a botocore that does not mark the calls of its waiters."""
    version = _BOTOCORE.search(user_agent)
    return version is not None and tuple(map(int, version.groups())) < _FIRST_MARKING_BOTOCORE


class CallHolder:
    """Holds the calls of one emulator. Lives on the event loop."""

    def __init__(self, runner: JobRunner, settings: HoldSettings) -> None:
        self._runner = runner
        self._settings = settings
        self._looks: OrderedDict[str, frozenset[int]] = OrderedDict()

    async def hold(self, entry: Entry, caller: Caller, call: Call, shown: Callable[[Job], bool]) -> None:
        """Return when the call may be answered; `shown` are the jobs of the caller whose transitions it shows."""
        if entry.name == _HELD_OPERATION and self._is_waiting(caller, call, shown):
            await self._runner.hold(shown, self._settings.waiter_seconds)
        elif entry.names_one is not None and (named := entry.names_one(call.parameters)) is not None:
            await self._runner.hold_fresh(lambda job: named(job) and shown(job), self._settings.settle_seconds)

    def _is_waiting(self, caller: Caller, call: Call, shown: Callable[[Job], bool]) -> bool:
        if self._settings.waiter_calls == "describes":
            return "VersionNames" in call.parameters
        if self._settings.waiter_calls == "off":
            return False
        return marks_a_waiter(call.user_agent) or (
            is_of_an_unmarking_botocore(call.user_agent) and self._looks_like_a_waiter(caller, call, shown)
        )

    def _looks_like_a_waiter(self, caller: Caller, call: Call, shown: Callable[[Job], bool]) -> bool:
        """A waiter begins right after the call that began the work, and asks the very same again and again."""
        pending = self._runner.pending(shown)
        if not pending:
            return False
        question = json.dumps([caller.account, caller.region, call.parameters], sort_keys=True)
        seen = self._looks.pop(question, frozenset())
        self._looks[question] = pending
        if len(self._looks) > _LOOKS_KEPT:
            self._looks.popitem(last=False)
        return bool(seen & pending) or self._runner.is_fresh(shown, _FRESH_SECONDS)
