"""Manifests outside the server: `custom-labels lint` checks them, `custom-labels convert` makes them.

Each command is a module with `add_arguments(parser)` and `run(arguments) -> int`, which returns the exit code: 0 for
success, 1 for a manifest (or an input) with errors, 2 for wrong usage.
"""
