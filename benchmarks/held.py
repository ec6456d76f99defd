"""What held waiter calls cost (O-18): `python -m benchmarks held`."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil

from support.raw_http import RawConnection, signed_headers
from support.running import RunningLab
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
CALLS = 300
SECONDS = 5.0


def main() -> None:
    """Hold some hundred DescribeProjectVersions calls for a while, let all go at once, and print what it cost."""
    settings = {"CUSTOM_LABELS_LOG_LEVEL": "warning", "CUSTOM_LABELS_TRAINING_EFFORT": "fast"}
    with EmulatorProcess(environment=settings) as emulator, ExitStack() as opened:
        lab = RunningLab.create(emulator, ACCOUNT)
        arn = lab.trained.version_arns["first"]
        lab.manual_time()
        lab.control("PUT", "transitions", {"starting": {"type": "seconds", "seconds": 60}})
        lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
        place = urlsplit(emulator.endpoint)
        address = (place.hostname or "127.0.0.1", place.port or 80)
        connections = [opened.enter_context(RawConnection(address)) for _ in range(CALLS)]
        server = psutil.Process(emulator.process.pid)
        time.sleep(SECONDS)  # the model is loaded meanwhile
        memory = server.memory_info().rss
        request = _request(lab.trained.arn)
        for connection in connections:
            connection.send(request)
        time.sleep(1.0)
        held, before = server.memory_info().rss - memory, _cpu(server)
        time.sleep(SECONDS)
        cpu = _cpu(server) - before
        began = time.perf_counter()
        lab.advance(60)
        answers = [connection.read_response().json() for connection in connections]
        took = time.perf_counter() - began
    statuses = {answer["ProjectVersionDescriptions"][0]["Status"] for answer in answers}
    print(
        f"{CALLS} held calls: {cpu / SECONDS * 100:.2f} % of a core, {held / CALLS / 1024:.0f} KiB each; "
        f"all answered {', '.join(statuses)} within {took * 1e3:.0f} ms of the change"
    )


def _request(project_arn: str) -> bytes:
    body = json.dumps({"ProjectArn": project_arn, "VersionNames": ["first"]})
    headers = signed_headers("DescribeProjectVersions", ACCOUNT) | {
        "Host": "localhost",
        "User-Agent": "Boto3/1 m/b,B",
        "Content-Length": str(len(body)),
    }
    lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", body]
    return "\r\n".join(lines).encode()


def _cpu(process: psutil.Process) -> float:
    user, system = process.cpu_times()[:2]
    return float(user + system)


if __name__ == "__main__":
    main()
