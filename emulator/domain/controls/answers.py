"""Forced detections (O-12): what DetectCustomLabels answers for certain images, ordered by a tester."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

from emulator.domain.controls.definitions import DefinitionError, Fields, listed, require_account
from emulator.domain.json_values import JsonObject
from emulator.domain.shapes import CustomLabel, Geometry, Point

LABELS_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class ForcedAnswer:
    """Labels for images of versions whose ARN matches `project_version`.

    `s3_key` (a glob over object keys) or `sha256` (of the image's bytes, lower-case hex) narrows it; with neither it
    holds for every image. `account` narrows it to one account's versions. `labels` are in the shape of the API: Name,
    Confidence in percent, Geometry if given.
    """

    id: int
    project_version: str
    s3_key: str | None
    sha256: str | None
    labels: tuple[CustomLabel, ...]
    account: str | None = None

    def document(self) -> JsonObject:
        """The answer as JSON, as it can be given again."""
        fields: JsonObject = {
            "id": self.id,
            "project_version": self.project_version,
            "s3_key": self.s3_key,
            "sha256": self.sha256,
            "labels": list(self.labels),
            "account": self.account,
        }
        return {name: value for name, value in fields.items() if value is not None}


class AnswerBook:
    """The forced answers in force, in order of creation: the first that fits an image is taken."""

    def __init__(self) -> None:
        self._answers: dict[int, ForcedAnswer] = {}
        self._last_id = 0

    def add(self, document: object) -> list[ForcedAnswer]:
        """Add one answer or a list of them. Raises DefinitionError, with nothing added, if any is wrong."""
        return self.prepare(document)()

    def prepare(self, document: object, account: str | None = None) -> Callable[[], list[ForcedAnswer]]:
        """What adds the answers of a document once it is called. Changes nothing itself, so any thread may do it.

        With an account they are answers for this account. Raises DefinitionError if any is wrong.
        """
        parsed: list[ForcedAnswer] = []
        for index, item in enumerate(listed(document, "answers")):
            answer = parse_answer(item, f"answers[{index}]")
            require_account(answer.account, account, f"answers[{index}]")
            parsed.append(answer if account is None else replace(answer, account=account))
        return partial(self._take, parsed)

    def _take(self, parsed: Iterable[ForcedAnswer]) -> list[ForcedAnswer]:
        added = []
        for answer in parsed:
            self._last_id += 1
            added.append(replace(answer, id=self._last_id))
            self._answers[self._last_id] = added[-1]
        return added

    def all(self, account: str | None = None) -> list[ForcedAnswer]:
        """The answers in order of creation; those of one account alone if it is given."""
        return [answer for answer in self._answers.values() if account in (None, answer.account)]

    def remove(self, answer_id: int, account: str | None = None) -> bool:
        """Take one answer back; False if there is none of this id, or of this account."""
        if account is not None and answer_id not in {answer.id for answer in self.all(account)}:
            return False
        return self._answers.pop(answer_id, None) is not None

    def clear(self, account: str | None = None) -> None:
        """Take all answers back, or those of one account."""
        if account is None:
            self._answers.clear()
            self._last_id = 0
        else:
            for answer in self.all(account):
                self.remove(answer.id)

    @property
    def ask_for_content(self) -> bool:
        """Whether an answer holds for images of a certain content, so that `find` may take milliseconds."""
        return any(answer.sha256 is not None for answer in self._answers.values())

    def find(self, project_version: str, s3_key: str | None, sha256: Callable[[], str]) -> ForcedAnswer | None:
        """The first answer that fits. `s3_key` is None for an image sent as bytes.

        `sha256` gives the lower-case hex digest of the image's bytes; it is called at most once, if an answer asks.
        May be called from any thread.
        """
        digest: str | None = None
        for answer in self.all():
            if not fnmatchcase(project_version, answer.project_version):
                continue
            if answer.account is not None and f":{answer.account}:" not in project_version:
                continue
            if answer.s3_key is not None and (s3_key is None or not fnmatchcase(s3_key, answer.s3_key)):
                continue
            if answer.sha256 is not None:
                digest = sha256() if digest is None else digest
                if digest != answer.sha256:
                    continue
            return answer
        return None


def parse_answer(document: object, place: str) -> ForcedAnswer:
    """Read one answer; its id is 0 until an AnswerBook gives one. Raises DefinitionError with its place."""
    fields = Fields(document, place)
    fields.integer("id", None, 0, 10**9)  # what GET gave may be posted again
    project_version = fields.text("project_version", "*") or "*"
    s3_key = fields.text("s3_key", None)
    sha256 = fields.text("sha256", None, r"[0-9a-fA-F]{64}", "must be 64 hexadecimal digits")
    if s3_key is not None and sha256 is not None:
        raise DefinitionError(place, "takes s3_key or sha256, not both")
    account = fields.text("account", None, r"\d{12}", "must be twelve digits")
    labels = fields.items("labels") or []
    if len(labels) > LABELS_LIMIT:
        raise fields.wrong("labels", f"has more than {LABELS_LIMIT} labels")
    parsed = tuple(_parse_label(label, f"{place}.labels[{index}]") for index, label in enumerate(labels))
    fields.done()
    return ForcedAnswer(0, project_version, s3_key, sha256.lower() if sha256 else None, parsed, account)


def _parse_label(document: object, place: str) -> CustomLabel:
    fields = Fields(document, place)
    label: CustomLabel = {"Name": fields.text("Name") or "", "Confidence": _number(fields, "Confidence", 0.0, 100.0)}
    geometry = fields.fields("Geometry", None)
    fields.done()
    if geometry is not None:
        label["Geometry"] = _parse_geometry(geometry)
    return label


def _parse_geometry(fields: Fields) -> Geometry:
    """Geometry of the API: BoundingBox as ratios of the image, a Polygon of points if given."""
    geometry: Geometry = {}
    box = fields.fields("BoundingBox")
    if box is not None:
        geometry["BoundingBox"] = {
            "Width": _number(box, "Width", -1.0, 2.0),
            "Height": _number(box, "Height", -1.0, 2.0),
            "Left": _number(box, "Left", -1.0, 2.0),
            "Top": _number(box, "Top", -1.0, 2.0),
        }
        box.done()
    points = fields.items("Polygon", None)
    if points is not None:
        geometry["Polygon"] = [
            _parse_point(point, f"{fields.place}.Polygon[{index}]") for index, point in enumerate(points)
        ]
    fields.done()
    return geometry


def _parse_point(document: object, place: str) -> Point:
    fields = Fields(document, place)
    point: Point = {"X": _number(fields, "X", -1.0, 2.0), "Y": _number(fields, "Y", -1.0, 2.0)}
    fields.done()
    return point


def _number(fields: Fields, name: str, low: float, high: float) -> float:
    value = fields.number(name, None, low, high)
    if value is None:
        raise fields.wrong(name, "is missing")
    return value
