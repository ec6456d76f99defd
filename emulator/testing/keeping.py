"""Trained models between runs: archives, named by what they were trained from and by what trained them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emulator.testing.guard import is_alive
from emulator.testing.locking import held
from emulator.testing.pictures import ModelForTestsError
from emulator.testing.server import setting_of_run

TRAINING_SECONDS = 600.0
MOST_KEPT = 20
_LOOK_SECONDS = 0.05
_PACKAGE = Path(__file__).parents[1]
_TRAINING_PARTS = ("domain", "training", "vision")
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "pillow")


@dataclass(frozen=True, slots=True)
class Keeper:
    """`run`: the folder that all processes of a run share. `folder` keeps archives between runs; None keeps nothing.

    Runs that want the same model at the same time train it once: the others wait for the archive of the first.
    In pytest's own cache (`is_cache`) the ones that were not used for longest go when there are more than MOST_KEPT.
    """

    run: Path
    folder: Path | None = None
    is_cache: bool = False

    def archive(self, content: str, train: Callable[[Path], None]) -> Path:
        """The archive of the model for this content. `train` writes it to a path, once a run, if none is kept.

        Raises ModelForTestsError.
        """
        name = key_of(content)
        place = self.run / f"model-{name}"
        return _once(place, lambda: self._kept_or_trained(name, place, train))

    def retrained(self, content: str, train: Callable[[Path], None]) -> Path:
        """As `archive`, where the kept one turned out to be of no use: it is thrown away. Raises ModelForTestsError."""
        name = key_of(content)
        place = self.run / f"model-{name}-again"

        def make() -> Path:
            if self.folder is not None:
                (self.folder / f"{name}.tar").unlink(missing_ok=True)
            return self._kept_or_trained(name, place, train)

        return _once(place, make)

    def _kept_or_trained(self, name: str, place: Path, train: Callable[[Path], None]) -> Path:
        if self.folder is None:
            new = place / "model.tar"
            train(new)
            return new
        kept = self.folder / f"{name}.tar"
        if not kept.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            with _alone(self.folder / f".{name}.lock"):  # another run may be training it
                if not kept.is_file():
                    self._keep(kept, place / "model.tar", train)
        with suppress(OSError):  # a folder of someone else's, which can be read
            os.utime(kept)
        return kept

    def _keep(self, kept: Path, new: Path, train: Callable[[Path], None]) -> None:
        train(new)
        partial = kept.with_name(f"{kept.name}.{os.getpid()}.partial")
        shutil.copyfile(new, partial)
        partial.replace(kept)
        if self.is_cache:
            _remove_oldest(kept.parent)


def key_of(content: str) -> str:
    """What a model depends on, as a hexadecimal number: the pictures, effort and seed, and the emulator's training."""
    parts = [content, setting_of_run("TRAINING_EFFORT"), setting_of_run("SEED"), training_fingerprint()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@cache
def training_fingerprint() -> str:
    """SHA-256 of the code that trains, of the pretrained networks' checksums and of the libraries' versions."""
    digest = hashlib.sha256()
    for part in _TRAINING_PARTS:
        for path in sorted((_PACKAGE / part).rglob("*.py")):
            digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0".encode() + path.read_bytes())
    for folder in (_PACKAGE / "_bundled" / "models", _PACKAGE.parent / "models"):
        with suppress(OSError):
            digest.update((folder / "checksums.json").read_bytes())
    for library in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{library} {importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()


def _remove_oldest(folder: Path) -> None:
    with suppress(OSError):  # another run may do the same
        kept = sorted(folder.glob("*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[MOST_KEPT:]:
            path.unlink()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """While no other run trains the same model. Raises ModelForTestsError."""
    try:
        with held(lock, TRAINING_SECONDS):
            yield
    except TimeoutError:
        raise ModelForTestsError("another run has not trained the model in time") from None


def _once(place: Path, make: Callable[[], Path]) -> Path:
    """What `make` gives in the first process of the run that asks; the others wait for it, and fail as it failed."""
    done, maker = place / "done", place / "maker"
    try:
        place.mkdir()
    except FileExistsError:
        _wait_for(done, maker)
    else:
        _write(maker, str(os.getpid()))
        try:
            outcome = {"archive": str(make())}
        except BaseException as error:
            outcome = {"error": f"{type(error).__name__}: {error}"}
        _write(done, json.dumps(outcome))
    told = json.loads(done.read_text())
    if "error" in told:
        raise ModelForTestsError(told["error"])
    return Path(told["archive"])


def _wait_for(done: Path, maker: Path) -> None:
    deadline = time.monotonic() + TRAINING_SECONDS
    while not done.exists():
        with suppress(FileNotFoundError):
            if not is_alive(int(maker.read_text())) and not done.exists():
                raise ModelForTestsError("the process of this run that trained the model has died")
        if time.monotonic() > deadline:
            raise ModelForTestsError("another process of this run has not trained the model in time")
        time.sleep(_LOOK_SECONDS)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.rename(path)
