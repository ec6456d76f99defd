"""What takes time: the runner, the clock, ingest, training, copying, hosting."""
