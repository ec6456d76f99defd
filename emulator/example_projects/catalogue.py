"""All example projects by their id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from emulator.domain.manifest.writing import Line, box_pair, image_level_pair, line_bytes
from emulator.example_projects.boards import CIRCUIT_BOARDS
from emulator.example_projects.flowers import FLOWERS
from emulator.example_projects.logos import LOGOS
from emulator.example_projects.pictures import ExampleImage, ExampleProject
from emulator.example_projects.rooms import ROOMS

EXAMPLE_PROJECTS: Mapping[str, ExampleProject] = MappingProxyType(
    {project.id: project for project in (ROOMS, FLOWERS, LOGOS, CIRCUIT_BOARDS)}
)
_CREATED = "2026-01-01T00:00:00.000000"


def manifest(images: Sequence[ExampleImage], folder: str) -> bytes:
    """The manifest of images that lie in a folder, `s3://bucket/prefix/` (F-3, F-5)."""
    return b"".join(line_bytes(_line(image, folder)) for image in images)


def _line(image: ExampleImage, folder: str) -> Line:
    line: Line = {"source-ref": folder + image.name}
    if image.boxes:
        return line | box_pair("bounding-box", image.boxes, image.size, "labeling-job/bounding-box", _CREATED)
    for number, label in enumerate(image.labels):
        attribute = "label" if len(image.labels) == 1 else f"label-{number}"
        line |= image_level_pair(attribute, label, 1, f"labeling-job/{label}", _CREATED)
    return line
