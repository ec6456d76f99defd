"""Small services that stand behind a start: imported and built once it is ready. The console: `console_parts`.

Nothing that a start imports may import this module at its top. Each function is called once, in a thread.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.cloudwatch.app import CloudWatchApp
from emulator.domain.iam.keys import KeyRing, KeySource
from emulator.domain.temporary_credentials import SessionTokens
from emulator.kms.app import KmsApp
from emulator.server.access_parts import Access
from emulator.server.parts import Parts
from emulator.sts.app import OtherServices
from emulator.wire.asgi import App


def kms_application(key_source: KeySource | None) -> App:
    """KMS for the keys of the file of identities; without a file there are none."""
    return KmsApp(key_source or KeyRing)


def cloudwatch_application(parts: Parts) -> App:
    """CloudWatch over what is measured."""
    return CloudWatchApp(parts.measurements.series, parts.clocks.now_of, parts.fleet.refresh)


def sts_application(tokens: Callable[[], SessionTokens], access: Access | None) -> App:
    """STS, and the refusal of services that are not emulated."""
    return OtherServices(tokens, access.roles if access else None)
