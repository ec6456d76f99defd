"""What does each kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emulator.console.deletions import DELETE_PROJECT, run_deletion
from emulator.console.examples import CREATE_EXAMPLE, run_example
from emulator.console.folder_import import IMPORT_FOLDER, run_folder_import
from emulator.console.task_runs import Work

WORKS: Mapping[str, Work] = MappingProxyType(
    {IMPORT_FOLDER: run_folder_import, DELETE_PROJECT: run_deletion, CREATE_EXAMPLE: run_example}
)
