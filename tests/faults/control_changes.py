"""Chaos on what a tester turns: faults, answers, outages, transitions, the clock.

All of it belongs to the running process: after a kill there are no faults and no answers, the clock is real, and so are
the transitions; what an open job was accepted with stays. One account does this, so that it knows what is in force.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tests.faults.account import Account, Step
from tests.faults.ledger import Lost
from tests.faults.project_changes import arn_of
from tests.faults.version_changes import PROJECT, VersionChanges

_TRANSITIONS = ("training", "starting", "stopping", "copying", "deleting", "dataset")
_FORCED = "forced by chaos"


class ControlChanges:
    """Every control path but the state's archive and the reset, which `tests.faults.chaos` calls itself."""

    def __init__(self, account: Account, versions: VersionChanges | None) -> None:
        self._account = account
        self._versions = versions
        self._put = (0, {name: {"type": "real"} for name in _TRANSITIONS})

    def steps(self) -> list[tuple[Step, float]]:
        with_models: list[tuple[Step, float]] = [(self.answer, 0.3), (self.outage, 0.2)] if self._versions else []
        return [(self.fault, 0.6), (self.transitions, 0.6), (self.clock, 0.4), *with_models]

    def fault(self) -> None:
        """A fault that is ordered is met, once, and can be taken back."""
        order = {
            "operation": "DescribeProjects",
            "account": self._account.name,
            "error": "ThrottlingException",
            "count": 2,
        }
        [fault] = self._account.control("POST", "faults", order)["faults"]
        try:
            self._account.rekognition.describe_projects()
        except ClientError as error:
            if error.response["Error"]["Code"] != order["error"]:
                raise
        else:
            raise Lost("a fault that was ordered was not met")
        if self._account.chance(0.5):
            self._account.control("DELETE", f"faults/{fault['id']}", counted_as="faults/{id}")
        else:
            self._account.control("DELETE", "faults")
        self._account.rekognition.describe_projects()

    def answer(self) -> None:
        """A forced answer is given, and can be taken back."""
        arn = self._running()
        if arn is None or self._versions is None:
            return
        order = {"project_version": arn, "labels": [{"Name": _FORCED, "Confidence": 99.0}]}
        [forced] = self._account.control("POST", "answers", order)["answers"]
        if self._versions.labels(arn) != [_FORCED]:
            raise Lost("an answer that was ordered was not given")
        if self._account.chance(0.5):
            self._account.control("DELETE", f"answers/{forced['id']}", counted_as="answers/{id}")
        else:
            self._account.control("DELETE", "answers")

    def outage(self) -> None:
        arn = self._running()
        if arn is not None:
            self._account.control("POST", "outage", {"project_version": arn, "units": 1, "seconds": 0.2})

    def transitions(self) -> None:
        """Later jobs take their time; those of other accounts, too."""
        name = self._account.random.choice(_TRANSITIONS)
        policy: dict[str, Any] = self._account.random.choice(
            [{"type": "real"}, {"type": "immediate"}, {"type": "seconds", "seconds": 0.3}]
        )
        policies = self._policies() | {name: policy}
        if self._account.control("PUT", "transitions", {name: policy}) != policies:
            raise Lost("the transition policies are not those that were put")
        self._put = (self._account.lives, policies)

    def clock(self) -> None:
        """Stop it, move it, let it run again."""
        self._account.control("PUT", "clock", {"mode": "manual"})
        self._account.control("POST", "clock/advance", {"seconds": self._account.random.choice([0, 1, 3600])})
        self._account.control("PUT", "clock", {"mode": "real"})

    def check(self) -> None:
        """Nothing that was turned is left after a kill, and the reports can be made."""
        for book in ("faults", "answers"):
            if found := self._account.control("GET", book)[book]:
                raise Lost(f"there are {book} that were taken back: {found}")
        if self._account.control("GET", "clock")["mode"] != "real":
            raise Lost("the clock is not real")
        if (policies := self._account.control("GET", "transitions")) != self._policies():
            raise Lost(f"there are other transition policies than were put: {policies}")
        for path in ("health", "ready", "usage", "metrics"):
            self._account.control("GET", path)

    def _policies(self) -> dict[str, dict[str, Any]]:
        """The transition policies that are in force in this life of the emulator."""
        life, policies = self._put
        return policies if life == self._account.lives else {name: {"type": "real"} for name in _TRANSITIONS}

    def _running(self) -> str | None:
        """A running version of this account."""
        if self._versions is None or arn_of(self._account, PROJECT) is None:
            return None
        running = [one for one in self._versions.described().values() if one["Status"] == "RUNNING"]
        return running[0]["ProjectVersionArn"] if running else None
