"""Trained models as files: what `custom-labels export` asks for (O-25), and versions as archives of their own."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from emulator.control.errors import ControlError
from emulator.control.transfer import new_directory, received_archive, remove_beside, sent_archive
from emulator.domain.json_values import JsonObject
from emulator.storage.engine import Database
from emulator.storage.rows import Version
from emulator.storage.versions import find_version

ARCHIVE_NAME = "custom-labels-model.tar"
LARGEST_ARCHIVE = 1 << 30
"""Bytes; models have 5 to 50 MB, the results of a quarter of a million images some hundred."""

_VERSION_NAME = re.compile(r"[a-zA-Z0-9_.\-]{1,255}")
_BUCKET = re.compile(r"[0-9A-Za-z.\-_]{3,255}")
_LONGEST_PREFIX = 1024


@dataclass(frozen=True, slots=True)
class NewVersion:
    """The version that an archive is to become: in which project (ARN), its name, and where its results go."""

    project: str
    name: str
    bucket: str
    prefix: str | None


@dataclass(frozen=True, slots=True)
class ModelArchives:
    """What the paths do. `save` writes the archive of a trained version into a folder and gives its path; `add` checks
    an archive and makes one more version of it, and nothing else. `begins_an_archive` and `work_directory` as for
    `StateArchive`.
    """

    save: Callable[[Path, Version], Awaitable[Path]]
    add: Callable[[Path, NewVersion], Awaitable[JsonObject]]
    begins_an_archive: Callable[[bytes], bool]
    work_directory: Path


def models_router(database: Database, model_path: Callable[[str], Path], archives: ModelArchives) -> APIRouter:
    """`GET /_emulator/model?project_version=ARN`: the ONNX file of a trained version; `/_emulator/models`: archives."""
    router = APIRouter()

    def trained(arn: str) -> tuple[Version, Path]:
        version = database.read(lambda connection: find_version(connection, arn))
        if version is None:
            raise ControlError("NotFound", f"There is no project version {arn or '(none given)'}.", status=404)
        if version.model_file is None:
            raise ControlError("NotTrained", f"The version is {version.status} and has no model.", status=409)
        if not model_path(version.model_file).is_file():
            raise ControlError("DamagedState", f"The model file of {version.arn} is missing.", status=409)
        return version, model_path(version.model_file)

    @router.get("/_emulator/model")
    async def model(project_version: str = "") -> Response:
        """O-25."""
        return FileResponse(trained(project_version)[1], media_type="application/octet-stream")

    @router.get("/_emulator/models")
    async def get_version(project_version: str = "") -> Response:
        """A trained version as an archive: the model, its results, and what is known of its training."""
        version, _ = trained(project_version)
        return await sent_archive(
            archives.work_directory, ARCHIVE_NAME, lambda directory: archives.save(directory, version)
        )

    @router.post("/_emulator/models")
    async def add_version(
        request: Request, project: str = "", version_name: str = "", bucket: str = "", prefix: str = ""
    ) -> JsonObject:
        """One more version, TRAINING_COMPLETED, from such an archive; all else stays as it is."""
        directory = new_directory(archives.work_directory)
        try:
            path = directory / ARCHIVE_NAME
            await received_archive(request, path, archives.begins_an_archive, LARGEST_ARCHIVE)
            # Behind the body: who is still writing one reads no refusal.
            wanted = _checked(request, NewVersion(project, version_name, bucket, prefix or None))
            return await archives.add(path, wanted)
        finally:
            remove_beside(directory)

    return router


def _checked(request: Request, wanted: NewVersion) -> NewVersion:
    known = ("project", "version_name", "bucket", "prefix")
    for name in request.query_params:
        if name not in known:
            raise ControlError("InvalidParameter", f"The parameter {name} is not known; there are {', '.join(known)}.")
    if not wanted.project:
        raise ControlError("InvalidParameter", "The parameter project must be the ARN of a project.")
    if not _VERSION_NAME.fullmatch(wanted.name):
        raise ControlError("InvalidParameter", f"The parameter version_name must match {_VERSION_NAME.pattern}.")
    if not _BUCKET.fullmatch(wanted.bucket):
        raise ControlError("InvalidParameter", f"The parameter bucket must match {_BUCKET.pattern}.")
    if wanted.prefix is not None and len(wanted.prefix) > _LONGEST_PREFIX:
        raise ControlError("InvalidParameter", f"The parameter prefix has more than {_LONGEST_PREFIX} characters.")
    return wanted
