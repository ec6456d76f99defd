"""A lint result for machines: JSON, and annotations as GitHub's workflow commands. SARIF is in `sarif`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from emulator.domain.manifest.findings import Verdict
from emulator.domain.manifest.side import Failure
from emulator.lint.causes import Cause, Offence
from emulator.lint.check import LintedFile, LintResult
from emulator.lint.wording import with_file


def as_json(result: LintResult) -> str:
    """Everything as one JSON object: `ok`, `failures`, what a file is instead of a manifest, and per file its
    statistics, causes and findings.

    ASCII alone, so that it is JSON in whatever encoding it is written.
    """
    document = {
        "ok": result.is_clean,
        "model_type": result.validation.model_type.value if result.validation.model_type else None,
        "labels": list(result.validation.labels),
        "failures": [
            {**failure.as_item(), "path": path and str(path), "cure": with_file(failure.rule.cure, path)}
            for path, failure in result.failures
        ],
        "recognised": [
            {
                "path": str(path),
                "cause": found.key,
                "title": found.title,
                "line": found.line,
                "column": found.column,
                "cure": with_file(found.cure, path),
                "fixable": found.is_fixable,
            }
            for path, found in result.recognised.items()
        ],
        "files": [_file(file) for file in result.files],
    }
    return json.dumps(document, indent=2)


def as_github(result: LintResult) -> Iterator[str]:
    """One workflow command (`::error …` or `::warning …`) for each failure and each finding that is kept."""
    for path, found in result.recognised.items():
        place = {"file": str(path), "line": str(found.line), "col": str(found.column), "title": found.key}
        yield _command("error", place, f"{found.title} {with_file(found.cure, path)}")
    for failed, failure in result.failures:
        whole = {"file": str(failed)} if failed is not None else {}
        yield _command("error", {**whole, "title": failure.rule.code}, _sentence(failed, failure))
    for file in result.files:
        for cause, offence in _in_order(file):
            yield _command(*_annotation(file, cause, offence))
        for failure in [*file.warnings_of_file, *file.side.warnings]:
            properties = {"file": str(file.path), "title": failure.rule.code}
            yield _command("warning", properties, _sentence(file.path, failure))


def _in_order(file: LintedFile) -> list[tuple[Cause, Offence]]:
    found = [(cause, offence) for cause in file.causes for offence in cause.offences]
    return sorted(found, key=lambda pair: pair[1].line)


def _file(file: LintedFile) -> dict[str, object]:
    side = file.side
    return {
        "path": str(file.path),
        "role": file.role,
        "use_case": side.use_case.value,
        "total_json_lines": file.lines,
        "valid_json_lines": file.count(Verdict.VALID),
        "invalid_json_lines": file.count(Verdict.INVALID),
        "ignored_json_lines": file.count(Verdict.IGNORED),
        "error_json_line_indices": file.found.error_lines,
        "errors": [error.as_item() for error in side.errors],
        "warnings": [warning.as_item() for warning in [*file.warnings_of_file, *side.warnings]],
        "counts": {rule.code: count for rule, count in file.counts.items()},
        "causes": [_cause(file, cause) for cause in file.causes],
        "findings": [_finding(file, cause, offence) for cause, offence in _in_order(file)],
    }


def _cause(file: LintedFile, cause: Cause) -> dict[str, object]:
    return {
        "cause": cause.key,
        "code": cause.rule.code,
        "title": cause.title,
        "lines": cause.lines,
        "times": cause.times,
        "cure": with_file(cause.cure, file.path),
        "fixable": cause.is_fixable,
    }


def _finding(file: LintedFile, cause: Cause, offence: Offence) -> dict[str, object]:
    finding = offence.finding
    return {
        "line": offence.line,
        "column": offence.column,
        "width": offence.width,
        "severity": "warning" if finding.rule.is_warning else "error",
        "code": finding.rule.code,
        "message": finding.message,
        "cause": cause.key,
        "title": offence.title,
        "detail": finding.detail,
        "path": list(finding.fault),
        "effect": finding.rule.effect.value,
        "cure": with_file(cause.cure, file.path),
    }


def _annotation(file: LintedFile, cause: Cause, offence: Offence) -> tuple[str, dict[str, str], str]:
    rule = offence.finding.rule
    place = {
        "file": str(file.path),
        "line": str(offence.line),
        "col": str(offence.column),
        "endColumn": str(offence.column + offence.width),
        "title": rule.code,
    }
    text = f"{offence.finding.message} {offence.title} {with_file(cause.cure, file.path)}"
    return "warning" if rule.is_warning else "error", place, text


def _sentence(path: Path | None, failure: Failure) -> str:
    return f"{failure.message} {with_file(failure.rule.cure, path)}"


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{name}={_escape(value, ',:')}" for name, value in properties.items())
    return f"::{kind} {listed}::{_escape(message)}"


def _escape(text: str, further: str = "") -> str:
    """Percent, line ends and, in properties, commas and colons, as the runner decodes them."""
    return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + further else letter for letter in text)
