"""One row of docs/parity.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """What Amazon leaves open, what the emulator answers, and why. `setting` names what changes it, or is empty.

    `sure`: how sure it is that the real service does the same, where there is evidence.
    """

    question: str
    answer: str
    reason: str
    setting: str = ""
    sure: str = ""
