"""Running models: loaded once, forgotten when stopped, and what is wrong with an image is said in AWS's words."""

from __future__ import annotations

import asyncio
import gc
import io
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image

from emulator.domain.errors import RuleError
from emulator.jobs import hosting
from emulator.jobs.hosting import Hosting
from support.stored_model import StoredModel

ARN = "arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1"


class Loader:
    """Counts loads; each waits for `may_end` and fails while `error` is set."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.error: Exception | None = None

    def __call__(self, path: Path) -> StoredModel:
        self.paths.append(path)
        assert self.may_end.wait(30)
        if self.error is not None:
            raise self.error
        model = StoredModel()
        model.may_answer.set()
        return model


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Loader:
    made = Loader()
    monkeypatch.setattr(hosting, "_load_model", made)
    return made


def play(directory: Path, story: Callable[[Hosting], Awaitable[None]]) -> None:
    async def whole() -> None:
        models = Hosting(directory, threads=2)
        async with asyncio.timeout(30):
            await story(models)
        models.close()

    asyncio.run(whole())


def picture(kind: str, size: tuple[int, int] = (80, 80)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind)
    return file.getvalue()


def test_a_model_is_loaded_once_however_many_ask(tmp_path: Path, loader: Loader) -> None:
    async def story(models: Hosting) -> None:
        found = await asyncio.gather(*(models.load(ARN, "v.onnx") for _ in range(20)))
        assert len({id(model) for model in found}) == 1
        assert loader.paths == [tmp_path / "v.onnx"]
        assert models.loaded == (ARN,)

    play(tmp_path, story)


def test_a_load_that_fails_is_tried_again(tmp_path: Path, loader: Loader) -> None:
    loader.error = OSError("not there yet")

    async def story(models: Hosting) -> None:
        answers = await asyncio.gather(*(models.load(ARN, "v.onnx") for _ in range(3)), return_exceptions=True)
        assert all(isinstance(answer, OSError) for answer in answers) and len(loader.paths) == 1
        assert models.loaded == ()
        loader.error = None
        await models.load(ARN, "v.onnx")
        assert len(loader.paths) == 2

    play(tmp_path, story)


def test_who_leaves_does_not_end_the_load_of_the_others(tmp_path: Path, loader: Loader) -> None:
    loader.may_end.clear()

    async def story(models: Hosting) -> None:
        leaving, staying = (asyncio.create_task(models.load(ARN, "v.onnx")) for _ in range(2))
        await asyncio.sleep(0.02)
        leaving.cancel()
        await asyncio.sleep(0)
        loader.may_end.set()
        assert isinstance(await staying, StoredModel)
        assert models.loaded == (ARN,)

    play(tmp_path, story)


def test_a_load_that_nobody_waits_for_any_more_fails_in_silence(
    tmp_path: Path, loader: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    """A reset while a version starts: its file is gone before it is read (O-8)."""
    loader.may_end.clear()
    loader.error = FileNotFoundError("removed meanwhile")

    async def story(models: Hosting) -> None:
        starting = asyncio.create_task(models.load(ARN, "v.onnx"))
        while not loader.paths:
            await asyncio.sleep(0.01)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        models.unload_all()
        loader.may_end.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    play(tmp_path, story)
    gc.collect()
    assert caplog.records == []


def test_an_old_load_that_fails_leaves_the_new_one(tmp_path: Path, loader: Loader) -> None:
    """Stopped and started again while the first load was under way."""
    loader.may_end.clear()

    async def story(models: Hosting) -> None:
        loader.error = OSError("the old one")
        old = asyncio.create_task(models.load(ARN, "old.onnx"))
        await asyncio.sleep(0.02)
        models.unload(ARN)
        new = asyncio.create_task(models.load(ARN, "new.onnx"))
        await asyncio.sleep(0.02)
        loader.may_end.set()
        with pytest.raises(OSError):
            await old
        await asyncio.gather(new, return_exceptions=True)
        models.unload_all()
        assert models.loaded == ()

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "InvalidImageFormatException"),
        (b"GIF89a" + bytes(100), "InvalidImageFormatException"),
        (picture("GIF"), "InvalidImageFormatException"),
        (picture("PNG", (63, 80)), "InvalidParameterException"),
        (picture("PNG", (1400, 65)), "InvalidParameterException"),
        (picture("PNG", (4097, 64)), "ImageTooLargeException"),
    ],
)
def test_images_that_cannot_be_analysed(tmp_path: Path, loader: Loader, data: bytes, code: str) -> None:
    """A-7; what is broken behind its header is the model's to find, which decodes."""

    async def story(models: Hosting) -> None:
        model = await models.load(ARN, "v.onnx")
        with pytest.raises(RuleError) as caught:
            await models.analyse(model, data)
        assert caught.value.code == code

    play(tmp_path, story)
    assert len(loader.paths) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_images_that_can(tmp_path: Path, loader: Loader, kind: str) -> None:
    async def story(models: Hosting) -> None:
        model = await models.load(ARN, "v.onnx")
        candidates, thresholds = await models.analyse(model, picture(kind))
        assert [(item.label, item.confidence, item.box) for item in candidates] == [("circle", 0.75, None)]
        assert thresholds == {"circle": 0.5}

    play(tmp_path, story)
    assert len(loader.paths) == 1
