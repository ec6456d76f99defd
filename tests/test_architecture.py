"""The plan of the house (docs/architecture.md), read from the source: who imports whom, how documented."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "emulator"
MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
FILES = set(MODULES)

LINES_THAT_SPEAK_FOR_THEMSELVES = 8

# Said once, at `vision.layers.Layer`.
DOCUMENTED_AT_THEIR_INTERFACE = {"forward", "backward"}

# Every part of the package and the parts that it may import. `emulator` itself (the version) is open to all.
PARTS = {path.parts[1].removesuffix(".py") for path in MODULES} - {"__init__"}
ARROWS: dict[str, set[str]] = {
    "settings": set(),
    "examples": set(),
    "domain": set(),
    "wire": set(),
    "vision": set(),
    "storage": {"domain"},
    "sts": {"wire", "domain"},
    "cloudwatch": {"wire", "domain"},
    "kms": {"wire", "domain"},
    "access": {"wire", "domain", "sts"},
    "s3": {"wire", "domain"},
    "lint": {"domain", "vision"},
    "convert": {"lint", "domain", "vision"},
    "training": {"storage", "domain", "vision"},
    "jobs": {"storage", "s3", "training", "domain", "vision"},
    "operations": {"wire", "domain", "storage", "jobs"},
    "control": {"storage", "domain", "jobs"},
    "example_projects": {"domain"},
    "testing": {"convert", "lint", "domain", "settings"},
    "console": {"operations", "jobs", "storage", "domain", "vision", "example_projects"},
    "documents": {"operations", "console", "wire", "domain"},
    "server": {
        *("settings", "wire", "sts", "cloudwatch", "kms", "access", "s3", "storage", "domain"),
        *("jobs", "training", "operations", "control", "console"),
    },
    **dict.fromkeys(("commands", "cli", "__main__"), PARTS),
}


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(), filename=str(module))


def imported_names(module: Path, node: ast.AST) -> list[str]:
    """The dotted names that an import statement may reach, relative ones resolved."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = module.parent.parts[: len(module.parent.parts) - node.level + 1]
        base = ".".join([*package, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def imported_parts(module: Path, within: ast.AST) -> set[str]:
    names = [name for node in ast.walk(within) for name in imported_names(module, node)]
    reached = {name.split(".")[1] for name in names if name.startswith("emulator.")}
    return reached & PARTS


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_every_part_has_its_place_in_the_plan() -> None:
    assert set(ARROWS) == PARTS


def test_the_page_lists_the_parts_that_there_are() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    tree_of_the_package = page[page.index("emulator/\n") : page.index("\nmodels/")]
    folders = set(re.findall(r"^  (?:cli.py, )?([a-z0-9_]+)/", tree_of_the_package, re.MULTILINE))
    assert folders == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_one_way(module: Path) -> None:
    """Imports for types alone and within functions count as well."""
    part = module.parts[1].removesuffix(".py")
    if part == "__init__":
        allowed: set[str] = set()
    else:
        allowed = ARROWS[part] | {part}
    assert imported_parts(module, tree(module)) <= allowed


def test_the_arrows_have_no_circle() -> None:
    """Among the parts that may not import everything."""
    left = {part: allowed for part, allowed in ARROWS.items() if allowed != PARTS}
    while left:
        free = [part for part, allowed in left.items() if not allowed & set(left)]
        assert free, f"a circle among {sorted(left)}"
        for part in free:
            del left[part]


def test_every_permission_is_used() -> None:
    for part, allowed in ARROWS.items():
        if allowed == PARTS:
            continue
        inside = [module for module in MODULES if module.parts[1].removesuffix(".py") == part]
        used = set().union(*(imported_parts(module, tree(module)) for module in inside)) - {part}
        assert used == allowed, part


def imported_modules(module: Path) -> set[Path]:
    """The files of the package that a file imports."""
    found: set[Path] = set()
    for node in ast.walk(tree(module)):
        for name in imported_names(module, node):
            path, owner = name.replace(".", "/"), name.rpartition(".")[0].replace(".", "/")
            possible = (f"{path}.py", f"{path}/__init__.py", f"{owner}.py", f"{owner}/__init__.py")
            candidates = [Path(text) for text in possible]
            found.update([candidate for candidate in candidates if candidate in FILES][:1])
    return found - {module}


def room(module: Path) -> Path:
    """The folder that a file lies in. A file beside folders, which may open or serve them, is a room of its own."""
    has_folders = any(path.parent.parent == module.parent for path in MODULES)
    return module if has_folders else module.parent


def circle(arrows: dict[Path, set[Path]]) -> list[str]:
    """One circle among the arrows, the first place repeated at its end; empty if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return [str(place) for place in error.args[1]]
    return []


def test_files_import_each_other_in_no_circle() -> None:
    assert circle({module: imported_modules(module) for module in MODULES}) == []


def test_folders_import_each_other_in_no_circle() -> None:
    arrows: dict[Path, set[Path]] = {}
    for module in MODULES:
        here = room(module)
        reached = {room(other) for other in imported_modules(module) if other.name != "__init__.py"}
        arrows.setdefault(here, set()).update(reached - {here})
    assert circle(arrows) == []


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_nothing_is_left_for_later(module: Path) -> None:
    text = (ROOT / module).read_text()
    for word in ("NotImplementedError", "TODO", "FIXME", "XXX"):
        assert word not in text


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_what_is_public_is_documented(module: Path) -> None:
    """Modules, classes, functions, and those methods that do more than their names say."""
    undocumented = [] if ast.get_docstring(tree(module)) else ["the module"]
    for owner in ast.walk(tree(module)):
        if not isinstance(owner, ast.Module | ast.ClassDef):
            continue
        for node in owner.body:
            if isinstance(node, ast.ClassDef):
                needs = not node.name.startswith("_") and isinstance(owner, ast.Module)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                is_open = not node.name.startswith("_") and not getattr(owner, "name", "").startswith("_")
                is_short = isinstance(owner, ast.ClassDef) and length(node) <= LINES_THAT_SPEAK_FOR_THEMSELVES
                needs = is_open and not is_short and node.name not in DOCUMENTED_AT_THEIR_INTERFACE
            else:
                continue
            if needs and not ast.get_docstring(node):
                undocumented.append(node.name)
    assert undocumented == []


WALKS = re.compile(r"\*\*([^*]+)\.\*\*\n\n((?:\d+\. .*\n)+)")


def walks() -> dict[str, list[str]]:
    """The walks of docs/architecture.md: the functions that each names, in order."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    return {title: re.findall(r"^\d+\. `([\w.]+)`", steps, re.MULTILINE) for title, steps in WALKS.findall(page)}


def test_the_page_has_four_walks_of_at_most_ten_steps() -> None:
    assert [len(steps) for steps in walks().values()] and len(walks()) == 4
    assert all(0 < len(steps) <= 10 for steps in walks().values())


@pytest.mark.parametrize("name", sorted({step for steps in walks().values() for step in steps}))
def test_every_step_of_a_walk_exists(name: str) -> None:
    parts = name.split(".")
    module = next(
        Path(*parts[:cut]).with_suffix(".py")
        for cut in range(len(parts), 0, -1)
        if Path(*parts[:cut]).with_suffix(".py") in FILES
    )
    place: ast.Module | ast.stmt = tree(module)
    for part in parts[len(module.parts) :]:
        inside = [node for node in getattr(place, "body", []) if getattr(node, "name", None) == part]
        assert inside, f"{part} of {name}"
        place = inside[0]


def test_the_table_of_places_names_files_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page[page.index("## Where is") : page.index("## Four walks")]
    for name in re.findall(r"`([\w/]+\.py)`", table):
        assert (
            (PACKAGE / name).is_file()
            or (PACKAGE / "domain" / "manifest" / "rules" / name).is_file()
            or (PACKAGE / "domain" / "manifest" / name).is_file()
        ), name


def test_few_lines_say_any() -> None:
    """Each where a library leaves no choice, or where JSON is named once (`domain/json_values.py`)."""
    said = [
        line
        for module in MODULES
        for line in (ROOT / module).read_text().splitlines()
        if re.search(r"\bAny\b", line) and not re.match(r"\s*(from|import) ", line)
    ]
    assert len(said) <= 100, len(said)
