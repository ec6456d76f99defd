"""The images of a manifest with their boxes and labels, and the paths that they get below a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from emulator.convert.annotated import AnnotatedImage
from emulator.convert.boxes import LabelledBox
from emulator.domain.manifest.attributes import METADATA_SUFFIX, is_number
from emulator.domain.manifest.findings import Document, Verdict
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.reading import ManifestLine
from emulator.lint.errors import ConversionError

_LONGEST_NAME = 255  # bytes of one part of a path


@dataclass(slots=True)
class ManifestImages:
    """The usable lines of a manifest. `images` have paths that are safe below any folder; `addresses` the s3:// ones.

    `has_boxes` says of which kind the data set is. `left_out` counts lines and boxes that a training could not use.
    """

    images: list[AnnotatedImage] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    has_boxes: bool = False
    lines_left_out: int = 0
    boxes_left_out: int = 0

    @classmethod
    def of_lines(cls, lines: Iterable[ManifestLine]) -> ManifestImages:
        """Of a manifest's lines. An image that stands in several lines counts once. Raises ConversionError."""
        made = cls()
        found: dict[str, tuple[AnnotatedImage, bool]] = {}
        for line in lines:
            inspection = inspect_line(line.raw, line.is_cut)
            if inspection.verdict is Verdict.INVALID or inspection.source_ref in found:
                made.lines_left_out += 1
                continue
            size = _box_frame(inspection.document or {})
            boxes = tuple(LabelledBox(*box) for box in inspection.boxes)
            made.boxes_left_out += sum(use.boxes for use in inspection.declared.values()) - len(boxes)
            width, height = size or (0.0, 0.0)
            image = AnnotatedImage(inspection.source_ref, width, height, boxes, tuple(inspection.image_labels))
            found[image.name] = (image, size is not None)
        made.has_boxes = any(is_boxed for _, is_boxed in found.values())
        kept = [image for image, is_boxed in found.values() if is_boxed or not made.has_boxes]
        made.lines_left_out += len(found) - len(kept)
        made.addresses = [image.name for image in kept]
        paths = safe_paths(made.addresses)
        made.images = [
            AnnotatedImage(path, image.width, image.height, image.boxes, image.labels)
            for image, path in zip(kept, paths, strict=True)
        ]
        return made

    def labels(self) -> list[str]:
        """The names of the labels, in the order of the alphabet."""
        boxes = {box.label for image in self.images for box in image.boxes}
        return sorted(boxes | {label for image in self.images for label in image.labels})


def _box_frame(document: Document) -> tuple[float, float] | None:
    """Width and height in pixels that the first box attribute tells; None for a line without one."""
    for name, value in document.items():
        if f"{name}{METADATA_SUFFIX}" not in document or not isinstance(value, dict) or "annotations" not in value:
            continue
        sizes = value.get("image_size")
        size = sizes[0] if isinstance(sizes, list) and sizes else None
        if isinstance(size, dict) and is_number(size.get("width")) and is_number(size.get("height")):
            return float(size["width"]), float(size["height"])
    return None


def safe_paths(addresses: list[str]) -> list[str]:
    """Paths with slashes below a folder, one an s3:// address: the keys without what all folders have in common.

    Raises ConversionError for a key that is not a path below a folder: with `..`, with an empty part, too long.
    """
    places = [address.removeprefix("s3://") for address in addresses]
    if not places:
        return []
    buckets = {place.partition("/")[0] for place in places}
    keys = [place.partition("/")[2] for place in places] if len(buckets) == 1 else places
    folders = [key.rpartition("/")[0] for key in keys]
    common = _common_folder(folders)
    paths = [key[len(common) + 1 :] if common else key for key in keys]
    for path, address in zip(paths, addresses, strict=True):
        parts = path.split("/")
        is_bad = any(part in ("", ".", "..") or len(part.encode()) > _LONGEST_NAME for part in parts)
        if is_bad or "\\" in path or "\0" in path:
            raise ConversionError(f"the key of {address} cannot be the path of a file")
    return paths


def _common_folder(folders: list[str]) -> str:
    shared = folders[0].split("/") if folders[0] else []
    for folder in folders[1:]:
        parts = folder.split("/") if folder else []
        count = next((n for n, (a, b) in enumerate(zip(shared, parts, strict=False)) if a != b), None)
        shared = shared[: min(len(shared), len(parts)) if count is None else count]
    return "/".join(shared)
