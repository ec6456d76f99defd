"""STS where policies decide: trust, session policies, chaining, durations, and what GetCallerIdentity says (O-33)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support import identities as known
from support.projects import unique_name
from support.server import EmulatorProcess, environment_without_settings

Clients = Callable[..., Any]
Session = Callable[..., Any]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = known.settings(tmp_path_factory.mktemp("identities"), "iam")
    with EmulatorProcess(environment=settings) as started:
        yield started


@pytest.fixture
def clients(emulator: EmulatorProcess) -> Iterator[Clients]:
    """Clients by service and key, or by service and session."""
    with ExitStack() as stack:

        def client(service: str, signer: Any) -> Any:
            made = (
                known.session_client(emulator, service, signer)
                if isinstance(signer, dict)
                else known.client(emulator, service, signer)
            )
            stack.callback(made.close)
            return made

        yield client


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_trust_policy_and_the_callers_policies_decide(clients: Clients) -> None:
    session = clients("sts", known.BOB_KEY).assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="by-bob")
    assert clients("rekognition", session["Credentials"]).describe_projects()["ProjectDescriptions"] == []

    code, message = refusal(
        lambda: clients("sts", known.EVE_KEY).assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="by-eve")
    )
    assert code == "AccessDenied"
    assert message == (
        f"User: arn:aws:iam::{known.OWNER}:user/eve is not authorized to perform: sts:AssumeRole on resource: "
        f"{known.ADMIN_ROLE} because no identity-based policy allows the sts:AssumeRole action"
    )
    ann = clients("sts", known.ANN_KEY)
    assert refusal(lambda: ann.assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="by-ann"))[0] == "AccessDenied"
    partner = {"RoleArn": known.PARTNER_ROLE, "RoleSessionName": "by-ann"}
    assert refusal(lambda: ann.assume_role(**partner))[0] == "AccessDenied"
    assert refusal(lambda: ann.assume_role(**partner, ExternalId="other words"))[0] == "AccessDenied"
    answer = ann.assume_role(**partner, ExternalId=known.EXTERNAL_ID)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{known.OWNER}:assumed-role/Partner/by-ann"
    nowhere = f"arn:aws:iam::{known.OWNER}:role/Nowhere"
    assert refusal(lambda: ann.assume_role(RoleArn=nowhere, RoleSessionName="by-ann"))[0] == "AccessDenied"
    root = clients("sts", known.ROOT_KEY)
    assert "root accounts" in refusal(lambda: root.assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="me"))[1]


def test_a_session_policy_narrows(clients: Clients) -> None:
    sts = clients("sts", known.BOB_KEY)
    wanted = {"RoleArn": known.ADMIN_ROLE, "RoleSessionName": "narrow"}
    policy = json.dumps(known.allow("rekognition:DescribeProjects"))
    session = sts.assume_role(**wanted, Policy=policy)["Credentials"]
    assert clients("rekognition", session).describe_projects()["ProjectDescriptions"] == []
    code, message = refusal(lambda: clients("rekognition", session).create_project(ProjectName="a"))
    assert (code, message.endswith("because no session policy allows the rekognition:CreateProject action")) == (
        "AccessDeniedException",
        True,
    )
    arns = [{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]
    session = sts.assume_role(**wanted, PolicyArns=arns)["Credentials"]
    assert refusal(lambda: clients("rekognition", session).describe_projects())[0] == "AccessDeniedException"
    for policy, code in (
        ("not a policy", "MalformedPolicyDocument"),
        (json.dumps(known.allow("s3:*", Condition={"Sounds": {"a": "b"}})), "MalformedPolicyDocument"),
        (json.dumps(known.allow(*[f"s3:Get{number}" for number in range(400)])), "MalformedPolicyDocument"),
    ):
        assert refusal(lambda policy=policy: sts.assume_role(**wanted, Policy=policy))[0] == code  # type: ignore[misc]


def test_tags_of_a_session_are_tags_of_its_principal(clients: Clients) -> None:
    sts = clients("sts", known.BOB_KEY)
    condition = {"StringEquals": {"aws:PrincipalTag/team": "green"}}
    policy = json.dumps(known.allow("rekognition:*", Condition=condition))
    for team, expected in (("green", "OK"), ("red", "AccessDeniedException")):
        session = sts.assume_role(
            RoleArn=known.ADMIN_ROLE, RoleSessionName="tagged", Policy=policy, Tags=[{"Key": "team", "Value": team}]
        )["Credentials"]
        client = clients("rekognition", session)
        if expected == "OK":
            client.describe_projects()
        else:
            assert refusal(client.describe_projects)[0] == expected


def test_tags_that_differ_in_case_alone_are_one_to_iam(clients: Clients) -> None:
    """Of a session they are refused. Of a resource a condition on one of them matches neither, whatever their order."""
    sts = clients("sts", known.BOB_KEY)
    twice = [{"Key": "team", "Value": "green"}, {"Key": "Team", "Value": "red"}]
    refused = refusal(lambda: sts.assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="tagged", Tags=twice))
    assert refused[0] == "ValidationError" and "case insensitive" in refused[1]
    condition = {"StringEquals": {"aws:RequestTag/team": "green"}}
    policy = json.dumps(known.allow("rekognition:*", Condition=condition))
    session = sts.assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="tagged", Policy=policy)["Credentials"]
    client = clients("rekognition", session)
    both = {tag["Key"]: tag["Value"] for tag in twice}
    for tags in (both, dict(reversed(both.items()))):
        name = unique_name("tagged")
        assert refusal(partial(client.create_project, ProjectName=name, Tags=tags))[0] == "AccessDeniedException"
    client.create_project(ProjectName=unique_name("tagged"), Tags={"Team": "green"})


def test_the_aws_cli_synchronises_with_what_a_session_may(
    emulator: EmulatorProcess, clients: Clients, tmp_path: Path
) -> None:
    """In parts, with names that have to be escaped; what it may not do, it is told."""
    bucket = unique_name("sync").lower()
    clients("s3", known.ROOT_KEY).create_bucket(Bucket=bucket)
    objects = known.allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{bucket}/kept/*")
    below = {"Condition": {"StringEquals": {"s3:prefix": "kept/"}}}
    listing = known.allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}", **below)
    objects["Statement"] += listing["Statement"]
    sts = clients("sts", known.BOB_KEY)
    assumed = {"RoleArn": known.ADMIN_ROLE, "RoleSessionName": "sync", "Policy": json.dumps(objects)}
    session = sts.assume_role(**assumed)["Credentials"]
    key = session["AccessKeyId"], session["SecretAccessKey"]
    environment = environment_without_settings() | known.environment(emulator, key)
    environment["AWS_SESSION_TOKEN"] = session["SessionToken"]

    def sync(source: object, target: object) -> tuple[int, str]:
        command = [str(Path(sys.executable).with_name("aws")), "s3", "sync", str(source), str(target), "--no-progress"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stderr

    there, back = tmp_path / "there", tmp_path / "back"
    (there / "a b").mkdir(parents=True)
    (there / "a b" / "ü+.txt").write_bytes(b"small")
    (there / "large").write_bytes(bytes(range(256)) * 36_000)  # over the 8 MiB that go in one piece
    assert sync(there, f"s3://{bucket}/kept/") == (0, "")
    assert sync(f"s3://{bucket}/kept/", back) == (0, "")
    for file in (Path("a b") / "ü+.txt", Path("large")):
        assert (back / file).read_bytes() == (there / file).read_bytes()
    status, told = sync(there, f"s3://{bucket}/elsewhere/")
    assert (status, "s3:ListBucket" in told, "no session policy allows" in told) == (1, True, True), told


def test_durations_and_chains(clients: Clients) -> None:
    sts = clients("sts", known.BOB_KEY)
    wanted = {"RoleArn": known.ADMIN_ROLE, "RoleSessionName": "long"}
    session = sts.assume_role(**wanted, DurationSeconds=7200)["Credentials"]
    assert "MaxSessionDuration" in refusal(lambda: sts.assume_role(**wanted, DurationSeconds=7201))[1]
    chained = clients("sts", session)
    assert "role chaining" in refusal(lambda: chained.assume_role(**wanted, DurationSeconds=3601))[1]
    again = chained.assume_role(**wanted)
    assert again["AssumedRoleUser"]["Arn"].endswith("assumed-role/Admin/long")
    assert refusal(chained.get_session_token)[0] == "AccessDenied"


def test_a_session_of_oneself_has_ones_own_rights(clients: Clients) -> None:
    session = clients("sts", known.BOB_KEY).get_session_token()["Credentials"]
    assert clients("sts", session).get_caller_identity()["Arn"] == f"arn:aws:iam::{known.OWNER}:user/team/bob"
    clients("rekognition", session).describe_projects()
    assert refusal(lambda: clients("cloudwatch", session).list_metrics()) == (
        "AccessDenied",
        f"User: arn:aws:iam::{known.OWNER}:user/team/bob is not authorized to perform: cloudwatch:ListMetrics on "
        "resource: * because no identity-based policy allows the cloudwatch:ListMetrics action",
    )
    # Whoever may do nothing may still ask who it is.
    assert clients("sts", known.EVE_KEY).get_caller_identity()["Account"] == known.OWNER


def test_identity_tokens_of_others_cannot_be_verified(clients: Clients) -> None:
    sts = clients("sts", known.BOB_KEY)
    wanted = {"RoleArn": known.ADMIN_ROLE, "RoleSessionName": "web", "WebIdentityToken": "a.b.c"}
    assert refusal(lambda: sts.assume_role_with_web_identity(**wanted))[0] == "AccessDenied"


def test_every_decision_can_be_read(emulator: EmulatorProcess, clients: Clients) -> None:
    refusal(lambda: clients("rekognition", known.EVE_KEY).describe_projects())
    status, answer = emulator.control("GET", f"/_emulator/decisions?account={known.OWNER}")
    assert status == 200
    row = answer["decisions"][0]
    assert (row["action"], row["allowed"], row["enforced"]) == ("rekognition:DescribeProjects", False, True)
    assert row["principal"] == f"arn:aws:iam::{known.OWNER}:user/eve"
    assert row["needed"] == [
        {
            "where": "identity-based policy",
            "statement": {"Effect": "Allow", "Action": "rekognition:DescribeProjects", "Resource": "*"},
        }
    ]
    clients("rekognition", known.BOB_KEY).describe_projects()
    row = emulator.control("GET", "/_emulator/decisions")[1]["decisions"][0]
    assert (row["allowed"], row["needed"]) == (True, [])
    assert "AmazonRekognitionCustomLabelsFullAccess" in row["statement"]
    assert emulator.control("GET", "/_emulator/decisions?account=12")[0] == 400


def test_in_report_mode_refusals_are_recorded_and_let_pass(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = known.settings(tmp_path_factory.mktemp("identities"), "iam-report")
    with EmulatorProcess(environment=settings) as reporting:
        client = known.client(reporting, "rekognition", known.EVE_KEY)
        assert client.describe_projects()["ProjectDescriptions"] == []
        client.close()
        row = reporting.control("GET", "/_emulator/decisions")[1]["decisions"][0]
        assert (row["allowed"], row["enforced"]) == (False, False)
        assert "let pass: User: " in reporting.log()
