"""Running models: loaded sessions by version ARN, and the threads that analyse images (R-1, A-10)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.domain.detection import Candidate
from emulator.jobs.analyses import Analyses
from emulator.jobs.undisturbed import undisturbed

if TYPE_CHECKING:
    from emulator.vision.run_limit import RunWatch
    from emulator.vision.served_model import ServedModel


class UnusableModelError(ValueError):
    """A file that cannot serve as a model; the message says why."""


class Hosting:
    """The models that run in this process. Lives on the event loop; images are decoded and analysed in threads."""

    def __init__(self, model_directory: Path, threads: int) -> None:
        """`threads`: how many images are analysed at once, each on one core."""
        self._directory = model_directory
        self._loaders = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="model-loading")
        self._analyses = Analyses(threads)
        self._models: dict[str, asyncio.Task[ServedModel]] = {}

    def model_path(self, model_file: str) -> Path:
        """Where a version's model file lies; `model_file` is a name that this emulator made."""
        return self._directory / model_file

    async def load(self, version_arn: str, model_file: str) -> ServedModel:
        """The loaded model of a version, loading it if that has not begun yet.

        Raises vision's ModelFileError; the next call then tries again.
        """
        task = self._models.get(version_arn)
        if task is None:
            task = asyncio.create_task(self._load(model_file))
            # Its failure is for those who wait; after a reset, which removes the file too, nobody does.
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            self._models[version_arn] = task
        elif task.done() and not task.cancelled() and task.exception() is None:
            return task.result()
        try:
            return await undisturbed(task)
        except BaseException:
            is_failed = task.done() and (task.cancelled() or task.exception() is not None)
            if is_failed and self._models.get(version_arn) is task:
                self._models.pop(version_arn)
            raise

    async def check(self, path: Path) -> None:
        """See that a file from anywhere is a model that can be served, by loading it. Raises UnusableModelError."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._loaders, _load_model, path)
        except Exception as error:  # what is wrong with a graph comes up as anything
            raise UnusableModelError(str(error) or type(error).__name__) from error

    def unload(self, version_arn: str) -> None:
        """Forget a model; calls that are using it end normally."""
        self._models.pop(version_arn, None)

    def unload_all(self, account: str | None = None) -> None:
        """Forget all models, or those of one account."""
        for arn in list(self._models):
            if account is None or f":{account}:" in arn:
                self.unload(arn)

    @property
    def loaded(self) -> tuple[str, ...]:
        """The ARNs of the versions that are loaded or loading."""
        return tuple(self._models)

    async def analyse(self, model: ServedModel, data: bytes) -> tuple[list[Candidate], dict[str, float]]:
        """A loaded model's candidates for an image (JPEG or PNG bytes) and its assumed thresholds, by label.

        Raises RuleError: ImageTooLarge, InvalidImageFormat, InvalidParameter (A-7).
        """
        return await self._analyses.analyse(model, data), model.thresholds

    def close(self) -> None:
        """End the threads; what still runs is ended."""
        if _watch.cache_info().currsize:
            _watch().end_all()
        self._analyses.close()
        self._loaders.shutdown(wait=True)

    async def _load(self, model_file: str) -> ServedModel:
        return await asyncio.get_running_loop().run_in_executor(self._loaders, _load_model, self.model_path(model_file))


def _load_model(path: Path) -> ServedModel:
    from emulator.vision.served_model import ServedModel

    return ServedModel.load(path, threads=1, watch=_watch())


@cache
def _watch() -> RunWatch:
    """The one watch of this process, made with the first model: its module takes onnxruntime with it."""
    from emulator.vision.run_limit import RunWatch

    return RunWatch()
