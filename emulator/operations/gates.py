"""What a request passes between being understood and being validated: the account's request quota, injected faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.domain.controls.faults import FaultBook
from emulator.domain.errors import RuleError
from emulator.domain.metering.quotas import RequestQuota
from emulator.wire.errors import AwsError
from emulator.wire.request import Request


class QuotaGate:
    """Requests a second by account, region and operation (api-facts §6); lets everything pass in mode `off`.

    `now` gives the time of an account's clock.
    """

    def __init__(self, quota: RequestQuota, now: Callable[[str], float]) -> None:
        self._quota = quota
        self._now = now

    async def __call__(self, request: Request) -> None:
        """Raises AwsError: ThrottlingException or ProvisionedThroughputExceededException."""
        assert request.call is not None, "gates come after the operation is known"
        identity = request.call.identity
        try:
            self._quota.check(identity.account, identity.region, request.call.operation, self._now(identity.account))
        except RuleError as error:
            raise AwsError(error.code, error.message) from None


class FaultGate:
    """Injected faults (O-11). Delays are of real time, whatever clock the states go by.

    All delays end when the faults are taken back, by a reset too (O-8), and with `ending`.
    """

    def __init__(self, faults: FaultBook, ending: asyncio.Event) -> None:
        self._faults = faults
        self._ending = ending
        self._cleared: dict[str | None, asyncio.Event] = {}
        faults.on_clear = self._end_delays

    async def __call__(self, request: Request) -> None:
        """Wait and fail as the faults say. Raises AwsError."""
        assert request.call is not None, "gates come after the operation is known"
        identity = request.call.identity
        effect = self._faults.meet(request.call.operation, identity.account, identity.region)
        if effect.latency_ms:
            await self._delay(effect.latency_ms / 1000, identity.account)
        if effect.error is not None:
            raise AwsError(effect.error, effect.words(request.call.operation, identity.account))

    async def _delay(self, seconds: float, account: str) -> None:
        cleared = [self._cleared.setdefault(of, asyncio.Event()) for of in (None, account)]
        signals = [asyncio.ensure_future(event.wait()) for event in (self._ending, *cleared)]
        try:
            await asyncio.wait(signals, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for signal in signals:
                signal.cancel()

    def _end_delays(self, account: str | None) -> None:
        """Those of one account, or all."""
        cleared = self._cleared.pop(account, None)
        if cleared is not None:
            cleared.set()
