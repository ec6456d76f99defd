"""Lines of manifests, made and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from emulator.domain.manifest.attributes import METADATA_SUFFIX
from emulator.domain.manifest.decoding import ADDED_KEYS
from emulator.domain.manifest.inspecting import SOURCE_REF
from emulator.domain.manifest.writing import Line
from emulator.lint.errors import ConversionError


def attribute_name(label: str) -> str:
    """The label itself, unless a manifest would take that name for something else."""
    is_taken = label in (SOURCE_REF, *ADDED_KEYS) or label.endswith((METADATA_SUFFIX, "-ref"))
    return f"label-{label}-" if is_taken else label


def write_manifest(path: Path, lines: Iterable[Line]) -> int:
    """Write the lines as they come; returns how many. If `lines` raises, nothing is left behind.

    Raises OSError, and ConversionError for a full disk and for what is not Unicode text: file names in another
    encoding, half characters.
    """
    count = 0
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(_text_of(line) + "\n")
                count += 1
        partial.replace(path)
    except OSError as error:
        if error.filename == str(partial):
            raise OSError(error.errno, error.strerror, str(path)) from None
        if error.filename is not None:
            raise
        raise ConversionError(f"{path}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def _text_of(line: Line) -> str:
    text = json.dumps(line, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        around = text[max(0, error.start - 40) : error.end + 20]
        raise ConversionError(f"a name is not Unicode text: {around!a}") from None
    return text


def image_files(folder: Path) -> Iterator[str]:
    """Paths below the folder, with slashes and sorted, of all JPEG and PNG files by extension; hidden ones left out.

    Links are followed, to files and to folders.
    """
    for path in _visible_files(folder, ()):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            yield path.relative_to(folder).as_posix()


def _visible_files(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:
        return  # a link to a folder that it lies in
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _visible_files(path, (*above, real))
        elif path.is_file():
            yield path
