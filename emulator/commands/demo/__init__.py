"""The command demo: the whole life of an example model (O-4)."""
