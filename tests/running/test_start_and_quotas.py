"""What holds from the start: files with faults and answers, init scripts, the account's quotas (O-5, O-11, O-12)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server.init_scripts import InitScriptError, parse_http_file
from support.projects import error_code, error_of
from support.server import PROJECT_ROOT, EmulatorProcess, environment_without_settings

Start = Callable[..., EmulatorProcess]


@pytest.fixture
def silent_host() -> Iterator[str]:
    """The address of somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def failing_start(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--data-dir", str(directory), *arguments]
    return subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env=environment_without_settings(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_faults_and_answers_from_files_hold_again_after_a_reset(start_emulator: Start, tmp_path: Path) -> None:
    faults, answers = tmp_path / "faults.json", tmp_path / "answers.json"
    faults.write_text(json.dumps([{"operation": "DescribeProjects", "error": "ThrottlingException", "count": 1}]))
    answers.write_text(json.dumps({"answers": [{"s3_key": "*", "labels": []}]}))
    emulator = start_emulator(arguments=["--faults", str(faults), "--answers", str(answers)])
    rekognition = emulator.client("rekognition")
    for _ in range(2):
        assert error_code(rekognition.describe_projects) == "ThrottlingException"
        rekognition.describe_projects()
        emulator.control("POST", "/_emulator/faults", {"error": "InternalServerError"})
        assert len(emulator.control("GET", "/_emulator/answers")[1]["answers"]) == 1
        emulator.control("POST", "/_emulator/reset")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ('[{"error": "ThrottlingException", "message": "\\ud800"}]', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('[{"error": "NoSuchError"}]', "faults[0].error: NoSuchError"),
    ],
)
def test_a_file_that_is_wrong_ends_the_start_with_one_line(tmp_path: Path, content: str | None, told: str) -> None:
    file = tmp_path / "faults.json"
    if content is not None:
        file.write_text(content)
    ended = failing_start(tmp_path / "data", "--faults", str(file))
    assert ended.returncode == 1
    assert told in ended.stderr and str(file) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_init_scripts_run_in_order_before_ready(start_emulator: Start, tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "10-bucket.py").write_text(
        "import os, boto3\n"
        "boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL']).create_bucket(Bucket='made-at-start')\n"
    )
    (scripts / "20-policy.http").write_text(
        "# starting is slow here\n"
        "PUT /_emulator/transitions\nContent-Type: application/json\n\n"
        '{"starting": {"type": "seconds", "seconds": 7}}\n'
        "### and a fault\n"
        "POST /_emulator/faults HTTP/1.1\n\n"
        '{"operation": "TagResource",\n "error": "ThrottlingException"}\n'
    )
    (scripts / "30-note.sh").write_text(f'echo "shell sees $EMULATOR_ENDPOINT"; ls > {tmp_path}/seen\n')
    (scripts / "notes.txt").write_text("not a script")
    emulator = start_emulator(arguments=["--init-dir", str(scripts)])
    assert [b["Name"] for b in emulator.client("s3", "000000000000").list_buckets()["Buckets"]] == ["made-at-start"]
    assert emulator.control("GET", "/_emulator/transitions")[1]["starting"] == {"type": "seconds", "seconds": 7}
    assert len(emulator.control("GET", "/_emulator/faults")[1]["faults"]) == 1
    assert "10-bucket.py" in (tmp_path / "seen").read_text()
    assert f"shell sees {emulator.endpoint}" in emulator.log()


@pytest.mark.parametrize("is_file", [False, True])
def test_a_folder_of_init_scripts_that_is_not_there_ends_the_start_with_one_line(
    tmp_path: Path, *, is_file: bool
) -> None:
    """O-5: a setting is never ignored."""
    named = tmp_path / "scripts"
    if is_file:
        named.write_text("echo no folder")
    ended = failing_start(tmp_path / "data", "--init-dir", str(named))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert f"CUSTOM_LABELS_INIT_DIR={named}" in ended.stderr


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("fail.sh", "echo before the end; exit 3\n", ("exit code 3", "before the end")),
        ("fail.py", "raise SystemExit('python says no')\n", ("exit code 1", "python says no")),
        ("fail.http", "PUT /_emulator/clock\n\n{}\n", ("answered 400", "InvalidClock")),
        ("broken.http", "not a request\n", ("expected METHOD TARGET",)),
        ("port.http", "GET http://127.0.0.1:1x/\n", ("GET http://127.0.0.1:1x/", "nonnumeric port")),
        ("letter.http", "GET /_emulator/\u00fc\n", ("ordinal not in range",)),
        ("shebang.sh", "#!/no/such/shell\ntrue\n", ("cannot be run", "first line")),
    ],
)
def test_a_failing_script_stops_the_start_with_its_output(
    tmp_path: Path, name: str, content: str, told: tuple[str, ...]
) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / name).write_text(content, encoding="utf-8")
    (scripts / name).chmod(0o755 if content.startswith("#!") else 0o644)
    ended = failing_start(tmp_path / "data", "--init-dir", str(scripts))
    assert ended.returncode == 1
    assert all(text in ended.stderr for text in (name, *told)), ended.stderr


