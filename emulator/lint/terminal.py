"""A lint result for people."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from emulator.domain.manifest.findings import Verdict
from emulator.domain.manifest.rules.rule import Rule
from emulator.lint.check import LintedFile, LintResult


def print_result(result: LintResult, console: Console) -> None:
    """Counts, the rules that apply with their first offenders, what fails the whole, and what to do about each."""
    for file in result.files:
        _print_file(file, console)
    for path, failure in result.failures:
        place = f"  {path}" if path is not None else ""
        text = ("✗ ", "bold red"), (failure.rule.code, "bold"), (f"  {failure.message}", ""), (place, "dim")
        console.print(_styled(*text))
        console.print(_styled((f"    {failure.rule.when}", "dim")))
        console.print(_styled((f"    → {failure.rule.cure}", "cyan")))
    console.print(_verdict(result))


def _print_file(file: LintedFile, console: Console) -> None:
    side = file.side
    counts = " · ".join(f"{side.count(verdict):,} {verdict.value}" for verdict in Verdict)
    lines = f"{len(side.verdicts):,} line{'s' if len(side.verdicts) != 1 else ''}"
    console.print(_styled((str(file.path), "bold"), (f"  {lines}: {counts}", "")))
    for rule, count in file.counts.most_common():
        _print_rule(file, rule, count, console)
    console.print()


def _print_rule(file: LintedFile, rule: Rule, count: int, console: Console) -> None:
    style = "yellow" if rule.is_warning else "red"
    offences = [offence for offence in file.offences if offence.finding.rule is rule]
    message = offences[0].finding.message if offences else rule.message
    times = f"  {count:,} time{'s' if count != 1 else ''}"
    console.print(_styled(("  ● ", style), (rule.code, f"bold {style}"), (f"{times}  {message}", "")))
    for offence in offences:
        place = f"{file.path}:{offence.line}:{offence.column}"
        console.print(_styled(("      ", ""), (place, "underline"), (f"  {offence.finding.detail}", "")))
    if count > len(offences):
        console.print(_styled((f"      and {count - len(offences):,} more", "dim")))
    console.print(_styled((f"    effect: {rule.effect.value}", "dim")))
    console.print(_styled((f"    → {rule.cure}", "cyan")))


def _verdict(result: LintResult) -> Text:
    warnings = sum(file.warnings for file in result.files)
    noted = f" ({warnings:,} warning{'s' if warnings != 1 else ''})" if warnings else ""
    if not result.is_clean:
        errors = sum(file.errors for file in result.files) + len(result.failures)
        return _styled((f"{errors:,} error{'s' if errors != 1 else ''}{noted}", "bold red"))
    validation = result.validation
    kind = validation.model_type.value if validation.model_type else "model"
    labels = f"{len(validation.labels)} label{'s' if len(validation.labels) != 1 else ''}"
    return _styled(("No errors", "bold green"), (f"{noted}: a {kind} training with {labels} could begin.", ""))


def _styled(*parts: tuple[str, str]) -> Text:
    """Text from (text, style) parts; manifests' own text is never taken for markup or control sequences."""
    return Text.assemble(*((printable(text), style) for text, style in parts))


def printable(text: str) -> str:
    """The text with control characters and the like replaced, fit for a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
