"""Images that lie in a local folder, found by their s3:// addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from emulator.domain.image_limits import MAXIMUM_OBJECT_BYTES, MAXIMUM_SIDE
from emulator.domain.manifest.images import ImageLook, ImageProblem
from emulator.lint.errors import UsageError
from emulator.lint.s3 import S3Folder
from emulator.vision.parallel import in_order

_THREADS = 4


class FolderImages:
    """Looks at images below a folder. Call it as LookAtImages.

    Given as `s3://bucket/prefix=DIR`, the rest of a key behind the prefix is the path below DIR. Given as `DIR`, the
    longest end of the key that names a file below DIR is taken: `a/b/c.jpg`, else `b/c.jpg`, else `c.jpg`.
    """

    def __init__(self, text: str) -> None:
        address, equals, folder = text.partition("=") if text.startswith("s3://") else ("", "", text)
        if text.startswith("s3://") and not equals:
            raise UsageError(f"{text!r} is not of the form s3://bucket/prefix=DIR")
        self._place = S3Folder.parse(address) if equals else None
        self._folder = Path(folder).resolve()
        if not self._folder.is_dir():
            raise UsageError(f"there is no folder {folder}")

    def __call__(self, places: Iterable[tuple[str, str]]) -> Iterator[ImageLook]:
        return in_order(self._look, places, _THREADS)

    def _look(self, place: tuple[str, str]) -> ImageLook:
        path = self._find(*place)
        if path is None:
            return ImageProblem.MISSING
        try:
            if path.stat().st_size > MAXIMUM_OBJECT_BYTES:
                return ImageProblem.TOO_LARGE
            from emulator.vision.images import (
                examine,  # only where images are looked at: numpy takes longer than the rest
            )

            return examine(path.read_bytes(), MAXIMUM_SIDE)
        except PermissionError:
            return ImageProblem.NO_PERMISSION
        except OSError:
            return ImageProblem.MISSING

    def _find(self, bucket: str, key: str) -> Path | None:
        if self._place is None:
            return file_of_key(self._folder, key)
        if bucket == self._place.bucket and key.startswith(self._place.key("")):
            return file_below(self._folder, key.removeprefix(self._place.key("")))
        return None


def file_of_key(folder: Path, key: str) -> Path | None:
    """The file below a folder that the longest end of a key names: `a/b/c.jpg`, else `b/c.jpg`, else `c.jpg`."""
    parts = PurePosixPath(key).parts
    names = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((path for name in names if (path := file_below(folder, name)) is not None), None)


def file_below(folder: Path, name: str) -> Path | None:
    """The file of this name, with slashes, below a folder; None if there is none, or if the name leads out of it.

    Links in the folder are followed: they are its owner's.
    """
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        return None
    try:
        path = folder / parts
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None
