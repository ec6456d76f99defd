"""What the edge tells of every answer, counted for CloudWatch and Prometheus (O-14, api-facts §7)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from emulator.domain.arns import parse_arn
from emulator.domain.errors import RuleError
from emulator.domain.metering.measurements import SUCCESS, Measurements, RequestRecord
from emulator.domain.metering.metrics_series import Model
from emulator.wire.errors import AwsError
from emulator.wire.request import Call

_MODEL_OPERATION = "DetectCustomLabels"


class RequestObserver:
    """Records calls whose operation is known; DetectCustomLabels for its version too, once that was found.

    `now` gives the time of an account's clock.
    """

    def __init__(self, measurements: Measurements, now: Callable[[str], float]) -> None:
        self._measurements = measurements
        self._now = now

    def __call__(self, call: Call | None, code: str, seconds: float) -> None:
        """Count one answer; `code` is OK or the AWS error code."""
        if call is None:
            return
        status = 200 if code == SUCCESS else AwsError(code, "").status
        identity = call.identity
        record = RequestRecord(
            call.operation, code, status, seconds, identity.account, identity.region, self._model(call, code)
        )
        self._measurements.record(record, self._now(identity.account))

    def _model(self, call: Call, code: str) -> Model | None:
        """The version of a detection. An unknown one has no series: anybody could fill the memory with names."""
        given = call.parameters.get("ProjectVersionArn")
        if call.operation != _MODEL_OPERATION or given is None or code == "ResourceNotFoundException":
            return None
        return _model_of(given)


@lru_cache(256)
def _model_of(given: str) -> Model | None:
    """None for what is not the ARN of a version."""
    try:
        arn = parse_arn(given)
    except RuleError:
        return None
    return None if arn.version is None else Model(arn.account, arn.region, arn.project, arn.version)
