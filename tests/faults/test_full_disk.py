"""A disk that is full refuses calls with one line in the log; what was acknowledged stays, and all goes on (row 13)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from support.projects import unique_name
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
SIZE = 24 * 2**20
CALLS = 30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it mounts a small file system")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("it takes the right to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Write until there is no room for another page."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**16, 4096, 512):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    assert os.statvfs(place).f_bavail == 0
    return ballast


def refused(call: object, **parameters: object) -> int:
    """The status of the error that a call answers."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)  # type: ignore[operator]
    status: int = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_a_full_disk_is_one_line_in_the_log(small_disk: Path) -> None:
    with EmulatorProcess(small_disk / "data", {"CUSTOM_LABELS_LOG_LEVEL": "warning"}) as emulator:
        rekognition, s3 = emulator.client("rekognition", ACCOUNT), emulator.client("s3", ACCOUNT)
        kept, bucket = rekognition.create_project(ProjectName=unique_name())["ProjectArn"], unique_name()
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="kept", Body=b"kept")
        ballast = fill(small_disk)
        before = len(emulator.log())
        for number in range(CALLS):
            tags = {"n": f"{number}" + "x" * 200}
            assert refused(rekognition.tag_resource, ResourceArn=kept, Tags=tags) == 500
            assert refused(s3.put_object, Bucket=bucket, Key=f"{number}", Body=bytes(50_000)) == 500
        status, answer = emulator.control("GET", "/_emulator/state")
        assert (status, answer["error"]["code"]) == (507, "NotEnoughSpace")
        printed = emulator.log()[before:]
        assert "Traceback" not in printed
        lines = [
            line
            for line in printed.splitlines()
            if "the disk of the data directory, or of its database, is full" in line
        ]
        assert 1 <= len(lines) <= 1 + CALLS // 5, printed
        assert len(printed.splitlines()) == len(lines), printed
        # All can still be read, and there is room again.
        assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"kept"
        ballast.unlink()
        rekognition.tag_resource(ResourceArn=kept, Tags={"n": "1"})
        s3.put_object(Bucket=bucket, Key="after", Body=b"after")
        assert rekognition.list_tags_for_resource(ResourceArn=kept)["Tags"] == {"n": "1"}
        assert not re.search("Traceback", emulator.log())
