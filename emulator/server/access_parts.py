"""What verifies and decides, built from the settings; in mode `off` nothing of it is imported (O-33)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.settings import PREFIX, Settings, SettingsError

if TYPE_CHECKING:
    from emulator.access.gatekeeper import Gatekeeper
    from emulator.access.identities import Identities
    from emulator.domain.iam.keys import KeyRing
    from emulator.domain.temporary_credentials import SessionTokens
    from emulator.server.admission import Admissions
    from emulator.sts.roles import Roles

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """The parts of modes `signature`, `iam-report` and `iam`."""

    gatekeeper: Gatekeeper
    admissions: Admissions
    roles: Roles
    file: Path

    def reload(self) -> None:
        """Read the file of identities again; a wrong one is told and changes nothing."""
        identities = _read_again(self.file)
        if identities is not None:
            self.gatekeeper.identities = identities

    @property
    def keys(self) -> KeyRing:
        """The KMS keys of the file."""
        return self.gatekeeper.identities.keys


def open_access(settings: Settings, tokens: Callable[[], SessionTokens]) -> Access | None:
    """None in mode `off`; the other modes have a file. Raises SettingsError for one that is wrong."""
    if settings.auth == "off":
        return None
    from emulator.access.decisions import Decisions
    from emulator.access.gatekeeper import Gatekeeper
    from emulator.access.roles import FileRoles
    from emulator.server.admission import Admissions

    file = Path(settings.identities)
    is_enforced = settings.auth != "iam-report"
    gatekeeper = Gatekeeper(
        _read(file),
        Decisions(is_enforced=is_enforced),
        tokens,
        decides=settings.auth != "signature",
        is_enforced=is_enforced,
    )
    return Access(gatekeeper, Admissions(gatekeeper), FileRoles(gatekeeper), file)


@dataclass(slots=True)
class KeyFile:
    """The KMS keys of the file of identities in mode `off`, which looks at nothing else of it."""

    file: Path
    keys: KeyRing

    def reload(self) -> None:
        """Read the file again; a wrong one is told and changes nothing."""
        identities = _read_again(self.file)
        if identities is not None:
            self.keys = identities.keys


def open_key_file(settings: Settings) -> KeyFile | None:
    """None without a file of identities. Raises SettingsError for one that is wrong."""
    if not settings.identities:
        return None
    file = Path(settings.identities)
    return KeyFile(file, _read(file).keys)


def _read(file: Path) -> Identities:
    from emulator.access.identities import IdentitiesError, load_identities

    try:
        return load_identities(file)
    except IdentitiesError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        raise SettingsError(
            f"{PREFIX}IDENTITIES: {error.problems[0]}{more}; `custom-labels identities check`"
        ) from None


def _read_again(file: Path) -> Identities | None:
    from emulator.access.identities import IdentitiesError, load_identities

    try:
        identities = load_identities(file)
    except IdentitiesError as error:
        for problem in error.problems:
            logger.error("the identities stay as they are: %s", problem)
        return None
    logger.info("identities read again: %d accounts", len(identities.accounts))
    return identities
