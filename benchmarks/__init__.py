"""What prints the figures in docs/benchmarks.md: `python -m benchmarks [NAME]`, or `make bench` for all."""
