"""Who may read the Cursor page, and whether everybody can: small screens, screen readers, no scripts, bad addresses."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from cursor_usage.ui.choice import PAGE_SIZE
from tests.e2e import steps

DATA_ADDRESSES = ("/cursor/", "/cursor/reclaim.csv", "/cursor/report.html", "/cursor/docs/data_quality/index.html")
SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}


@pytest.fixture
def signed_in(system, admin, browser, watch, green_run):
    """``signed_in(width, **options)``: a page of a context of its own with the admin's session."""
    contexts = []
    # The session alone: a theme that an earlier test chose in Airflow's menu would win over the system's.
    session = {"cookies": admin.cookies(), "origins": []}

    def opened(size: str, **options):
        context = browser.new_context(base_url=system.url, viewport=SIZES[size], storage_state=session, **options)
        context.set_default_timeout(steps.PAGE_MS)
        watch.over(context, system.url)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    assert watch.taken() == []


@pytest.mark.parametrize("address", DATA_ADDRESSES)
def test_nothing_is_told_to_whom_airflow_has_not_let_in(system, green_run, address):
    answer = httpx.get(f"{system.url}{address}")
    assert answer.status_code == 401
    assert "@" not in answer.text


@pytest.mark.parametrize("address", DATA_ADDRESSES)
def test_who_may_only_look_at_dags_may_read_all_of_it(system, green_run, address):
    with system.api("reader") as reader:
        answer = reader.get(f"{system.url}{address}")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]


def test_a_sign_in_by_form_opens_the_page_for_a_reader(system, browser, green_run):
    context = browser.new_context(base_url=system.url)
    context.set_default_timeout(steps.PAGE_MS)
    page = context.new_page()
    steps.log_in(page, system, "reader")
    cursor = steps.open_cursor_page(page)
    expect(cursor.locator(".banner .headline")).to_be_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_axe_finds_nothing_serious(signed_in, size, theme):
    page = signed_in(size, color_scheme=theme)
    page.goto("/cursor/")
    steps.wait_until_drawn(page)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    found = Axe().run(page).response["violations"]
    serious = [
        f"{violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for violation in found
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
    assert serious == []


def test_a_telephone_shows_the_page_without_scrolling_sideways(signed_in):
    page = signed_in("narrow", has_touch=True)
    page.goto("/cursor/")
    expect(page.locator(".banner .headline")).to_be_in_viewport()
    steps.wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["narrow"]["width"]
    # What is wider than the screen scrolls in a box of its own.
    reclaim = page.locator("#table-reclaim .table-box")
    reclaim.scroll_into_view_if_needed()
    assert reclaim.bounding_box()["width"] <= SIZES["narrow"]["width"]


def test_without_scripts_all_figures_are_there(signed_in):
    page = signed_in("wide", java_script_enabled=False)
    page.goto("/cursor/")
    expect(page.locator(".banner .headline")).to_be_visible()
    assert page.locator("dl.figures .figure dd.value").count() > 10
    chart = page.locator("figure.chart").first
    chart.locator("summary").first.click()
    expect(chart.locator("details table").first).to_be_visible()


@pytest.fixture
def report(system, green_run, tmp_path: Path) -> Path:
    """The published report, alone in a folder."""
    copy = tmp_path / "report.html"
    copy.write_bytes((system.published.parent / "report.html").read_bytes())
    return copy


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_report_is_one_file_that_shows_itself_anywhere(browser, watch, system, report, theme):
    """Opened from a disk and without a server: all is drawn, and every team is in it."""
    context = browser.new_context(viewport=SIZES["wide"], color_scheme=theme)
    watch.over(context, "file://")
    page = context.new_page()
    page.goto(report.as_uri())
    for team in system.teams:
        expect(page.get_by_text(team.team_id).first).to_be_visible()
    steps.wait_until_drawn(page)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    context.close()
    assert watch.taken() == []


@pytest.mark.parametrize(
    "query",
    [
        "?window=<script>alert(1)</script>",
        "?reclaim.sort=email;drop table adoption_gaps--&reclaim.page=-1",
        "?totals.sort=-%27or 1=1&totals.page=999999999",
        "?team=engineering&window=14_days' union select 1&costs.page=0x10",
    ],
)
def test_an_address_that_makes_no_sense_still_shows_the_page(signed_in, query):
    page = signed_in("wide")
    spoken: list[object] = []
    page.on("dialog", lambda dialog: spoken.append(dialog.message))  # nobody answers it: the page would hang as well
    answer = page.goto(f"/cursor/{query}")
    assert answer.status == 200
    expect(page.locator(".banner .headline")).to_be_visible()
    assert "Traceback" not in page.content()
    assert spoken == []


def test_a_team_that_is_not_there_is_said_so_and_its_name_is_not_run(system, green_run):
    name = "<img src=x onerror=alert(1)>"
    with system.api("reader") as reader:
        answer = reader.get(f"{system.url}/cursor/", params={"team": name})
    assert answer.status_code == 404
    assert "There is no such team" in answer.text
    assert name not in answer.text


def test_no_page_holds_more_rows_than_one_page_of_each_table(signed_in):
    page = signed_in("wide")
    page.goto("/cursor/")
    for table in page.locator("div.table").all():
        assert table.locator("tbody tr").count() <= PAGE_SIZE
    # A chart's data are its points, not rows of people.
    data = [json.loads(text) for text in page.locator("figure.chart script").all_text_contents()]
    assert data
    assert "@" not in json.dumps(data)
