"""Archives of the emulator, taken apart and put together again with something changed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable

Files = dict[str, bytes]
Change = Callable[[Files], Files]


def members(archive: bytes) -> Files:
    """The files of an archive, by name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened}  # type: ignore[union-attr]


def packed(files: Files) -> bytes:
    """A tar file of these files, in their order."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def without(name: str) -> Change:
    """The file is not in the archive, though its manifest tells of it."""
    return lambda files: {key: value for key, value in files.items() if key != name}


def added(name: str, content: bytes) -> Change:
    """A file that the manifest does not tell of, or another content for one."""
    return lambda files: {**files, name: content}


def flipped(name: str) -> Change:
    """One bit of the file is another."""
    return lambda files: {**files, name: files[name][:100] + bytes([files[name][100] ^ 1]) + files[name][101:]}


def listed(name: str, content: bytes) -> Change:
    """A file that the manifest tells of, with a wrong checksum."""

    def change(files: Files) -> Files:
        manifest = json.loads(files["manifest.json"])
        manifest["files"][name] = {"size": len(content), "sha256": "0" * 64}
        return {**files, "manifest.json": json.dumps(manifest).encode(), name: content}

    return change


def replaced(name: str, content: bytes) -> Change:
    """Another content for a file, with the size and checksum that it then has."""

    def change(files: Files) -> Files:
        manifest = json.loads(files["manifest.json"])
        manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        return {**files, "manifest.json": json.dumps(manifest).encode(), name: content}

    return change


def of_format(number: int) -> Change:
    """The archive says that it has this format."""
    return lambda files: {
        **files,
        "manifest.json": json.dumps({**json.loads(files["manifest.json"]), "format": number}).encode(),
    }
