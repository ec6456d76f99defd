"""`custom-labels serve`: one clear line where it cannot start (O-3, O-5), and a graceful end."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import command_environment, custom_labels
from support.server import PROJECT_ROOT, EmulatorProcess

FAILURE = 1


def refusal(folder: Path, *arguments: str, settings: dict[str, str] | None = None) -> str:
    """The one line that `serve` must end with."""
    ended = custom_labels("serve", *arguments, folder=folder, settings=settings)
    assert (ended.returncode, ended.stdout) == (FAILURE, ""), ended.stderr
    assert ended.stderr.startswith("custom-labels: ") and ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.removeprefix("custom-labels: ").strip()


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refusal(tmp_path, "--port", port, "--ephemeral")
    assert f"127.0.0.1:{port}" in line and "--port" in line


def test_a_port_in_use_leaves_no_new_directory(tmp_path: Path) -> None:
    """O-3: nothing changed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refusal(tmp_path, "--port", str(taken.getsockname()[1]), "--data-dir", "new/data")
    assert list(tmp_path.iterdir()) == []


def test_data_directory_in_use(start_emulator: Callable[..., EmulatorProcess], tmp_path: Path) -> None:
    process = start_emulator()
    line = refusal(tmp_path, "--port", "0", "--data-dir", str(process.data_directory))
    assert str(process.data_directory) in line
    assert process.control("GET", "/_emulator/ready")[0] == 200, "the other one goes on"


def test_data_directory_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    line = refusal(tmp_path, "--port", "0", "--data-dir", "file")
    assert "file" in line and "--data-dir" in line
    assert (tmp_path / "file").read_text() == "mine"


def test_data_directory_of_a_newer_release(start_emulator: Callable[..., EmulatorProcess], tmp_path: Path) -> None:
    process = start_emulator()
    process.client("rekognition").create_project(ProjectName="kept")
    assert process.terminate() == 0
    assert process.data_directory is not None
    state = process.data_directory / "state.sqlite"
    with sqlite3.connect(state) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    connection.close()
    before = state.read_bytes()
    line = refusal(tmp_path, "--port", "0", "--data-dir", str(process.data_directory))
    assert "newer release" in line and "9999" in line
    assert state.read_bytes() == before, "nothing was changed"


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("CUSTOM_LABELS_PROT", "1", "CUSTOM_LABELS_PROT"),
        ("CUSTOM_LABELS_PORT", "http", "CUSTOM_LABELS_PORT=http"),
        ("CUSTOM_LABELS_TRAINING_EFFORT", "heroic", "fast, standard, best"),
        ("CUSTOM_LABELS_AUTH", "iam", "CUSTOM_LABELS_AUTH=iam"),
        ("CUSTOM_LABELS_S3_ENDPOINT_URL", "minio:9000", "CUSTOM_LABELS_S3_ENDPOINT_URL=minio:9000"),
    ],
)
def test_setting_that_does_not_fit(name: str, value: str, named: str, tmp_path: Path) -> None:
    assert named in refusal(tmp_path, settings={name: value})
    assert list(tmp_path.iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("text", [None, "{", '{"111122223333": {}}', '{"111122223333": 5}', "aws_access_key_id = a"])
def test_credentials_of_an_outside_s3_that_cannot_be_read(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    if text is not None:
        path.write_text(text)
    outside = ("--s3-endpoint-url", "http://127.0.0.1:9", "--s3-credentials", str(path))
    line = refusal(tmp_path, "--port", "0", "--ephemeral", *outside)
    assert "CUSTOM_LABELS_S3_CREDENTIALS" in line and str(path) in line


def test_flag_that_does_not_fit(tmp_path: Path) -> None:
    assert "--port=70000" in refusal(tmp_path, "--port", "70000")


def test_help_tells_choices_defaults_and_variables(tmp_path: Path) -> None:
    """O-2."""
    told = " ".join(custom_labels("serve", "--help", folder=tmp_path).stdout.split())
    assert "--log-level {debug,info,warning,error} How much is logged. Default: info" in told
    assert "--log-level is CUSTOM_LABELS_LOG_LEVEL" in told


def test_a_second_signal_does_not_interrupt_the_end(tmp_path: Path) -> None:
    """O-3: Ctrl-C reaches the emulator of a demo together with the demo's own SIGTERM."""
    program = (
        "import signal; from emulator.commands import serve; serve._end_quietly_on_signals()\n"
        "try: signal.raise_signal(signal.SIGINT)\n"
        "finally: signal.raise_signal(signal.SIGTERM); signal.raise_signal(signal.SIGINT); print('all is tidy')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "all is tidy\n", "")


def test_ephemeral_data_are_gone_at_the_end(tmp_path: Path) -> None:
    with EmulatorProcess(environment={"TMPDIR": str(tmp_path)}) as process:
        assert [path.name.startswith("custom-labels-") for path in tmp_path.iterdir()] == [True]
        assert process.terminate() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_detailed_log_tells_no_secrets_of_an_outside_s3(
    start_emulator: Callable[..., EmulatorProcess], tmp_path: Path, account: str
) -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "the-secret", "aws_session_token": "the-token"}
    (tmp_path / "credentials.json").write_text(json.dumps({account: keys}))
    process = start_emulator(
        {
            "CUSTOM_LABELS_LOG_LEVEL": "debug",
            "CUSTOM_LABELS_S3_ENDPOINT_URL": "http://127.0.0.1:9",
            "CUSTOM_LABELS_S3_CREDENTIALS": str(tmp_path / "credentials.json"),
        }
    )
    rekognition = process.client("rekognition", account)
    project = rekognition.create_project(ProjectName="p")["ProjectArn"]
    manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": "bucket", "Name": "a.manifest"}}}
    arn = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=manifest)["DatasetArn"]
    while rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]["Status"] == "CREATE_IN_PROGRESS":
        time.sleep(0.05)
    assert "the outside S3" in process.log()
    assert not re.search("the-secret|the-token|Signature=[0-9a-f]", process.log())


