"""Jobs on datasets: create from a manifest, copy, update, distribute, delete."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from emulator.domain.job_payloads import CopyFrom, Distribution, ReadManifest, UpsertLines
from emulator.domain.jobs import Broke, Done, Outcome
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.manifest.splitting import distribute
from emulator.domain.messages import COPIED_DATASET_CREATED, DATASET_DISTRIBUTED, DATASET_MESSAGES
from emulator.domain.object_store import ObjectStore
from emulator.domain.states import DATASET_MOVES, DatasetState, Event, next_state
from emulator.jobs.askers import Askers
from emulator.jobs.content_updates import update_content
from emulator.jobs.ingest import (
    IngestTask,
    build_content,
    client_error,
    location_of,
    manifest_size,
    side_of,
)
from emulator.jobs.memory import give_back_memory
from emulator.jobs.readers import Readers
from emulator.jobs.sweeper import Sweeper
from emulator.jobs.threads import in_thread
from emulator.jobs.worker_process import WorkerSettings, run_in_worker
from emulator.storage.console_labels import store_labels, stored_labels
from emulator.storage.content_changes import sweep_content
from emulator.storage.content_copies import copy_entries
from emulator.storage.contents import content_stats, contents_of, labels_by_position
from emulator.storage.datasets import find_dataset, remove_dataset, set_dataset_content, set_dataset_status
from emulator.storage.engine import Database
from emulator.storage.rows import Dataset, Job
from emulator.storage.tags import remove_tags

# A manifest of this size takes about as long to read as a worker process takes to start.
_WORKER_FROM_BYTES = 2 * 1024 * 1024
_SWEPT_AT_ONCE = 5000
# What is worth giving memory back for.
_LARGE_BYTES = 1024 * 1024
_MANY_ENTRIES = 50_000


def _dataset(connection: Connection, arn: str) -> Dataset:
    dataset = find_dataset(connection, arn)
    assert dataset is not None, "a dataset is kept while a job is open for it"
    return dataset


def content_of(connection: Connection, arn: str) -> int:
    """The content of a dataset that a job is open for."""
    content_id = _dataset(connection, arn).content_id
    assert content_id is not None, "only datasets with a content are updated, copied or distributed"
    return content_id


class DatasetHandler:
    """What all jobs on datasets share: the outcome moves the dataset's state and says why."""

    done_message: str | None = None

    def __init__(self, database: Database, sweeper: Sweeper, readers: Readers) -> None:
        self.database = database
        self.sweeper = sweeper
        self.readers = readers

    async def has_been_read(self, job: Job) -> None:
        """Wait for trainings and copies that were accepted before the job: they see the dataset as it was then."""
        await self.readers.finished(job.project_arn, job.resource_arn)

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        """Move the dataset to the state that the outcome leads to."""
        dataset = _dataset(connection, job.resource_arn)
        if isinstance(outcome, Done):
            self.effect(connection, dataset, job, outcome)
        move(connection, dataset, outcome, now, self.done_message)

    def effect(self, connection: Connection, dataset: Dataset, _job: Job, outcome: Done) -> None:
        """What success changes besides the state."""

    def settled(self, _job: Job, _outcome: Outcome) -> None:
        """Contents that were replaced or never finished are removed in the background."""
        self.sweeper.sweep()


def move(connection: Connection, dataset: Dataset, outcome: Outcome, now: int, done_message: str | None) -> None:
    """Store the state that an outcome leads to, with its message and code."""
    event = Event.DONE if isinstance(outcome, Done) else Event.BROKE
    state = next_state(DATASET_MOVES, dataset.status, event)
    assert state is not None, "a job on a dataset is open in a state that it can end"
    message, code = done_message, "SUCCESS"
    if isinstance(outcome, Broke):
        message, code = outcome.message or done_message, outcome.code or code
    message = message or DATASET_MESSAGES[state]
    set_dataset_status(connection, dataset.id, state, message, updated_at=now, code=code)


