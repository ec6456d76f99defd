"""Chaos on projects, and on what belongs to them: datasets, tags, policies.

A project's datasets are one thing: (file names in the training dataset, those in the test dataset), with None for a
dataset that is not there; after a distribution which of all images went to the test dataset is seen, not foretold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from support.pictures import image_level_line
from tests.faults.account import TRAIN, Account, Step
from tests.faults.ledger import Absent, Lost

NAMES = tuple(f"project-{number}" for number in range(3))
_KINDS = ("TRAIN", "TEST")
_OF_PROJECTS = ("datasets", "tags", "policy")
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
Datasets = tuple[frozenset[str] | None, frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Distributed:
    """All images of a project, a part of which is now in its test dataset."""

    images: frozenset[str]

    def fits(self, found: Any) -> bool:
        """Whether both datasets together have all images, and none of them twice."""
        if not isinstance(found, tuple) or None in found:
            return False
        training, testing = found
        return bool(training and testing) and not training & testing and training | testing == self.images


class ProjectChanges:
    """A few projects that come and go."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ledger = account.ledger

    def steps(self) -> list[tuple[Step, float]]:
        return [
            (self.create, 3),
            (self.delete, 1),
            (self.create_dataset, 4),
            (self.update_entries, 3),
            (self.distribute, 2),
            (self.delete_dataset, 1),
            (self.tags, 2),
            (self.policy, 2),
        ]

    def create(self) -> None:
        name = self._some()
        self._ledger.change(("project", name), True, self._account.rekognition.create_project, ProjectName=name)

    def delete(self) -> None:
        """One without datasets, if there is any: others are refused."""
        empty = [name for name in NAMES if self._datasets(name) == (None, None)]
        name = self._account.random.choice(empty or NAMES)
        arn = arn_of(self._account, name)
        if arn is not None:
            self._ledger.change(("project", name), Absent, self._account.rekognition.delete_project, ProjectArn=arn)
            self._ledger.forget(*((kind, name) for kind in _OF_PROJECTS))

    def create_dataset(self) -> None:
        """Empty, or of a manifest of six or of all ten images."""
        kind, count = self._account.random.choice(_KINDS), self._account.random.choice([0, 6, len(TRAIN)])
        self._create_dataset(self._some(), kind, count)

    def _create_dataset(self, name: str, kind: str, count: int) -> None:
        arn, before = arn_of(self._account, name), self._datasets(name)
        if arn is None or before is None:
            return
        given = {}
        if count:
            source = {"Bucket": self._account.bucket, "Name": f"entries-{count}.manifest"}
            given = {"DatasetSource": {"GroundTruthManifest": {"S3Object": source}}}
        after = _with(before, kind, _names(count))
        call = self._account.rekognition.create_dataset
        self._ledger.change(("datasets", name), after, call, ProjectArn=arn, DatasetType=kind, **given)

    def update_entries(self) -> None:
        name, kind = self._some(), self._account.random.choice(_KINDS)
        arn, before = self._described(name)[1].get(kind), self._datasets(name)
        if arn is None or before is None:
            return
        count = self._account.random.randrange(1, len(TRAIN) + 1)
        lines = "".join(image_level_line(one, self._account.bucket) + "\n" for one in TRAIN[:count]).encode()
        after = _with(before, kind, (before[_KINDS.index(kind)] or frozenset()) | _names(count))
        call = self._account.rekognition.update_dataset_entries
        self._ledger.change(("datasets", name), after, call, DatasetArn=arn, Changes={"GroundTruth": lines})

    def distribute(self) -> None:
        """Of all ten images, which are enough of each label, to an empty test dataset; or a step towards that."""
        everything = _names(len(TRAIN))
        ready = {name: self._datasets(name) for name in NAMES}
        for name, before in ready.items():
            arns = self._described(name)[1]
            if before == (everything, frozenset()) and set(arns) == set(_KINDS):
                both = [{"Arn": arns[kind]} for kind in _KINDS]
                call = self._account.rekognition.distribute_dataset_entries
                self._ledger.change(("datasets", name), Distributed(everything), call, Datasets=both)
                return
        for name, before in ready.items():
            if before == (everything, None):
                self._create_dataset(name, "TEST", 0)
                return
        self._create_dataset(self._some(), "TRAIN", len(TRAIN))

    def delete_dataset(self) -> None:
        name, kind = self._some(), self._account.random.choice(_KINDS)
        arn, before = self._described(name)[1].get(kind), self._datasets(name)
        if arn is not None and before is not None:
            after, call = _with(before, kind, None), self._account.rekognition.delete_dataset
            self._ledger.change(("datasets", name), after, call, DatasetArn=arn)

    def tags(self) -> None:
        name = self._some()
        arn, number = arn_of(self._account, name), self._account.next_serial()
        if arn is None:
            return
        thing, rekognition = ("tags", name), self._account.rekognition
        if self._account.chance(0.3):
            self._ledger.change(thing, Absent, rekognition.untag_resource, ResourceArn=arn, TagKeys=["n"])
        else:
            self._ledger.change(thing, number, rekognition.tag_resource, ResourceArn=arn, Tags={"n": number})

    def policy(self) -> None:
        name = self._some()
        arn, number = arn_of(self._account, name), self._account.next_serial()
        if arn is None:
            return
        thing, named = ("policy", name), {"ProjectArn": arn, "PolicyName": "p"}
        if self._account.chance(0.3):
            self._ledger.change(thing, Absent, self._account.rekognition.delete_project_policy, **named)
        else:
            put = self._account.rekognition.put_project_policy
            self._ledger.change(thing, f"s{number}", put, **named, PolicyDocument=_policy(f"s{number}"))

    def check(self) -> None:
        projects = self._account.rekognition.describe_projects()["ProjectDescriptions"]
        described = {one["ProjectArn"].split("/")[1]: one for one in projects}
        for name in NAMES:
            project = described.get(name)
            was_sure = self._ledger.is_known(("project", name))
            self._ledger.compare(("project", name), True if project else Absent)
            if project is None:
                self._ledger.forget(*((kind, name) for kind in _OF_PROJECTS))
                continue
            if not was_sure:  # perhaps made anew, by a call without an answer
                for kind in _OF_PROJECTS:
                    self._ledger.allowed.setdefault((kind, name), {Absent}).add(Absent)
            self._check_one(name, project["ProjectArn"])

    def _check_one(self, name: str, arn: str) -> None:
        found = self._read_datasets(name)
        thing = ("datasets", name)
        if any(isinstance(value, Distributed) and value.fits(found) for value in self._ledger.allowed.get(thing, ())):
            self._ledger.allowed[thing] = {found}
        self._ledger.compare(thing, found)
        rekognition = self._account.rekognition
        self._ledger.compare(("tags", name), rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"].get("n"))
        policies = rekognition.list_project_policies(ProjectArn=arn)["ProjectPolicies"]
        sid = json.loads(policies[0]["PolicyDocument"])["Statement"][0]["Sid"] if policies else Absent
        self._ledger.compare(("policy", name), sid)

    def _read_datasets(self, name: str) -> Datasets | None:
        found: Datasets = (None, None)
        for kind, arn in self._described(name)[1].items():
            described = self._account.rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]
            if described["Status"] not in _DONE:
                raise Lost(f"a dataset of {name} is {described['Status']}: {described['StatusMessage']}")
            listed = self._account.rekognition.list_dataset_entries(DatasetArn=arn, MaxResults=100)["DatasetEntries"]
            if described["DatasetStats"]["TotalEntries"] != len(listed):
                raise Lost(f"a dataset of {name} counts other entries than it has")
            if listed:
                self._account.rekognition.list_dataset_labels(DatasetArn=arn)
            names = frozenset(json.loads(line)["source-ref"].rpartition("/")[2] for line in listed)
            found = _with(found, kind, names) or (None, None)
        return _or_absent(found)

    def _described(self, name: str) -> tuple[str | None, Mapping[str, str]]:
        """The ARNs of a project and of its datasets, by their kinds."""
        found = self._account.rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        if not found:
            return None, {}
        return found[0]["ProjectArn"], {one["DatasetType"]: one["DatasetArn"] for one in found[0]["Datasets"]}

    def _datasets(self, name: str) -> Datasets | None:
        """What both datasets surely have; None while that is not known."""
        thing = ("datasets", name)
        value = self._ledger.surely(thing)
        if isinstance(value, Distributed) or not self._ledger.is_known(thing):
            return None
        return value or (None, None)

    def _some(self) -> str:
        return self._account.random.choice(NAMES)


def arn_of(account: Account, name: str) -> str | None:
    """The ARN of a project of this name, if it is there and nothing is done to it."""
    found = account.rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
    return found[0]["ProjectArn"] if found and found[0]["Status"] == "CREATED" else None


def _with(datasets: Datasets, kind: str, names: Iterable[str] | None) -> Datasets | None:
    changed = None if names is None else frozenset(names)
    return _or_absent((changed, datasets[1]) if kind == "TRAIN" else (datasets[0], changed))


def _or_absent(datasets: Datasets) -> Datasets | None:
    return None if datasets == (None, None) else datasets


def _names(count: int) -> frozenset[str]:
    return frozenset(picture.name for picture in TRAIN[:count])


def _policy(sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": "999999999999"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
