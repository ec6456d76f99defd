"""Sixty-four clients of everything beside two trainings: `python -m benchmarks busy [--seconds 60] [--clients 64]`.

Every client calls one operation after another, drawn from all of Rekognition, S3 and the control API, with a pause of
up to `--pause` seconds before each. They live on one event loop of a process of their own, with prepared requests, so
that little of what is measured is the client. Two detectors train all the time; where one ends, the next begins.
Printed: p50, p99 and maximum by plane, the slowest operations, answers by status, the event loop's own lag, and CPU
seconds of server, clients and trainings. `--without-trainings` gives the figures to compare with.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import re
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from urllib.parse import urlsplit

import psutil

from support.pictures import SINGLE_LABELS, box_manifest, draw_picture, image_level_line, single_label_pictures
from support.projects import Project, new_project
from support.raw_http import authorization, signed_headers
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
TRAININGS = 2
PICTURE_SIDE = 640
NOTHING_OWN = {
    "$own-project": f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project/gone/1700000000000",
    "$own-dataset": f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project/gone/dataset/train/1700000000000",
}
"""What a client's requests name before it has made something."""


@dataclass(frozen=True)
class Request:
    """One prepared request. `plane` is control, s3, detect or emulator."""

    plane: str
    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encoded(self, own: Mapping[str, str]) -> bytes:
        """As it goes over the wire; $n becomes a number of its own, names of `own` the client's ARNs."""
        number = str(random.randrange(10**6))
        body = self.body
        if self.plane == "control":
            text = self.body.decode().replace("$n", number)
            for name, arn in own.items():
                text = text.replace(name, arn)
            body = text.encode()
        lines = [f"{self.method} {self.path.replace('$n', number)} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass
class Figures:
    """Seconds by operation, and answers by plane, operation and status."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    cpu_seconds: float = 0.0


async def drive(address: tuple[str, int], requests: Sequence[Request], clients: int, seconds: float, pause: float,
                seed: int) -> Figures:  # fmt: skip
    """Send requests over so many connections for some seconds."""
    figures, drawn = Figures(), random.Random(seed)
    ends = time.monotonic() + seconds

    async def one_client() -> None:
        reader, writer = await asyncio.open_connection(*address)
        own = dict(NOTHING_OWN)
        while time.monotonic() < ends:
            request = drawn.choice(requests)
            await asyncio.sleep(drawn.uniform(0, pause))
            began = time.perf_counter()
            writer.write(request.encoded(own))
            status, is_open, body = await read_answer(reader, has_body=request.method != "HEAD")
            note_own(own, request.name, status, body)
            figures.seconds[request.plane, request.name].append(time.perf_counter() - began)
            figures.statuses[request.plane, request.name, status] += 1
            if not is_open:
                writer.close()
                reader, writer = await asyncio.open_connection(*address)
        writer.close()

    await asyncio.gather(*(one_client() for _ in range(clients)))
    figures.cpu_seconds = time.process_time()
    return figures


def note_own(own: dict[str, str], name: str, status: int, body: bytes) -> None:
    """Remember the project and the dataset that a client made last, until it has deleted them."""
    if status == 200 and name in ("CreateProject", "CreateDataset"):
        kind = name.removeprefix("Create")
        own[f"$own-{kind.lower()}"] = json.loads(body)[f"{kind}Arn"]
    elif status == 200 and name in ("DeleteProject", "DeleteDataset"):
        place = f"$own-{name.removeprefix('Delete').lower()}"
        own[place] = NOTHING_OWN[place]


async def read_answer(reader: asyncio.StreamReader, *, has_body: bool) -> tuple[int, bool, bytes]:
    """The status of an answer, whether the connection stays open, and a body of announced length."""
    body = b""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    if has_body and length:
        body = await reader.readexactly(int(length[1]))
    elif has_body and b"transfer-encoding: chunked" in head:
        while (size := int((await reader.readline()).split(b";")[0], 16)) > 0:
            await reader.readexactly(size + 2)
        await reader.readline()
    return status, b"\r\nconnection: close" not in head, body


def drive_in_process(*arguments: object) -> Figures:
    """`drive` on an event loop of this process."""
    return asyncio.run(drive(*arguments))  # type: ignore[arg-type]


def rekognition_requests(project: Project, running: str) -> list[Request]:
    """Every operation; what changes something does so to projects with names of their own."""
    dataset, bucket = project.dataset_arns["TEST"], project.bucket
    lines = "".join(image_level_line(picture, bucket) + "\n" for picture in single_label_pictures(SINGLE_LABELS, 2))
    output = {"S3Bucket": bucket, "S3KeyPrefix": "busy"}
    gone = "$own-project"
    gone_version = running.replace(project.name, "gone-$n")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "999999999999"},
                "Action": "rekognition:CopyProjectVersion",
                "Resource": "*",
            }
        ],
    }
    parameters: dict[str, object] = {
        "CreateProject": {"ProjectName": "busy-$n"},
        "DeleteProject": {"ProjectArn": gone},
        "DescribeProjects": {},
        "CreateDataset": {"ProjectArn": gone, "DatasetType": "TRAIN"},
        "DescribeDataset": {"DatasetArn": dataset},
        "DeleteDataset": {"DatasetArn": "$own-dataset"},
        "UpdateDatasetEntries": {
            "DatasetArn": dataset,
            "Changes": {"GroundTruth": base64.b64encode(lines.encode()).decode()},
        },
        "DistributeDatasetEntries": {
            "Datasets": [{"Arn": arn.replace(project.name, "gone-$n")} for arn in project.dataset_arns.values()]
        },
        "ListDatasetEntries": {"DatasetArn": dataset, "MaxResults": 100},
        "ListDatasetLabels": {"DatasetArn": dataset},
        "CreateProjectVersion": {"ProjectArn": gone, "VersionName": "v", "OutputConfig": output},
        "DescribeProjectVersions": {"ProjectArn": project.arn},
        "StartProjectVersion": {"ProjectVersionArn": gone_version, "MinInferenceUnits": 1},
        "StopProjectVersion": {"ProjectVersionArn": gone_version},
        "DeleteProjectVersion": {"ProjectVersionArn": gone_version},
        "CopyProjectVersion": {
            "SourceProjectArn": project.arn,
            "SourceProjectVersionArn": running,
            "DestinationProjectArn": gone,
            "VersionName": "v",
            "OutputConfig": output,
        },
        "PutProjectPolicy": {
            "ProjectArn": project.arn,
            "PolicyName": "p",
            "PolicyDocument": json.dumps(policy | {"Id": "$n"}),
        },
        "DeleteProjectPolicy": {"ProjectArn": gone, "PolicyName": "p"},
        "ListProjectPolicies": {"ProjectArn": project.arn},
        "TagResource": {"ResourceArn": running, "Tags": {"n": "$n"}},
        "UntagResource": {"ResourceArn": running, "TagKeys": ["m"]},
        "ListTagsForResource": {"ResourceArn": running},
    }
    return [
        Request("control", name, "POST", "/", signed_headers(name, ACCOUNT), json.dumps(given).encode())
        for name, given in parameters.items()
    ] + [
        Request(
            "detect",
            "DetectCustomLabels",
            "POST",
            "/",
            signed_headers("DetectCustomLabels", ACCOUNT),
            json.dumps(
                {
                    "ProjectVersionArn": running,
                    "Image": {"Bytes": base64.b64encode(draw_picture(["circle"], 1).body).decode()},
                }
            ).encode(),
        )
    ]


def s3_requests(bucket: str) -> list[Request]:
    """Objects of 20 kB, lists, tags, and the bucket's own calls."""
    signed = {"Authorization": authorization(ACCOUNT, service="s3")}
    body = random.Random(0).randbytes(20_000)
    tags = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    return [
        Request("s3", name, method, f"/{path}", signed | more, sent)
        for name, method, path, sent, more in (
            ("PutObject", "PUT", f"{bucket}/busy", body, {}),
            ("GetObject", "GET", f"{bucket}/busy", b"", {}),
            ("HeadObject", "HEAD", f"{bucket}/busy", b"", {}),
            ("CopyObject", "PUT", f"{bucket}/copy", b"", {"x-amz-copy-source": f"/{bucket}/busy"}),
            ("DeleteObject", "DELETE", f"{bucket}/gone-$n", b"", {}),
            ("PutObjectTagging", "PUT", f"{bucket}/busy?tagging", tags, {}),
            ("GetObjectTagging", "GET", f"{bucket}/busy?tagging", b"", {}),
            ("ListObjectsV2", "GET", f"{bucket}?list-type=2", b"", {}),
            ("ListBuckets", "GET", "", b"", {}),
            ("HeadBucket", "HEAD", bucket, b"", {}),
            ("CreateMultipartUpload", "POST", f"{bucket}/part?uploads", b"", {}),
        )
    ]


def emulator_requests() -> list[Request]:
    """The control paths that change nothing for the others."""
    return [
        Request("emulator", f"GET {path}", "GET", f"/_emulator/{path}", {})
        for path in ("health", "ready", "usage", "metrics", "clock", "transitions", "faults", "answers")
    ]


def prepare(emulator: EmulatorProcess) -> tuple[Project, str]:
    """A running model, and images with boxes for the detectors that train meanwhile."""
    project = new_project(emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    project.train(Tags={"custom-labels:training-effort": "instant"})
    return project, project.start_model()


class Trainings:
    """Keeps two trainings going until they are told to end."""

    def __init__(self, emulator: EmulatorProcess) -> None:
        self._projects = [self._project(emulator) for _ in range(TRAININGS)]
        self._ends = threading.Event()
        self.begun = 0
        self._thread = threading.Thread(target=self._keep_going)

    def __enter__(self) -> Trainings:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    @staticmethod
    def _project(emulator: EmulatorProcess) -> Project:
        project = new_project(emulator, ACCOUNT)
        for kind, each, seed in (("TRAIN", 30, 1), ("TEST", 5, 900)):
            pictures = single_label_pictures(SINGLE_LABELS, each, seed, size=(PICTURE_SIDE, PICTURE_SIDE), kind="JPEG")
            project.create_dataset(kind, pictures, box_manifest)
        return project

    def _keep_going(self) -> None:
        names = [""] * len(self._projects)
        while not self._ends.is_set():
            for place, project in enumerate(self._projects):
                if not names[place] or project.describe_version(names[place])["Status"] != "TRAINING_IN_PROGRESS":
                    self.begun += 1
                    names[place] = f"version-{self.begun}"
                    project.start_training(names[place])
            self._ends.wait(1.0)


def loop_lag(endpoint: str) -> str:
    """How many looks found the event loop so late, from the emulator's own metric."""
    with urllib.request.urlopen(f"{endpoint}/_emulator/metrics", timeout=60) as answer:
        text = answer.read().decode()
    found = re.findall(r'event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\d+)', text)
    return ", ".join(f"{bound}: {count}" for bound, count in found)


def report(figures: Figures, seconds: float, *, every: bool) -> None:
    """Print quantiles by plane, and of the slowest operations or of `every` one."""
    planes: dict[str, list[float]] = defaultdict(list)
    for (plane, _), taken in figures.seconds.items():
        planes[plane] += taken
    for plane, taken in sorted(planes.items()):
        print(f"{plane:9} {len(taken) / seconds:6.0f}/s  {quantiles(taken)}")
    slowest = sorted(figures.seconds.items(), key=lambda item: -percentile(item[1], 0.99))
    for (plane, name), taken in slowest if every else slowest[:8]:
        print(f"  {plane} {name} ({len(taken)}): {quantiles(taken)}")
    bad = {f"{name} {status}": count for (_, name, status), count in figures.statuses.items() if status >= 500}
    print(f"answers: {sum(figures.statuses.values())}; 5xx: {bad or 0}")


def quantiles(taken: Sequence[float]) -> str:
    """p50, p99 and the largest, in milliseconds."""
    return "p50 {:.1f} ms, p99 {:.1f} ms, max {:.0f} ms".format(
        *(1000 * value for value in (percentile(taken, 0.5), percentile(taken, 0.99), max(taken)))
    )


def percentile(taken: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed."""
    return sorted(taken)[min(len(taken) - 1, int(share * len(taken)))]


def main() -> None:
    """Prepare, drive, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--without-trainings", action="store_true")
    parser.add_argument("--every", action="store_true", help="print every operation, not the slowest alone")
    arguments = parser.parse_args()
    environment = {"CUSTOM_LABELS_CONCURRENT_TRAININGS": str(TRAININGS), "CUSTOM_LABELS_LOG_LEVEL": "error"}
    with EmulatorProcess(environment=environment) as emulator:
        project, running = prepare(emulator)
        requests = [
            *rekognition_requests(project, running),
            *s3_requests(project.bucket),
            *emulator_requests(),
        ]
        place = urlsplit(emulator.endpoint)
        address = (place.hostname or "127.0.0.1", place.port or 80)
        if arguments.without_trainings:
            measure(emulator, address, requests, arguments)
            return
        with Trainings(emulator) as trainings:
            time.sleep(8.0)  # until both have read their images and compute
            measure(emulator, address, requests, arguments)
            print(f"trainings begun: {trainings.begun}")


def measure(
    emulator: EmulatorProcess, address: tuple[str, int], requests: Sequence[Request], arguments: argparse.Namespace
) -> None:
    """Drive from a process of its own, and print."""
    server = psutil.Process(emulator.process.pid)
    before = cpu_seconds([server]), training_seconds(server)
    given = (address, requests, arguments.clients, arguments.seconds, arguments.pause, 0)
    with get_context("spawn").Pool(1) as pool:
        figures = pool.apply(drive_in_process, given)
    children = server.children()
    report(figures, arguments.seconds, every=arguments.every)
    print(f"event loop late by, seconds: {loop_lag(emulator.endpoint)}")
    served, trained = cpu_seconds([server]) - before[0], training_seconds(server) - before[1]
    calls = sum(figures.statuses.values())
    print(f"server CPU a call, with the work of jobs and of the model: {1e3 * served / calls:.2f} ms")
    print(
        f"CPU seconds: server {served:.0f}, clients {figures.cpu_seconds:.0f}, trainings {trained:.0f}; "
        f"niceness of trainings {[one.nice() for one in children]}"
    )


def training_seconds(server: psutil.Process) -> float:
    """CPU seconds of a server's worker processes, of those that ended as well."""
    ended = server.cpu_times()
    return float(ended.children_user + ended.children_system) + cpu_seconds(server.children())


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """User and system time of processes."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


if __name__ == "__main__":
    main()
