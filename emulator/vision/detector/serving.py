"""An exported detector in service: pictures in, labelled boxes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np

from emulator.vision import images
from emulator.vision.detector.geometry import GREY, Letterbox
from emulator.vision.errors import ModelFileError
from emulator.vision.examples import Prediction
from emulator.vision.images import PixelArray
from emulator.vision.layers import Array
from emulator.vision.onnx_session import Session

INPUT_METADATA = "input"
"""Metadata key: JSON with the input's `height` and `width` in pixels and `letterbox`, the grey of the margins."""

Detector = Callable[[PixelArray], list[Prediction]]


def input_metadata(height: int, width: int) -> str:
    """What INPUT_METADATA holds for a detector."""
    return json.dumps({"height": height, "width": width, "letterbox": GREY}, sort_keys=True)


def read_fitted(data: bytes, input_width: int, input_height: int, *, tolerate_damage: bool = False) -> PixelArray:
    """The upright picture in a JPEG or PNG, as large as it will lie in the input of a detector: uint8 [h, w, 3].

    A detector takes pictures of any size; one of this size it need not scale. Raises ImageError, as images.decode does.
    """
    facts = images.probe(data)
    fitted = Letterbox.fit(facts.width, facts.height, input_width, input_height)
    return images.decode_resized(data, fitted.width, fitted.height, tolerate_damage=tolerate_damage)


def load_detector(session: Session, metadata: Mapping[str, str]) -> Detector:
    """A function from a picture, uint8 [height, width, 3] RGB upright, to its predictions, highest confidence first.

    Confidences are 0..1 and calibrated; boxes are (left, top, width, height) in fractions of the picture. The function
    may be called from several threads at once. Raises ModelFileError if the metadata is not that of a detector.
    """
    try:
        labels = json.loads(metadata["labels"])
        shape = json.loads(metadata[INPUT_METADATA])
        input_width, input_height, grey = int(shape["width"]), int(shape["height"]), int(shape["letterbox"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"the model's metadata is not that of a detector: {error}") from error

    def detect(pixels: PixelArray) -> list[Prediction]:
        letterbox = Letterbox.fit(pixels.shape[1], pixels.shape[0], input_width, input_height)
        canvas = np.full((1, input_height, input_width, 3), grey, np.uint8)
        canvas[
            0, letterbox.top : letterbox.top + letterbox.height, letterbox.left : letterbox.left + letterbox.width
        ] = _resized(pixels, letterbox.width, letterbox.height)
        boxes, numbers, confidences = session.run({"image": canvas}, ["boxes", "labels", "confidences"])
        corners = letterbox.to_fractions(boxes.astype(np.float64))
        return [
            Prediction(labels[number], float(confidence), (left, top, right - left, bottom - top))
            for number, confidence, (left, top, right, bottom) in zip(
                numbers, confidences, corners.tolist(), strict=True
            )
        ]

    return detect


def _resized(pixels: PixelArray, width: int, height: int) -> Array:
    if pixels.shape[:2] == (height, width):
        return pixels
    return images.resize(pixels, width, height)
