"""A lint result for machines: JSON, and annotations as GitHub's workflow commands."""

from __future__ import annotations

import json
from collections.abc import Iterator

from emulator.domain.manifest.side import Failure
from emulator.lint.check import LintedFile, LintResult, Offence


def as_json(result: LintResult) -> str:
    """Everything as one JSON object: `ok`, `failures`, and per file its statistics and findings.

    ASCII alone, so that it is JSON in whatever encoding it is written.
    """
    document = {
        "ok": result.is_clean,
        "model_type": result.validation.model_type.value if result.validation.model_type else None,
        "labels": list(result.validation.labels),
        "failures": [
            {**failure.as_item(), "path": path and str(path), "cure": failure.rule.cure}
            for path, failure in result.failures
        ],
        "files": [_file(file) for file in result.files],
    }
    return json.dumps(document, indent=2)


def as_github(result: LintResult) -> Iterator[str]:
    """One workflow command (`::error …` or `::warning …`) for each failure and each finding."""
    for path, failure in result.failures:
        place = {"file": str(path)} if path is not None else {}
        yield _command("error", {**place, "title": failure.rule.code}, _sentence(failure))
    for file in result.files:
        for offence in file.offences:
            yield _command(*_annotation(file, offence))


def _file(file: LintedFile) -> dict[str, object]:
    return {
        "path": str(file.path),
        "role": file.role,
        **file.side.statistics(),
        "counts": {rule.code: count for rule, count in file.counts.items()},
        "findings": [_finding(offence) for offence in file.offences],
    }


def _finding(offence: Offence) -> dict[str, object]:
    finding = offence.finding
    return {
        "line": offence.line,
        "column": offence.column,
        "severity": "warning" if finding.rule.is_warning else "error",
        "code": finding.rule.code,
        "message": finding.message,
        "detail": finding.detail,
        "path": list(finding.fault),
        "effect": finding.rule.effect.value,
        "cure": finding.rule.cure,
    }


def _annotation(file: LintedFile, offence: Offence) -> tuple[str, dict[str, str], str]:
    rule = offence.finding.rule
    place = {"file": str(file.path), "line": str(offence.line), "col": str(offence.column), "title": rule.code}
    detail = f" ({offence.finding.detail})" if offence.finding.detail else ""
    return "warning" if rule.is_warning else "error", place, f"{offence.finding.message}{detail} {rule.cure}"


def _sentence(failure: Failure) -> str:
    return f"{failure.message} {failure.rule.cure}"


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{name}={_escape(value, ',:')}" for name, value in properties.items())
    return f"::{kind} {listed}::{_escape(message)}"


def _escape(text: str, further: str = "") -> str:
    """Percent, line ends and, in properties, commas and colons, as the runner decodes them."""
    return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + further else letter for letter in text)
