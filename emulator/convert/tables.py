"""What the columns of a CSV table are: images and labels, labels by columns of 0 and 1, or boxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from emulator.convert.boxes import LabelledBox
from emulator.lint.errors import ConversionError

_IMAGE = re.compile(r"s3://\S.*|.+\.(?:jpe?g|png)", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", re.IGNORECASE)
_IMAGE_NAMES = {
    *(
        "filename",
        "file_name",
        "file",
        "image",
        "image_path",
        "image_name",
        "image_id",
        "imageid",
        "img",
        "path",
        "name",
    ),
    *("filepath", "file_path", "source-ref", "source_ref", "url", "uri", "photo", "picture"),
}
_LABEL_NAMES = {
    "label",
    "labels",
    "class",
    "class_name",
    "classname",
    "category",
    "target",
    "species",
    "tag",
    "name",
    "y",
}
_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
_SIDES = (("left", "top", "width", "height"), ("x", "y", "w", "h"), ("xmin", "ymin", "width", "height"))
_SIZES = (
    ("width", "height"),
    ("image_width", "image_height"),
    ("img_width", "img_height"),
    ("imagewidth", "imageheight"),
)

Row = list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows without their header, and which columns hold what.

    `classes` are the names of columns that say with 0 or 1 whether an image has the label. `box` are the columns of a
    box: label, four figures and, where the table tells them, width and height of the image; `is_corners` says that the
    figures are two corners.
    """

    header: Row | None
    rows: list[Row]
    image: int = 0
    labels: tuple[int, ...] = ()
    classes: tuple[tuple[int, str], ...] = ()
    box: tuple[int, ...] = ()
    is_corners: bool = False

    def box_of(self, row: Row, path: Path) -> LabelledBox | None:
        """The box of a row in pixels; None in a row without any, which names an image without boxes.

        Raises ConversionError.
        """
        columns = self.box[:5]
        if all(column >= len(row) or not row[column] for column in columns):
            return None
        left, top, third, fourth = self._figures(row, columns[1:], path)
        wide, high = (third - left, fourth - top) if self.is_corners else (third, fourth)
        return LabelledBox(row[columns[0]], left, top, wide, high)

    def size_of(self, row: Row, path: Path) -> tuple[float, float] | None:
        """The image's width and height in pixels; None where the table does not tell. Raises ConversionError."""
        if len(self.box) == 5:
            return None
        width, height = self._figures(row, self.box[5:], path)
        return width, height

    def _figures(self, row: Row, columns: tuple[int, ...], path: Path) -> list[float]:
        try:
            return [float(row[column]) for column in columns]
        except (ValueError, IndexError):
            raise ConversionError(f"{path}: a row of a table of boxes lacks a figure: {','.join(row)[:80]}") from None


def understand(rows: list[Row], path: Path, *, has_images: bool = False) -> Table:
    """What the table is. Raises ConversionError for one that cannot be a list of images with labels or boxes.

    With `has_images`, sizes that a table of boxes does not tell can be read from the images.
    """
    header = rows[0] if rows and _is_header(rows) else None
    body = rows[1:] if header else rows
    if header:
        names = [name.strip().lower() for name in header]
        image = next((column for column, name in enumerate(names) if name in _IMAGE_NAMES), 0)
        if box := _box_table(names, header, body, image, path, has_images):
            return box
        _check_images(body, image, path)
        if classes := _classes(header, body, image):
            return Table(header, body, image, classes=classes)
        labels = tuple(column for column, name in enumerate(names) if column != image and name in _LABEL_NAMES)
        others = tuple(column for column in range(len(names)) if column != image)
        return Table(header, body, image, labels or others)
    _check_images(body, 0, path)
    width = max(map(len, body), default=0)
    numbers = [column for column in range(1, width) if _is_numeric(body, column)]
    if len(numbers) >= 4:
        raise ConversionError(
            f"{path} is a table of boxes without a header: columns {', '.join(str(n + 1) for n in numbers[:6])} "
            f"are numbers."
            " Put a header above it: filename,width,height,class,xmin,ymin,xmax,ymax in the order of its columns"
        )
    return Table(None, body, labels=tuple(range(1, width)))


def _is_header(rows: list[Row]) -> bool:
    first, rest = rows[0], rows[1:21]
    if any(_IMAGE.fullmatch(cell) for cell in first):
        return False
    names = {cell.strip().lower() for cell in first}
    has_images = any(_IMAGE.fullmatch(cell) for row in rest for cell in row)
    return bool(names & _IMAGE_NAMES) or (has_images and not any(_NUMBER.fullmatch(cell) for cell in first))


def _check_images(rows: list[Row], image: int, path: Path) -> None:
    named = sum(len(row) > image and bool(_IMAGE.fullmatch(row[image])) for row in rows)
    if rows and not named:
        cell = rows[0][image] if len(rows[0]) > image else ""
        raise ConversionError(
            f"{path}: column {image + 1} does not name images: {cell[:40]!r} is neither an s3:// address nor a "
            f".jpg, .jpeg"
            " or .png file"
        )


def _is_numeric(rows: list[Row], column: int) -> bool:
    cells = [row[column] for row in rows if len(row) > column and row[column]]
    return bool(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)


def _classes(header: Row, rows: list[Row], image: int) -> tuple[tuple[int, str], ...]:
    """Columns of 0 and 1 alone: one a label."""
    columns = [column for column in range(len(header)) if column != image]
    if all(header[column].strip().lower() in _LABEL_NAMES for column in columns):
        return ()
    cells = {row[column] for row in rows for column in columns if len(row) > column}
    if len(columns) < 2 or not cells or not cells <= {"0", "1", "0.0", "1.0", ""}:
        return ()
    return tuple((column, header[column].strip()) for column in columns)


def _box_table(names: Row, header: Row, rows: list[Row], image: int, path: Path, has_images: bool) -> Table | None:
    corners = next((group for group in _CORNERS if set(group) <= set(names)), None)
    sides = next((group for group in _SIDES if set(group) <= set(names)), None) if corners is None else None
    group = corners or sides
    if group is None:
        if any(name in ("bbox", "bounding_box", "box", "segmentation") for name in names):
            raise ConversionError(f"{path} is a table with boxes in one column ({','.join(header)}): export it as COCO")
        return None
    label = next((n for n, name in enumerate(names) if n != image and name in _LABEL_NAMES), None)
    free = [pair for pair in _SIZES if set(pair) <= set(names) and not set(pair) & set(group)]
    if label is None or not (free or has_images):
        lacks = "a column class"
        if label is not None:
            lacks = "the images' width and height (columns width and height; or give the images with --images)"
        raise ConversionError(f"{path} is a table of boxes ({','.join(header)}) and lacks {lacks}")
    columns = [names.index(name) for name in (*group, *(free[0] if free else ()))]
    return Table(header, rows, image, box=(label, *columns), is_corners=corners is not None)
