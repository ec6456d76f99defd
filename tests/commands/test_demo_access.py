"""`custom-labels demo` against an emulator that verifies signatures (O-4, O-33)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from support import identities as known
from support.command_line import COMMAND, command_environment
from support.server import EmulatorProcess

DEMO_SECONDS = 180.0


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = known.settings(tmp_path_factory.mktemp("identities"), "iam")
    with EmulatorProcess(environment={**settings, "CUSTOM_LABELS_TRAINING_EFFORT": "instant"}) as started:
        yield started


def demo(emulator: EmulatorProcess, **variables: str) -> subprocess.CompletedProcess[str]:
    nothing = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    return subprocess.run(
        [*COMMAND, "demo", "--endpoint-url", emulator.endpoint],
        env=command_environment({"AWS_EC2_METADATA_DISABLED": "true", **nothing, **variables}),
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )


def pair(key: tuple[str, str]) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]}


def test_the_demo_runs_with_the_users_own_key(emulator: EmulatorProcess) -> None:
    shown = demo(emulator, **pair(known.ROOT_KEY))
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "CUSTOM_LABELS_AUTH=iam"),
        (pair(("AKIANOBODY0000000001", "x")), "InvalidClientTokenId"),
        (pair((known.ROOT_KEY[0], "another secret")), "SignatureDoesNotMatch"),
        (pair(known.EVE_KEY), "AccessDenied"),
    ],
    ids=["none", "unknown", "wrong-secret", "no-policies"],
)
def test_who_is_refused_is_told_so_in_a_line(emulator: EmulatorProcess, variables: dict[str, str], told: str) -> None:
    refused = demo(emulator, **variables)
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert line.startswith("custom-labels: ")
    assert told in line and "AWS_ACCESS_KEY_ID" in line
