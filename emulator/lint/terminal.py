"""A lint result for people: what is wrong, where, how many lines share it, and how to mend it."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from emulator.domain.manifest.findings import Verdict
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.side import Failure, UseCase
from emulator.lint.causes import CONSEQUENCES, Cause, Offence, excerpt_of
from emulator.lint.check import LintedFile, LintResult
from emulator.lint.recognising import HEAD_BYTES, Recognition, encoding_of
from emulator.lint.wording import printable, with_file

_LONGEST_MARK = 40


def print_result(result: LintResult, console: Console) -> None:
    """The causes with their first places, what fails the whole, what to do about each, and the verdict."""
    for file in result.files:
        _print_file(file, console)
    for path, recognition in result.recognised.items():
        _print_recognition(path, recognition, console)
    for failed, failure in result.failures:
        _print_failure(failed, failure, result, console)
    console.print(_verdict(result))


def _print_file(file: LintedFile, console: Console) -> None:
    counts = " · ".join(f"{file.count(verdict):,} {verdict.value}" for verdict in Verdict)
    console.print(_styled((str(file.path), "bold"), (f"  {_lines(file.lines)}: {counts}", "")))
    for cause in file.causes:
        _print_cause(file, cause, console)
    for failure in [*file.warnings_of_file, *file.side.warnings]:
        _print_warning(file.path, failure, console)
    console.print()


def _print_cause(file: LintedFile, cause: Cause, console: Console) -> None:
    style = "yellow" if cause.rule.is_warning else "red"
    console.print(_styled(("  ● ", style), (cause.title, f"bold {style}"), (f"  {_share(cause, file.lines)}", "")))
    is_consequence = cause.rule in CONSEQUENCES and len(file.causes) > 1
    for number, offence in enumerate(cause.offences[:1] if is_consequence else cause.offences):
        place = f"{file.path}:{offence.line}:{offence.column}"
        told = f"  {offence.title}" if number and offence.title != cause.title else ""
        console.print(_styled(("      ", ""), (place, "underline"), (told, "")))
        if number == 0 and not is_consequence:
            _print_excerpt(offence, console)
    if is_consequence:
        console.print(_styled((f"    {cause.rule.code}: because of the errors above.", "dim")))
        return
    if cause.times > len(cause.offences):
        console.print(_styled((f"      and {cause.times - len(cause.offences):,} more", "dim")))
    message = cause.offences[0].finding.message if cause.offences else cause.rule.message
    console.print(_styled((f"    {cause.rule.code}: {message} Effect: {cause.rule.effect.value}.", "dim")))
    console.print(_styled((f"    → {with_file(cause.cure, file.path)}", "cyan")))


def _share(cause: Cause, lines: int) -> str:
    """How many lines share the cause."""
    if cause.lines == lines and lines > 1:
        told = f"all {lines:,} lines"
    else:
        told = f"{cause.lines:,} of {_lines(lines)}" if lines > 1 else "1 line"
    return f"({told}, {cause.times:,} times)" if cause.times > cause.lines else f"({told})"


def _print_excerpt(offence: Offence, console: Console) -> None:
    """The text around the place, and a caret under it."""
    shown = printable(offence.excerpt)
    before = cell_len(shown[: offence.caret])
    marked = shown[offence.caret : offence.caret + min(offence.width, _LONGEST_MARK)]
    console.print(_styled((f"        {shown}", "")))
    console.print(_styled(("        " + " " * before + "^" * max(1, cell_len(marked)), "bold red")))


def _print_recognition(path: Path, recognition: Recognition, console: Console) -> None:
    text, caret = _text_at(path, recognition)
    console.print(_styled(("● ", "red"), (recognition.title, "bold red"), (f"  ({_lines(_count_lines(path))})", "")))
    console.print(_styled(("    ", ""), (f"{path}:{recognition.line}:{recognition.column}", "underline")))
    if text:
        console.print(_styled((f"        {printable(text)}", "")))
        console.print(_styled(("        " + " " * cell_len(printable(text[:caret])) + "^", "bold red")))
    console.print(_styled((f"    → {with_file(recognition.cure, path)}", "cyan")))


def _count_lines(path: Path) -> int:
    """Line feeds, and what follows the last one."""
    count, last = 0, b"\n"
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            count, last = count + piece.count(b"\n"), piece[-1:]
    return count + (last != b"\n")


def _text_at(path: Path, recognition: Recognition) -> tuple[str, int]:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if recognition.key == "binary":
        return "", 0
    lines = head.decode(encoding_of(head), "replace").removeprefix("\ufeff").split("\n")
    if len(lines) < recognition.line:
        return "", 0
    return excerpt_of(lines[recognition.line - 1], recognition.column)


def _print_failure(path: Path | None, failure: Failure, result: LintResult, console: Console) -> None:
    place = f"  {path}" if path is not None else ""
    console.print(
        _styled(("✗ ", "bold red"), (failure.rule.code, "bold"), (f"  {failure.message}", ""), (place, "dim"))
    )
    is_explained = failure.rule is file_rules.MANIFEST_INACCESSIBLE and (result.files or path in result.recognised)
    if is_explained:
        console.print(_styled(("    No line of the file can be used, for the reason above.", "dim")))
        return
    for file in result.files:
        if failure.rule is file_rules.MULTIPLE_BUCKETS and file.path == path:
            for bucket, line in file.found.buckets.items():
                console.print(_styled(("      ", ""), (f"{path}:{line}:1", "underline"), (f"  s3://{bucket}", "")))
        if failure.rule is file_rules.TOO_FEW_LABELS and file.path == path:
            names = ", ".join(sorted(file.side.tally.labels_of(UseCase.NOT_DETERMINED))[:10])
            console.print(_styled((f"      labels: {names or 'none'}", "")))
    console.print(_styled((f"    {failure.rule.when}", "dim")))
    console.print(_styled((f"    → {with_file(failure.rule.cure, path)}", "cyan")))


def _print_warning(path: Path, failure: Failure, console: Console) -> None:
    console.print(_styled(("  ● ", "yellow"), (failure.message, "bold yellow"), (f"  {failure.rule.code}", "dim")))
    console.print(_styled((f"    → {with_file(failure.rule.cure, path)}", "cyan")))


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


def _lines(count: int) -> str:
    return f"{count:,} line{'s' if count != 1 else ''}"


def _styled(*parts: tuple[str, str]) -> Text:
    """Text from (text, style) parts; manifests' own text is never taken for markup or control sequences."""
    return Text.assemble(*((printable(text), style) for text, style in parts))
