"""The documentation as a site: built offline and strictly; it loads nothing from elsewhere, in a newcomer's order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.server import PROJECT_ROOT
from support.site_hooks import navigation, with_links_of_the_site

LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}
LOADING_LINKS = {"stylesheet", "icon", "preload", "preconnect", "prefetch", "modulepreload", "manifest"}
NOWHERE = "http://127.0.0.1:9"


class Loaded(HTMLParser):
    """The addresses that a browser loads with a page, and those that it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.led_to: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in LOADING and LOADING[tag] in values:
            self.loaded.add(values[LOADING[tag]])
        if tag == "link" and LOADING_LINKS & set(values.get("rel", "").split()):
            self.loaded.add(values.get("href", ""))
        if tag == "a":
            self.led_to.add(values.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
    ended = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=PROJECT_ROOT,
        env=os.environ | proxies | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return folder


def read(page: Path) -> Loaded:
    parser = Loaded()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        for address in read(page).loaded:
            parts = urlsplit(address)
            assert not parts.netloc and parts.scheme in ("", "data"), f"{page.name} loads {address}"
            if parts.path and not parts.scheme and page.name != "404.html":
                assert (page.parent / parts.path).is_file(), f"{page.name} loads {address}, which is not there"
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8")):
            assert not urlsplit(address).netloc, f"{sheet.name} loads {address}"


def test_links_within_the_site_lead_somewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for address in read(page).led_to if page.name != "404.html" else ():
            parts = urlsplit(address)
            if not parts.netloc and not parts.scheme and parts.path:
                assert (page.parent / parts.path).exists(), f"{page.name} leads to {address}"


def test_pages_are_in_the_order_of_a_newcomer() -> None:
    """What it is, run it, own photographs, tests, the container; what is looked up comes behind."""
    sections = navigation((PROJECT_ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    assert sections[0] == {"What it is": "index.md"}
    entries = [entry for section in sections[1:] for entries in section.values() for entry in entries]
    pages = [next(iter(entry.values())) if isinstance(entry, dict) else entry for entry in entries]
    wanted = ["readme.md", "manifests.md", "pytest.md", "docker.md", "settings.md", "architecture.md"]
    assert [page for page in pages if page in wanted] == wanted
    assert len(pages) == len(set(pages))


def test_links_that_leave_the_documents() -> None:
    mend = with_links_of_the_site
    assert mend("[a](../README.md#run-it)", "docs/index.md") == "[a](readme.md#run-it)"
    assert mend("[a](../../CHANGELOG.md)", "docs/adr/README.md") == "[a](../changelog.md)"
    assert mend("![a](docs/console/x.png) [b](docs/s3.md)", "README.md") == "![a](console/x.png) [b](s3.md)"
    assert mend("[a](../Dockerfile) [b](https://example.com)", "docs/docker.md") == "a [b](https://example.com)"
    assert mend("```\n[a](../README.md)\n```", "docs/index.md") == "```\n[a](../README.md)\n```"
