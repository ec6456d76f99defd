"""All rules of the manifest catalogue, by their codes (guide chapters E, TE, J, V, Q)."""

from __future__ import annotations

from emulator.domain.manifest.rules import file_rules, line_rules
from emulator.domain.manifest.rules.rule import Rule

RULES: tuple[Rule, ...] = tuple(
    value for module in (file_rules, line_rules) for value in vars(module).values() if isinstance(value, Rule)
)
"""All rules, in the order they are written down: file errors, content errors, dropped lines, line errors, warnings."""

RULES_BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}


def rule_named(code: str) -> Rule:
    """The rule with this code. Raises KeyError for a code that is not in the catalogue."""
    return RULES_BY_CODE[code]
