"""Trained projects that the contract tests of one worker share; tests that use them leave them as they were."""

from __future__ import annotations

import secrets

import pytest

from support.pictures import SEVERAL_LABELS, SINGLE_LABELS, several_label_pictures, single_label_pictures
from support.projects import Project, trained_project
from support.server import EmulatorProcess


def new_account() -> str:
    """A twelve-digit account that no other test uses."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


@pytest.fixture(scope="session")
def single_label_project(emulator: EmulatorProcess) -> Project:
    """A project whose version `first` knows circle and square, one label an image; it is not running."""
    train = single_label_pictures(SINGLE_LABELS, 8)
    test = single_label_pictures(SINGLE_LABELS, 4, seed=500)
    return trained_project(emulator, new_account(), train, test)


@pytest.fixture(scope="session")
def running_project(emulator: EmulatorProcess) -> Project:
    """A project whose version `first` knows circle, square and cross, several an image; it is RUNNING."""
    train = several_label_pictures(SEVERAL_LABELS, 30)
    test = several_label_pictures(SEVERAL_LABELS, 12, seed=500)
    project = trained_project(emulator, new_account(), train, test)
    project.start_model()
    return project
