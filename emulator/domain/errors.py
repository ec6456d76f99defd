"""What a broken rule of the service is: an AWS error code and a message, known before any wire format is.

`operations` turns a RuleError into the wire's error; nothing in the domain knows HTTP.
"""

from __future__ import annotations


class RuleError(Exception):
    """A rule of the service was broken. `code` is the name of the modelled AWS exception (api-facts §1.4, §2)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ResourceNotFoundError(RuleError):
    """The named resource does not exist for this account and region."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


class ResourceInUseError(RuleError):
    """The resource is in a state that forbids the operation, or its name is taken (api-facts §0.3)."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUseException", message)


class ResourceNotReadyError(RuleError):
    """The resource is not yet, or no longer, in a state that serves the operation."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotReadyException", message)


class ResourceAlreadyExistsError(RuleError):
    """There is one already, and there can only be one (datasets of a kind, policies of a name)."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceAlreadyExistsException", message)


class InvalidParameterError(RuleError):
    """The parameters are well-formed, yet contradict each other or the state (api-facts §1.5 rule 3)."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterException", message)


class AccessDeniedError(RuleError):
    """The caller lacks the right, with AWS's sentence about it (api-facts §1.4)."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


class InvalidPaginationTokenError(RuleError):
    """NextToken was not made by this service for this request (api-facts §1.7)."""

    def __init__(self) -> None:
        super().__init__("InvalidPaginationTokenException", "Invalid Pagination Token")
