"""Records that wait come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.storage.packed_records import PackedRecords
from emulator.storage.rows import EntryRecord

TEXT = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))
LABELS = st.dictionaries(TEXT, st.integers(0, 3), max_size=3)
RECORDS = st.builds(EntryRecord, TEXT, TEXT, st.booleans(), st.booleans(), LABELS)


@given(st.lists(RECORDS, min_size=1))
def test_packed_records_are_the_same_again(records: list[EntryRecord]) -> None:
    packed = PackedRecords.of(records)
    assert packed.records() == records
    assert [list(record.labels) for record in packed.records()] == [list(record.labels) for record in records]


def test_equal_labels_are_one_object() -> None:
    labels = [{"a": 0, "b": 1}, {"a": 0, "b": 1}, {"b": 1, "a": 0}]
    packed = PackedRecords.of([EntryRecord(str(number), "{}", True, False, uses) for number, uses in enumerate(labels)])
    first, second, third = (record.labels for record in packed.records())
    assert first is second
    assert list(third) == ["b", "a"]
