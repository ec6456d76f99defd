"""The six result files of a training: where they lie (`keys`) and what is in them (`summary`, `snapshots`).

The manifest summary and the validation manifests come from `emulator.domain.manifest.training`.
"""
