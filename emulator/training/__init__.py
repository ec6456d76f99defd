"""One training from manifests to result files, as the worker process does it."""