def pastable() -> list[str]:
    """The installed command by its name or its path, else the interpreter that runs the emulator."""
    beside = Path(sys.executable).with_name("custom-labels")
    within = [beside.relative_to(PROJECT_ROOT)] if beside.is_relative_to(PROJECT_ROOT) else []
    return ["custom-labels", *map(str, within), str(beside), f"{sys.executable} -m emulator"]


def test_start_says_where_it_listens_and_what_to_try(emulator: EmulatorProcess) -> None:
    assert f"Custom Labels emulator on {emulator.endpoint}\n" in emulator.log()
    suggested = emulator.log().partition("Try it: ")[2].partition("\n")[0]
    assert suggested in [f"{command} demo --endpoint-url {emulator.endpoint}" for command in pastable()]


def test_start_says_nothing_else(emulator: EmulatorProcess) -> None:
    """No lines of the web server before it; its warnings are shown."""
    before = emulator.log().partition("Custom Labels emulator on ")[0].splitlines()
    assert [line.rpartition(" ")[2] for line in before] in ([], ["ready"]), before
    assert "uvicorn" not in emulator.log().partition("Try it: ")[0]


def test_help_has_groups_and_names_for_values(tmp_path: Path) -> None:
    told = custom_labels("serve", "--help", folder=tmp_path).stdout
    assert "VALUE" not in told and "more:" not in told, "a new setting has its place in settings.GROUPS"
    groups = re.findall(r"^(\S.*):$", told, re.MULTILINE)
    assert groups[:4] == ["options", "where it listens", "what it keeps", "for programs that start it"]
    assert "--port PORT" in told and "--training-effort {instant,fast,standard,best}" in told
    assert "Default: 0\n" in told, "a default of 0 is told"
