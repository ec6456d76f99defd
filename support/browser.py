"""The console in a real browser, Chromium or Firefox through Playwright, and what must hold on every page of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    sync_playwright,
)

from support.server import DEFAULT_REGION, wait_until

PROJECT_ROOT = Path(__file__).parents[1]
BUILT_PAGE = PROJECT_ROOT / "emulator" / "console" / "static" / "index.html"
AXE = PROJECT_ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
BrowserName = Literal["chromium", "firefox"]
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # A camera that shows a moving pattern, and leave to use it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_PROGRAMS: dict[BrowserName, tuple[str, ...]] = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
_OWN_SCHEMES = ("blob:", "data:")


def missing_parts(name: BrowserName = "chromium") -> str | None:
    """Why the console cannot be tried in this browser here, or None."""
    if program(name) is None:
        packages = " or ".join(_PROGRAMS[name][:1])
        return f"{name} is missing: install Debian's {packages}, or name one in {name.upper()}"
    if not BUILT_PAGE.is_file():
        return "the console's page is not built: make console"
    return None


def program(name: BrowserName) -> str | None:
    """The path of a browser: the one that the environment names (CHROMIUM, FIREFOX), or the first on the path."""
    named = os.environ.get(name.upper())
    return named or next((found for each in _PROGRAMS[name] if (found := shutil.which(each))), None)


@contextmanager
def launched(name: BrowserName = "chromium") -> Iterator[Browser]:
    """A running browser; the system's own, since none is downloaded."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        if name == "chromium":
            browser = playwright.chromium.launch(executable_path=program(name), args=list(CHROMIUM_ARGUMENTS))
        else:
            browser = _firefox(playwright, Path(folder))
        yield browser
        browser.close()


def _firefox(playwright: Playwright, folder: Path) -> Browser:
    """Firefox by WebDriver BiDi, which Playwright calls the channel moz-firefox (docs/adr/016)."""
    start = folder / "firefox"
    start.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m support.firefox_relay "$@"\n')
    start.chmod(start.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "FIREFOX": program("firefox") or "", "PYTHONPATH": str(PROJECT_ROOT)}
    return playwright.firefox.launch(executable_path=start, channel="moz-firefox", env=dict(environment))


def write(field: Locator, text: str) -> None:
    """Take out what a field holds and write into it key by key: Playwright's `fill` does not reach React in Firefox."""
    field.fill("")
    field.press_sequentially(text)


@dataclass
class Observed:
    """What a browser did that it should not: errors of scripts, refusals by the policy, requests to other sites."""

    endpoint: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Follow every page of a context."""
        context.on("weberror", lambda error: self._error(str(error.error)))
        context.on("console", self._message)
        context.on("request", self._request)

    def _error(self, text: str) -> None:
        # Firefox calls it an error that a page is left while its fonts are on their way.
        if not text.startswith("download failed (font-family"):
            self.errors.append(text)

    def _message(self, message: ConsoleMessage) -> None:
        if re.search(r"Content.Security.Policy|Warning:|React|act\(", message.text):
            self.errors.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.endpoint, *_OWN_SCHEMES)):
            self.outside.append(request.url)

    def assert_clean(self) -> None:
        """Nothing of it happened."""
        assert self.errors == [], self.errors
        assert self.outside == [], f"nothing is fetched from elsewhere: {self.outside}"


def open_context(
    browser: Browser, endpoint: str, account: str, region: str = DEFAULT_REGION, **options: Any
) -> BrowserContext:
    """A browser of one account: `options` are Playwright's (color_scheme, viewport, locale, timezone_id)."""
    defaults: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "timezone_id": "UTC"}
    context = browser.new_context(base_url=endpoint, **(defaults | options))
    context.set_default_timeout(90_000)
    identity = json.dumps({"account": account, "region": region})
    # Once for a window: what the test itself stores later stays.
    context.add_init_script(
        f"if (location.origin === {json.dumps(endpoint)} && !localStorage.getItem('custom-labels.identity')) "
        f"localStorage.setItem('custom-labels.identity', {json.dumps(identity)})"
    )
    return context


def wait_for(page: Page, condition: str, seconds: float = 90.0) -> None:
    """Until an expression of JavaScript is true.

    Playwright's own wait_for_function evaluates text in the page again and again, which the page's policy forbids.
    """
    wait_until(lambda: bool(page.evaluate(condition)), seconds, what=condition)


def violations(page: Page) -> list[str]:
    """What axe finds wrong on a page as it is now: rule, and the first elements."""
    if page.evaluate("typeof window.axe === 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # What still fades in has not its own colours yet. Spinners turn for ever and are left out.
    page.evaluate(
        "Promise.all(document.getAnimations().filter(one => one.effect.getComputedTiming().endTime !== Infinity)"
        ".map(one => one.finished.catch(() => null))).then(() => null)"
    )
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}" for one in found]
