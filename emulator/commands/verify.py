"""`custom-labels verify DIR`: whether everything in a data directory is as it was stored (O-2).

Nothing is changed, and no emulator need run. One that runs may write meanwhile: a file may be gone when it is read.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from emulator.s3.files import BLOBS_NAME, INDEX_NAME
from emulator.server.directories import Directories

SUCCESS, FAILURE = 0, 1
_PIECE = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """DIR."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a data directory, as `serve --data-dir` uses it")


def run(arguments: argparse.Namespace) -> int:
    """A line for everything that is not as it should be, then what was looked at."""
    directory: Path = arguments.directory
    places = Directories(directory)
    state, index = places.database, places.objects / INDEX_NAME
    missing = [path for path in (state, index) if not path.is_file()]
    if missing:
        print(f"custom-labels: {directory} is not a data directory: {missing[0].name} is missing", file=sys.stderr)
        return FAILURE
    problems, models, objects = 0, 0, 0
    for found in _problems_of_models(state, places.models):
        models += 1
        problems += _tell(found)
    for found in _problems_of_objects(index, places.objects / BLOBS_NAME):
        objects += 1
        problems += _tell(found)
    print(f"Looked at {models} models and {objects} files of objects: {problems or 'no'} problems.")
    return FAILURE if problems else SUCCESS


def _tell(problem: str | None) -> int:
    if problem is not None:
        print(problem)
    return problem is not None


def _problems_of_models(state: Path, models: Path) -> Iterator[str | None]:
    """For each model, and for the database itself where it is damaged, what is wrong; None where nothing is."""
    from emulator.vision.errors import ModelFileError
    from emulator.vision.model_check import require_own_model

    try:
        with closing(_opened(state)) as database:
            if database.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                yield f"{state.name} is damaged"
            named = database.execute("SELECT arn, model_file FROM versions WHERE model_file IS NOT NULL").fetchall()
    except sqlite3.Error as error:
        yield f"{state.name} cannot be read: {error}"
        return
    for arn, name in named:
        path = models / name
        if not path.is_file():
            yield f"{arn}: the model file {name} is missing"
            continue
        try:
            require_own_model(path)
        except ModelFileError as error:
            yield f"{arn}: {error}"
        else:
            yield None


def _problems_of_objects(index: Path, blobs: Path) -> Iterator[str | None]:
    """The same for each file of an object or of a part, compared with the MD5 that was kept of it."""
    query = """SELECT blobs.name, blobs.size, blobs.etag,
        buckets.name || '/' || coalesce(versions.key, uploads.key || ' (part of an upload)')
        FROM blobs LEFT JOIN versions USING (sequence) LEFT JOIN uploads ON uploads.upload_id = blobs.upload_id
        JOIN buckets ON buckets.id = coalesce(versions.bucket_id, uploads.bucket_id)"""
    try:
        with closing(_opened(index)) as database:
            if database.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                yield f"{index.name} is damaged"
            for name, size, etag, owner in database.execute(query):
                yield _problem_of(blobs / name[:2] / name, size, etag, owner)
    except sqlite3.Error as error:
        yield f"{index.name} cannot be read: {error}"


def _problem_of(path: Path, size: int, etag: str, owner: str) -> str | None:
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
            read = file.tell()
    except OSError as error:
        return f"{owner}: the file {path.name} cannot be read: {error.strerror}"
    if read != size:
        return f"{owner}: the file {path.name} has {read} bytes instead of {size}"
    return None if digest.hexdigest() == etag else f"{owner}: the file {path.name} has other bytes than were stored"


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
