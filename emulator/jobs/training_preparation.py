"""Before a training: its manifests are written down, so that later changes of the datasets do not reach it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from emulator.domain.arns import parse_arn
from emulator.domain.caller import Caller
from emulator.domain.job_payloads import TrainingSource
from emulator.domain.jobs import Broke
from emulator.domain.manifest.dataset import original_line
from emulator.domain.manifest.reading import without_mark
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.manifest.splitting import distribute
from emulator.domain.messages import DATASET_MESSAGES
from emulator.domain.object_store import ObjectStore
from emulator.domain.shapes import Asset, TestingData, TrainingData
from emulator.domain.states import READABLE_DATASET_STATES, DatasetState
from emulator.jobs.askers import Askers
from emulator.jobs.clock import Clocks
from emulator.jobs.ingest import client_error, location_of, open_manifest
from emulator.jobs.readers import Readers
from emulator.jobs.threads import in_thread
from emulator.storage.content_changes import create_content, move_entries, set_manifest_owner
from emulator.storage.contents import iterate_lines, labels_by_position, manifest_owner
from emulator.storage.datasets import (
    add_dataset,
    find_dataset_of_project,
    set_dataset_content,
    set_dataset_status,
)
from emulator.storage.engine import Database
from emulator.storage.files import written_file
from emulator.storage.rows import Dataset, Job, Version
from emulator.training.task import Manifests

TRAINING_MANIFEST = "training.manifest"
TESTING_MANIFEST = "testing.manifest"
OWNERS = "owners.json"

_PIECE_BYTES = 1024 * 1024


class Preparation:
    """Splits a project's training dataset where there is no test dataset (O-27) and writes both manifests down."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        clocks: Clocks,
        readers: Readers,
        *,
        seed: int,
        askers: Askers | None = None,
    ) -> None:
        self._database = database
        self._objects = objects
        self._clocks = clocks
        self._readers = readers
        self._seed = seed
        self._askers = askers or Askers()

    async def prepare(self, job: Job, version: Version, directory: Path) -> Manifests | Broke:
        """Where the manifests lie, or a failed outcome.

        No testing manifest leaves the split to the worker: for an external manifest, and where the dataset's entries
        cannot be split, which the worker reports with a manifest summary (TE-11). What an earlier attempt wrote down
        whole is taken as it is.
        """
        read = [job.project_arn] if job.payload_as(TrainingSource).from_datasets else []
        with self._readers.reading(*read):
            return await in_thread(self._prepare, job, version, directory)

    def _prepare(self, job: Job, version: Version, directory: Path) -> Manifests | Broke:
        directory.mkdir(parents=True, exist_ok=True)
        training, testing = directory / TRAINING_MANIFEST, directory / TESTING_MANIFEST
        is_split_later = bool(version.testing_input.get("AutoCreate"))
        source = job.payload_as(TrainingSource)
        try:
            if source.from_datasets:
                is_split_later = not (testing.exists() or self._split_if_needed(version))
            if not (training.exists() and (is_split_later or testing.exists())):
                if source.from_datasets:
                    self._write_datasets(
                        version, {"train": training} if is_split_later else {"train": training, "test": testing}
                    )
                else:
                    caller = self._askers.caller(job.account, job.region, source.asked_by)
                    self._write_assets(version.training_input["Assets"], caller, training)
                    if not is_split_later:
                        self._write_assets(version.testing_input["Assets"], caller, testing)
        except ManifestFileError as error:
            return client_error(error.status_message)
        owners = self._owners(job, version, directory / OWNERS)
        return Manifests(
            training=training,
            testing=None if is_split_later else testing,
            training_buckets=_manifest_buckets(version.training_input),
            testing_buckets=_manifest_buckets(version.testing_input),
            training_owners=owners["train"],
            testing_owners=owners["test"],
        )

    def _owners(self, job: Job, version: Version, kept: Path) -> dict[str, tuple[str, ...]]:
        """Who owned the buckets of the manifests that the project's datasets were made from (TE-10).

        Written down with the manifests: the datasets may be gone when the training is taken up again.
        """
        if not kept.exists():
            owners: dict[str, str | None] = dict.fromkeys(("train", "test"))
            if job.payload_as(TrainingSource).from_datasets:
                owners = self._database.read_now(
                    lambda connection: {kind: _owner_of(connection, version, kind) for kind in owners}
                )
            with written_file(kept) as stream:
                stream.write(json.dumps(owners).encode())
        found = json.loads(kept.read_bytes())
        return {kind: () if owner is None else (owner,) for kind, owner in found.items()}

    def _write_assets(self, assets: Sequence[Asset], caller: Caller, path: Path) -> None:
        with written_file(path) as target:
            for asset in assets:
                location = location_of(asset["GroundTruthManifest"]["S3Object"])
                with open_manifest(self._objects, location, caller) as source:
                    _copy_lines(source, target)

    def _write_datasets(self, version: Version, paths: dict[str, Path]) -> None:
        def write(connection: Connection) -> None:
            for kind, path in paths.items():
                dataset = find_dataset_of_project(connection, version.project_id, kind)
                if dataset is None or dataset.content_id is None:
                    # Deleted since the training was accepted.
                    raise ManifestFileError(file_rules.MANIFEST_INACCESSIBLE)
                with written_file(path) as target:
                    for line in iterate_lines(connection, dataset.content_id):
                        target.write(original_line(line).encode() + b"\n")

        self._database.read_now(write)

    def _split_if_needed(self, version: Version) -> bool:
        """O-27: a fifth of the training entries becomes the project's test dataset. False where that cannot be."""

        def split(connection: Connection) -> bool:
            train = find_dataset_of_project(connection, version.project_id, "train")
            has_test = find_dataset_of_project(connection, version.project_id, "test") is not None
            if has_test or train is None or train.content_id is None:
                return True
            entries = labels_by_position(connection, train.content_id)
            try:
                positions = sorted(distribute(entries.items(), seed=self._seed))
            except ManifestFileError:
                return False
            self._add_test_dataset(connection, train, positions)
            return True

        return self._database.write_now(split)

    def _add_test_dataset(self, connection: Connection, train: Dataset, positions: list[int]) -> None:
        train_arn = parse_arn(train.arn)
        now = self._clocks.of(train_arn.account).stamp()
        arn = replace(train_arn, epoch=now, dataset="test")
        message = DATASET_MESSAGES[DatasetState.UPDATE_COMPLETE]
        dataset_id = add_dataset(
            connection,
            project_id=train.project_id,
            kind="test",
            arn=str(arn),
            created_at=now,
            status=DatasetState.CREATE_COMPLETE,
            status_message=DATASET_MESSAGES[DatasetState.CREATE_COMPLETE],
        )
        content_id = create_content(connection, dataset_id)
        set_dataset_content(connection, dataset_id, content_id)
        assert train.content_id is not None, "checked by the caller"
        move_entries(connection, train.content_id, content_id, positions)
        set_manifest_owner(connection, content_id, manifest_owner(connection, train.content_id))
        if train.status in READABLE_DATASET_STATES:
            set_dataset_status(connection, train.id, DatasetState.UPDATE_COMPLETE, message, updated_at=now)
        # Else an update or deletion began just now; it goes on, and its job ends that state.


def _owner_of(connection: Connection, version: Version, kind: str) -> str | None:
    dataset = find_dataset_of_project(connection, version.project_id, kind)
    return None if dataset is None else manifest_owner(connection, dataset.content_id)


def _copy_lines(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a manifest without its byte order mark; its last line is ended, so that the next manifest begins a line."""
    last = b"\n"
    for piece in without_mark(iter(partial(source.read, _PIECE_BYTES), b"")):
        target.write(piece)
        last = piece[-1:] or last
    if last != b"\n":
        target.write(b"\n")


def _manifest_buckets(given: TrainingData | TestingData) -> tuple[str, ...]:
    """The buckets that the external manifests of one side lie in, for the owner rule TE-10."""
    assets = given.get("Assets") or []
    return tuple(sorted({asset["GroundTruthManifest"]["S3Object"]["Bucket"] for asset in assets}))
