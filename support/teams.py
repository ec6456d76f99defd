"""Four teams on one emulator: two reset in turn while a third trains and a fourth copies (O-39)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.pictures import single_label_pictures
from support.projects import Project, copy_of, new_project, trained_project, unique_name
from support.server import EmulatorProcess

FIRST, SECOND, TRAINER, COPIER = "100000000001", "100000000002", "100000000003", "100000000004"
LABELS = ("circle", "square")
SETTINGS = {"CUSTOM_LABELS_TRAINING_EFFORT": "instant", "CUSTOM_LABELS_LOG_LEVEL": "warning"}


@dataclass
class Worker:
    """A team whose work goes on in a thread of its own, one piece after the other, until `end` is set."""

    project: Project
    done: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    end: threading.Event = field(default_factory=threading.Event)

    def train(self) -> None:
        """Train version after version; each must be as good as the first."""
        f1 = self.project.describe_version("first")["EvaluationResult"]["F1Score"]
        while not self.end.is_set():
            name = f"trained-{len(self.done)}"
            self.project.start_training(name)
            found = self.project.wait_version(name, "TRAINING_COMPLETED", "TRAINING_FAILED")
            if found["Status"] != "TRAINING_COMPLETED" or found["EvaluationResult"]["F1Score"] != f1:
                self.problems.append(f"{name}: {found['Status']}, {found['StatusMessage']}")
            self.done.append(name)

    def copy(self) -> None:
        """Copy the first version again and again."""
        while not self.end.is_set():
            name = f"copied-{len(self.done)}"
            self.project.rekognition.copy_project_version(**copy_of(self.project, self.project, name))
            found = self.project.wait_version(name, "COPYING_COMPLETED", "COPYING_FAILED")
            if found["Status"] != "COPYING_COMPLETED":
                self.problems.append(f"{name}: {found['Status']}, {found['StatusMessage']}")
            self.done.append(name)

    def check(self) -> None:
        """Everything that was made is there, with its files."""
        assert self.problems == []
        pages = self.project.rekognition.get_paginator("describe_project_versions").paginate(
            ProjectArn=self.project.arn
        )
        names = {
            page["ProjectVersionArn"].split("/")[3] for each in pages for page in each["ProjectVersionDescriptions"]
        }
        assert names == {"first", *self.done}
        keys = [
            item["Key"]
            for page in self.project.s3.get_paginator("list_objects_v2").paginate(Bucket=self.project.bucket)
            for item in page["Contents"]
        ]
        for name in names:
            assert any(f"/{name}/" in key or f"-{name}-" in key or name in key for key in keys), name


@contextmanager
def at_work(emulator: EmulatorProcess) -> Iterator[tuple[Worker, Worker]]:
    """A team that trains and one that copies, for as long as the block runs; afterwards all of theirs is looked at."""
    train, test = single_label_pictures(LABELS, 5), single_label_pictures(LABELS, 2, seed=500)
    trainer = Worker(trained_project(emulator, TRAINER, train, test))
    copier = Worker(trained_project(emulator, COPIER, train, test))
    threads = [threading.Thread(target=work, daemon=True) for work in (trainer.train, copier.copy)]
    for thread in threads:
        thread.start()
    try:
        yield trainer, copier
    finally:
        for worker in (trainer, copier):
            worker.end.set()
        for thread in threads:
            thread.join(120)
    trainer.check()
    copier.check()


def reset_in_turn(emulator: EmulatorProcess, rounds: int) -> None:
    """Two teams make something and reset their account, by turns: what the other has stays."""
    present: dict[str, Project] = {}
    for number in range(rounds):
        account, other = (FIRST, SECOND) if number % 2 == 0 else (SECOND, FIRST)
        project = new_project(emulator, account, name=unique_name("round"))
        project.s3.put_object(Bucket=project.bucket, Key="key", Body=b"bytes")
        project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN")
        present[account] = project
        if other in present:
            status, _ = emulator.control("POST", f"/_emulator/reset?account={other}")
            assert status == 200
            gone = present.pop(other)
            assert gone.rekognition.describe_projects()["ProjectDescriptions"] == []
            assert gone.s3.list_buckets()["Buckets"] == []
        [found] = project.rekognition.describe_projects()["ProjectDescriptions"]
        assert [dataset["DatasetType"] for dataset in found["Datasets"]] == ["TRAIN"]
        assert project.s3.get_object(Bucket=project.bucket, Key="key")["Body"].read() == b"bytes"
