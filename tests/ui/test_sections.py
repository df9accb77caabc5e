"""What sections say of marts that hold what is not known, not loaded, or not everybody's."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from cursor_usage.settings import PROJECT_DIR
from cursor_usage.ui.choice import make_choice
from cursor_usage.ui.page import make_page
from cursor_usage.ui.published import PublishedFile
from cursor_usage.ui.view import Chart, Figure, Page, Section, Table
from tests.ui.published_marts import LAST_DAY, PublishedMarts

NOT_LOADED = LAST_DAY - timedelta(days=2)
QUIET = LAST_DAY - timedelta(days=3)
ATTRIBUTION_STATES = PROJECT_DIR / "dbt_project" / "macros" / "attribution_states.sql"


def page_of(folder, window: str = "14_days") -> Page:
    with PublishedFile(folder / "marts.duckdb") as marts:
        return make_page(marts, make_choice(marts, window=window))


def section(page: Page, key: str) -> Section:
    return next(each for each in page.sections if each.key == key)


def figure(page: Page, key: str, label: str) -> Figure:
    return next(each for each in section(page, key).figures if each.label == label)


def value(page: Page, key: str, label: str) -> Any:
    return figure(page, key, label).value


def chart(page: Page, key: str) -> Chart:
    return next(each for one in page.sections for each in one.charts if each.key == key)


def rows(page: Page, key: str) -> list[dict[str, Any]]:
    table: Table = next(each for one in page.sections for each in one.tables if each.key == key)
    return [dict(zip((column.key for column in table.columns), row, strict=True)) for row in table.rows]


def on(shown: Chart, name: str, day: date) -> Any:
    series = next(each for each in shown.series if each.name == name)
    return series.values[shown.x.index(day)]


# --- which days are loaded -------------------------------------------------------------------------------------------


@pytest.fixture
def with_holes(tmp_path):
    """A day of which only the daily usage is loaded, and a loaded one on which nobody did anything."""
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("delete from restatements where usage_date = ?", [NOT_LOADED])
        marts.sql("delete from usage_costs_daily where usage_date in (?, ?)", [NOT_LOADED, QUIET])
        marts.sql("delete from model_mix_daily where usage_date in (?, ?)", [NOT_LOADED, QUIET])
        email = "developer00000@example.com"
        for day in (NOT_LOADED, date(2026, 9, 1)):
            marts.add("usage_costs_daily", team_id="acme", usage_date=day, email=email, is_settled=False)
    return tmp_path


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("cash_by_day", "On-demand usage"),
        ("usage_by_day", "Included usage"),
        ("tokens_by_day", "Input"),
        ("models_by_day", "Premium models"),
    ],
)
def test_a_day_that_is_not_loaded_is_a_gap_and_a_loaded_one_without_usage_is_zero(with_holes, key, name):
    shown = chart(page_of(with_holes), key)
    assert on(shown, name, NOT_LOADED) is None
    assert on(shown, name, QUIET) == 0
    assert on(shown, name, LAST_DAY) > 0


def test_days_that_are_not_loaded_are_counted_where_sums_are_shown(with_holes):
    page = page_of(with_holes)
    for key in ("cost", "models"):
        assert "13 of the window's 14 days are loaded" in " ".join(section(page, key).notes)


def test_all_loaded_days_begin_with_the_first_day_whose_events_are_loaded(with_holes):
    assert page_of(with_holes, "all").window.start_date == LAST_DAY - timedelta(days=19)


def test_a_window_in_which_nobody_did_anything_is_not_one_that_is_not_loaded(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("delete from usage_costs_daily")
        marts.sql("delete from model_mix_daily")
    page = page_of(tmp_path)
    assert section(page, "models").lead == "No model was used in these days."
    assert section(page, "tokens").lead == "No request of these days has tokens."
    assert value(page, "cost", "On-demand usage") == 0


# --- money that is not known -----------------------------------------------------------------------------------------


def test_what_no_request_has_a_price_for_is_unknown_and_said(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql(
            "update usage_costs_daily set on_demand_usd = null, included_usage_usd = null, usage_value_usd = null "
            "where email like 'developer00000%'"
        )
    page = page_of(tmp_path)
    unpriced, priced, idle = sorted(rows(page, "costs"), key=lambda row: str(row["email"]))
    assert [unpriced[key] for key in ("on_demand_usd", "included_usage_usd", "cash_cost_usd")] == [None] * 3
    assert unpriced["seat_fee_usd"] == idle["cash_cost_usd"]
    assert priced["cash_cost_usd"] == priced["seat_fee_usd"] + priced["on_demand_usd"]
    assert [idle[key] for key in ("on_demand_usd", "included_usage_usd", "requests")] == [0, 0, 0]
    assert "14 developer-days have no price: the sums are a lower bound." in section(page, "cost").notes


def test_without_any_price_no_sum_is_zero(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("update usage_costs_daily set on_demand_usd = null")
    page = page_of(tmp_path)
    assert (value(page, "cost", "On-demand usage"), value(page, "cost", "Cash cost")) == (None, None)
    assert section(page, "cost").lead == "No request of these days has a price: what they cost is not known."


def test_seat_fees_of_days_before_the_oldest_known_cycle_are_not_known(published):
    assert value(page_of(published), "cost", "Seat fees") is not None
    page = page_of(published, "30_days")
    assert (value(page, "cost", "Seat fees"), value(page, "cost", "Cash cost")) == (None, None)
    assert {row["cash_cost_usd"] for row in rows(page, "costs")} == {None}


def test_a_cycles_window_says_that_it_counts_whole_days(published):
    notes = {window: section(page_of(published, window), "cost").notes for window in ("open_cycle", "14_days")}
    said = {window: any(note.startswith("Whole UTC days:") for note in notes[window]) for window in notes}
    assert said == {"open_cycle": True, "14_days": False}


# --- seats -----------------------------------------------------------------------------------------------------------


def gap(marts: PublishedMarts, tier: str, saved: int) -> None:
    gap = {"team_id": "acme", "seat_key": tier, "email": f"{tier}@example.com", "activity_status": "idle"}
    marts.add("adoption_gaps", **gap, is_adoption_gap=True, reclaim_tier=tier, saved_at_next_renewal_usd=saved)


def test_the_money_of_seats_to_give_back_is_that_of_the_certain_and_the_probable(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        gap(marts, "probable", 20)
        gap(marts, "review", 500)
    page = page_of(tmp_path)
    lead = section(page, "seats").lead
    # Of the made team itself, one of three seats is certain.
    assert lead == "3 of 5 paid seats are not used, 2 of them certain or probable to give back: $60.00 a month."
    assert value(page, "seats", "Saved a month") == 560


def test_gaps_that_are_only_to_be_reviewed_have_no_money_in_the_lead(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("update adoption_gaps set reclaim_tier = 'review' where is_adoption_gap")
    lead = section(page_of(tmp_path), "seats").lead
    assert lead == "1 of 3 paid seats are not used; none of them is certain or probable to give back."


def test_figures_of_seats_name_no_number_of_days_and_sum_to_the_paid_ones(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        for status in ("new", "removed", "removed"):
            marts.add("adoption_gaps", team_id="acme", activity_status=status, is_adoption_gap=False)
    page = page_of(tmp_path)
    parts = ("Active", "Idle", "Never active", "New or removed")
    assert sum(value(page, "seats", part) for part in parts) == value(page, "seats", "Paid seats") == 6
    assert value(page, "seats", "New or removed") == 3
    assert not re.search(r"\d", " ".join(figure(page, "seats", part).note or "" for part in parts))


def test_without_a_gap_nobody_is_said_to_use_a_seat(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("update adoption_gaps set is_adoption_gap = false, activity_status = 'removed'")
    assert section(page_of(tmp_path), "seats").lead == "None of 3 paid seats is an adoption gap."


def test_each_part_of_the_seats_has_a_colour_of_its_own(published):
    roles = [series.role for series in chart(page_of(published), "seats_by_day").series]
    assert roles == ["active", "new", "idle", "never_active", "removed"]


# --- freshness -------------------------------------------------------------------------------------------------------


def test_holes_count_over_all_loaded_days_and_nothing_behind_one_is_settled(tmp_path):
    hole = LAST_DAY - timedelta(days=390)
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme", people=2, days=400)
        marts.sql("delete from restatements where usage_date = ?", [hole])
    page = page_of(tmp_path)
    assert value(page, "freshness", "Missing days") == 1
    assert value(page, "freshness", "Settled to") == hole - timedelta(days=1)
    assert "1 day missing; settled to" in section(page, "freshness").lead


@pytest.mark.parametrize(
    ("unsettled", "settled_to"),
    [(0, LAST_DAY - timedelta(days=1)), (5, LAST_DAY - timedelta(days=6)), (19, None)],
)
def test_settled_to_is_the_day_before_the_first_that_is_not(tmp_path, unsettled, settled_to):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        day = LAST_DAY - timedelta(days=unsettled)
        marts.sql("update restatements set is_settled = usage_date <> ?", [day])
    assert value(page_of(tmp_path), "freshness", "Settled to") == settled_to


def test_a_day_that_moved_after_settling_is_said_to(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("update restatements set restatements_after_settled = 1 where usage_date = ?", [LAST_DAY])
    (moved,) = [day for day in section(page_of(tmp_path), "freshness").calendars[0].days if day.state == "moved"]
    assert moved.sentence.startswith(f"{LAST_DAY}: moved after settling;")


# --- other sections --------------------------------------------------------------------------------------------------


def test_the_primary_verdicts_age_is_found_by_its_measure(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("update verification_totals set label = 'overage of this cycle'")
    assert value(page_of(tmp_path), "verdict", "Since").date() == date(2026, 11, 28)


def test_figures_in_units_of_their_own_name_them(published):
    page = page_of(published)
    assert {row["unit"] for row in rows(page, "totals")} == {"usd", "requests"}
    assert {row["unit"] for row in rows(page, "causes")} == {"usd"}


def test_a_models_tier_is_that_of_its_newest_day(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("update model_mix_daily set model_tier = 'entry' where model = 'opus' and usage_date < ?", [LAST_DAY])
    page = page_of(tmp_path)
    assert {row["model_tier"] for row in rows(page, "developers_models") if row["model"] == "opus"} == {"premium"}
    shown = chart(page, "models_by_value")
    premium = next(series for series in shown.series if series.role == "premium_model")
    assert premium.values[shown.x.index("opus")] is not None


def test_simple_requests_that_could_save_say_which_they_are(published):
    savings = next(each for each in section(page_of(published), "models").tables if each.key == "savings")
    column = next(each for each in savings.columns if each.label == "Simple requests")
    assert column.help == "Of on-demand and included usage only."


def test_what_to_do_names_no_column():
    macro = ATTRIBUTION_STATES.read_text(encoding="utf-8")
    sentences = [text for _, text in re.findall(r"(['\"])(\w[^\n]* [^\n]*)\1,\n", macro)]
    assert len(sentences) == 8
    assert not [text for text in sentences if "_" in text]
