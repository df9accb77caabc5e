"""The Cursor page after a run: what it says equals the marts, and people can read and move it as they like."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from cursor_usage.ui.choice import PAGE_SIZE
from tests.e2e import steps

ENGINEERING, RESEARCH = "engineering", "research"


@pytest.fixture(scope="module")
def ask(system, green_run):
    """``ask(sql, *parameters)``: rows of the published marts, whose names need no schema."""

    def rows(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with duckdb.connect() as session:
            session.execute(f"attach '{system.published}' as published (read_only)")
            session.execute("use published.marts")
            return session.execute(sql, list(parameters)).fetchall()

    return rows


@pytest.fixture
def cursor(page, green_run) -> FrameLocator:
    """The page inside Airflow's, opened from the navigation."""
    return steps.open_cursor_page(page)


@pytest.fixture
def alone(page: Page, green_run) -> Page:
    """The page by its own address, with nothing of Airflow's around it."""
    page.goto("/cursor/")
    return page


def section(content: FrameLocator | Page, key: str) -> Locator:
    return content.locator(f"section#{key}")


def figures(content: FrameLocator | Page, key: str) -> dict[str, str]:
    """A section's figures by label, as they are read; shortened ones in full, as they are when pointed at."""
    read = {}
    for figure in section(content, key).locator("dl.figures > .figure").all():
        exact = figure.locator("dd.value [title]")
        value = exact.get_attribute("title") if exact.count() else figure.locator("dd.value").inner_text()
        read[figure.locator("dt").inner_text().strip()] = (value or "").strip()
    return read


def cells(table: Locator, heading: str) -> list[str]:
    """One column of a table, as shown."""
    headings = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    at = headings.index(heading)
    return [row.locator("th, td").nth(at).inner_text().strip() for row in table.locator("tbody tr").all()]


def dollars(amount: Decimal) -> str:
    return f"${round(amount, 2):,.2f}"


def exact_dollars(amount: Decimal) -> str:
    """All digits that are not zero, and two at least."""
    whole, _, digits = f"{amount:,f}".partition(".")
    return f"${whole}.{digits.rstrip('0').ljust(2, '0')}"


def test_the_verdict_is_on_top_in_its_own_words(cursor, ask):
    ((sentence, newest),) = ask(
        "select sentence, newest_loaded_date from verification_verdicts where team_id = ?", ENGINEERING
    )
    expect(cursor.locator(".banner .headline")).to_have_text(sentence)
    expect(cursor.locator(".banner")).to_contain_text(str(newest))
    # Nothing stands before it but the names of the team and the days.
    assert cursor.locator(".banner ~ main").count() == 1


def test_the_verdict_table_begins_with_the_worst(cursor, ask):
    counted = dict(ask("select verdict, count(*) from verification_totals where team_id = ? group by 1", ENGINEERING))
    worst_first = ("drift", "inconclusive", "matched_within_tolerance", "matched", "not_compared")
    expected = [verdict.replace("_", " ") for verdict in worst_first for _ in range(counted.get(verdict, 0))]
    assert "matched" in expected
    assert cells(cursor.locator("#table-totals table"), "Verdict") == expected[:PAGE_SIZE]


def test_seats_are_those_of_the_marts(cursor, ask):
    ((seats, fee, active, idle, never),) = ask(
        """
        select count(*), sum(monthly_seat_fee_usd), count(*) filter (activity_status = 'active'),
            count(*) filter (activity_status = 'idle'), count(*) filter (activity_status = 'never_active')
        from adoption_gaps
        where team_id = ?
        """,
        ENGINEERING,
    )
    shown = figures(cursor, "seats")
    assert shown["Paid seats"] == f"{seats:,}"
    assert shown["Monthly seat fee"] == dollars(fee)
    assert (shown["Active"], shown["Idle"], shown["Never active"]) == (f"{active:,}", f"{idle:,}", f"{never:,}")


