"""One function an S3 operation, one file a resource. They run in worker threads, never on the event loop."""
