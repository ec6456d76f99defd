"""The S3 of the emulator: the embedded one, or any S3 endpoint; both behind the ObjectStore port of `storage`."""

from emulator.s3.embedded import EmbeddedS3
from emulator.s3.object_store import open_embedded_store

__all__ = ["EmbeddedS3", "open_embedded_store"]
