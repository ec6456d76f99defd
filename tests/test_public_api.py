"""The public Python API: `emulator.examples` and the version, and nothing by accident."""

from __future__ import annotations

import inspect
import re

import emulator
from emulator import examples
from support.server import PROJECT_ROOT


def test_what_is_exported_is_what_is_public() -> None:
    """Sorted as the linter sorts, and complete: whatever is defined without an underscore is meant to be used."""
    defined = {
        name
        for name, value in vars(examples).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == examples.__name__
    }
    assert defined <= set(examples.__all__)
    assert all(hasattr(examples, name) for name in examples.__all__)


def test_all_of_it_is_documented_and_typed() -> None:
    for name in examples.__all__:
        value = getattr(examples, name)
        if callable(value):
            assert inspect.getdoc(value), name
        if inspect.isfunction(value):
            signature = inspect.signature(value)
            assert signature.return_annotation is not inspect.Signature.empty, name
            assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values()), name


def test_the_version_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:[a-z0-9.]+)?", emulator.__version__)


def test_readme_imports_nothing_private() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"from (emulator[\w.]*) import", readme)) <= {"emulator.examples"}
