"""The S3 of the emulator: the embedded one, or any S3 endpoint; both behind `domain.object_store`."""
