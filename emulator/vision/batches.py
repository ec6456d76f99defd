"""Several pictures in one run of a model, where that gives each picture exactly what it gets alone."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from emulator.vision.onnx_session import Session

LARGEST_BATCH = 4
"""Pictures in one run. More leave the processor's caches, and the first would wait longer for the last."""

LARGEST_PICTURE = 3 * 320 * 320
"""Numbers in the input of one picture. Of larger ones the weights are a small part of what a run reads."""


class BatchedSession:
    """Runs a model on up to `largest` pictures at once; may be called from several threads.

    Each size of batch has to prove itself in this process: its first one is run picture by picture too, and from then
    on only if both gave the same bytes. Products of matrices may be summed in another order for several rows.
    """

    def __init__(self, session: Session, name: str, output: str) -> None:
        """`name` and `output` are the tensors: float32 [N, …] in, float32 [N, columns] out."""
        self._session = session
        self._name = name
        self._output = output
        first, *sides = session.input_shapes.get(name, [1])
        numbers = math.prod(side if isinstance(side, int) else LARGEST_PICTURE + 1 for side in sides)
        is_open = not isinstance(first, int) and numbers <= LARGEST_PICTURE
        self.largest = LARGEST_BATCH if is_open else 1
        self._is_exact: dict[int, bool] = {}

    def run(self, pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A row for each of the pictures, float32 [N, columns]; N may not be over `largest`.

        Raises ValueError for a graph that gives another number of rows, and what onnxruntime raises.
        """
        rows = self._rows(pictures)
        if len(rows) != len(pictures):
            raise ValueError("the model does not give a row for each picture")
        return rows

    def _rows(self, pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        size = len(pictures)
        if size == 1 or self._is_exact.get(size):
            return self._run(pictures)
        alone = np.concatenate([self._run(pictures[index : index + 1]) for index in range(size)])
        if size not in self._is_exact:
            self._is_exact[size] = self._gives(pictures, alone)
        return alone

    def _gives(self, pictures: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]) -> bool:
        """Whether one run gives these very bytes. A graph from anywhere may not take several pictures at all."""
        try:
            return self._run(pictures).tobytes() == rows.tobytes()
        except Exception:  # onnxruntime's exceptions have no common base of their own
            return False

    def _run(self, pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        rows: npt.NDArray[np.float32] = self._session.run({self._name: pictures}, [self._output])[0]
        return rows
