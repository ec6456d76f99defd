"""What a training that is taken up again does not find out twice (O-19)."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.caller import Caller
from emulator.domain.jobs import Done
from emulator.domain.object_store import ObjectHead, ObjectLocation
from emulator.training.journal import Journal
from support.manifests import BUCKET
from tests.training.test_training import LaterChangedStore, trained


class CountingStore(LaterChangedStore):
    """Counts how often each image is read."""

    def __init__(self, images: int) -> None:
        super().__init__(images, lambda _: None)
        self.reads: Counter[str] = Counter()

    def get(self, location: ObjectLocation, caller: Caller) -> bytes:
        self.reads[location.key] += 1
        return super().get(location, caller)

    def head(self, location: ObjectLocation, caller: Caller) -> ObjectHead:
        """The other store reads an object for this."""
        found = super().head(location, caller)
        self.reads[location.key] -= 1
        return found


def test_a_training_that_is_taken_up_again_reads_what_it_must_and_gives_the_same_bytes(tmp_path: Path) -> None:
    objects = CountingStore(12)
    first = trained(objects, tmp_path)
    assert isinstance(first, Done)
    model, reads = (tmp_path / "model.onnx").read_bytes(), objects.reads.copy()
    written = _undated(objects)

    objects.reads.clear()
    second = trained(objects, tmp_path)
    assert isinstance(second, Done) and second.version["f1_score"] == first.version["f1_score"]
    assert (tmp_path / "model.onnx").read_bytes() == model
    tested = {f"images/{number:06}.jpg" for number in range(8, 12)}
    assert not tested & set(+objects.reads), "they were looked at, and the same model answered for them"
    assert objects.reads.total() < reads.total()
    assert _undated(objects) == written

    # An image that changed meanwhile is looked at again.
    objects.add(BUCKET, "images/000001.jpg", b"no image any more")
    third = trained(objects, tmp_path)
    assert isinstance(third, Done)
    validated = objects.objects["results", third.version["result_keys"]["TrainingManifestWithValidation"]]
    assert ["errors" in line for line in map(json.loads, validated.splitlines())] == [n == 1 for n in range(8)]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 40), st.lists(st.text() | st.floats(allow_nan=False))), st.integers(0, 3000))
def test_a_journal_that_was_cut_gives_what_is_whole(values: dict[int, list[str | float]], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        with Journal(path, "key") as journal:
            for position, value in values.items():
                journal.put(position, value)
        data = path.read_bytes()
        path.write_bytes(data[:cut])
        whole = data[:cut].count(b"\n") - 1
        with Journal(path, "key") as journal:
            for number, (position, value) in enumerate(values.items()):
                assert journal.get(position) == (value if number < whole else None)
            journal.put(50, ["new"])
        with Journal(path, "key") as journal:
            assert journal.get(50) == ["new"]
            assert all(journal.get(p) == v for n, (p, v) in enumerate(values.items()) if n < whole)
        with Journal(path, "another key") as journal:
            assert journal.get(50) is None


def _undated(objects: CountingStore) -> dict[str, bytes]:
    """The result files without the dates in them."""
    dates = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+")
    return {key: dates.sub(b"", data) for (bucket, key), data in objects.objects.items() if bucket == "results"}
