"""Every kept input, and some mutations of them, through the parsers; `make fuzz` does it for long."""

from __future__ import annotations

import pytest

from tests.fuzz.run import seeds, without_guidance
from tests.fuzz.targets import CORPUS, TARGETS

MUTATIONS = 300


# Pillow mentions broken EXIF data that it comes across.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_nothing_is_raised_that_is_not_documented(target: str) -> None:
    for data in seeds(target):
        TARGETS[target](data)
    without_guidance(TARGETS[target], target, MUTATIONS if target != "archive" else 20, seed=1)


def test_every_target_has_a_corpus_that_stays_small() -> None:
    for target in TARGETS:
        files = [path for path in (CORPUS / target).iterdir() if path.is_file()]
        assert 1 <= len(files) <= 40, target
        assert sum(path.stat().st_size for path in files) < 200_000, target
