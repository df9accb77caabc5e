"""The page and the report in a real browser, under the policies that they are served with: drawn, read, reachable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from cursor_usage.ui.rendering import REPORT_POLICY, render_page
from tests.browser import launched_chromium
from tests.ui.sample_page import made_page, write_samples

POLICY = "default-src 'self'; frame-ancestors 'self'"


class _Files(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", REPORT_POLICY if "report" in self.path else POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("look")
    write_samples(folder)
    page = made_page()
    cost = page.sections[1]
    usage = cost.charts[0]
    # A day in the middle has no row at all.
    series = tuple(replace(each, values=each.values[:9] + each.values[10:]) for each in usage.series)
    cut = replace(usage, x=usage.x[:9] + usage.x[10:], series=series)
    (folder / "cut.html").write_text(render_page(replace(page, sections=(replace(cost, charts=(cut,)),))))
    # As Airflow shows the page: in a frame, the theme a class of the document around it.
    icon, frame = '<link rel="icon" href="static/icon.svg">', '<iframe src="page.html"></iframe>'
    (folder / "frame.html").write_text(f'<!doctype html><html class="light">{icon}{frame}</html>')
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched_chromium() as chromium:
        yield chromium


@contextmanager
def opened(browser: Browser, url: str, *, width: int = 1440, **how: Any) -> Iterator[Page]:
    """A page whose console stayed empty and that asked nothing of anybody else."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **how)
    context.set_default_timeout(10_000)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(url, wait_until="networkidle")
        yield page
    finally:
        context.close()
    assert not said
    assert [each for each in asked if not each.startswith(url.rsplit("/", 1)[0])] == []


def draw_all(page: Page) -> None:
    """Comes near every chart, as a reader does."""
    for drawing in page.locator(".drawing").all():
        drawing.scroll_into_view_if_needed()
        drawing.locator("svg path").first.wait_for(state="attached")


def row(page: Page, chart: str, at: int) -> list[str]:
    return page.locator(f"#{chart} tbody tr").nth(at).locator("th, td").all_text_contents()


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        *(("page", width, scheme) for width in (1440, 390) for scheme in ("light", "dark")),
        # The report has the page's parts and colours; each of its widths and themes once.
        *(
            (name, width, scheme)
            for name in ("report", "problem")
            for width, scheme in ((1440, "dark"), (390, "light"))
        ),
    ],
)
def test_everything_is_drawn_and_nobody_is_shut_out(browser: Browser, address: str, name: str, width: int, scheme: Any):
    with opened(browser, f"{address}{name}.html", width=width, color_scheme=scheme) as page:
        draw_all(page)
        assert page.locator(".drawing svg").count() == {"page": 8, "report": 16, "problem": 0}[name]
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_the_narrowest_screens_do_not_scroll_sideways_but_tables_do(browser: Browser, address: str):
    with opened(browser, f"{address}page.html", width=320) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert page.locator("#table-costs .table-box").evaluate("box => box.scrollWidth > box.clientWidth")


def test_arrow_keys_read_the_figures_of_the_table(browser: Browser, address: str):
    with opened(browser, f"{address}page.html") as page:
        draw_all(page)
        drawing = page.locator("#chart-daily_usage .drawing")
        drawing.focus()
        for key in ("End", "ArrowLeft"):
            page.keyboard.press(key)
        day, included, on_demand, other = row(page, "chart-daily_usage", -2)
        said = f"{day}: Included {included}, On-demand {on_demand}, Other {other}"
        assert page.locator("#chart-daily_usage [aria-live]").text_content() == said
        tip = drawing.locator(".chart-tip")
        assert tip.locator("p").text_content() == day == "2026-11-28"
        assert tip.locator("dd").all_text_contents() == [included, on_demand, other]
        page.keyboard.press("Escape")
        tip.wait_for(state="hidden")


def test_pointing_at_a_day_shows_its_figures(browser: Browser, address: str):
    with opened(browser, f"{address}page.html") as page:
        draw_all(page)
        drawing = page.locator("#chart-seats_daily .drawing")
        drawing.hover()
        tip = drawing.locator(".chart-tip")
        tip.wait_for(state="visible")
        days = page.locator("#chart-seats_daily tbody th").all_text_contents()
        at = days.index(str(tip.locator("p").text_content()))
        assert tip.locator("dd").all_text_contents() == row(page, "chart-seats_daily", at)[1:]


