"""`make screenshots`: the pictures in docs/images, taken from the running system, so that they can be made again.

They are looked at by people only: no test compares them. The key in the form is a made-up one and shown as dots.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from cursor_usage.settings import PROJECT_DIR
from tests.browser import launched_chromium
from tests.e2e import steps
from tests.e2e.system import System, system_to_look_at

IMAGES = PROJECT_DIR / "docs" / "images"
WIDE: ViewportSize = {"width": 1440, "height": 900}
# Two of them beside each other are as high as a wide one.
NARROW: ViewportSize = {"width": 390, "height": 844}
# The form of a run's parameters is higher than a window.
HIGH: ViewportSize = {"width": 1440, "height": 2400}
MOVED_MS = 700  # what slides or fades in Airflow's UI is at rest
Theme = Literal["light", "dark"]


def main() -> None:
    """Walks from the log-in to the Cursor page and takes each picture on the way."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=steps.PAGE_MS)
    with (
        tempfile.TemporaryDirectory(prefix="cursor-screenshots-") as folder,
        launched_chromium() as browser,
        system_to_look_at(Path(folder)) as system,
    ):
        with _signed_in(browser, system, WIDE) as page:
            _connect(page, system)
            _run(page, system)
        for theme in ("light", "dark"):
            ending = "-dark" if theme == "dark" else ""
            with _signed_in(browser, system, WIDE, theme) as page:
                frame = steps.open_cursor_page(page)
                _take(page, f"cursor-page{ending}.png")
                steps.wait_until_drawn(frame)
                frame.locator("section#cost").evaluate("section => section.scrollIntoView()")
                page.wait_for_timeout(MOVED_MS)
                _take(page, f"cursor-page-cost{ending}.png")
            with _signed_in(browser, system, NARROW, theme) as page:
                page.goto("/cursor/")
                _take(page, f"cursor-page-390{ending}.png")


def _connect(page: Page, system: System) -> None:
    """The form as a new team fills it in, then what *Test* answers; the simulator's address is in neither picture."""
    team = system.teams[0]
    form = steps.open_connection_form(page)
    form.get_by_label("Connection ID").fill(team.connection_id)
    form.get_by_label("Admin API key").fill(team.key)
    _take(form, "connect-form.png")
    steps.open_part(form, "Extra Fields")
    steps.extra_field(form, "Team ID").fill(team.team_id)
    page.wait_for_timeout(MOVED_MS)
    _take(form, "connect-extra-fields.png")
    for each in system.teams:
        steps.remove_connection(system, each.connection_id)
        form = steps.open_connection_form(page)
        steps.fill_connection_form(form, each)
        steps.save(page, form, each.connection_id)
    answer = steps.press_test(page, team.connection_id)
    # It stays while the pointer is over it.
    answer.hover()
    page.wait_for_timeout(MOVED_MS)
    _take(answer, "connect-test.png")


def _run(page: Page, system: System) -> None:
    page.set_viewport_size(HIGH)
    form = steps.open_trigger_form(page)
    steps.open_part(form, steps.FIRST_PART)
    page.wait_for_timeout(MOVED_MS)
    _take(form, "connect-trigger.png")
    page.set_viewport_size(WIDE)
    done = [run["dag_run_id"] for run in system.runs() if run["state"] == "success"]
    run_id = done[0] if done else steps.trigger(page, system)
    state = steps.watch_until_over(page, run_id)
    if state != "Success":
        raise SystemExit(f"The run {run_id} ended as {state}; its log in the UI says why.")
    page.reload()  # the note came after the page had asked for it
    page.wait_for_timeout(4 * MOVED_MS)  # the grid beside it is drawn after the run's state
    _take(page, "connect-run.png")


@contextmanager
def _signed_in(browser: Browser, system: System, size: ViewportSize, theme: Theme = "light") -> Iterator[Page]:
    context = browser.new_context(base_url=system.url, viewport=size, color_scheme=theme, device_scale_factor=1.5)
    context.set_default_timeout(steps.PAGE_MS)
    page = context.new_page()
    steps.log_in(page, system)
    steps.choose_theme(page, theme)
    yield page
    context.close()


def _take(what: Page | Locator, name: str) -> None:
    what.screenshot(path=IMAGES / name, animations="disabled")
    sys.stdout.write(f"{(IMAGES / name).relative_to(PROJECT_DIR)}\n")


if __name__ == "__main__":
    main()
