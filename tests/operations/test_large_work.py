"""Updates and distributions that needed much memory give it back, and do what small ones do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from emulator.jobs import dataset_jobs
from emulator.jobs.memory import give_back_memory
from support.calls import changes, create_dataset, create_project, describe_dataset, until_dataset_is
from support.in_process import InProcessEmulator, play
from support.manifest_lines import line


def test_memory_is_given_back_by_the_threads_of_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def give_back() -> None:
        threads.append(threading.current_thread().name.partition("_")[0])
        give_back_memory()

    monkeypatch.setattr(dataset_jobs, "give_back_memory", give_back)
    monkeypatch.setattr(dataset_jobs, "_LARGE_BYTES", 1000)
    monkeypatch.setattr(dataset_jobs, "_MANY_ENTRIES", 10)

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        train = await create_dataset(emulator, project, line("first", "x"))

        async def update(*lines: str) -> None:
            await emulator.call("UpdateDatasetEntries", DatasetArn=train, Changes=changes(*lines))
            await until_dataset_is(emulator, train, "UPDATE_COMPLETE")

        await update(line("second", "x"))
        assert threads == []
        await update(*(line(f"image{number}", "x") for number in range(18)))
        assert threads == ["jobs", "jobs"]
        test = (await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TEST"))["DatasetArn"]
        await emulator.call("DistributeDatasetEntries", Datasets=[{"Arn": train}, {"Arn": test}])
        await until_dataset_is(emulator, test, "UPDATE_COMPLETE")
        assert threads == ["jobs"] * 3
        totals = [(await describe_dataset(emulator, arn))["DatasetStats"]["TotalEntries"] for arn in (train, test)]
        assert totals == [16, 4]

    play(tmp_path, story)
