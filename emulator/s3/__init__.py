"""The S3 of the emulator: the embedded one, or any S3 endpoint; both behind `domain.object_store`."""

from emulator.s3.embedded import EmbeddedS3
from emulator.s3.external import CredentialsFileError, ExternalS3Settings, ExternalS3Store
from emulator.s3.index.schema import NewerObjectIndexError
from emulator.s3.object_store import EmbeddedObjectStore, open_embedded_store
from emulator.s3.vault import MissingIndexError

__all__ = [
    "CredentialsFileError",
    "EmbeddedObjectStore",
    "EmbeddedS3",
    "ExternalS3Settings",
    "ExternalS3Store",
    "MissingIndexError",
    "NewerObjectIndexError",
    "open_embedded_store",
]
