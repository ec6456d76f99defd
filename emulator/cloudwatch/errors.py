"""CloudWatch's errors: the name in the service model, the older code of the query protocol, the HTTP status."""

from __future__ import annotations


class CloudWatchError(Exception):
    """An error answer. `shape` is its name in the model, `query_code` the code that clients see in `Error.Code`."""

    shape = "InternalServiceFault"
    query_code = "InternalServiceError"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def sender_fault(self) -> bool:
        """Whether the caller is at fault."""
        return self.status < 500


class InvalidParameterValueError(CloudWatchError):
    """A parameter's value is out of its bounds or not of its type."""

    shape, query_code, status = "InvalidParameterValueException", "InvalidParameterValue", 400


class MissingParameterError(CloudWatchError):
    """A required parameter is absent."""

    shape, query_code, status = "MissingRequiredParameterException", "MissingParameter", 400


class InvalidParameterCombinationError(CloudWatchError):
    """Parameters contradict each other, or ask for too much together."""

    shape, query_code, status = "InvalidParameterCombinationException", "InvalidParameterCombination", 400


class QueryValidationError(CloudWatchError):
    """A query of GetMetricData is wrong, its expression above all."""

    shape, query_code, status = "ValidationError", "ValidationError", 400


class InvalidNextTokenError(CloudWatchError):
    """NextToken was not made by the same request."""

    shape, query_code, status = "InvalidNextToken", "InvalidNextToken", 400


class UnknownActionError(CloudWatchError):
    """An operation that this CloudWatch does not have: alarms, dashboards, metrics of others."""

    shape, query_code, status = "UnknownOperationException", "InvalidAction", 400

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation or 'The operation'} is not available: the emulator's CloudWatch answers GetMetricData, "
            "GetMetricStatistics and ListMetrics for what the emulator itself measures."
        )


class MalformedBodyError(CloudWatchError):
    """The body is not what its protocol says."""

    shape, query_code, status = "SerializationException", "MalformedInput", 400


class NotLetInError(CloudWatchError):
    """A signature that is refused, or a right that is missing: the code says which, the same in all protocols."""

    def __init__(self, code: str, query_code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.shape, self.query_code, self.status = code, query_code, status
