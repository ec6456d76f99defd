"""Any calls in any order: each answers what the service model declares, and in the end everything is at rest."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.jobs import Broke, Done, Outcome
from emulator.domain.states import VERSION_MOVES, Event, VersionState
from emulator.jobs import version_jobs
from emulator.storage.versions import versions_in
from emulator.training.task import TrainingTask
from emulator.wire.errors import PROTOCOL_ERROR_CODES
from emulator.wire.service_model import load_service_model
from support.calls import BUCKET, FAST, JPEG, create_dataset, create_project, put_object, store
from support.in_process import ACCOUNT, REGION, CallError, InProcessEmulator, play
from support.manifest_lines import line, manifest
from support.stored_model import StoredModel

CALLS = 300
AT_ONCE = 5
NAMES = ("one", "two", "three")
OTHER_ACCOUNT = "444455556666"
STRAY = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/one"
POLICY = {
    "Effect": "Allow",
    "Principal": {"AWS": OTHER_ACCOUNT},
    "Action": "rekognition:CopyProjectVersion",
    "Resource": "*",
}


class Player:
    """Makes up calls from what earlier calls have answered."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.projects = [f"{STRAY}/1"]
        self.datasets = [f"{STRAY}/dataset/train/1"]
        self.versions = [f"{STRAY}/version/one/1"]
        self.tokens = ["", "AAAA"]
        self.revisions = ["abc123"]

    def note(self, answer: dict[str, Any]) -> None:
        """Keep ARNs, tokens and revisions for later calls."""
        for name, kept in (
            ("ProjectArn", self.projects),
            ("DatasetArn", self.datasets),
            ("ProjectVersionArn", self.versions),
            ("NextToken", self.tokens),
            ("PolicyRevisionId", self.revisions),
        ):
            if name in answer:
                kept.append(answer[name])

    def forget(self, parameters: dict[str, Any]) -> None:
        """Mostly leave out what was not found."""
        for kept in (self.projects, self.datasets, self.versions):
            gone = [arn for arn in kept if arn in parameters.values()]
            if len(gone) < len(kept) and self.random.random() < 0.9:
                kept[:] = [arn for arn in kept if arn not in gone]

    def latest(self, among: list[str]) -> str:
        """Mostly one of the last few."""
        return self.random.choice(among[-3:] if self.random.random() < 0.95 else among)

    def lines(self) -> str:
        images = [line(f"i{self.random.randrange(9)}", self.random.choice("xyz")) for _ in range(8)]
        body = self.random.choice([manifest(*images), manifest(*images), b"nonsense"])
        return base64.b64encode(body).decode()

    def call(self) -> tuple[str, dict[str, Any]]:
        """The next call: operation and parameters."""
        choose, project, dataset = self.random.choice, self.latest(self.projects), self.latest(self.datasets)
        version, name = self.latest(self.versions), self.random.choice(NAMES)
        output = {"S3Bucket": BUCKET}
        manifest_source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": choose(["a.manifest", "b"])}}}
        page: dict[str, Any] = choose([{}, {"MaxResults": 1}, {"NextToken": choose(self.tokens)}])
        source: dict[str, Any] = choose(
            [{}, {"DatasetSource": manifest_source}, {"DatasetSource": {"DatasetArn": dataset}}]
        )
        image = choose([{"Bytes": JPEG}, {"Bytes": "AAAA"}, {"S3Object": {"Bucket": BUCKET, "Name": "none"}}, {}])
        policy = json.dumps({"Statement": choose([POLICY, {}])})
        revision: dict[str, Any] = choose([{}, {"PolicyRevisionId": choose(self.revisions)}])
        calls: list[tuple[str, dict[str, Any]]] = [
            ("CreateProject", {"ProjectName": name}),
            ("DescribeProjects", page),
            ("DeleteProject", {"ProjectArn": project}),
            ("CreateDataset", {"ProjectArn": project, "DatasetType": choose(["TRAIN", "TEST"]), **source}),
            ("CreateDataset", {"ProjectArn": project, "DatasetType": "TRAIN"}),
            ("DescribeDataset", {"DatasetArn": dataset}),
            ("ListDatasetEntries", {"DatasetArn": dataset, **page}),
            ("ListDatasetLabels", {"DatasetArn": dataset, **page}),
            ("UpdateDatasetEntries", {"DatasetArn": dataset, "Changes": {"GroundTruth": self.lines()}}),
            ("UpdateDatasetEntries", {"DatasetArn": dataset, "Changes": {"GroundTruth": self.lines()}}),
            ("DistributeDatasetEntries", {"Datasets": [{"Arn": dataset}, {"Arn": self.latest(self.datasets)}]}),
            ("DeleteDataset", {"DatasetArn": dataset}),
            ("CreateProjectVersion", {"ProjectArn": project, "VersionName": name, "OutputConfig": output}),
            ("CreateProjectVersion", {"ProjectArn": project, "VersionName": name, "OutputConfig": output}),
            ("DescribeProjectVersions", {"ProjectArn": project, **page}),
            ("StartProjectVersion", {"ProjectVersionArn": version, "MinInferenceUnits": choose([1, 2])}),
            ("StopProjectVersion", {"ProjectVersionArn": version}),
            ("DeleteProjectVersion", {"ProjectVersionArn": version}),
            ("DetectCustomLabels", {"ProjectVersionArn": version, "Image": image}),
            ("PutProjectPolicy", {"ProjectArn": project, "PolicyName": name, "PolicyDocument": policy, **revision}),
            ("ListProjectPolicies", {"ProjectArn": project, **page}),
            ("DeleteProjectPolicy", {"ProjectArn": project, "PolicyName": name, **revision}),
            ("TagResource", {"ResourceArn": choose([project, dataset, version, "x" * 20]), "Tags": {name: ""}}),
            ("UntagResource", {"ResourceArn": choose([project, dataset, version]), "TagKeys": [name]}),
            ("ListTagsForResource", {"ResourceArn": choose([project, dataset, version])}),
            ("CopyProjectVersion", self.copy(version, project, name)),
        ]
        weights = [0.3 if operation.startswith("Delete") else 1.0 for operation, _ in calls]
        return self.random.choices(calls, weights)[0]

    def copy(self, version: str, project: str, name: str) -> dict[str, Any]:
        return {
            "SourceProjectArn": self.latest(self.projects),
            "SourceProjectVersionArn": version,
            "DestinationProjectArn": project,
            "VersionName": name,
            "OutputConfig": {"S3Bucket": BUCKET},
        }


