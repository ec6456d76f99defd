"""The S3 of the emulator: the embedded one, or any S3 endpoint; both behind the ObjectStore port of `storage`."""

from emulator.s3.credentials import account_of
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.external import CredentialsFileError, ExternalS3Settings, ExternalS3Store
from emulator.s3.index.schema import NewerObjectIndexError
from emulator.s3.object_store import EmbeddedObjectStore, open_embedded_store
from emulator.s3.other_services import other_services

__all__ = [
    "CredentialsFileError",
    "EmbeddedObjectStore",
    "EmbeddedS3",
    "ExternalS3Settings",
    "ExternalS3Store",
    "NewerObjectIndexError",
    "account_of",
    "open_embedded_store",
    "other_services",
]