@pytest.mark.parametrize(("name", "content"), [("wait.sh", "sleep 600\n"), ("wait.http", "GET http://{silent}/\n")])
def test_a_script_that_hangs_does_not_keep_the_emulator_from_ending(
    tmp_path: Path, silent_host: str, name: str, content: str
) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / name).write_text(content.format(silent=silent_host))
    emulator = EmulatorProcess(tmp_path / "data", arguments=["--init-dir", str(scripts)])
    try:
        emulator.start(wait_ready=False)
        assert emulator.control("GET", "/_emulator/health")[0] == 200
        assert emulator.control("GET", "/_emulator/ready")[0] == 503
        assert emulator.terminate() == 0
    finally:
        emulator.close()


def test_a_script_may_leave_something_in_the_background(start_emulator: Start, tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "background.sh").write_text(f"sleep 600 &\necho $! > {tmp_path}/left\necho started\n")
    emulator = start_emulator(arguments=["--init-dir", str(scripts)])
    os.kill(int((tmp_path / "left").read_text()), signal.SIGTERM)
    assert "background.sh: started" in emulator.log()


def test_http_files() -> None:
    requests = parse_http_file("### one\nGET /a\n\n###\n// two\nPOST http://h/b\nA: b: c\n\nline 1\n\nline 2\n\n")
    assert [(one.method, one.target, one.headers, one.body) for one in requests] == [
        ("GET", "/a", {}, ""),
        ("POST", "http://h/b", {"A": "b: c"}, "line 1\n\nline 2"),
    ]
    with pytest.raises(InitScriptError, match="NAME: VALUE"):
        parse_http_file("GET /a\nno header\n")


def codes_of(call: Callable[..., Any], times: int, **parameters: Any) -> list[str]:
    codes = []
    for _ in range(times):
        try:
            call(**parameters)
            codes.append("OK")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    return codes


def test_the_account_s_quotas_hold_if_asked_for(start_emulator: Start) -> None:
    emulator = start_emulator({"CUSTOM_LABELS_QUOTAS": "aws"})
    emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": 1_700_000_000})
    rekognition, other = emulator.client("rekognition"), emulator.client("rekognition", "222233334444")
    assert codes_of(rekognition.describe_projects, 6) == ["OK"] * 5 + ["ThrottlingException"]
    error = error_of(rekognition.describe_projects)
    assert error["Message"] == "Slow down; sudden increase in rate of requests." and error["HTTPStatusCode"] == 400
    assert codes_of(other.describe_projects, 5) == ["OK"] * 5
    emulator.control("POST", "/_emulator/clock/advance", {"seconds": 1})
    for number in range(100):
        rekognition.create_project(ProjectName=f"project-{number}")
        if number % 5 == 4:
            emulator.control("POST", "/_emulator/clock/advance", {"seconds": 1})
    error = error_of(rekognition.create_project, ProjectName="one-too-many")
    assert error["Code"] == "LimitExceededException" and "100" in error["Message"]
    image, arn = {"Bytes": b"x"}, "arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1700000000000"
    codes = codes_of(rekognition.detect_custom_labels, 51, ProjectVersionArn=arn, Image=image)
    assert codes == ["ResourceNotFoundException"] * 50 + ["ProvisionedThroughputExceededException"]


def test_without_quotas_nothing_is_limited(start_emulator: Start) -> None:
    rekognition = start_emulator().client("rekognition")
    assert codes_of(rekognition.describe_projects, 30) == ["OK"] * 30