class CreateDataset(DatasetHandler):
    """Reads a manifest; small ones in a thread, large ones in a worker process, so that the API stays quick."""

    def __init__(
        self,
        database: Database,
        sweeper: Sweeper,
        readers: Readers,
        objects: ObjectStore,
        worker_settings: WorkerSettings,
        askers: Askers,
    ) -> None:
        super().__init__(database, sweeper, readers)
        self._objects = objects
        self._askers = askers
        self._worker_settings = worker_settings

    async def work(self, job: Job) -> Outcome:
        """Build the content anew; what an earlier attempt left is removed first."""
        payload = job.payload_as(ReadManifest)
        if payload.refused:
            return client_error(payload.refused)
        caller = self._askers.caller(job.account, job.region, payload.asked_by)
        location = location_of(payload.manifest)
        dataset = self.database.read(lambda connection: _dataset(connection, job.resource_arn))
        await in_thread(_remove_unfinished, self.database, dataset)
        size = await in_thread(manifest_size, self._objects, location, caller)
        task = IngestTask(caller, location, dataset.id, dataset.kind)
        if size < _WORKER_FROM_BYTES:
            return await in_thread(build_content, self.database, self._objects, task)
        return await run_in_worker(self._worker_settings, task)

    def effect(self, connection: Connection, dataset: Dataset, _job: Job, outcome: Done) -> None:
        """The new content becomes the dataset's."""
        assert outcome.content_id is not None, "this kind of job brings a content"
        set_dataset_content(connection, dataset.id, outcome.content_id)


class CopyDataset(DatasetHandler):
    """Copies the entries of another dataset (D-8)."""

    done_message = COPIED_DATASET_CREATED

    async def work(self, job: Job) -> Outcome:
        """Copy in pieces; what an earlier attempt left is removed first."""

        def find_source(connection: Connection) -> int | None:
            source = find_dataset(connection, job.payload_as(CopyFrom).source_arn)
            return None if source is None else source.content_id

        dataset = self.database.read(lambda connection: _dataset(connection, job.resource_arn))
        with self.readers.reading(job.payload_as(CopyFrom).source_arn):
            await in_thread(_remove_unfinished, self.database, dataset)
            limits = ManifestLimits.of(job.region, side_of(dataset.kind))
            if await in_thread(self._entries, job.payload_as(CopyFrom).source_arn) > limits.lines:
                return client_error(file_rules.MANIFEST_TOO_MANY_ROWS.message)
            content_id = await in_thread(copy_entries, self.database, find_source, dataset.id)
        if content_id is None:
            return client_error("The source dataset was deleted.")
        return Done(content_id=content_id)

    def _entries(self, arn: str) -> int:
        """How many entries a dataset has; 0 if there is none."""

        def count(connection: Connection) -> int:
            source = find_dataset(connection, arn)
            if source is None or source.content_id is None:
                return 0
            return content_stats(connection, source.content_id).total_entries

        return self.database.read_now(count)

    def effect(self, connection: Connection, dataset: Dataset, job: Job, outcome: Done) -> None:
        """The copied content becomes the dataset's, and so do the labels that no image has."""
        assert outcome.content_id is not None, "this kind of job brings a content"
        set_dataset_content(connection, dataset.id, outcome.content_id)
        source = find_dataset(connection, job.payload_as(CopyFrom).source_arn)
        if source is not None:
            store_labels(connection, dataset.id, stored_labels(connection, source.id))


class UpdateDataset(DatasetHandler):
    """Upserts lines by source-ref (D-12); doing it twice is doing it once."""

    async def work(self, job: Job) -> Outcome:
        """Examine and upsert the lines in a thread."""
        await self.has_been_read(job)
        dataset = self.database.read(lambda connection: _dataset(connection, job.resource_arn))
        content_id = self.database.read(lambda connection: content_of(connection, job.resource_arn))
        lines = job.payload_as(UpsertLines).lines
        limits = ManifestLimits.of(job.region, side_of(dataset.kind))
        update = partial(update_content, self.database, lines, content_id, limits, dataset.arn)
        return await in_thread(update if len(lines) < _LARGE_BYTES else partial(_in_little_memory, update))


