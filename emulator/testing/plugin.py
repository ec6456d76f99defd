"""The pytest plugin: the fixtures `custom_labels`, `custom_labels_answers` and `trained_model`.

Nothing is imported, made or started unless a test asks for one of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing.client import CustomLabels
    from emulator.testing.models import TrainedModel

_RUN = pytest.StashKey[tuple[Path, int]]()
_KEPT = "custom-labels"
_FOLDER, _OWNER = "custom_labels_folder", "custom_labels_owner"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of pytest.ini."""
    parser.addini(
        "custom_labels_services",
        "services that tests with Custom Labels send to the emulator, for instance `rekognition s3`; the rest stays "
        "with moto or AWS (default: all)",
        type="args",
        default=[],
    )
    parser.addini(
        "custom_labels_models",
        "folder that trained models are kept in between runs (default: custom-labels in pytest's cache directory)",
        type="string",
        default="",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist the run that it belongs to."""
    folder, owner = _run(node.config)
    node.workerinput[_FOLDER], node.workerinput[_OWNER] = str(folder), owner


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the emulator of the run, if a test asked for one; workers of xdist leave that to their controller."""
    run = config.stash.get(_RUN, None)
    if run is not None and not hasattr(config, "workerinput"):
        from emulator.testing.server import end_run

        end_run(run[0])


@pytest.fixture(scope="session")
def custom_labels_endpoint(pytestconfig: pytest.Config) -> str:
    """The address of the emulator that all tests of the run share, those of all xdist workers."""
    from emulator.testing.server import endpoint_of_run

    return endpoint_of_run(*_run(pytestconfig))


@pytest.fixture
def custom_labels(custom_labels_endpoint: str, pytestconfig: pytest.Config) -> Iterator[CustomLabels]:
    """Custom Labels with an empty account for this test; endpoint and keys are in its environment."""
    from emulator.testing.client import CustomLabels

    services = pytestconfig.getini("custom_labels_services")
    with CustomLabels(custom_labels_endpoint, _run(pytestconfig)[0], services) as mine:
        yield mine


@pytest.fixture
def custom_labels_answers(custom_labels: CustomLabels) -> Callable[..., None]:
    """Force detections for this test: `custom_labels_answers({"crack": 97.5}, s3_key="broken/*")`."""
    return custom_labels.answer


@pytest.fixture
def trained_model(custom_labels: CustomLabels, pytestconfig: pytest.Config) -> Callable[..., TrainedModel]:
    """`trained_model(folder)`: a model in this test's account, trained once and kept between runs.

    The folders in `folder` are labels; or it is a manifest, with its images beside it or below `images=`.
    """
    from emulator.testing.keeping import Keeper
    from emulator.testing.models import model_in_account

    folder, is_cache = _kept_models(pytestconfig)
    return partial(model_in_account, custom_labels, Keeper(custom_labels.run, folder, is_cache=is_cache))


def _kept_models(config: pytest.Config) -> tuple[Path | None, bool]:
    """Where trained models are kept, and whether that is in pytest's cache; None under `-p no:cacheprovider`."""
    given = config.getini("custom_labels_models")
    if given:
        return config.rootpath / given, False
    cache = getattr(config, "cache", None)
    return (None, False) if cache is None else (cache.mkdir(_KEPT), True)


def _run(config: pytest.Config) -> tuple[Path, int]:
    """Folder and owner of the run: the controller's, under xdist."""
    if _RUN not in config.stash:
        told = getattr(config, "workerinput", None)
        if told is not None:
            config.stash[_RUN] = Path(told[_FOLDER]), told[_OWNER]
        else:
            from emulator.testing.server import new_run

            config.stash[_RUN] = new_run(), os.getpid()
    return config.stash[_RUN]
