"""One system and one browser for all tests here; each later stage is a fixture that walks there in the UI, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import Watch, chromium_path, launched_chromium
from tests.e2e import steps
from tests.e2e.system import System, system_to_look_at

SIZE = {"width": 1440, "height": 900}


def pytest_collection_modifyitems(items) -> None:
    """The first test pays for the start and a later one for the run: minutes on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(steps.RUN_SECONDS + 600))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=steps.PAGE_MS)
    with launched_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def system(tmp_path_factory) -> Iterator[System]:
    chromium_path()  # before minutes go into a system that nothing can look at
    with system_to_look_at(tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture(scope="session")
def watch() -> Watch:
    """Of all that the admin's pages say and ask, from the first log-in to the last test."""
    return Watch()


@pytest.fixture(scope="session")
def admin(system, browser, watch) -> Iterator[BrowserContext]:
    """The admin's browser, logged in through the form."""
    context = browser.new_context(base_url=system.url, viewport=SIZE, accept_downloads=True)
    context.set_default_timeout(steps.PAGE_MS)
    page = context.new_page()
    steps.log_in(page, system)
    page.close()
    # From here on: before the log-in, Airflow's own pages ask what only a session may see, and say so.
    watch.over(context, system.url)
    yield context
    context.close()


@pytest.fixture
def page(admin, watch) -> Iterator[Page]:
    """A page of the admin's; the test fails where it said an error or asked another machine for anything."""
    page = admin.new_page()
    yield page
    page.close()
    assert watch.taken() == []


@pytest.fixture(scope="session")
def connected(system, admin) -> dict[str, str]:
    """What *Test* answered for each team's connection, after it was typed into the form, by connection."""
    page = admin.new_page()
    answers = {}
    for team in system.teams:
        steps.remove_connection(system, team.connection_id)
        form = steps.open_connection_form(page)
        steps.fill_connection_form(form, team)
        steps.save(page, form, team.connection_id)
        answers[team.connection_id] = steps.press_test(page, team.connection_id).inner_text()
    page.close()
    return answers


@pytest.fixture(scope="session")
def green_run(system, admin, connected) -> str:
    """The id of a run that was triggered and watched in the UI; a kept system's newest green one will do."""
    if os.environ.get("CURSOR_E2E_SYSTEM") and (done := [run for run in system.runs() if run["state"] == "success"]):
        return str(done[0]["dag_run_id"])
    page = admin.new_page()
    run_id = steps.trigger(page, system)
    state = steps.watch_until_over(page, run_id)
    page.close()
    assert state == "Success", f"The run {run_id} ended as {state}."
    return run_id
