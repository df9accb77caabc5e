"""What the templates make of plain data: every text escaped, every figure exact, every link where it leads."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from cursor_usage.ui.layout import badge, weeks
from cursor_usage.ui.rendering import STATIC, render_page, render_problem, render_report
from cursor_usage.ui.view import CalendarDay, Column, Kind, Page, Problem, Role, Value
from cursor_usage.ui.written import written
from tests.ui.sample_page import PROBLEM, made_page
from tests.ui.sample_values import NEWEST, days

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
# Texts that are chosen from a list, or that stand in an address of the app's own making.
_NOT_TOLD = {"key", "kind", "unit", "tone", "role", "shape", "stack", "state", "href", "sort", "parameters"}


class Elements(HTMLParser):
    """The elements of a page in order, with their attributes and the text that is directly in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))
        if tag not in {"meta", "link", "input", "img"}:
            self._open.append(len(self.found) - 1)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self.found[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[self._open[-1]][2].append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, "".join(text)) for name, attributes, text in self.found if name == tag]

    def links(self) -> dict[str, str]:
        """Addresses by the words that lead there."""
        return {text.strip(): attributes["href"] or "" for attributes, text in self.all("a")}


def attacked(value: Any, name: str = "") -> Any:
    """The same plain data with an attack in place of every text that somebody else may have written."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: attacked(getattr(value, each.name), each.name) for each in fields(value)})
    if isinstance(value, tuple):
        return tuple(attacked(each, name) for each in value)
    return ATTACK if isinstance(value, str) and name not in _NOT_TOLD else value


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (Decimal("1234.565"), "usd", '<data value="1234.565" title="$1,234.565">$1,234.57</data>'),
        (Decimal("-0.004"), "usd", '<data value="-0.004" title="-$0.004">$0.00</data>'),
        (Decimal("12.30000000"), "usd", "$12.30"),
        (Decimal(40), "usd", "$40.00"),
        (999, "tokens", "999"),
        (999_960, "tokens", '<data value="999960" title="999,960">1.0\u00a0M</data>'),
        (1_204_223_411, "tokens", '<data value="1204223411" title="1,204,223,411">1.2\u00a0B</data>'),
        (1_234, "count", "1,234"),
        (0.2918, "share", "29.2\u00a0%"),
        (0.0001, "share", "&lt; 0.1\u00a0%"),
        (0.9999, "share", "&gt; 99.9\u00a0%"),
        (1.0, "share", "100.0\u00a0%"),
        (True, "flag", "yes"),
        (False, "flag", "no"),
        (date(2026, 11, 3), "date", '<time datetime="2026-11-03">2026-11-03</time>'),
        ("<b>", "text", "&lt;b&gt;"),
        ("no number", "usd", "no number"),
    ],
)
def test_a_value_is_written_by_its_kind(value: Value, kind: Kind, expected: str):
    assert written(value, kind) == expected


def test_an_instant_says_that_it_is_utc():
    at = datetime.fromisoformat("2026-11-30 00:35:12")
    assert ">2026-11-30 00:35 UTC</time>" in written(at, "instant")
    assert 'datetime="2026-11-30T00:35:12Z"' in written(at, "instant")


@pytest.mark.parametrize("kind", ["text", "usd", "count", "tokens", "share", "date", "instant", "flag"])
def test_what_is_not_known_is_never_a_zero_and_is_read_out(kind: Kind):
    assert "not known" in written(None, kind)
    assert "0" not in written(None, kind)


@pytest.mark.parametrize("render", [render_page, lambda page: render_report([page])], ids=["page", "report"])
def test_no_text_becomes_an_element(render):
    page: Page = attacked(made_page())
    ours, theirs = Elements(render(made_page())), Elements(render(page))
    assert "alert(1)" in "".join(text for _, text in theirs.all("td"))
    for tag in ("script", "img", "style"):
        assert len(theirs.all(tag)) == len(ours.all(tag))
    assert not [name for _, attributes, _ in theirs.found for name in attributes if name.startswith("on")]


def test_a_problem_is_escaped_and_says_what_to_do():
    html = render_problem(replace(PROBLEM, sentence=ATTACK))
    assert ATTACK not in html
    assert len(Elements(html).all("script")) == 1  # the theme
    assert PROBLEM.next_step in html


def test_the_page_holds_under_a_policy_without_anything_inline():
    elements = Elements(render_page(made_page()))
    assert not elements.all("style")
    assert not [attributes for _, attributes, _ in elements.found if "style" in attributes]
    for attributes, text in elements.all("script"):
        assert attributes.get("type") == "application/json" or ("src" in attributes and not text)


def test_every_file_that_the_page_names_is_there_and_changes_its_address_with_its_content():
    elements = Elements(render_page(made_page()))
    names = [each["src"] for each, _ in elements.all("script") if "src" in each]
    names += [each["href"] for each, _ in elements.all("link")]
    assert len(names) == 6
    for name in names:
        path, version = str(name).split("?v=")
        assert path.startswith("static/")
        assert hashlib.sha256((STATIC / path.removeprefix("static/")).read_bytes()).hexdigest().startswith(version)


def test_every_link_within_the_page_leads_somewhere_and_ids_are_unique():
    for html in (render_page(made_page()), render_report([made_page(), made_page("payments")])):
        elements = Elements(html)
        ids = [attributes["id"] for _, attributes, _ in elements.found if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes, _ in elements.found:
            for name in ("aria-labelledby", "aria-describedby", "for"):
                assert set((attributes.get(name) or "").split()) <= set(ids)
            if (attributes.get("href") or "").startswith("#"):
                assert str(attributes["href"])[1:] in ids


def test_sections_stand_in_their_order_and_the_navigation_names_them():
    page = made_page()
    elements = Elements(render_page(page))
    sections = [attributes["id"] for attributes, _ in elements.all("section") if "id" in attributes]
    assert sections == [section.key for section in page.sections]
    in_order = [attributes["href"] for attributes, _ in elements.all("a")]
    assert [href for href in in_order if str(href)[1:] in sections] == [f"#{key}" for key in sections]
    assert [text for _, text in elements.all("h2")][:-1] == [section.title for section in page.sections]


def test_the_banners_sentence_is_not_said_again_by_the_section_below_it():
    page = made_page()
    verdict = replace(page.sections[0], lead=page.headline)
    assert render_page(replace(page, sections=(verdict,))).count("Matched to the cent: on-demand usage") == 1


def test_figures_in_units_of_their_own_stand_under_each_other_and_long_texts_have_room():
    html = render_page(made_page())
    assert '<td class="number">$1,357.29</td>' in html
    assert '<td class="number">-276</td>' in html
    assert re.search(r'<td class="text long">Not active for \d+ days; asked on', html)
    assert '<td class="text mid">claude-4.5-opus</td>' in html  # beside a name of 43 characters


def test_behind_each_chart_stands_a_table_of_what_is_drawn():
    page = made_page()
    charts = [chart for section in page.sections for chart in section.charts]
    html = render_page(page)
    blocks = [json.loads(text) for each, text in Elements(html).all("script") if each.get("type") == "application/json"]
    figures = re.findall(r'<figure class="chart".*?</figure>', html, re.DOTALL)
    assert len(blocks) == len(figures) == len(charts) == 8
    for chart, block, figure in zip(charts, blocks, figures, strict=True):
        rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', figure)
        assert [name for name, _ in rows] == block["x"] == [str(x) for x in chart.x]
        for at, (_, cells) in enumerate(rows):
            shown = re.findall(r'<td class="number">(.*?)</td>', cells)
            assert shown == [written(series.values[at], chart.unit) for series in chart.series]
        for series, drawn in zip(chart.series, block["series"], strict=True):
            assert drawn["values"] == [None if each is None else float(each) for each in series.values]


def query(href: str) -> dict[str, str]:
    return {key: value for key, (value,) in parse_qs(urlsplit(href).query).items()}


def test_a_heading_sorts_its_table_and_keeps_the_others():
    page = replace(made_page(), parameters={"costs.sort": "-cash_cost_usd", "costs.page": "2", "reclaim.page": "3"})
    links = Elements(render_page(page)).links()
    base = {"team": "demo", "window": "14_days", "reclaim.page": "3"}
    # Sorted by it already: the other way round; from the first page.
    assert query(links["Cash cost"]) == base | {"costs.sort": "cash_cost_usd"}
    assert query(links["Included"]) == base | {"costs.sort": "-included_usage_usd"}
    assert links["Included"].endswith("#table-costs")
    assert "Against" not in links  # not sortable


def test_a_table_says_which_rows_it_shows_and_leads_to_the_others():
    html = render_page(made_page()).replace("&amp;", "&")
    assert "13 to 24 of 78 rows" in html
    pages = [query(href)["costs.page"] for href in re.findall(r'href="([^"]*costs\.page=[^"]*#table-costs)"', html)]
    assert pages == ["1", "3"]


def test_another_window_keeps_the_order_of_tables_but_not_their_pages():
    href = Elements(render_page(made_page())).links()["Last 30 days"]
    assert query(href) == {"team": "demo", "window": "30_days", "costs.sort": "-cash_cost_usd"}


def test_the_csv_has_the_order_that_is_seen():
    html = render_page(made_page()).replace("&amp;", "&")
    assert 'href="costs.csv?team=demo&window=14_days&costs.sort=-cash_cost_usd" download' in html
    assert "missing.csv" not in html


def test_names_in_addresses_are_quoted():
    team = 'a&b="#<c>'
    links = Elements(render_page(made_page(team, teams=(team,)))).links()
    assert query(links["Last 30 days"])["team"] == team


def test_without_people_no_column_names_anybody():
    page = made_page(has_people=False)
    for html in (render_page(page), render_report([page])):
        tables = "".join(re.findall(r'<div class="table".*?</table>', html, re.DOTALL))
        assert "Usage value" in tables
        assert "@example.com" not in tables
    assert "nobody is named" in render_report([page])
    assert "nobody is named" not in render_report([made_page()])


def test_a_month_is_named_where_it_begins_and_where_there_is_room():
    calendar = weeks([CalendarDay(day, "settled", "Settled.") for day in days(NEWEST, 120)])
    assert [week.month for week in calendar if week.month] == ["Aug 2026", "Sep", "Oct", "Nov"]
    assert sum(len(week.days) for week in calendar) == 120
    for week in calendar:
        assert all(day.day.weekday() == weekday for weekday, day in week.days.items())
    # Two weeks of August are less than its name is wide.
    short = weeks([CalendarDay(day, "settled", "Settled.") for day in days(date(2026, 9, 20), 24)])
    assert [week.month for week in short] == [None, None, "Sep 2026", None]


def test_a_calendar_has_a_cell_a_day_with_its_sentence_once():
    day = CalendarDay(NEWEST, "moved", f"{NEWEST}: 3 requests moved.")
    page = made_page()
    freshness = page.sections[7]
    calendar = replace(
        freshness.calendars[0], days=(day, CalendarDay(NEWEST - timedelta(days=1), "missing", "Not loaded."))
    )
    html = render_page(replace(page, sections=(replace(freshness, calendars=(calendar,)),)))
    assert f'<td class="day moved" title="{NEWEST}: 3 requests moved.">' in html
    assert f'<td class="day missing" title="{NEWEST - timedelta(days=1)}: Not loaded.">' in html


def test_what_a_calendar_draws_is_called_what_it_is():
    html = render_page(made_page())
    assert '<span class="day moved"></span>moved after settling' in html
    assert "<summary>The 6 days to look at, in words</summary>" in html


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("role", [role.replace("_", "-") for role in get_args(Role)])
def test_a_role_has_a_colour_that_is_seen_on_its_ground(role: str):
    css = (STATIC / "page.css").read_text(encoding="utf-8")
    assert f".{role} {{ --role: var(--{role}); }}" in css
    colours, grounds = (
        re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", css).groups()  # type: ignore[union-attr]
        for name in (role, "surface")
    )
    for colour, ground in zip(colours, grounds, strict=True):
        darker, lighter = sorted((luminance(colour), luminance(ground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        ("matched_within_tolerance", Column("verdict", "Verdict", "text"), "good"),
        ("premium", Column("model_tier", "Tier", "text"), "premium-model"),
        ("premium", Column("seat_type", "Seat", "text"), None),
        ("drift", Column("name", "Name", "text", is_person=True), None),
        ("something else", Column("verdict", "Verdict", "text"), None),
    ],
)
def test_a_word_of_the_marts_has_its_colour_and_no_other_text_has(value: str, column: Column, expected: str | None):
    assert badge(value, column) == expected


def test_an_empty_team_has_sentences_in_place_of_charts_and_tables():
    page = made_page()
    empty = [
        replace(
            section,
            figures=tuple(replace(figure, value=None) for figure in section.figures),
            charts=tuple(
                replace(chart, x=(), series=tuple(replace(each, values=()) for each in chart.series))
                for chart in section.charts
            ),
            calendars=tuple(replace(calendar, days=()) for calendar in section.calendars),
            tables=tuple(replace(table, rows=(), total_rows=0) for table in section.tables),
        )
        for section in page.sections
    ]
    html = render_page(replace(page, sections=tuple(empty), newest_loaded_date=None))
    assert html.count('class="empty"') == 8 + 8 + 1  # charts, tables, a calendar
    assert "Nothing to draw yet." in html
    assert "download" not in html


def test_the_report_needs_nothing_else():
    elements = Elements(render_report([made_page(), made_page("payments")]))
    for _, attributes, _ in elements.found:
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert not elements.all("link")
    assert not elements.all("form")


def test_the_reports_policy_lets_its_own_scripts_and_styles_run_and_no_others():
    elements = Elements(render_report([made_page()]))
    policy = next(each["content"] for each, _ in elements.all("meta") if each.get("http-equiv"))
    own = [text for each, text in elements.all("script") if "type" not in each]
    own += [text for _, text in elements.all("style")]
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in own}
    assert set(re.findall(r"'sha256-([^']+)'", policy or "")) == digests
    assert len(digests) == 5
    assert "unsafe" not in (policy or "")


def test_a_report_of_no_team_says_so():
    assert "No team is published yet." in render_report([])


def test_a_problem_page_needs_no_data():
    html = render_problem(Problem("Broken file", "It is not a DuckDB file.", "Run the DAG again."))
    assert "<h1>" in html
    assert "Run the DAG again." in html
