"""A folder of a user's files, for clients that copy folders to S3 and back."""

from __future__ import annotations

import os
from pathlib import Path


def write_photo_folder(folder: Path, large_bytes: int) -> Path:
    """Fill a folder with names that need escaping, and one file that is large enough to be sent in parts."""
    for name in ("a.jpg", "with space/ä b.jpg", "deep/er/c&d=e+f%20g.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "large.bin").write_bytes(os.urandom(large_bytes))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """What is in every file of a folder, by its path below it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
