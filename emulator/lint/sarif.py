"""A lint result as SARIF 2.1.0 (OASIS), which code hosts and editors read."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path

from emulator import __version__
from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.rules.rule import Rule
from emulator.lint.check import LintResult
from emulator.lint.recognising import Recognition
from emulator.lint.wording import with_file

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class _Log:
    """Results and the rules that they name, each rule once."""

    def __init__(self) -> None:
        self.results: list[JsonObject] = []
        self.rules: list[JsonObject] = []
        self._numbers: dict[str, int] = {}

    def add(self, rule_id: str, level: str, text: str, location: JsonObject | None) -> None:
        """One result of a rule that was described before."""
        result: JsonObject = {
            "ruleId": rule_id,
            "ruleIndex": self._numbers[rule_id],
            "level": level,
            "message": {"text": text},
        }
        if location is not None:
            result["locations"] = [location]
        self.results.append(result)

    def describe(self, rule: Rule) -> str:
        """The id of a rule of the catalogue."""
        return self._described(
            rule.code, rule.message.replace("{}", "…"), rule.when, rule.cure, "warning" if rule.is_warning else "error"
        )

    def describe_recognition(self, found: Recognition) -> str:
        """The id of what a file was recognised as."""
        return self._described(f"not-a-manifest/{found.key}", found.title, found.title, found.cure, "error")

    def _described(self, identity: str, short: str, full: str, cure: str, level: str) -> str:
        if identity not in self._numbers:
            self._numbers[identity] = len(self.rules)
            self.rules.append(
                {
                    "id": identity,
                    "shortDescription": {"text": short},
                    "fullDescription": {"text": full},
                    "help": {"text": cure},
                    "defaultConfiguration": {"level": level},
                }
            )
        return identity


def as_sarif(result: LintResult) -> str:
    """One run with a result for each finding that is kept, each failure and each warning about a file. ASCII alone."""
    log = _Log()
    for path, found in result.recognised.items():
        place = _location(path, found.line, found.column, found.column + 1)
        log.add(log.describe_recognition(found), "error", f"{found.title} {with_file(found.cure, path)}", place)
    for failed, failure in result.failures:
        where = None if failed is None else _location(failed)
        log.add(log.describe(failure.rule), "error", f"{failure.message} {with_file(failure.rule.cure, failed)}", where)
    for file in result.files:
        for cause in file.causes:
            level = "warning" if cause.rule.is_warning else "error"
            cure = with_file(cause.cure, file.path)
            for offence in cause.offences:
                place = _location(file.path, offence.line, offence.column, offence.column + offence.width)
                text = f"{offence.finding.message} {offence.title} {cure}"
                log.add(log.describe(cause.rule), level, text, place)
        for warning in [*file.warnings_of_file, *file.side.warnings]:
            text = f"{warning.message} {with_file(warning.rule.cure, file.path)}"
            log.add(log.describe(warning.rule), "warning", text, _location(file.path))
    driver = {"name": "custom-labels lint", "version": __version__, "rules": log.rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": log.results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _location(path: Path, line: int = 1, start: int = 1, end: int | None = None) -> JsonObject:
    """A place in a file; relative names stay relative, absolute ones become file: addresses."""
    uri = path.as_uri() if path.is_absolute() else urllib.parse.quote(path.as_posix())
    region: dict[str, int] = {"startLine": line, "startColumn": start}
    if end is not None:
        region["endColumn"] = end
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
