"""onnxruntime sessions with the settings that a shared small machine needs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from emulator.vision.errors import ModelFileError
from emulator.vision.processor import sums_bytes_exactly
from emulator.vision.run_limit import SHARED_MEMORY_OPTION, RunWatch, bound_memory

LARGE_INPUT = 3 * 768 * 768
"""Numbers in an input of fixed size."""


class Tensor(NamedTuple):
    """A declared input or output. `type` as onnxruntime writes it, `tensor(float)`; open sides are names or None."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]


class Session:
    """A loaded ONNX model. `run` may be called from several threads at once."""

    def __init__(self, model: Path | bytes, threads: int, watch: RunWatch | None = None) -> None:
        """`threads`: how many cores one call may use. With `watch` runs are bounded in time and memory.

        Raises ModelFileError if onnxruntime cannot load the model.
        """
        self._watch = watch
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # Spinning threads would take the time of the other trainings and requests on the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if not sums_bytes_exactly():
            # A model with 8-bit weights was trained on another processor: slower, but as exact as there.
            options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 3
        if watch is not None:
            bound_memory()
            options.add_session_config_entry(SHARED_MEMORY_OPTION, "1")
        source: str | bytes = model if isinstance(model, bytes) else str(model)
        self._session = _opened(source, options)
        if self._has_large_input():
            # A plan of the memory keeps what all layers need at once: twice as much for three sizes of a large picture.
            options.enable_mem_pattern = False
            self._session = _opened(source, options)

    @property
    def metadata(self) -> dict[str, str]:
        """The free-form metadata stored in the model."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def input_shapes(self) -> dict[str, list[int | str | None]]:
        return {tensor.name: list(tensor.shape) for tensor in self._session.get_inputs()}

    @property
    def inputs(self) -> list[Tensor]:
        """The tensors that a run takes, as the file declares them."""
        return [Tensor(tensor.name, tensor.type, tuple(tensor.shape)) for tensor in self._session.get_inputs()]

    @property
    def outputs(self) -> list[Tensor]:
        """The tensors that a run gives, as the file declares them."""
        return [Tensor(tensor.name, tensor.type, tuple(tensor.shape)) for tensor in self._session.get_outputs()]

    def _has_large_input(self) -> bool:
        shapes = self.input_shapes.values()
        return any(math.prod(side for side in shape if isinstance(side, int)) > LARGE_INPUT for shape in shapes)

    def run(self, inputs: dict[str, npt.NDArray[Any]], outputs: list[str] | None = None) -> list[npt.NDArray[Any]]:
        """The named outputs (all without names) for these inputs, as numpy arrays.

        Raises what onnxruntime raises for a run that was ended or found no memory.
        """
        results: list[npt.NDArray[np.float32]]
        if self._watch is None:
            results = self._session.run(outputs, inputs)
            return results
        with self._watch.watching() as options:
            results = self._session.run(outputs, inputs, options)
        return results


def _opened(source: str | bytes, options: onnxruntime.SessionOptions) -> Any:
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common base of their own
        raise ModelFileError(f"onnxruntime cannot load the model: {error}") from error
