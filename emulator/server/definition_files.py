"""The files of `--faults` and `--answers`: what holds from the start and again after a reset (O-11, O-12)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emulator.domain.controls.answers import AnswerBook
from emulator.domain.controls.definitions import DefinitionError, listed, read_json_text
from emulator.domain.controls.faults import FaultBook
from emulator.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Definitions:
    """The documents of both files and where they came from; an empty list where no file was given."""

    faults: object
    answers: object
    faults_file: str = ""
    answers_file: str = ""

    @classmethod
    def read(cls, settings: Settings) -> Definitions:
        """Raises SettingsError, naming the file that cannot be read or is not JSON."""
        return cls(
            _read(settings.faults, "faults"), _read(settings.answers, "answers"), settings.faults, settings.answers
        )

    def give(self, faults: FaultBook, answers: AnswerBook, account: str | None = None) -> None:
        """Put both books back to what the files say, of one account or all.

        Raises SettingsError for a definition that is wrong.
        """
        for name, book, document, file in (
            ("faults", faults, self.faults, self.faults_file),
            ("answers", answers, self.answers, self.answers_file),
        ):
            book.clear(account)
            try:
                book.add(document if account is None else _of_account(document, name, account))
            except DefinitionError as error:
                raise SettingsError(f"{file}: {error}") from None


def _of_account(document: object, name: str, account: str) -> list[object]:
    """The definitions of a file that name this account."""
    return [item for item in listed(document, name) if isinstance(item, dict) and item.get("account") == account]


def _read(file: str, name: str) -> object:
    """The document of a file, as a book takes it."""
    if not file:
        return []
    try:
        document: object = read_json_text(Path(file).read_text(encoding="utf-8"))
        return document
    except OSError as error:
        raise SettingsError(f"the {name} file {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"the {name} file {file} is not JSON: {error}") from error