class DistributeDataset(DatasetHandler):
    """Moves a fifth of the training entries to the test dataset (D-14)."""

    done_message = DATASET_DISTRIBUTED

    def __init__(self, database: Database, sweeper: Sweeper, readers: Readers, seed: int) -> None:
        super().__init__(database, sweeper, readers)
        self._seed = seed

    async def work(self, job: Job) -> Outcome:
        """Choose what to move and build both new contents beside the present ones."""
        await self.has_been_read(job)
        try:
            return await in_thread(self._build, job)
        except ManifestFileError as error:
            return client_error(error.status_message)

    def _build(self, job: Job) -> Outcome:
        def known(connection: Connection) -> tuple[Dataset, Dataset, dict[int, tuple[str, ...]]]:
            train, test = _both(connection, job)
            return train, test, labels_by_position(connection, content_of(connection, job.resource_arn))

        train, test, entries = self.database.read_now(known)
        for dataset in (train, test):
            _remove_unfinished(self.database, dataset)
        chosen = distribute(entries.items(), seed=self._seed)
        if len(entries) > _MANY_ENTRIES:
            del entries
            give_back_memory()
        source = partial(content_of, arn=job.resource_arn)
        stay = copy_entries(self.database, source, train.id, lambda position: position not in chosen)
        moved = copy_entries(self.database, source, test.id, chosen.__contains__)
        assert stay is not None and moved is not None, "a dataset that is distributed is there and has a content"
        return Done(contents=(stay, moved))

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        """Both datasets pass to UPDATE_COMPLETE with their new contents.

        Otherwise the training dataset passes to UPDATE_FAILED, and the test dataset is again what it was.
        """
        train, test = _both(connection, job)
        if isinstance(outcome, Done):
            assert outcome.contents is not None, "a distribution brings two contents"
            for dataset, content_id in zip((train, test), outcome.contents, strict=True):
                set_dataset_content(connection, dataset.id, content_id)
            move(connection, test, outcome, now, self.done_message)
        elif before := job.payload_as(Distribution).test_before:
            set_dataset_status(
                connection,
                test.id,
                DatasetState(before["status"]),
                before["message"],
                updated_at=before["updated_at"],
                code=before["code"],
            )
        else:
            # Accepted by an earlier release, which did not write down what the test dataset was.
            move(connection, test, outcome, now, self.done_message)
        move(connection, train, outcome, now, self.done_message)


class DeleteDataset(DatasetHandler):
    """Removes the dataset's row; its entries go in the background, in pieces."""

    async def work(self, job: Job) -> Outcome:
        """Nothing takes time here but those who still read the dataset, and the transition policy."""
        await self.has_been_read(job)
        return Done()

    def apply(self, connection: Connection, job: Job, _outcome: Outcome, _now: int) -> None:
        """From now on DescribeDataset answers ResourceNotFoundException."""
        remove_dataset(connection, _dataset(connection, job.resource_arn).id)
        remove_tags(connection, job.resource_arn)


def _in_little_memory(work: Callable[[], Outcome]) -> Outcome:
    """Work after a request, and before others, that needed much memory."""
    give_back_memory()
    try:
        return work()
    finally:
        give_back_memory()


def _both(connection: Connection, job: Job) -> tuple[Dataset, Dataset]:
    """The training and the test dataset of a distribution."""
    return _dataset(connection, job.resource_arn), _dataset(connection, job.payload_as(Distribution).test_arn)


def _remove_unfinished(database: Database, dataset: Dataset) -> None:
    """Remove the contents of a dataset that an interrupted attempt left beside its own."""
    for content_id in database.read_now(lambda connection: contents_of(connection, dataset.id)):
        if content_id == dataset.content_id:
            continue
        sweep = partial(sweep_content, content_id=content_id, limit=_SWEPT_AT_ONCE)
        while not database.write_now(sweep):
            pass
