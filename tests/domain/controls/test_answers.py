"""Forced detections: reading, which image they hold for, and what MinConfidence and MaxResults leave of them (O-12)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from emulator.domain.controls.answers import AnswerBook
from emulator.domain.controls.definitions import DefinitionError
from emulator.domain.detection import highest_labels
from emulator.domain.shapes import CustomLabel

VERSION = "arn:aws:rekognition:us-east-1:111122223333:project/rooms/version/one/1700000000000"
DIGEST = hashlib.sha256(b"an image").hexdigest()
CAT = {"Name": "cat", "Confidence": 90}


def book(*answers: dict[str, Any]) -> AnswerBook:
    made = AnswerBook()
    made.add(list(answers))
    return made


def never_asked() -> str:
    raise AssertionError("the image's digest was asked for although no answer needs it")


def found(answers: AnswerBook, s3_key: str | None = None, version: str = VERSION) -> int | None:
    answer = answers.find(version, s3_key, lambda: DIGEST)
    return None if answer is None else answer.id


def test_by_key_glob() -> None:
    answers = book({"s3_key": "inbox/*.jpg", "labels": [CAT]})
    assert found(answers, "inbox/a/b.jpg") == 1
    assert found(answers, "inbox/b.png") is None
    assert found(answers, None) is None, "bytes have no key"


def test_by_content_for_bytes_and_objects_alike() -> None:
    answers = book({"sha256": DIGEST.upper(), "labels": [CAT]})
    assert found(answers) == found(answers, "any/key") == 1
    other = book({"sha256": "0" * 64, "labels": [CAT]})
    assert found(other) is None


def test_by_version_glob() -> None:
    answers = book({"project_version": "*:project/rooms/version/*", "labels": [CAT]})
    assert found(answers) == 1
    assert found(answers, version=VERSION.replace("rooms", "pets")) is None


def test_the_first_that_fits_wins() -> None:
    answers = book({"s3_key": "a/*", "labels": []}, {"labels": [CAT]}, {"s3_key": "b/*", "labels": []})
    assert found(answers, "a/1") == 1
    assert found(answers, "b/1") == 2


def test_the_digest_is_computed_only_if_asked_for_and_once() -> None:
    assert book({"s3_key": "x", "labels": []}).find(VERSION, "y", never_asked) is None
    asked = []

    def digest() -> str:
        asked.append(1)
        return DIGEST

    book(*({"sha256": f"{number:064}", "labels": []} for number in range(5))).find(VERSION, None, digest)
    assert asked == [1]


def test_whether_the_digest_may_be_asked_for() -> None:
    answers = book({"labels": [CAT]})
    assert not answers.ask_for_content
    answers.add({"sha256": DIGEST, "labels": []})
    assert answers.ask_for_content


def test_min_confidence_and_max_results_still_apply() -> None:
    labels: list[CustomLabel]
    labels = [{"Name": name, "Confidence": confidence} for name, confidence in (("a", 40.0), ("b", 90.0), ("c", 60.0))]

    def names(chosen: list[CustomLabel]) -> list[str]:
        return [label["Name"] for label in chosen]

    assert names(highest_labels(labels, None, None)) == ["b", "c", "a"]
    assert names(highest_labels(labels, 60, None)) == ["b", "c"]
    assert names(highest_labels(labels, 0, 1)) == ["b"]
    assert highest_labels(labels, 99, None) == []


def test_geometry_is_kept_as_given() -> None:
    geometry = {
        "BoundingBox": {"Width": 0.5, "Height": 0.25, "Left": 0.1, "Top": 0.2},
        "Polygon": [{"X": 0.1, "Y": 0.2}, {"X": 0.6, "Y": 0.2}],
    }
    answers = book({"labels": [{**CAT, "Geometry": geometry}]})
    answer = answers.find(VERSION, None, never_asked)
    assert answer is not None and answer.labels[0]["Geometry"] == geometry


def test_what_is_listed_can_be_given_again_and_taken_back_by_id() -> None:
    answers = book({"project_version": "*rooms*", "sha256": DIGEST, "labels": [CAT]})
    document = answers.all()[0].document()
    assert AnswerBook().add(document)[0].document() == document
    assert answers.remove(1) and not answers.remove(1)
    answers.add({"labels": []})
    answers.clear()
    assert answers.all() == []


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([None], "answers[0]"),
        ({}, "answers[0].labels"),
        ({"labels": {}}, "answers[0].labels"),
        ({"labels": ["cat"]}, "answers[0].labels[0]"),
        ({"labels": [{"Confidence": 5}]}, "answers[0].labels[0].Name"),
        ({"labels": [{"Name": "cat"}]}, "answers[0].labels[0].Confidence"),
        ({"labels": [{"Name": "cat", "Confidence": 101}]}, "answers[0].labels[0].Confidence"),
        ({"labels": [{"Name": "cat", "confidence": 5, "Confidence": 5}]}, "answers[0].labels[0].confidence"),
        ({"labels": [{**CAT, "Geometry": {}}]}, "answers[0].labels[0].Geometry.BoundingBox"),
        (
            {"labels": [{**CAT, "Geometry": {"BoundingBox": {"Width": 1, "Height": 1, "Left": 0}}}]},
            "answers[0].labels[0].Geometry.BoundingBox.Top",
        ),
        ({"labels": [], "sha256": "abc"}, "answers[0].sha256"),
        ({"labels": [], "sha256": DIGEST, "s3_key": "*"}, "answers[0]"),
        ({"labels": [], "key": "*"}, "answers[0].key"),
    ],
)
def test_a_wrong_definition_is_refused_at_its_place(document: object, place: str) -> None:
    answers = AnswerBook()
    with pytest.raises(DefinitionError) as refused:
        answers.add(document)
    assert refused.value.place == place
    assert answers.all() == []
