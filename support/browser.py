"""The console in a real browser: Chromium through Playwright, and what must hold on every page of it."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from support.server import DEFAULT_REGION, wait_until

PROJECT_ROOT = Path(__file__).parents[1]
BUILT_PAGE = PROJECT_ROOT / "emulator" / "console" / "static" / "index.html"
AXE = PROJECT_ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OWN_SCHEMES = ("blob:", "data:")


def missing_parts() -> str | None:
    """Why the console cannot be tried in a browser here, or None."""
    if chromium() is None:
        return "Chromium is missing: install Debian's chromium, or name one in CHROMIUM"
    if not BUILT_PAGE.is_file():
        return "the console's page is not built: make console"
    return None


def chromium() -> str | None:
    """The path of a Chromium."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


@dataclass
class Observed:
    """What a browser did that it should not: errors of scripts, refusals by the policy, requests to other sites."""

    endpoint: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Follow every page of a context."""
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", self._message)
        context.on("request", self._request)

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
    context.set_default_timeout(20_000)
    identity = json.dumps({"account": account, "region": region})
    # Once for a window: what the test itself stores later stays.
    context.add_init_script(
        f"if (location.origin === {json.dumps(endpoint)} && !localStorage.getItem('custom-labels.identity')) "
        f"localStorage.setItem('custom-labels.identity', {json.dumps(identity)})"
    )
    return context


def wait_for(page: Page, condition: str, seconds: float = 20.0) -> None:
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