def test_cost_of_the_window_is_that_of_the_marts_and_included_usage_is_no_part_of_cash(cursor, ask):
    ((on_demand, included),) = ask(
        """
        select sum(on_demand_usd), sum(included_usage_usd) from usage_costs_daily, verification_verdicts as verdicts
        where usage_costs_daily.team_id = ? and verdicts.team_id = usage_costs_daily.team_id
            and usage_date between newest_loaded_date - 13 and newest_loaded_date
        """,
        ENGINEERING,
    )
    shown = figures(cursor, "cost")
    assert shown["On-demand usage"] == exact_dollars(on_demand)
    assert shown["Included usage"] == exact_dollars(included)
    assert included > 1, "a company without included usage cannot show that it is left out of cash"
    cash, fees = (Decimal(shown[label].strip("$").replace(",", "")) for label in ("Cash cost", "Seat fees"))
    assert cash == fees + on_demand


def test_tokens_are_those_of_the_marts(cursor, ask):
    (tokens,) = ask(
        """
        select sum(input_tokens), sum(output_tokens), sum(cache_write_tokens), sum(cache_read_tokens)
        from model_mix
        where team_id = ?
        """,
        ENGINEERING,
    )
    shown = figures(cursor, "tokens")
    assert [shown[name] for name in ("Input", "Output", "Cache write", "Cache read")] == [f"{n:,}" for n in tokens]


def test_the_reclaim_list_is_sorted_by_a_click_and_turned_round_by_the_next(cursor, ask):
    gaps = "from adoption_gaps where team_id = ? and is_adoption_gap"
    emails = [email for (email,) in ask(f"select email {gaps} order by email", ENGINEERING)]
    table = cursor.locator("#table-reclaim")
    # Surest first is the order at the start, so that each click makes another one.
    assert len(emails) > 2
    for direction, expected in (("ascending", emails), ("descending", emails[::-1])):
        table.get_by_role("columnheader", name="E-mail").get_by_role("link").click()
        expect(table.get_by_role("columnheader", name="E-mail")).to_have_attribute("aria-sort", direction)
        assert cells(table.locator("table"), "E-mail") == expected[:PAGE_SIZE]


def test_the_reclaim_list_is_downloaded_whole_in_the_order_that_is_seen(page, cursor, ask):
    table = cursor.locator("#table-reclaim")
    table.get_by_role("columnheader", name="E-mail").get_by_role("link").click()
    expect(table.get_by_role("columnheader", name="E-mail")).to_have_attribute("aria-sort", "ascending")
    with page.expect_download() as downloading:
        table.get_by_role("link", name="CSV").click()
    download = downloading.value
    assert download.suggested_filename.endswith(".csv")
    with open(download.path(), newline="", encoding="utf-8") as file:  # noqa: PTH123  # csv wants newline=""
        rows = list(csv.DictReader(file))
    expected = ask(
        "select email, reclaim_tier, reason, last_active_date from adoption_gaps "
        "where team_id = ? and is_adoption_gap order by email",
        ENGINEERING,
    )
    read = [(row["email"], row["reclaim_tier"], row["reason"], row["last_active_date"] or None) for row in rows]
    assert read == [(*facts, str(day) if day else None) for *facts, day in expected]
    assert len(rows) > 0


def test_another_team_is_chosen_and_kept_while_the_window_changes(cursor, ask):
    ((sentence,),) = ask("select sentence from verification_verdicts where team_id = ?", RESEARCH)
    cursor.get_by_label("Team").select_option(RESEARCH)
    cursor.get_by_role("button", name="Show").click()
    expect(cursor.get_by_role("heading", level=1)).to_contain_text(RESEARCH)
    expect(cursor.locator(".banner .headline")).to_have_text(sentence)
    cursor.get_by_role("navigation", name="Window").get_by_role("link", name="Last 30 days").click()
    expect(cursor.get_by_role("navigation", name="Window").locator('[aria-current="true"]')).to_have_text(
        "Last 30 days"
    )
    expect(cursor.get_by_role("heading", level=1)).to_contain_text(RESEARCH)
    # Of all people, only those of this team are on the page.
    people = "select distinct email from usage_costs where email is not null and team_id = ?"
    own, all_others = ({email for (email,) in ask(people, team)} for team in (RESEARCH, ENGINEERING))
    text = cursor.locator("body").inner_text()
    assert any(email in text for email in own)
    assert [email for email in all_others - own if email in text] == []


def test_an_address_shows_the_same_to_whom_it_is_sent(alone):
    """The page's own: within Airflow the address is Airflow's, and a reload there may show the first team again."""
    alone.get_by_label("Team").select_option(RESEARCH)
    alone.get_by_role("button", name="Show").click()
    expect(alone.get_by_role("heading", level=1)).to_contain_text(RESEARCH)
    other = alone.context.new_page()
    other.goto(alone.url)
    expect(other.get_by_role("heading", level=1)).to_contain_text(RESEARCH)
    other.close()


