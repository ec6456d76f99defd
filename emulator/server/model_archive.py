"""One trained version as an archive, and an archive as one more version: for models that are kept beside an emulator.

The archive holds `model.onnx`, the version's result files and `version.json`, which says what is known of the training.
It is checked whole before anything is written; then nothing but the new version and its result files is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import secrets
import shutil
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from emulator import __version__
from emulator.control.errors import ControlError
from emulator.control.models import NewVersion
from emulator.domain.arns import Arn, partition_of
from emulator.domain.caller import Caller
from emulator.domain.evaluation.quality import HintKind, SampleReason
from emulator.domain.evaluation.result_keys import ResultKind, result_keys
from emulator.domain.json_values import JsonObject
from emulator.domain.messages import VERSION_MESSAGES
from emulator.domain.object_store import ObjectLocation, ObjectNotFoundError, ObjectStore, ObjectStoreError
from emulator.domain.states import ProjectState, VersionState
from emulator.jobs.hosting import UnusableModelError
from emulator.server.archive_files import ArchiveError, ArchiveForm, pack_files, unpack_files
from emulator.server.parts import Parts
from emulator.storage.projects import find_project
from emulator.storage.rows import Project, Version
from emulator.storage.versions import add_version, find_version, set_version, version_name_is_taken

logger = logging.getLogger(__name__)

FORMAT = 1
MODEL, VERSION = "model.onnx", "version.json"
LARGEST_RECORD = 1 << 20
_FORM = ArchiveForm(
    FORMAT,
    re.compile(rf"model\.onnx|version\.json|results/(?:{'|'.join(ResultKind)})\.json"),
    (MODEL, VERSION),
    "this is not the archive of a model: it has no model.onnx or no version.json",
)

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=2000)]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Figure(_Record):
    """A figure and its interval of 95 %, all 0..1."""

    value: Share
    low: Share
    high: Share


class Hint(_Record):
    """What would help most, in one sentence."""

    kind: HintKind
    text: Text
    label: Text | None = None
    other: Text | None = Field(default=None, alias="with")


class TrainingImages(_Record):
    """How many of the labelled images of a large set made the model, and why."""

    used: Annotated[int, Field(ge=0)]
    labelled: Annotated[int, Field(ge=0)]
    reason: SampleReason
    text: Text


class Quality(_Record):
    """What the training said of itself (docs/training.md)."""

    effort: Literal["instant", "fast", "standard", "best"]
    test_images: Annotated[int, Field(ge=0)]
    training_images: TrainingImages | None = None
    f1: Figure
    average_precision: Figure | None = None
    hints: Annotated[list[Hint], Field(max_length=10)]


class VersionRecord(_Record):
    """What is known of a training besides its files. `billable_seconds` as DescribeProjectVersions shows it."""

    project_version: Text
    f1_score: Share | None
    billable_seconds: Annotated[int, Field(ge=0, le=2**31)] | None
    quality: Quality | None


class ModelArchive:
    """Saves and adds versions. Whoever holds `reset_lock` keeps resets and loads of the whole state away."""

    def __init__(self, parts: Parts, objects: ObjectStore, reset_lock: asyncio.Lock) -> None:
        self._parts = parts
        self._objects = objects
        self._reset_lock = reset_lock

    async def save(self, directory: Path, version: Version) -> Path:
        """Write the archive of a trained version into a folder; its path. A result file that is gone is left out.

        Raises ControlError where the model file went meanwhile, or S3 does not answer.
        """
        try:
            return await asyncio.to_thread(self._save, directory, version)
        except FileNotFoundError as error:
            raise ControlError("DamagedState", f"The model file of {version.arn} is missing.", status=409) from error
        except ObjectStoreError as error:
            message = f"The results of {version.arn} cannot be read: {type(error).__name__}: {error}."
            raise ControlError("ResultsNotRead", message, status=409) from error

    def _save(self, directory: Path, version: Version) -> Path:
        assert version.model_file is not None, "the caller has looked"
        content, archive = directory / "content", directory / "model.tar"
        (content / "results").mkdir(parents=True)
        shutil.copyfile(self._parts.hosting.model_path(version.model_file), content / MODEL)
        for kind, key in (version.result_keys or {}).items():
            location = ObjectLocation(version.output_bucket, key)
            try:
                with (
                    self._objects.open(location, Caller(version.account, version.region)) as source,
                    (content / "results" / f"{kind}.json").open("wb") as target,
                ):
                    shutil.copyfileobj(source, target)
            except ObjectNotFoundError:
                logger.warning("the archive of %s has no %s: %s is gone", version.arn, kind, location)
        record = {
            "project_version": version.arn,
            "f1_score": version.f1_score,
            "billable_seconds": version.billable_seconds,
            "quality": version.quality,
        }
        (content / VERSION).write_text(json.dumps(record, indent=1))
        pack_files(content, archive, {"format": FORMAT, "emulator": __version__})
        return archive

    async def add(self, archive: Path, wanted: NewVersion) -> JsonObject:
        """Make a version of an archive, once it is found whole: its ARN, its status and the effort of its training.

        Raises ControlError with nothing changed; where the last step fails, result files may have been written.
        """
        content = archive.parent / "unpacked"
        try:
            record = await asyncio.to_thread(check_model_archive, archive, content)
            await self._parts.hosting.check(content / MODEL)
        except (ArchiveError, UnusableModelError) as error:
            raise ControlError("InvalidArchive", str(error)) from error
        async with self._reset_lock:
            project = self._parts.database.read(partial(_open_project, wanted=wanted))
            keys = await asyncio.to_thread(self._put_results, content, project, wanted)
            adding = partial(self._add, content=content, record=record, wanted=wanted, keys=keys)
            version = await self._parts.database.write(adding)
        effort = None if record.quality is None else record.quality.effort
        logger.info("%s was added from an archive of %s: effort %s", version.arn, record.project_version, effort)
        return {"project_version": version.arn, "status": version.status, "effort": effort}

    def _put_results(self, content: Path, project: Project, wanted: NewVersion) -> dict[str, str]:
        keys = result_keys(wanted.prefix, project.name, wanted.name)
        present = {str(kind): key for kind, key in keys.items() if (content / "results" / f"{kind}.json").is_file()}
        caller = Caller(project.account, project.region)
        try:
            self._objects.owner(wanted.bucket, caller)
            for kind, key in present.items():
                with (content / "results" / f"{kind}.json").open("rb") as body:
                    self._objects.put(ObjectLocation(wanted.bucket, key), body, caller, "application/json")
        except ObjectStoreError as error:
            message = f"The results cannot be written to the bucket {wanted.bucket}: {type(error).__name__}: {error}."
            raise ControlError("ResultsNotWritten", message, status=409) from error
        return present

    def _add(
        self, connection: Connection, content: Path, record: VersionRecord, wanted: NewVersion, keys: dict[str, str]
    ) -> Version:
        """Within one write transaction: the file under its name, then the row."""
        project = _open_project(connection, wanted)
        created_at, state = self._parts.clocks.of(project.account).stamp(), VersionState.TRAINING_COMPLETED
        partition = partition_of(project.region)
        arn = Arn(project.region, project.account, project.name, created_at, version=wanted.name, partition=partition)
        model_file = f"{secrets.token_hex(8)}-added.onnx"
        _move_durably(content / MODEL, self._parts.hosting.model_path(model_file))
        add_version(
            connection,
            project_id=project.id,
            name=wanted.name,
            arn=str(arn),
            created_at=created_at,
            status=state,
            status_message=VERSION_MESSAGES[state],
            output_bucket=wanted.bucket,
            output_prefix=wanted.prefix,
            training_input={},
            testing_input={"AutoCreate": False},
        )
        version = find_version(connection, str(arn))
        assert version is not None, "it was just added"
        set_version(
            connection,
            version.id,
            model_file=model_file,
            result_keys=keys,
            f1_score=record.f1_score,
            quality=None if record.quality is None else record.quality.model_dump(by_alias=True, exclude_none=True),
            billable_seconds=record.billable_seconds,
            training_ended_at=created_at,
        )
        return version


def check_model_archive(archive: Path, directory: Path) -> VersionRecord:
    """Unpack an archive into a new folder; what its `version.json` says. Raises ArchiveError.

    Whether the model is one of a training is seen by loading it.
    """
    unpack_files(archive, directory, _FORM)
    if (directory / VERSION).stat().st_size > LARGEST_RECORD:
        raise ArchiveError(f"{VERSION} is larger than {LARGEST_RECORD} bytes")
    try:
        return VersionRecord.model_validate_json((directory / VERSION).read_bytes())
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False)
        place = ".".join(str(part) for part in first["loc"])
        raise ArchiveError(f"{VERSION} cannot be taken over: {place}: {first['msg']}") from error


def _open_project(connection: Connection, wanted: NewVersion) -> Project:
    """The project that the version is for. Raises ControlError where it may not have one of this name."""
    project = find_project(connection, wanted.project)
    if project is None:
        raise ControlError("NotFound", f"There is no project {wanted.project}.", status=404)
    if project.status is not ProjectState.CREATED:
        raise ControlError("ProjectInUse", f"The project is {project.status}.", status=409)
    if version_name_is_taken(connection, project.id, wanted.name):
        message = f"The project {project.name} already has a version named {wanted.name}."
        raise ControlError("VersionExists", message, status=409)
    return project


def _move_durably(source: Path, target: Path) -> None:
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.rename(target)
