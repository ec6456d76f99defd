"""What can go wrong with pictures, models and training.

VisionError
├── ImageError
│   ├── UnsupportedImageFormatError
│   ├── TooManyPixelsError
│   └── DamagedImageError
├── ModelFileError
└── TrainingError
    └── UnusableTrainingDataError
"""

from __future__ import annotations


class VisionError(Exception):
    """Base of every error that `emulator.vision` raises on purpose."""


class ImageError(VisionError):
    """The bytes given cannot be used as a picture."""


class UnsupportedImageFormatError(ImageError):
    """The content is neither JPEG nor PNG, whatever its name says (api-facts §4.3)."""


class TooManyPixelsError(ImageError):
    """The header announces more pixels than are decoded; nothing was decoded."""


class DamagedImageError(ImageError):
    """The header is that of a JPEG or PNG, but the picture data is broken or ends early."""


class ModelFileError(VisionError):
    """A backbone or model file is missing, is not what its checksum or metadata say, or cannot be read."""


class TrainingError(VisionError):
    """A training cannot be done."""


class UnusableTrainingDataError(TrainingError):
    """The examples do not allow a model of the kind asked for (D-24)."""
