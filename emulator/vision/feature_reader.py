"""From pictures to raw features: read, decoded and computed a few at a time on every core; what is known is cached."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from emulator.vision.errors import ImageError
from emulator.vision.estimates import Estimate
from emulator.vision.examples import ImageSource, Progress, ProgressListener, TrainingSettings
from emulator.vision.feature_cache import FeatureCache
from emulator.vision.features import FeatureExtractor, Look
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.parallel import in_order

logger = logging.getLogger(__name__)

# After this many pictures the rest can be foretold.
_PICTURES_BEFORE_ESTIMATE = 8

RawFeatures = npt.NDArray[np.float16]


class FeatureReader:
    """Raw features for one look. Keeps nothing but the network in memory."""

    def __init__(self, look: Look, settings: TrainingSettings) -> None:
        self.look = look
        self._extract = FeatureExtractor(look)
        self._threads = settings.threads
        self._cache = FeatureCache(settings.cache_directory, look) if settings.cache_directory else None

    def of_pixels(self, pixels: PixelArray) -> RawFeatures:
        """float16 [look.length] of a picture uint8 [side, side, 3]."""
        return self._cached(hashlib.sha256(pixels.tobytes()).hexdigest(), 1, lambda: [pixels]).reshape(-1)

    def of_images(
        self, images: Sequence[ImageSource], stage: str, progress: ProgressListener, mirrored: bool = True
    ) -> list[RawFeatures | None]:
        """float16 [views, look.length] of each picture, None for one that cannot be decoded.

        The views are the picture and, if `mirrored`, its mirror image.

        A picture that ends early is used as far as it goes.
        """
        results: list[RawFeatures | None] = []
        views = 2 if mirrored else 1
        megabytes = len(images) * views * self.look.length * np.dtype(np.float16).itemsize / 1e6
        estimate = Estimate(stage, len(images), after=_PICTURES_BEFORE_ESTIMATE, kept_megabytes=megabytes)
        for features in in_order(lambda image: self._of_image(image, views), images, self._threads):
            results.append(features)
            progress(Progress(stage, len(results), len(images)))
            estimate.tick(len(results))
        if self._cache:
            self._cache.prune()
        return results

    def _of_image(self, image: ImageSource, views: int) -> RawFeatures | None:
        data = image.read()
        side = self.look.side

        def pictures() -> list[PixelArray]:
            pixels = decode_resized(data, side, side, tolerate_damage=True)
            return [pixels, pixels[:, ::-1]][:views]

        try:
            return self._cached(hashlib.sha256(data).hexdigest(), views, pictures)
        except ImageError as error:
            logger.warning("left out of the training: %s: %s", image.identity, error)
            return None

    def _cached(self, content: str, views: int, pictures: Callable[[], list[PixelArray]]) -> RawFeatures:
        """float16 [views, look.length] of these views of the picture with this SHA-256."""
        known = self._cache.get(content, views) if self._cache else None
        if known is not None:
            return known
        features = np.stack([self._extract(pixels) for pixels in pictures()])
        if self._cache:
            self._cache.put(content, features)
        return features