def test_a_series_can_be_switched_off_without_a_mouse(browser: Browser, address: str):
    with opened(browser, f"{address}page.html") as page:
        draw_all(page)
        chart = page.locator("#chart-daily_usage")
        shapes = chart.locator("svg path").count()
        button = chart.get_by_role("button", name="On-demand")
        button.focus()
        page.keyboard.press("Space")
        assert button.get_attribute("aria-pressed") == "false"
        assert chart.locator("svg path").count() < shapes - 15
        page.keyboard.press("Space")
        assert button.get_attribute("aria-pressed") == "true"
        assert chart.locator("svg path").count() == shapes


def test_a_day_without_a_row_keeps_its_place_on_the_axis(browser: Browser, address: str):
    with opened(browser, f"{address}cut.html") as page:
        draw_all(page)
        assert page.locator("#chart-daily_usage tbody tr").count() == 26
        page.locator("#chart-daily_usage .drawing").focus()
        for key in ("Home", *["ArrowRight"] * 9):
            page.keyboard.press(key)
        assert page.locator("#chart-daily_usage [aria-live]").text_content() == "2026-11-12: no figure"


def test_the_theme_is_that_of_the_page_around_it(browser: Browser, address: str):
    with opened(browser, f"{address}frame.html", color_scheme="dark") as page:
        frame = page.frames[1]
        frame.wait_for_function("document.documentElement.dataset.theme === 'light'")
        frame.locator("#chart-daily_usage").scroll_into_view_if_needed()
        frame.locator("#chart-daily_usage svg path").first.wait_for(state="attached")
        before = frame.locator("#chart-daily_usage svg").inner_html()
        page.evaluate("document.documentElement.className = 'dark'")
        frame.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        assert frame.locator("#chart-daily_usage svg").inner_html() != before


def test_the_theme_chosen_in_another_tab_is_followed(browser: Browser, address: str):
    with opened(browser, f"{address}page.html", color_scheme="light") as page:
        other = page.context.new_page()
        other.goto(f"{address}problem.html")
        other.evaluate("localStorage.setItem('theme', 'dark')")
        page.wait_for_function("document.documentElement.dataset.theme === 'dark'")


def test_the_navigation_says_where_the_reader_is_and_stays_in_sight(browser: Browser, address: str):
    with opened(browser, f"{address}page.html") as page:
        page.locator("nav.sections a", has_text="Models").click()
        current = page.locator("nav.sections [aria-current]")
        current.wait_for()
        assert current.text_content() == "Models"
        assert page.locator("nav.sections").bounding_box()["y"] == 0  # type: ignore[index] # it has a box: it is in sight
        top = page.locator("#models").bounding_box()["y"]  # type: ignore[index] # as above
        assert 30 < top < 80


def test_without_scripts_every_figure_can_be_read(browser: Browser, address: str):
    with opened(browser, f"{address}page.html", java_script_enabled=False) as page:
        chart = page.locator("#chart-daily_usage")
        assert chart.locator("noscript").is_visible()
        chart.locator("summary").click()
        assert chart.locator("tbody tr").first.is_visible()
        assert not chart.locator(".drawing").is_visible()


def test_the_report_is_drawn_from_a_disk(browser: Browser, folder: Path, tmp_path: Path):
    alone = shutil.copy(folder / "report.html", tmp_path / "report.html")
    with opened(browser, Path(alone).as_uri()) as page:
        draw_all(page)
        assert page.locator(".drawing svg").count() == 16


def test_a_script_that_is_not_the_reports_own_does_not_run(browser: Browser, address: str, folder: Path):
    report = (folder / "report.html").read_text()
    more = report.replace("</main>", "<script>document.title = 'ran'</script></main>")
    (folder / "report-with-more.html").write_text(more)
    page = browser.new_page()
    page.goto(f"{address}report-with-more.html")
    assert page.title() == "Cursor usage"
    page.close()


def test_paper_is_white_and_has_every_drawing(browser: Browser, address: str):
    with opened(browser, f"{address}report.html", color_scheme="dark") as page:
        page.pdf()
        assert page.locator(".drawing svg").count() == 16
        # Afterwards the screen is as it was.
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 32, 44)"
        assert not page.locator("nav.sections").first.is_visible()