def test_another_window_has_its_own_sums(cursor, ask):
    cursor.get_by_role("navigation", name="Window").get_by_role("link", name="All loaded days").click()
    expect(cursor.get_by_role("navigation", name="Window").locator('[aria-current="true"]')).to_have_text(
        "All loaded days"
    )
    ((all_days, window),) = ask(
        """
        select sum(on_demand_usd), sum(on_demand_usd) filter (usage_date > newest_loaded_date - 14)
        from usage_costs_daily join verification_verdicts as verdicts using (team_id)
        where team_id = ?
        """,
        ENGINEERING,
    )
    assert all_days != window, "the same usage in both cannot show that the window counts"
    assert figures(cursor, "cost")["On-demand usage"] == exact_dollars(all_days)


def test_the_page_turns_dark_and_light_with_airflow_without_being_loaded_again(page, cursor):
    steps.wait_until_drawn(cursor)
    cursor.locator("html").evaluate("root => { root.dataset.loadedOnce = 'yes'; }")
    grounds = {}
    for theme in ("dark", "light"):
        steps.choose_theme(page, theme)
        expect(cursor.locator("html")).to_have_attribute("data-theme", theme)
        grounds[theme] = cursor.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert brightness(grounds["dark"]) < 80
    assert brightness(grounds["light"]) > 200
    expect(cursor.locator("html")).to_have_attribute("data-loaded-once", "yes")


def brightness(colour: str) -> float:
    """Of ``rgb(r, g, b)``, 0 to 255."""
    parts = [float(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3]]
    return sum(parts) / 3


def test_every_chart_is_drawn_and_has_its_figures_as_a_table(alone):
    charts = alone.locator("figure.chart:has(.drawing)")
    assert charts.count() >= 6
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".drawing svg")).to_be_visible()
        chart.locator("summary").first.click()
        expect(chart.locator("details table").first).to_be_visible()
        assert chart.locator("details tbody tr").count() > 0


def test_a_chart_is_read_value_by_value_with_the_keyboard(alone):
    chart = alone.locator("figure.chart:has(.drawing)").first
    drawing = chart.locator(".drawing")
    drawing.scroll_into_view_if_needed()
    expect(drawing.locator("svg")).to_be_visible()
    said = chart.locator('[aria-live="polite"]')
    drawing.focus()
    alone.keyboard.press("ArrowRight")
    expect(said).not_to_be_empty()
    first = said.inner_text()
    alone.keyboard.press("ArrowRight")
    expect(said).not_to_have_text(first)


def test_the_keyboard_reaches_the_figures_at_once(alone):
    alone.keyboard.press("Tab")
    expect(alone.get_by_role("link", name="Skip to the figures")).to_be_focused()
    alone.keyboard.press("Enter")
    expect(alone.locator("main")).to_be_focused()


def test_the_page_names_the_newest_run(alone, green_run, system):
    newest = next(run["dag_run_id"] for run in system.runs() if run["state"] == "success")
    expect(alone.locator(".banner")).to_contain_text(newest)


def test_each_loaded_day_is_a_square_of_the_calendar(alone, ask):
    days = ask("select usage_date, is_settled from restatements where team_id = ?", ENGINEERING)
    squares = section(alone, "freshness").locator("figure.calendar td.day")
    # A settled day can be one whose figures moved afterwards; what is not settled can be neither.
    states = {(square.get_attribute("title") or "")[:10]: square.get_attribute("class") for square in squares.all()}
    for day, is_settled in days:
        assert states[str(day)] in ({"day settled", "day moved"} if is_settled else {"day loaded"})
    assert len(days) >= 14


@pytest.mark.parametrize("place", ["report.html", "docs/data_quality/index.html"])
def test_the_files_beside_the_page_open_without_a_problem(alone, place):
    link = alone.get_by_role("navigation", name="Files and documents").locator(f'a[href$="{place}"]')
    expect(link).to_be_visible()
    link.click()
    alone.wait_for_load_state()
    assert place in alone.url
    assert alone.title()
    expect(alone.get_by_text("There is nothing here")).to_have_count(0)
