"""The wire edge of the embedded S3: requests, bodies, checksums, answers, errors. Knows no bucket and no object."""
