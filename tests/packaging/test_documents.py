"""The documents hold together: links resolve, targets and commands exist, and every page can be found."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from emulator.cli import build_parser
from support.server import PROJECT_ROOT

DOCUMENTS = sorted(
    path.relative_to(PROJECT_ROOT) for path in (*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md"))
)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"`make ([a-z]+)|^make ([a-z]+)", re.MULTILINE)
CUSTOM_LABELS = re.compile(r"custom-labels ([a-z]+)(?: |`|$)", re.MULTILINE)


def text_of(document: Path) -> str:
    return (PROJECT_ROOT / document).read_text()


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def links(document: Path) -> Iterator[tuple[str, str]]:
    """Target and anchor of each link that does not leave the project."""
    for found in LINK.findall(FENCED.sub("", text_of(document))):
        if not re.match(r"[a-z]+:", found):
            target, _, anchor = found.partition("#")
            yield target, anchor


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_resolve(document: Path) -> None:
    for target, anchor in links(document):
        path = (PROJECT_ROOT / document).parent / target if target else PROJECT_ROOT / document
        assert path.exists(), f"{document} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(path.read_text()), f"{document} links to {target}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_make_targets_and_commands_exist(document: Path) -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    mentioned = {first or second for first, second in MAKE.findall(text_of(document))}
    assert mentioned <= targets
    parser = build_parser("")
    [commands] = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    code = " ".join(re.findall(r"`[^`\n]+`", text_of(document)) + FENCED.findall(text_of(document)))
    assert set(CUSTOM_LABELS.findall(code)) <= set(commands)


def test_every_page_is_found_from_the_readme() -> None:
    found, unread = {Path("README.md")}, [Path("README.md")]
    while unread:
        document = unread.pop()
        for target, _ in links(document):
            page = (PROJECT_ROOT / document).parent.joinpath(target).resolve().relative_to(PROJECT_ROOT)
            if page.suffix == ".md" and page not in found and (PROJECT_ROOT / page).exists():
                found.add(page)
                unread.append(page)
    assert set(DOCUMENTS) <= found, "docs/index.md and docs/adr/README.md list every page"


def test_targets_that_the_specification_names_exist_and_are_explained() -> None:
    ended = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    listed = {line.split()[0] for line in ended.stdout.splitlines()}
    assert {"setup", "run", "test", "check", "console", "bench", "docs"} <= listed


@pytest.mark.parametrize(("target", "installs_tools"), [("run", False), ("console", False), ("test", True)])
def test_running_installs_only_what_running_needs(target: str, installs_tools: bool, tmp_path: Path) -> None:
    """What make would do where nothing is installed yet."""
    command = ["make", "--dry-run", "--no-print-directory", target, f"VENV={tmp_path / 'venv'}"]
    planned = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout
    assert "--editable ." in planned
    assert ("--group dev" in planned) == installs_tools


def test_ci_runs_what_the_readme_tells() -> None:
    script = PROJECT_ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, "it can be executed"
    targets = re.findall(r"^ *(?:if .* then )?(?:\.ci/steady )?make ([a-z]+)", script.read_text(), re.MULTILINE)
    assert targets == ["console", "check", "test", "postgresql", "browser", "contract"]


def test_decisions_have_one_form() -> None:
    for page in sorted((PROJECT_ROOT / "docs" / "adr").glob("[0-9]*.md")):
        text = page.read_text()
        assert re.match(rf"# {page.name[:3]}: .+\n\nStatus: (accepted|replaced by \d\d\d)\n", text), page.name
        assert {"question", "what-was-compared", "decision"} <= anchors(text), page.name


def test_changelog_has_a_place_for_what_comes_next() -> None:
    sections = re.findall(r"^## (.*)$", text_of(Path("CHANGELOG.md")), re.MULTILINE)
    assert sections[0] == "[Unreleased]"


def test_the_workflows_commands_are_there() -> None:
    """CI runs what a contributor runs: targets of make and programs of the repository."""
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    # examples.yml is for users: it calls the AWS CLI and Docker.
    for workflow in (PROJECT_ROOT / ".github" / "workflows").glob("checks.yml"):
        jobs = yaml.safe_load(workflow.read_text())["jobs"]
        commands = [step["run"].split() for job in jobs.values() for step in job["steps"] if "run" in step]
        assert commands
        for program, *arguments in commands:
            known = set(arguments) <= targets if program == "make" else os.access(PROJECT_ROOT / program, os.X_OK)
            assert known, f"{workflow.name}: {program} {arguments}"
