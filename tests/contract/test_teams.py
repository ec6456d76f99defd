"""One emulator for many teams: resets, transitions, faults, answers and usage of one account (O-39)."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.projects import Project, new_project
from support.server import EmulatorProcess, wait_until
from support.teams import FIRST, SECOND, SETTINGS, TRAINER, at_work, reset_in_turn


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(environment=SETTINGS) as started:
        yield started


def test_two_teams_reset_while_others_train_and_copy(emulator: EmulatorProcess) -> None:
    """`python -m benchmarks teams` does it a thousand times."""
    with at_work(emulator) as (trainer, copier):
        reset_in_turn(emulator, 20)
    assert trainer.done
    assert copier.done
    status, usage = emulator.control("GET", f"/_emulator/usage?account={TRAINER}")
    assert status == 200
    assert usage["versions"]
    assert all(f":{TRAINER}:" in row["project_version"] for row in usage["versions"])
    emulator.control("POST", f"/_emulator/reset?account={TRAINER}")
    assert emulator.control("GET", f"/_emulator/usage?account={TRAINER}")[1]["versions"] == []
    assert emulator.control("GET", "/_emulator/usage")[1]["versions"]


def code(client: Any) -> str:
    try:
        client.describe_projects()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "OK"


def test_faults_and_answers_of_one_account(emulator: EmulatorProcess) -> None:
    first, second = (emulator.client("rekognition", account) for account in (FIRST, SECOND))
    fault = {"operation": "DescribeProjects", "error": "ThrottlingException"}
    path = f"/_emulator/faults?account={FIRST}"
    added = emulator.control("POST", path, fault)[1]["faults"]
    assert [item["account"] for item in added] == [FIRST]
    assert (code(first), code(second)) == ("ThrottlingException", "OK")
    assert emulator.control("POST", path, fault | {"account": SECOND})[0] == 400
    assert emulator.control("DELETE", f"/_emulator/faults/{added[0]['id']}?account={SECOND}")[0] == 404
    assert emulator.control("GET", f"/_emulator/faults?account={SECOND}")[1] == {"faults": []}
    emulator.control("POST", "/_emulator/faults", fault | {"account": SECOND})
    emulator.control("POST", f"/_emulator/reset?account={FIRST}")
    assert (code(first), code(second)) == ("OK", "ThrottlingException")
    emulator.control("DELETE", f"/_emulator/faults?account={SECOND}")
    assert code(second) == "OK"

    answer = {"labels": [{"Name": "circle", "Confidence": 90}]}
    added = emulator.control("POST", f"/_emulator/answers?account={FIRST}", answer)[1]["answers"]
    assert [item["account"] for item in added] == [FIRST]
    assert emulator.control("GET", f"/_emulator/answers?account={SECOND}")[1] == {"answers": []}
    emulator.control("DELETE", f"/_emulator/answers?account={FIRST}")
    assert emulator.control("GET", "/_emulator/answers")[1] == {"answers": []}


def test_transitions_of_one_account(emulator: EmulatorProcess) -> None:
    path = f"/_emulator/transitions?account={FIRST}"
    policy = {"type": "seconds", "seconds": 3600}
    assert emulator.control("PUT", path, {"deleting": policy})[1]["deleting"] == policy
    assert emulator.control("GET", "/_emulator/transitions")[1]["deleting"] == {"type": "real"}
    for account, is_gone in ((FIRST, False), (SECOND, True)):
        project = new_project(emulator, account)
        project.rekognition.delete_project(ProjectArn=project.arn)
        waiter = project.rekognition.describe_projects

        def names(describe: Any = waiter, name: str = project.name) -> bool:
            return not describe(ProjectNames=[name])["ProjectDescriptions"]

        if is_gone:
            wait_until(names, what="the end of the other account's deletion")
        assert names() == is_gone
    emulator.control("POST", f"/_emulator/reset?account={FIRST}")
    assert emulator.control("GET", path)[1]["deleting"] == {"type": "real"}
    assert emulator.control("PUT", "/_emulator/transitions?account=12", {})[0] == 400


def test_the_clock_of_one_account(emulator: EmulatorProcess) -> None:
    """O-10: an hour passes for one team, and not for the other."""
    path, advance = f"/_emulator/clock?account={FIRST}", f"/_emulator/clock/advance?account={FIRST}"
    assert emulator.control("GET", path)[1]["own"] is False
    assert emulator.control("POST", advance, {"seconds": 1})[0] == 409
    began = emulator.control("PUT", path, {"mode": "manual", "now": 1_700_000_000})[1]
    assert began == {"mode": "manual", "now": 1_700_000_000, "own": True}
    policy = {"deleting": {"type": "seconds", "seconds": 3600}}
    for account in (FIRST, SECOND):
        emulator.control("PUT", f"/_emulator/transitions?account={account}", policy)
    projects = {account: new_project(emulator, account) for account in (FIRST, SECOND)}
    arns = {account: project.arn.rpartition("/")[2] for account, project in projects.items()}
    assert arns[FIRST].startswith("1700000000") and not arns[SECOND].startswith("1700000000")
    for project in projects.values():
        project.rekognition.delete_project(ProjectArn=project.arn)
    emulator.control("POST", advance, {"seconds": 3599})
    assert statuses(projects) == {FIRST: ["DELETING"], SECOND: ["DELETING"]}
    emulator.control("POST", advance, {"seconds": 1})
    assert statuses(projects) == {FIRST: [], SECOND: ["DELETING"]}
    assert emulator.control("GET", "/_emulator/clock")[1]["mode"] == "real"
    assert emulator.control("GET", f"/_emulator/usage?account={FIRST}")[1]["now"] == 1_700_003_600
    assert emulator.control("GET", "/_emulator/usage")[1]["now"] > 1_700_003_600
    given_up = emulator.control("DELETE", path)[1]
    assert (given_up["mode"], given_up["own"]) == ("real", False)
    emulator.control("PUT", path, {"mode": "manual"})
    for account in (FIRST, SECOND):
        emulator.control("POST", f"/_emulator/reset?account={account}")
    assert emulator.control("GET", path)[1]["own"] is False
    assert emulator.control("PUT", "/_emulator/clock?account=12", {"mode": "real"})[0] == 400


def statuses(projects: dict[str, Project]) -> dict[str, list[str]]:
    """The states of projects, by account; none of one that is gone."""
    return {
        account: [
            one["Status"]
            for one in project.rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"]
        ]
        for account, project in projects.items()
    }


def test_metrics_and_outages_of_one_account(emulator: EmulatorProcess) -> None:
    """O-14, O-23: what others do is not in them."""
    for account in (FIRST, SECOND):
        emulator.control("POST", f"/_emulator/reset?account={account}")
    emulator.client("rekognition", FIRST).describe_projects()
    sample = 'custom_labels_requests_total{operation="DescribeProjects",code="OK"}'
    found = {account: metrics(emulator, f"?account={account}") for account in (FIRST, SECOND)}
    assert found[FIRST][sample] == "1"
    assert sample not in found[SECOND]
    assert "custom_labels_requests_in_progress" not in found[FIRST]
    assert int(metrics(emulator, "")[sample]) >= 1
    arn = f"arn:aws:rekognition:us-east-1:{SECOND}:project/a/version/b/1700000000000"
    for account in (FIRST, SECOND):
        outage = {"project_version": arn, "units": 1, "seconds": 5}
        status, answer = emulator.control("POST", f"/_emulator/outage?account={account}", outage)
        assert (status, answer["error"]["code"]) == (409, "NotRunning")


def metrics(emulator: EmulatorProcess, query: str) -> dict[str, str]:
    """Values by sample, as the text has them."""
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/metrics{query}") as answer:
        lines = answer.read().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_an_archive_of_one_account_has_nothing_of_the_others(
    emulator: EmulatorProcess, start_emulator: Callable[..., EmulatorProcess], tmp_path: Path
) -> None:
    """O-15: it becomes the whole state of another emulator, or that account's in the same one."""
    made = {}
    for account in (FIRST, SECOND):
        emulator.control("POST", f"/_emulator/reset?account={account}")
    for account, word in ((FIRST, "words-of-the-first"), (SECOND, "words-of-the-second")):
        project = made[account] = new_project(emulator, account, name=word)
        project.s3.put_object(Bucket=project.bucket, Key=f"{word}.txt", Body=word.encode())
        project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN")
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/state?account={FIRST}") as answer:
        archive = answer.read()
    assert b"words-of-the-first" in archive
    assert b"words-of-the-second" not in archive
    assert SECOND.encode() not in archive
    assert emulator.control("PUT", f"/_emulator/state?account={FIRST}")[0] == 400

    other = start_emulator(SETTINGS)
    request = urllib.request.Request(f"{other.endpoint}/_emulator/state", archive, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    first = other.client("rekognition", FIRST).describe_projects()["ProjectDescriptions"]
    assert [one["ProjectArn"] for one in first] == [made[FIRST].arn]
    assert [dataset["DatasetType"] for dataset in first[0]["Datasets"]] == ["TRAIN"]
    stored = other.client("s3", FIRST).get_object(Bucket=made[FIRST].bucket, Key="words-of-the-first.txt")
    assert stored["Body"].read() == b"words-of-the-first"
    assert other.client("rekognition", SECOND).describe_projects()["ProjectDescriptions"] == []
    assert other.client("s3", SECOND).list_buckets()["Buckets"] == []
    # Nothing of it was taken from the emulator that it was saved from, and it comes back there beside the others.
    emulator.control("POST", f"/_emulator/reset?account={FIRST}")
    file = tmp_path / "first.tar"
    file.write_bytes(archive)
    command = [sys.executable, "-m", "emulator", "load", str(file), "--account"]
    for account, code in ((SECOND, 1), (FIRST, 0)):
        ran = subprocess.run([*command, account, "--endpoint-url", emulator.endpoint], capture_output=True, check=False)
        assert ran.returncode == code, ran.stderr
    for account, project in made.items():
        [described] = emulator.client("rekognition", account).describe_projects()["ProjectDescriptions"]
        assert described["ProjectArn"] == project.arn
        stored = project.s3.get_object(Bucket=project.bucket, Key=f"{project.name}.txt")["Body"].read()
        assert stored == project.name.encode()
