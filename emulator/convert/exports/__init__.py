"""Manifests into the formats of other tools, so that reading them again gives what was there."""
