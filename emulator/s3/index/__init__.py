"""The SQLite index of the embedded S3: what exists, under which name, in which of the files of `emulator.s3.files`."""
