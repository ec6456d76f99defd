"""What a model for tests is trained from: a folder whose folders are labels, or a manifest and its images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from emulator.convert.folders import FolderConversion
from emulator.convert.writing import image_files
from emulator.domain.json_values import JsonObject
from emulator.lint.local_images import file_of_key
from emulator.lint.s3 import S3Folder

SOURCE_REF = "source-ref"


class ModelForTestsError(Exception):
    """A model for tests could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Images below `folder`, by names with slashes, and the manifest that says what they show (None: their folders)."""

    folder: Path
    names: tuple[str, ...]
    manifest: Path | None

    def lines(self, place: S3Folder) -> Iterator[JsonObject]:
        """The manifest's lines for images that lie at `place` under their names. Raises ModelForTestsError."""
        if self.manifest is None:
            yield from FolderConversion(place).lines(self.folder)
            return
        for line, name in _named_lines(self.manifest, self.folder):
            yield {**line, SOURCE_REF: place.uri(name)}

    def content(self) -> str:
        """SHA-256 over the manifest, and over names and bytes of all images; hexadecimal."""
        paths = [self.folder / name for name in self.names]
        stats = [path.stat() for path in paths]
        seen = tuple(zip(self.names, (one.st_size for one in stats), (one.st_mtime_ns for one in stats), strict=True))
        return _content(self.folder, seen, None if self.manifest is None else self.manifest.read_bytes())


def read_pictures(source: Path, images: Path | None = None) -> Pictures:
    """The pictures of a folder, or of a manifest: its images lie below `images`, by default beside the manifest.

    An image is the file below that folder that the longest end of its key names. Raises ModelForTestsError.
    """
    if source.is_dir():
        names = tuple(image_files(source))
        if not names:
            raise ModelForTestsError(f"{source} is not a folder with JPEG or PNG files in folders named as labels")
        return Pictures(source, names, None)
    if not source.is_file():
        raise ModelForTestsError(f"there is no folder and no manifest {source} (in {Path.cwd()})")
    folder = (images or source.parent).resolve()
    found = {name for _, name in _named_lines(source, folder)}
    return Pictures(folder, tuple(sorted(found)), source)


def _named_lines(manifest: Path, folder: Path) -> Iterator[tuple[JsonObject, str]]:
    """Each line of a manifest with the name of its image below `folder`."""
    for number, text in enumerate(manifest.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            reference = line[SOURCE_REF]
            key = reference.removeprefix("s3://").partition("/")[2] if reference.startswith("s3://") else reference
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ModelForTestsError(f"{manifest}, line {number}: not a JSON object with a {SOURCE_REF}") from None
        path = file_of_key(folder, key)
        if path is None:
            raise ModelForTestsError(f"{manifest}, line {number}: no file below {folder} is {reference}")
        yield line, path.relative_to(folder).as_posix()


@lru_cache(maxsize=64)
def _content(folder: Path, seen: tuple[tuple[str, int, int], ...], manifest: bytes | None) -> str:
    """`seen`: names, sizes and times of change, so that each test of a process does not read all images again."""
    digest = hashlib.sha256(b"" if manifest is None else manifest)
    for name, _, _ in seen:
        body = (folder / name).read_bytes()
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()
