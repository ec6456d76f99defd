"""From pictures to raw features: read, decoded and computed a few at a time on every core; what is known is cached."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from emulator.vision.errors import ImageError
from emulator.vision.estimates import Estimate
from emulator.vision.examples import ImageSource, Progress, ProgressListener, TrainingSettings
from emulator.vision.feature_cache import FeatureCache
from emulator.vision.features import FeatureExtractor, Look
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.parallel import Built, Known

logger = logging.getLogger(__name__)

# After this many pictures the rest can be foretold.
_PICTURES_BEFORE_ESTIMATE = 8

RawFeatures = npt.NDArray[np.float16]


class FeatureReader:
    """Raw features for one look. Keeps nothing but the network in memory."""

    def __init__(self, look: Look, settings: TrainingSettings) -> None:
        self.look = look
        self._workers = settings.workers
        self._compute = Built(partial(_computing, look))
        self._cache = FeatureCache(settings.cache_directory, look) if settings.cache_directory else None

    def of_pixels(self, pixels: PixelArray) -> RawFeatures:
        """float16 [look.length] of a picture uint8 [side, side, 3]."""
        content = hashlib.sha256(pixels.tobytes()).hexdigest()
        known = self._cache.get(content, 1) if self._cache else None
        if known is None:
            known = self._keep(self._compute(_Picture(content, 1, pixels)))
            assert known is not None, "pixels need no decoding"
        return known.reshape(-1)

    def of_images(
        self, images: Sequence[ImageSource], stage: str, progress: ProgressListener, mirrored: bool = True
    ) -> list[RawFeatures | None]:
        """float16 [views, look.length] of each picture, None for one that cannot be decoded.

        The views are the picture and, if `mirrored`, its mirror image.

        A picture that ends early is used as far as it goes.
        """
        views = 2 if mirrored else 1
        megabytes = len(images) * views * self.look.length * np.dtype(np.float16).itemsize / 1e6
        estimate = Estimate(stage, len(images), after=_PICTURES_BEFORE_ESTIMATE, kept_megabytes=megabytes)
        results: list[RawFeatures | None] = []
        for found in self._computed(images, views):
            results.append(self._keep(found))
            progress(Progress(stage, len(results), len(images)))
            estimate.tick(len(results))
        if self._cache:
            self._cache.prune()
        return results

    def stream(self, images: Sequence[ImageSource]) -> Generator[RawFeatures | None, None, None]:
        """`of_images` without mirror images [look.length], one after the other. What is computed is not cached."""
        for found in self._computed(images, views=1):
            yield None if found.features is None else found.features[0]

    def _computed(self, images: Sequence[ImageSource], views: int) -> Iterator[_Computed]:
        loaded = partial(self._load, views=views)
        for image, found in zip(images, self._workers.in_order(self._compute, images, loaded), strict=True):
            if found.problem:
                logger.warning("left out of the training: %s: %s", image.identity, found.problem)
            yield found

    def _load(self, image: ImageSource, views: int) -> _Picture | Known[_Computed]:
        data = image.read()
        content = hashlib.sha256(data).hexdigest()
        known = self._cache.get(content, views) if self._cache else None
        return _Picture(content, views, data) if known is None else Known(_Computed("", known))

    def _keep(self, found: _Computed) -> RawFeatures | None:
        if self._cache and found.content and found.features is not None:
            self._cache.put(found.content, found.features)
        return found.features


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture by its SHA-256: a file, of which so many views are wanted, or the pixels of the only one."""

    content: str
    views: int
    data: bytes | PixelArray


@dataclass(frozen=True, slots=True)
class _Computed:
    """float16 [views, look.length] of the picture with this SHA-256 (empty if they came from the cache), or why not."""

    content: str
    features: RawFeatures | None
    problem: str = ""


def _computing(look: Look) -> Callable[[_Picture], _Computed]:
    extract = FeatureExtractor(look)

    def compute(picture: _Picture) -> _Computed:
        pixels = picture.data
        if isinstance(pixels, bytes):
            try:
                pixels = decode_resized(pixels, look.side, look.side, tolerate_damage=True)
            except ImageError as error:
                return _Computed(picture.content, None, str(error))
        views = [pixels, pixels[:, ::-1]][: picture.views]
        return _Computed(picture.content, np.stack([extract(view) for view in views]))

    return compute
