"""Archives as tar files: the first member `manifest.json` names every other one with its size and SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from emulator.domain.json_values import JsonMapping, JsonObject

MANIFEST = "manifest.json"
MANIFEST_LIMIT = 64 * 2**20
_PIECE = 1 << 20


class ArchiveError(ValueError):
    """A file is not an archive of this emulator, or is damaged; the message says why. Nothing was taken over."""


@dataclass(frozen=True, slots=True)
class ArchiveForm:
    """What archives of one kind hold. Names that `member` matches may be in one, those of `required` must be.

    `number` is the format that is read, `lacking` what is said where a required member is missing. Members that
    `linked` matches may be links to earlier ones: earlier releases wrote copied objects so.
    """

    number: int
    member: re.Pattern[str]
    required: tuple[str, ...]
    lacking: str
    linked: re.Pattern[str] | None = None


def pack_files(directory: Path, target: Path, description: JsonMapping) -> None:
    """Pack all files of a folder into a tar file; `description` begins its manifest (the format, who wrote it)."""
    names = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    files = {name: {"size": (directory / name).stat().st_size, "sha256": _sha256(directory / name)} for name in names}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    manifest_path = directory / MANIFEST
    manifest_path.write_text(
        json.dumps({**description, "created": created, "files": files}, indent=1), encoding="utf-8"
    )
    # Copied objects share their bytes by hard links, which without `dereference` would become members without bytes.
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT, dereference=True) as archive:
        for name in (MANIFEST, *names):
            archive.add(directory / name, name, filter=_anonymous)


def begins_an_archive(start: bytes) -> bool:
    """Whether the first 512 bytes of a file can be those of an archive: a tar header for `manifest.json`.

    The header of pax for the first member, which has its time to the nanosecond, may come before.
    """
    return start[:100].rstrip(b"\0") in (MANIFEST.encode(), b"././@PaxHeader") and start[257:262] == b"ustar"


def unpack_files(archive: Path, directory: Path, form: ArchiveForm) -> None:
    """Unpack an archive into an empty folder; every file is as its manifest says. Raises ArchiveError."""
    try:
        with tarfile.open(archive, "r:") as opened:
            _unpack(opened, directory, form)
    except (tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise ArchiveError(f"this is not an archive of the emulator: {error}") from error


def _unpack(archive: tarfile.TarFile, directory: Path, form: ArchiveForm) -> None:
    members = iter(archive)
    listed = _read_manifest(archive, next(members, None), form)
    unpacked: set[str] = set()
    for member in members:
        expected = listed.pop(member.name, None)
        # A sparse member of a few bytes could unfold to as many as the disk has.
        is_file = member.isreg() and not member.issparse()
        may_be_linked = form.linked is not None and form.linked.match(member.name) is not None
        is_link = member.islnk() and member.linkname in unpacked and may_be_linked
        if expected is None or not (is_file or is_link):
            raise ArchiveError(f"{member.name[:200]!r} does not belong into an archive")
        target = directory / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_link:
            _link(directory / member.linkname, target)
        else:
            with _content(archive, member) as content, target.open("xb") as file:
                shutil.copyfileobj(content, file, _PIECE)
        if may_be_linked:
            unpacked.add(member.name)
        if target.stat().st_size != expected.get("size") or _sha256(target) != expected.get("sha256"):
            raise ArchiveError(f"{member.name} is damaged")
    if listed:
        raise ArchiveError(f"{next(iter(listed))} is missing")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _read_manifest(
    archive: tarfile.TarFile, member: tarfile.TarInfo | None, form: ArchiveForm
) -> dict[str, JsonObject]:
    """The files that the archive must have, by name."""
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > MANIFEST_LIMIT:
        raise ArchiveError("this is not an archive of the emulator: it does not begin with manifest.json")
    with _content(archive, member) as content:
        try:
            manifest = json.loads(content.read())
            number, files = manifest["format"], dict(manifest["files"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArchiveError("the manifest of the archive cannot be read") from error
    if number != form.number:
        raise ArchiveError(f"the archive has format {number!r}, this release reads format {form.number}")
    if not set(form.required) <= set(files):
        raise ArchiveError(form.lacking)
    for name, expected in files.items():
        if not form.member.fullmatch(name) or not isinstance(expected, dict):
            raise ArchiveError(f"{name[:200]!r} does not belong into an archive")
    return files


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    assert content is not None, "a regular file has content"
    return content


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the owner, whose name is nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in _pieces(file):
            digest.update(piece)
    return digest.hexdigest()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
