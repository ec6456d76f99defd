"""docs/errors.md, written from the registry: `python -m emulator.documents.errors > docs/errors.md`."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.domain.manifest.rules.catalogue import RULES
from emulator.domain.manifest.rules.rule import Effect, Level, Moment, Rule

_HEAD = """# Manifest errors and warnings

Every error and warning that a manifest can meet, with cause and cure. `custom-labels lint FILE` finds them without a
server. This page is written from the registry `emulator/domain/manifest/rules/`; a test keeps the two together.

*Ids* are those of the rule catalogue that the project works from: E for datasets, TE for trainings as a whole, J for
single lines, V, Q and so on for limits.

## Where errors appear

**A file error** makes a dataset CREATE_FAILED or UPDATE_FAILED with the message as StatusMessage (a failed update keeps
the old content), and a training TRAINING_FAILED with the message and without any result file.

**A content error of the whole file** does the same to a dataset. A training fails with code and message in the manifest
summary; the validation manifests are written, an evaluation is not.

**An error of a line** stands under `cl-errors` in the entry that ListDatasetEntries returns, or the dataset drops the
line. In a training it stands under `errors` or `warnings` in the line of the validation manifest, and the line's number
(from 1) in `error_json_line_indices` of the summary.

The array goes into the object that the error is about: the line, the label attribute, its metadata, or one annotation.
An image-level attribute is a number or text and cannot hold one: its errors stand in the line.

A line is *invalid* (not used; more than 20 % of invalid lines fail the training), *ignored* (without labels;
outside that rule) or *valid*. The image of an ignored training line serves as background: it teaches what none
of the labels looks like. An error marked "stops" ends all further checks of its line.
"""

_SECTIONS: tuple[tuple[str, tuple[Level, ...], bool], ...] = (
    ("Errors of a whole file, or of a pair", (Level.FILE, Level.PAIR), False),
    ("Errors of a line", (Level.LINE, Level.ATTRIBUTE, Level.METADATA, Level.ANNOTATION), False),
    ("Warnings of a line", (Level.LINE, Level.ATTRIBUTE), True),
    ("Warnings of a whole file", (Level.FILE,), True),
)


def errors_document() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD]
    for title, levels, warnings in _SECTIONS:
        rules = [rule for rule in RULES if rule.level in levels and rule.is_warning is warnings]
        parts.append(f"## {title}\n\n" + "\n".join(_entry(rule) for rule in rules))
    return "\n".join(parts)


def _entry(rule: Rule) -> str:
    name = f"`{rule.code}`" if rule.published else f"`{rule.code}` (our name: no code of AWS is known)"
    shown = rule.message.replace("{}", "50") if rule.level is Level.PAIR else rule.message.replace("{}", "*name*")
    rows = [
        ("message", shown),
        ("ids", ", ".join(rule.ids)),
        ("about", rule.level.value + (" (stops)" if rule.stops else "")),
        ("when checked", _moments(rule.moments)),
        ("effect", _effect(rule)),
        ("cause", rule.when),
        ("cure", rule.cure),
    ]
    return f"### {name}\n\n" + "".join(f"- **{key}:** {value}\n" for key, value in rows)


def _moments(moments: Iterable[Moment]) -> str:
    names = {Moment.DATASET: "making or updating a dataset", Moment.TRAINING: "training"}
    return " and ".join(names[moment] for moment in Moment if moment in set(moments))


def _effect(rule: Rule) -> str:
    if rule.effect is Effect.FAIL and not rule.in_result_files:
        return f"{rule.effect.value}; a training writes no result files"
    return rule.effect.value


if __name__ == "__main__":
    print(errors_document(), end="")
