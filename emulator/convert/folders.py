"""Folders of images to manifests: the folder's name is the label (D-7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.convert.writing import image_files
from emulator.domain.manifest.writing import Line, image_level_pair, now
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder

ATTRIBUTE = "folder-label"
JOB = f"labeling-job/{ATTRIBUTE}"


@dataclass(slots=True)
class FolderConversion:
    """A folder being converted. `file_names` are paths below it, `labels` counts images."""

    folder: S3Folder
    file_names: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)

    def lines(self, path: Path) -> Iterator[Line]:
        """One line a JPEG or PNG file; the label is the direct child folder, files directly in the folder have none.

        Raises ConversionError for a folder without images.
        """
        created = now()
        for name in image_files(path):
            self.file_names.append(name)
            line: Line = {"source-ref": self.folder.uri(name)}
            label, slash, _ = name.partition("/")
            if slash:
                self.labels[label] += 1
                line |= image_level_pair(ATTRIBUTE, label, 1, JOB, created)
            yield line
        if not self.file_names:
            raise ConversionError(f"{path} has no JPEG or PNG files")
