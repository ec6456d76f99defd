"""The choice of the images that move from a training dataset to its test dataset (D-14, C-15, O-27)."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

from emulator.domain.manifest.limits import LABEL_OVERLAP_PERCENT
from emulator.domain.manifest.rules.file_rules import TOO_FEW_IMAGES_TO_DISTRIBUTE
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule

TEST_SHARE = 0.2
MINIMUM_IMAGES_PER_LABEL = 2
"""One image of a label moves, one stays."""

Identity = TypeVar("Identity", str, int)


def distribute(
    entries: Iterable[tuple[Identity, Collection[str]]],
    seed: int = 0,
    rule: Rule = TOO_FEW_IMAGES_TO_DISTRIBUTE,
) -> set[Identity]:
    """The identities to move: a fifth of the entries (D-14), the labelled ones among them in each label's proportion.

    `entries` are (identity, labels). The number is rounded to the nearest, at least one (70 images give 14, as seen in
    the service's files); of the labelled entries a fifth moves, and unlabelled ones make up the rest. Each label keeps
    an image, and has one moved where the number allows. The same entries, in whatever order, and the same seed give the
    same choice.

    Raises ManifestFileError with `rule` (E-7; TE-11 for the split before a training) if a label has fewer than two
    images, and names it, or if the moved ones would cover less than half of the labels (a pair that V-3 would refuse).
    AWS's own rule is unknown.
    """
    mixed = sorted(
        ((identity, _each_once(labels)) for identity, labels in entries),
        key=lambda entry: blake2b(f"{seed}/{entry[0]}".encode(), digest_size=16).digest(),
    )
    labelled = [entry for entry in mixed if entry[1]]
    counts = Counter(label for _, labels in labelled for label in labels)
    if not counts:
        raise ManifestFileError(rule, detail="No image has a label.")
    if rare := sorted(label for label, count in counts.items() if count < MINIMUM_IMAGES_PER_LABEL):
        raise ManifestFileError(rule, detail=_too_rare(rare))
    number = _fifth(len(labelled))
    moved = _choose(labelled, counts, number)
    covered = {label for index in moved for label in labelled[index][1]}
    if len(covered) * 100 < len(counts) * LABEL_OVERLAP_PERCENT:
        detail = f"{number} test images would show {len(covered)} of {len(counts)} labels: less than half."
        raise ManifestFileError(rule, detail=detail)
    unlabelled = [identity for identity, labels in mixed if not labels]
    return {labelled[index][0] for index in moved} | set(unlabelled[: max(0, _fifth(len(mixed)) - number)])


def _each_once(labels: Collection[str]) -> tuple[str, ...]:
    """Labels without repetitions; the same tuple, where it is one."""
    if isinstance(labels, tuple) and len(set(labels)) == len(labels):
        return labels
    return tuple(dict.fromkeys(labels))


def _fifth(count: int) -> int:
    return max(1, int(TEST_SHARE * count + 0.5))


def _too_rare(labels: Sequence[str]) -> str:
    """A sentence that names the labels with one image, at most ten of them."""
    named = ", ".join(repr(label) for label in labels[:10])
    rest = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    if len(labels) == 1:
        return f"The label {named} has one image; two are needed."
    return f"The labels {named}{rest} have one image each; two are needed."


def _choose(labelled: Sequence[tuple[Identity, tuple[str, ...]]], counts: Counter[str], number: int) -> set[int]:
    """Indices of `number` entries, never a label's last: first of labels that have none moved, then by need."""
    uncovered = float(len(labelled))
    needed = {label: TEST_SHARE * count + uncovered for label, count in counts.items()}
    remaining = Counter(counts)
    queues: dict[str, list[int]] = defaultdict(list)
    for index in range(len(labelled) - 1, -1, -1):
        for name in labelled[index][1]:
            queues[name].append(index)
    moved: set[int] = set()
    heap = [(-need, label) for label, need in needed.items()]
    heapq.heapify(heap)
    while heap and len(moved) < number:
        need, label = heapq.heappop(heap)
        if -need > needed[label]:
            heapq.heappush(heap, (-needed[label], label))
            continue
        chosen = _next(queues[label], moved, labelled, remaining)
        if chosen is None:
            continue
        moved.add(chosen)
        for other in labelled[chosen][1]:
            needed[other] -= 1 if needed[other] <= uncovered else 1 + uncovered
            remaining[other] -= 1
        heapq.heappush(heap, (-needed[label], label))
    return moved


def _next(
    queue: list[int],
    moved: set[int],
    labelled: Sequence[tuple[Identity, tuple[str, ...]]],
    remaining: Counter[str],
) -> int | None:
    """The next entry of a label's queue that may move. Entries passed over never become movable again."""
    while queue:
        index = queue.pop()
        if index not in moved and all(remaining[label] > 1 for label in labelled[index][1]):
            return index
    return None
