"""Ground Truth multi-label manifests to one attribute a label (guide chapter ML)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.attributes import IMAGE_CLASSIFICATION, METADATA_SUFFIX
from emulator.domain.manifest.decoding import NotJsonObjectError, decode_line
from emulator.domain.manifest.inspecting import SOURCE_REF
from emulator.domain.manifest.reading import read_lines
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.domain.manifest.writing import Line
from emulator.lint.errors import ConversionError

COPIED_KEYS = ("job-name", "human-annotated", "creation-date")


@dataclass(slots=True)
class MultilabelConversion:
    """A manifest being converted. `labels` counts images; there are no files to upload but the manifest."""

    labels: Counter[str] = field(default_factory=Counter)
    file_names: list[str] = field(default_factory=list)

    def lines(self, path: Path) -> Iterator[Line]:
        """Each input line gives one output line; one whose attribute is not a list of class ids stays as it is.

        Raises ConversionError.
        """
        try:
            with path.open("rb") as stream:
                for number, raw, _ in read_lines(stream):
                    yield self._converted(raw, f"{path}:{number}")
        except ManifestFileError as error:
            raise ConversionError(f"{path}: {error}") from None

    def _converted(self, raw: bytes, place: str) -> Line:
        try:
            return self._line(decode_line(raw.decode(), raw))
        except (NotJsonObjectError, UnicodeDecodeError):
            raise ConversionError(f"{place} is not a JSON line") from None
        except KeyError as error:
            raise ConversionError(f"{place}: {error} is missing from the metadata or its maps") from None
        except (TypeError, AttributeError):
            raise ConversionError(f"{place} is not a line of a multi-label job") from None

    def _line(self, document: JsonObject) -> Line:
        jobs = [key for key in document if key != SOURCE_REF and not key.endswith(METADATA_SUFFIX)]
        if not jobs or not isinstance(document[jobs[-1]], list):
            return document
        job = jobs[-1]
        metadata = document[job + METADATA_SUFFIX]
        line: Line = {SOURCE_REF: document[SOURCE_REF]}
        for position, class_id in enumerate(document[job]):
            label = metadata["class-map"][str(class_id)]
            if not isinstance(label, str):
                raise TypeError(label)
            self.labels[label] += 1
            line[f"{job}{position}"] = position
            line[f"{job}{position}{METADATA_SUFFIX}"] = {
                "class-name": label,
                "confidence": metadata["confidence-map"][str(class_id)],
                "type": IMAGE_CLASSIFICATION,
                **{key: metadata[key] for key in COPIED_KEYS if key in metadata},
            }
        return line
