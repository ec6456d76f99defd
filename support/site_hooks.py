"""What the documentation site needs besides docs/: the pages of the project's root, and an order for all pages.

The order is that of docs/index.md: a section for each heading, a page for each row of its tables. Links that leave
docs/ lead to the site's copy of a page; those to source files become plain text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
FIRST = "index.md"
OUTSIDE = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "models/PROVENANCE.md": "provenance.md",
}
"""Documents outside docs/, by their place in the project, with their place in the site."""

TITLES = {"readme.md": "The first five minutes"}
"""What the navigation calls a page, where that is not its own heading."""

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)

Navigation = list[dict[str, str | list[str | dict[str, str]]]]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The order of the pages."""
    config.nav = navigation((ROOT / "docs" / FIRST).read_text(encoding="utf-8"))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for source, place in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=with_links_of_the_site(text, source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Mend links that leave docs/."""
    if page.file.src_uri in OUTSIDE.values():
        return markdown
    return with_links_of_the_site(markdown, f"docs/{page.file.src_uri}")


def navigation(index: str) -> Navigation:
    """Sections and their pages, as docs/index.md lists them; decisions in a section of their own."""
    sections: Navigation = [{"What it is": FIRST}]
    for heading, body in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", index, re.MULTILINE | re.DOTALL):
        targets = [posixpath.normpath(f"docs/{target}") for _, _, target, _ in _LINK.findall(body) if target]
        places = [_place(target) for target in dict.fromkeys(targets) if target.endswith(".md")]
        sections.append({heading: [{TITLES[place]: place} if place in TITLES else place for place in places]})
    decisions = sorted(path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    sections.append({"Decisions": [f"adr/{name}" for name in decisions]})
    return sections


def with_links_of_the_site(text: str, source: str) -> str:
    """The text of a document of the project with its links as they lead within the site."""
    here = _place(source)

    def mended(match: re.Match[str]) -> str:
        image, label, target, anchor = match.groups(default="")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if path not in OUTSIDE and not path.startswith("docs/"):
            return label
        place = posixpath.relpath(_place(path), posixpath.dirname(here) or ".")
        return f"{image}[{label}]({place}{anchor})"

    pieces = _FENCED.split(text)
    return "".join(piece if piece.startswith("```") else _LINK.sub(mended, piece) for piece in pieces)


def _place(path: str) -> str:
    """Where a document of the project lies in the site."""
    return OUTSIDE.get(path, path.removeprefix("docs/"))
