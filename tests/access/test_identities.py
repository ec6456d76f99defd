"""The file of identities: read strictly, every mistake with its line and place (O-33)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from emulator.access.identities import IdentitiesError, load_identities
from emulator.access.places import DocumentError, Places
from support import identities as known


def problems(path: Path) -> list[str]:
    with pytest.raises(IdentitiesError) as caught:
        load_identities(path)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


def changed(folder: Path, *steps: str | int, to: object) -> Path:
    """The file with one member changed."""
    document: Any = known.identities()
    node = document
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = to
    return known.written(folder, document)


def test_users_roles_and_keys_are_found(tmp_path: Path) -> None:
    found = load_identities(known.written(tmp_path))
    bob = found.access_key(known.BOB_KEY[0])
    assert bob is not None
    assert (bob.secret, bob.identity.arn) == (known.BOB_KEY[1], f"arn:aws:iam::{known.OWNER}:user/team/bob")
    assert [policy.name for policy in bob.identity.policies.identity] == [
        "AmazonS3ReadOnlyAccess",
        "AmazonRekognitionCustomLabelsFullAccess",
        "Assume",
    ]
    assert bob.identity.principal.tags == {"team": "blue"}
    partner = found.find(known.PARTNER_ROLE)
    assert partner is not None
    assert partner.trust is not None
    assert found.find(f"arn:aws:iam::{known.OWNER}:root") is not None
    assert known.BOB_KEY[1] not in repr(bob.identity)


def test_yaml_says_the_same(tmp_path: Path) -> None:
    document = known.identities()
    document["accounts"]["000000000000"] = {
        "users": {"zero": {"keys": [known.key(("AKIAZERO00000000001", "zero-secret"))]}}
    }
    path = tmp_path / "identities.yaml"
    path.write_text(yaml.safe_dump(document))
    found = load_identities(path)
    assert found.accounts == {known.OWNER, known.OTHER, "000000000000"}
    plain = path.read_text().replace("'000000000000'", "000000000000").replace("'2012-10-17'", "2012-10-17")
    path.write_text(plain)
    assert load_identities(path).accounts == found.accounts
    role = load_identities(path).find(known.ADMIN_ROLE)
    assert role is not None
    assert role.longest_session == 7200


@pytest.mark.parametrize(
    ("steps", "to", "words"),
    [
        (
            ("accounts", known.OWNER, "users", "bob", "polices"),
            [],
            "accounts.111122223333.users.bob.polices: is not known",
        ),
        (("accounts", "12"), {}, "accounts.12: must be twelve digits"),
        (("accounts", known.OWNER, "users", "bob", "groups"), ["mi"], "groups[0]: mi is not a group of this account"),
        (("accounts", known.OWNER, "users", "bob", "policies"), ["Reader"], "policies[0]: Reader is neither a policy"),
        (("accounts", known.OWNER, "users", "bob", "path"), "team", "path: must begin and end with a slash"),
        (("accounts", known.OWNER, "users", "bob", "keys"), [{"id": "AKIA"}], "keys[0].id: must be 8 to 128"),
        (("accounts", known.OTHER, "keys"), [known.key(known.BOB_KEY)], f"{known.BOB_KEY[0]} is a key already"),
        (("accounts", known.OWNER, "roles", "Admin", "trust"), None, "roles.Admin.trust: is missing"),
        (("accounts", known.OWNER, "roles", "Admin", "max_session"), 60, "max_session: must be 3600 to 43200"),
        (("accounts", known.OWNER, "roles", "BOB"), "text", "roles.BOB: must be an object"),
        (("accounts", known.OTHER, "kms"), {"k": {"region": "moon"}}, "kms.k.region: must be the name of a Region"),
        (("accounts", known.OTHER, "kms"), {"k": {"region": "us-east-1", "aliases": ["x"]}}, "aliases[0]: must be of"),
        (
            ("accounts", known.OWNER, "users", "bob", "tags"),
            {"team": "a", "Team": "b"},
            "tags.Team: is there in another case",
        ),
        (("account",), {}, "account: is not known"),
    ],
)
def test_mistakes_are_told_with_line_and_place(tmp_path: Path, steps: tuple[str, ...], to: object, words: str) -> None:
    path = changed(tmp_path, *steps, to=to)
    told = problems(path)
    assert any(words in problem for problem in told), told
    line = int(told[0].partition(":")[0])
    assert 1 <= line <= len(path.read_text().splitlines())


def test_an_operator_that_is_not_known_is_named_with_its_line(tmp_path: Path) -> None:
    policy = known.allow("s3:GetObject", Condition={"StringLikes": {"aws:username": "b*"}})
    path = changed(tmp_path, "accounts", known.OTHER, "users", "ann", "policies", to=[policy])
    (problem,) = problems(path)
    line, place, _ = problem.split(":", 2)
    assert "StringLikes" in path.read_text().splitlines()[int(line) - 1]
    assert place == f" accounts.{known.OTHER}.users.ann.policies[0]"
    assert "StringLikes is not known" in problem


def test_a_policy_of_six_megabytes_is_refused(tmp_path: Path) -> None:
    policy = known.allow(*[f"s3:Get{number}" for number in range(500_000)])
    path = changed(tmp_path, "accounts", known.OTHER, "users", "ann", "policies", to=[policy])
    assert path.stat().st_size > 6_000_000
    (problem,) = problems(path)
    assert "131,072 are the most" in problem


def test_what_is_written_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    path.write_text('{"accounts": {"111122223333": {\n "users": {},\n "users": {}}}}')
    assert problems(path) == ['3: "users" is there twice']
    path = tmp_path / "twice.yaml"
    path.write_text("accounts:\n  '111122223333':\n    users: {}\n    users: {}\n")
    assert problems(path) == ['4: "users" is there twice']


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    assert "cannot be read" in problems(path)[0]
    for content, words in (
        (b'{"accounts": ]', "1: it is not JSON"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"[]", "must be an object"),
    ):
        path.write_bytes(content)
        assert words in problems(path)[0]
    path.write_text("[" * 100_000)
    assert "nested too deep" in problems(path)[0]
    path = tmp_path / "file.yml"
    path.write_text("accounts: [")
    assert "it is not YAML" in problems(path)[0]
    path.write_text("a: &x {}\nb: *x\n")
    assert "anchors" in problems(path)[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.data())
def test_the_line_of_a_member_is_that_where_it_stands(document: Any, data: st.DataObject) -> None:
    """With one member a line, walking down leads to lines that only grow."""
    steps: list[str | int] = []
    node = document
    while isinstance(node, dict | list) and node:
        step = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        steps.append(step)
        node = node[step]
    text = json.dumps(document, indent=1)
    places = object.__new__(Places)
    places._text, places._root = text, None
    lines = [places.line(steps[:length]) for length in range(len(steps) + 1)]
    assert lines == sorted(set(lines))
    if steps and isinstance(steps[-1], str):
        assert text.splitlines()[lines[-1] - 1].lstrip().startswith(json.dumps(steps[-1]) + ":")


def test_a_line_that_is_not_there_is_that_around_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n "a": [\n  1\n ]\n}')
    assert Places(path).line(("a", 7)) == 2
    assert Places(path).line(("b",)) == 1
    path.write_text("nonsense")
    with pytest.raises(DocumentError):
        Places(path)