@pytest.mark.parametrize("seed", range(3))
def test_any_calls_in_any_order(
    tmp_path: Path, stored_model: StoredModel, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert stored_model.may_answer.is_set()
    fate = random.Random(seed)

    async def fake_training(_settings: Any, task: TrainingTask, _report: Any) -> Outcome:
        await asyncio.sleep(fate.random() / 50)
        ending = fate.random()
        if ending < 0.2:
            raise RuntimeError("the worker died")
        if ending < 0.4:
            return Broke("The manifest file has too few labels.")
        model = task.model_path
        model.write_bytes(b"a model")
        return Done(version={"model_file": model.name, "result_keys": {}})

    monkeypatch.setattr(version_jobs, "run_in_worker", fake_training)
    answered: Counter[str] = Counter()

    async def story(emulator: InProcessEmulator) -> None:
        await put_object(
            emulator, "a.manifest", manifest(*[line(f"i{number}", "xy"[number % 2]) for number in range(20)])
        )
        player = Player(seed)
        for name in NAMES[:2]:
            player.projects.append(await create_project(emulator, name))
            player.versions.append(store(emulator, player.projects[-1], f"stored-{name}"))
        player.datasets.append(await create_dataset(emulator, player.projects[-1], line("a", "x"), line("b", "y")))
        for _ in range(CALLS // AT_ONCE):
            await asyncio.gather(*(one_call(emulator, player, answered) for _ in range(AT_ONCE)))
        await come_to_rest(emulator)

    play(tmp_path, story, **FAST)
    assert len([pair for pair in answered if pair.endswith(" OK")]) >= 12, answered


async def one_call(emulator: InProcessEmulator, player: Player, answered: Counter[str]) -> None:
    """Make a call; its error must be one that the operation declares."""
    operation, parameters = player.call()
    account = ACCOUNT if player.random.random() < 0.95 else OTHER_ACCOUNT
    try:
        player.note(await emulator.call(operation, account, **parameters))
        answered[f"{operation} OK"] += 1
    except CallError as error:
        allowed = load_service_model().operations[operation].error_codes | PROTOCOL_ERROR_CODES
        assert error.code in allowed - {"InternalServerError"}, f"{operation} {parameters}: {error}"
        answered[f"{operation} {error.code}"] += 1
        if error.code == "ResourceNotFoundException" and account == ACCOUNT:
            player.forget(parameters)


async def come_to_rest(emulator: InProcessEmulator) -> None:
    """All jobs end; no state is transitional; what runs is loaded, and nothing else is."""

    async def is_quiet() -> bool:
        return not list(emulator.app.runner.open_jobs)

    await emulator.until(is_quiet)
    database = emulator.app.database
    transitional = {before for before, event in VERSION_MOVES if event is Event.DONE} | {VersionState.DELETING}
    assert database.read_now(lambda connection: versions_in(connection, *transitional)) == []
    running = database.read_now(lambda connection: versions_in(connection, VersionState.RUNNING))
    assert sorted(emulator.app.hosting.loaded) == sorted(version.arn for version in running)
    assert sorted(item.arn for item in emulator.app.fleet.running) == sorted(version.arn for version in running)
    for project in (await emulator.call("DescribeProjects"))["ProjectDescriptions"]:
        assert project["Status"] == "CREATED"
        assert not [dataset for dataset in project["Datasets"] if dataset["Status"].endswith("IN_PROGRESS")]
