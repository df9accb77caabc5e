"""A real browser for tests: Debian's chromium, driven by Playwright, deaf to everything but this machine."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Route, sync_playwright

PROGRAM = "chromium"
MISSING = "chromium is not on the PATH: what people see is not tested here (on Debian: apt-get install chromium)."
# --no-sandbox: containers run as root. The rest keeps the browser's own errands (updates, sync) off the network, and
# no name but the machine's own is resolved.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def skip_without_browser(items: Iterable[pytest.Item]) -> None:
    """Skips the tests that ask for ``browser`` where there is none, with one line a file; where CI is true, they fail.

    A mark and not a skip in the fixture, which pytest would repeat for each test.
    """
    if shutil.which(PROGRAM) or os.environ.get("CI") == "true":
        return
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=MISSING))


def chromium_path() -> str:
    """The browser's program; the test fails where there is none, see :func:`skip_without_browser`."""
    path = shutil.which(PROGRAM)
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    return path


@contextlib.contextmanager
def launched_chromium() -> Iterator[Browser]:
    """Chromium without a window, until the caller is done."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """What pages complained about, and what they asked of other machines (such requests are ended)."""

    # "message (where it was said)"; a page's uncaught exceptions are among them.
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext, origin: str) -> None:
        """Watches all pages of a context, whose own requests all go to ``origin`` (http://127.0.0.1:8080)."""
        # Only what is foreign passes through here: a handler for all would slow each page down.
        context.route(re.compile(rf"^(?!{re.escape(origin)}/|data:|blob:)"), self._end)
        context.on("console", self._note)
        context.on(
            "weberror", lambda error: self.errors.append(f"{error.error} (uncaught, {error.page and error.page.url})")
        )

    def taken(self) -> list[str]:
        """All of it so far, and forgets it, so that each test answers for itself."""
        said = [*(f"asked {url}" for url in self.outside), *self.errors]
        self.outside.clear()
        self.errors.clear()
        return said

    def _end(self, route: Route) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")
