"""The split of a training dataset into training and test images."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.manifest.rules.file_rules import TOO_FEW_IMAGES_TO_SPLIT
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.manifest.splitting import distribute


def test_seventy_images_give_fourteen() -> None:
    """api-facts §3.6: the swoosh sample was split 56 to 14."""
    assert len(distribute([(number, ["swoosh"]) for number in range(70)])) == 14


def test_labels_move_in_proportion() -> None:
    entries = [(number, ["common" if number % 10 else "rare"]) for number in range(200)]
    moved = distribute(entries)
    assert Counter(labels[0] for number, labels in entries if number in moved) == {"common": 36, "rare": 4}


def test_every_label_is_tested_where_the_number_allows() -> None:
    """Labels of three images get one test image, although a fifth of three rounds to one or none."""
    entries = [(f"{label}/{number}", [f"label {label}"]) for label in range(10) for number in range(3)]
    entries += [(f"big/{number}", ["big"]) for number in range(70)]
    moved = distribute(entries)
    assert len(moved) == 20
    assert len({identity.split("/")[0] for identity in moved}) == 11


def test_the_choice_depends_on_the_seed_and_not_on_the_order() -> None:
    entries = [(f"s3://b/{number}", [f"label {number % 3}"]) for number in range(60)]
    shuffled = random.Random(1).sample(entries, len(entries))
    assert distribute(entries) == distribute(shuffled)
    assert distribute(entries) != distribute(entries, seed=1)


def test_a_fifth_of_all_entries_moves_and_of_the_labelled_ones() -> None:
    """D-14: unlabelled entries follow."""
    entries = [(number, ["a"] if number < 10 else []) for number in range(100)]
    moved = distribute(entries)
    assert (len(moved), sum(number < 10 for number in moved)) == (20, 2)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([], "No image has a label."),
        (["a"], "The label 'a' has one image; two are needed."),
        (["a", "a", "a", "b"], "The label 'b' has one image; two are needed."),
        (["a", "b", "b", "c"], "The labels 'a', 'c' have one image each; two are needed."),
        ([f"{n:02}" for n in range(12)], "'08', '09' and 2 more have one image each; two are needed."),
    ],
)
def test_a_label_with_one_image_cannot_be_split(labels: list[str], told: str) -> None:
    """E-7."""
    with pytest.raises(ManifestFileError) as caught:
        distribute([(number, [label]) for number, label in enumerate(labels)])
    text = "The manifest file doesn't have enough labeled images to distribute the dataset."
    assert caught.value.status_message.startswith(text + " ")
    assert caught.value.status_message.endswith(told)


def test_a_fifth_that_covers_less_than_half_of_the_labels_is_no_test_set() -> None:
    """TE-11: ten labels of two images leave room for four test images."""
    entries = [(number, [f"label {number % 10}"]) for number in range(20)]
    with pytest.raises(ManifestFileError) as caught:
        distribute(entries, rule=TOO_FEW_IMAGES_TO_SPLIT)
    assert caught.value.rule.code == "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT"


@settings(max_examples=100)
@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=0, max_size=3), max_size=80), st.integers(0, 5))
def test_every_label_keeps_an_image(label_sets: list[set[str]], seed: int) -> None:
    entries = list(enumerate(label_sets))
    try:
        moved = distribute(entries, seed=seed)
    except ManifestFileError:
        return
    assert 1 <= len(moved) <= max(1, int(len(label_sets) * 0.2 + 0.5))
    left = {label for number, labels in entries if number not in moved for label in labels}
    assert left == set().union(*label_sets)
