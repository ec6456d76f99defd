"""A reset between test cases: `python -m benchmarks reset`."""

from __future__ import annotations

import statistics
import time
from urllib.parse import urlsplit

import psutil

from support.raw_http import RawConnection
from support.server import EmulatorProcess

CASES = 100
OBJECTS = 5


def main() -> None:
    """Print the time of POST /_emulator/reset after each of a hundred small cases."""
    with EmulatorProcess(environment={"CUSTOM_LABELS_LOG_LEVEL": "warning"}) as emulator:
        rekognition, s3 = emulator.client("rekognition"), emulator.client("s3")
        place = urlsplit(emulator.endpoint)
        server = psutil.Process(emulator.process.pid)
        spent, cpu = [], []
        for case in range(CASES):
            s3.create_bucket(Bucket="case")
            for number in range(OBJECTS):
                s3.put_object(Bucket="case", Key=f"object-{number}", Body=b"x" * 10_000)
            arn = rekognition.create_project(ProjectName=f"case-{case}")["ProjectArn"]
            rekognition.create_dataset(ProjectArn=arn, DatasetType="TRAIN")
            with RawConnection((place.hostname or "127.0.0.1", place.port or 80)) as connection:
                before, began = sum(server.cpu_times()[:2]), time.perf_counter()
                assert connection.request("POST", "/_emulator/reset", {}).status == 200
                spent.append((time.perf_counter() - began) * 1e3)
                cpu.append((sum(server.cpu_times()[:2]) - before) * 1e3)
    print(
        f"reset after a case with a project, a dataset and {OBJECTS} objects, {CASES} times: median "
        f"{statistics.median(spent):.1f} ms, 90 % under {sorted(spent)[CASES * 9 // 10]:.1f} ms, "
        f"mean CPU {statistics.mean(cpu):.1f} ms"
    )


if __name__ == "__main__":
    main()
