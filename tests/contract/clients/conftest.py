"""What the clients of `make contract` share: an emulator that trains quickly, photographs, notes for the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.contract_tools import LABELS, Ran
from support.pictures import draw_picture, image_level_manifest, single_label_pictures
from support.projects import unique_name
from support.server import DEFAULT_REGION, SECRET_KEY, EmulatorProcess


@pytest.fixture(scope="session")
def quick_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator whose trainings take a second or two (O-36); otherwise with its default settings."""
    settings = {"CUSTOM_LABELS_TRAINING_EFFORT": "instant", "CUSTOM_LABELS_SETTLE_HOLD": "2"}
    with EmulatorProcess(tmp_path_factory.mktemp("clients") / "data", settings) as process:
        yield process


@pytest.fixture
def environment(quick_emulator: EmulatorProcess, account: str) -> dict[str, str]:
    """What every client reads from its environment; ENDPOINT is for programs that must name the endpoint."""
    return {
        "AWS_ENDPOINT_URL": quick_emulator.endpoint,
        "ENDPOINT": quick_emulator.endpoint,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_PAGER": "",
    }


@pytest.fixture
def bucket() -> str:
    """The name of a bucket that is not there yet."""
    return unique_name("clients")


@pytest.fixture
def photographs(tmp_path: Path, bucket: str) -> Path:
    """A folder with pictures, `train.manifest` and `test.manifest` that name them in the bucket, and `new.png`."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for kind, count, seed in (("train", 6, 0), ("test", 3, 500)):
        pictures = single_label_pictures(LABELS, count, seed=seed)
        for picture in pictures:
            (folder / picture.name).write_bytes(picture.body)
        (folder / f"{kind}.manifest").write_bytes(image_level_manifest(pictures, bucket, prefix=""))
    (folder / "new.png").write_bytes(draw_picture(["circle"], seed=900).body)
    return folder


@pytest.fixture
def ran(record_property: Callable[[str, object], None]) -> Ran:
    """Note for the table of docs/clients.md: client, version, what it did."""

    def note(client: str, version: str, what: str) -> None:
        record_property("client", f"{client}\t{version}\t{what}")

    return note
