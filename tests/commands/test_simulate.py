"""`custom-labels simulate`: asked as a user asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import identities as known
from support.server import environment_without_settings

BOB = f"arn:aws:iam::{known.OWNER}:user/team/bob"
MODEL = f"arn:aws:rekognition:us-east-1:{known.OWNER}:project/shapes/version/first/1"
KEY = f"arn:aws:kms:us-east-1:{known.OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    document = known.identities()
    document["accounts"][known.OWNER]["kms"] = {KEY.rpartition("/")[2]: {"region": "us-east-1"}}
    document["accounts"][known.OWNER]["users"]["near"] = {
        "policies": [known.allow("s3:ListBucket", Condition={"StringEquals": {"s3:prefix": ["a/", "b/"]}})]
    }
    return known.written(tmp_path_factory.mktemp("identities"), document)


def simulate(file: Path, *words: str, of_environment: bool = False) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    environment = environment_without_settings()
    if of_environment:
        environment["CUSTOM_LABELS_IDENTITIES"] = str(file)
    else:
        words = (*words, "--identities", str(file))
    command = [sys.executable, "-m", "emulator", "simulate", *words]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout.strip(), ended.stderr.strip()


def test_what_is_allowed_names_the_statement(file: Path) -> None:
    words = ("--as", BOB, "--action", "rekognition:DetectCustomLabels", "--resource", MODEL)
    allowed = (
        0,
        "allowed by identity-based policy AmazonRekognitionCustomLabelsFullAccess, statement CustomLabels",
        "",
    )
    assert simulate(file, *words) == allowed
    assert simulate(file, *words, of_environment=True) == allowed


def test_what_is_refused_names_what_is_needed(file: Path) -> None:
    words = ("--as", "user/bob", "--action", "s3:PutObject", "--resource", "arn:aws:s3:::photos/a.jpg")
    code, output, _ = simulate(file, *words)
    assert code == 1
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/a.jpg"}
    assert output.splitlines() == [
        f"refused: User: {BOB} is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::photos/a.jpg "
        "because no identity-based policy allows the s3:PutObject action",
        f"needed in an identity-based policy: {json.dumps(statement)}",
    ]
    code, output, _ = simulate(file, *words, "--json")
    assert (code, json.loads(output)["needed"]) == (1, [{"where": "identity-based policy", "statement": statement}])


def test_a_bucket_of_another_account_and_its_policy(file: Path, tmp_path: Path) -> None:
    words = ("--as", BOB, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::theirs/a", "--owner", known.OTHER)
    assert "needed in a bucket policy" in simulate(file, *words)[1]
    statement = {"Effect": "Deny", "Principal": {"AWS": BOB}, "Action": "s3:*", "Resource": "*", "Sid": "NotBob"}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert (
        "denied by bucket policy policy.json, statement NotBob"
        in simulate(file, *words, "--resource-policy", str(policy))[1]
    )


def test_roles_sessions_keys_and_conditions(file: Path) -> None:
    assume = ("--action", "sts:AssumeRole", "--resource", known.ADMIN_ROLE)
    assert simulate(file, "--as", BOB, *assume)[0] == 0
    assert simulate(file, "--as", "user/eve", *assume)[0] == 1
    session = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/run"
    assert simulate(file, "--as", session, "--action", "kms:Decrypt", "--resource", KEY)[0] == 0
    assert simulate(file, "--as", BOB, "--action", "kms:Decrypt", "--resource", KEY)[0] == 1
    listing = ("--as", "user/near", "--action", "s3:ListBucket", "--resource", "arn:aws:s3:::photos")
    assert simulate(file, *listing, "--context", "s3:prefix=b/")[0] == 0
    assert simulate(file, *listing, "--context", "s3:prefix=c/")[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "user/none", "--action", "s3:GetObject"), "user/none is nobody of the file"),
        (("--as", BOB, "--action", "s3:GetObject", "--context", "prefix"), "--context prefix: write KEY=VALUE"),
        (("--as", BOB, "--action", "ec2:Run", "--resource-policy", "x"), "resources of ec2 have no policy"),
        (("--as", BOB, "--action", "s3:GetObject", "--resource-policy", "none.json"), "none.json"),
    ],
)
def test_what_is_not_understood_is_one_line(file: Path, words: tuple[str, ...], said: str) -> None:
    code, output, errors = simulate(file, *words)
    assert (code, output) == (1, "")
    assert said in errors and len(errors.splitlines()) == 1
