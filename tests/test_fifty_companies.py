"""Every published mart of fifty random companies equals what tests/oracle works out of the same answers, cell by cell.

The companies are drawn from one seed for their differences: sizes, cycle days, vintages of the API, quirks of events,
and how they were fetched (daily or seldom, at any time of day, over rollovers, with refusals, a wrong key, a back-fill
that leaves a hole). Some have what an administrator writes down, among it dashboard figures and invoices that are
right, nearly right, or wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

import duckdb
import pytest

from tests.companies import Built, Scenario, build_companies, folder_in_memory
from tests.cursor_api_simulator import Company, CompanyOptions, Quirks
from tests.oracle.compare import differences, fetch
from tests.oracle.cycles import cycle_start, cycles, open_cycle
from tests.oracle.marts import expected_adoption_gaps, expected_usage_costs
from tests.oracle.registry import expected_marts
from tests.oracle.seats import current_members
from tests.oracle.team import (
    Configured,
    CostCentreFrom,
    DashboardTotal,
    Exclusion,
    Invoice,
    SeatAllowance,
    SeatPrice,
    SeatTypeFrom,
    Team,
)
from tests.oracle.usage import active_rows, as_of, closed_events, total, window
from tests.oracle.verification import (
    CYCLE_MEASURES,
    WINDOW_MEASURES,
    dashboard_start,
    expected_verification_totals,
    value_of,
)

SEED = 4
COMPANIES = 50
SHOWN_LINES = 6
ONE_DAY = timedelta(days=1)
MARTS = expected_marts()
WITHOUT_ORACLE = {
    "publications": "says when the file itself was written, and of no team",
    "restatements": "says what earlier loads of a day held, which is not part of the newest answers; "
    "tests/dbt_project/test_incremental_builds.py and the tests below dbt_project/tests/costs hold it",
    "verification_history": "says what earlier builds said, and here is one build; its own tests run several",
}

COLUMNS_WITHOUT_ORACLE = {
    # How the table is to be read: texts, an order, and what the explanation says in a word.
    "verification_totals": ("label", "measure_order", "problem"),
    # FOCUS's own words for columns that are compared (tokens, seat types, models), constants, and what the API does not
    # say; tests/focus and focus_quantities_have_units_and_prices_one_sku judge them.
    "focus_costs": (
        "BillingAccountName",
        "BillingCurrency",
        "ChargeClass",
        "ChargeDescription",
        "ConsumedUnit",
        "InvoiceId",
        "InvoiceIssuerName",
        "PricingCategory",
        "PricingQuantity",
        "PricingUnit",
        "ProviderName",
        "PublisherName",
        "ResourceId",
        "ResourceName",
        "ResourceType",
        "ServiceCategory",
        "ServiceName",
        "ServiceSubcategory",
        "SkuId",
        "SkuMeter",
        "SkuPriceDetails",
        "SkuPriceId",
    ),
}

_Choice = TypeVar("_Choice")

# A minute and a half on two idle cores, half of it a hundred loads; a machine with other work takes its time.
pytestmark = pytest.mark.timeout(1200)


class Draw(Random):
    """Draws of one company; the same for the same number."""

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def some(self, things: Sequence[_Choice], probability: float) -> list[_Choice]:
        return [thing for thing in things if self.happens(probability)]

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.randint(0, (last - first).days))

    def instant_of_day(self) -> time:
        return time(self.randint(0, 23), self.randint(0, 59), self.randint(0, 59))

    def usd(self, low: int, high: int) -> Decimal:
        return Decimal(self.randint(100 * low, 100 * high)).scaleb(-2)


# --- the companies ----------------------------------------------------------------------------------------------------


def scenario(number: int) -> Scenario:
    draw = Draw(f"{SEED} company {number}")
    # After June 2026 both seat types have list prices; 2028 has a leap day.
    newest = draw.day(date(2026, 8, 1), date(2028, 4, 30))
    days_back = sorted(
        {0, *(draw.randint(1, 70) for _ in range(draw.choice([0, 0, 0, 1, 1, 1, 2, 2, 5])))}, reverse=True
    )
    runs = [
        datetime.combine(newest - timedelta(days=days), draw.instant_of_day(), UTC).isoformat() for days in days_back
    ]
    if len(runs) > 1 and draw.happens(0.2):
        runs[-2] = (datetime.fromisoformat(runs[-1]) - timedelta(minutes=draw.randint(5, 600))).isoformat()
    first_day = datetime.fromisoformat(runs[0]).date()
    is_young = draw.happens(0.3)
    founded = first_day - timedelta(days=draw.randint(0, 45)) if is_young else date(2025, draw.randint(1, 12), 1)
    # Back-filled days before all others leave a hole, where no daily run comes after them.
    last_backfilled = first_day - timedelta(days=draw.randint(32, 40))
    backfill = (last_backfilled - timedelta(days=draw.randint(0, 5)), last_backfilled)
    refusable = ("members", "spend", "daily_usage", "usage_events")
    return Scenario(
        options(draw, founded),
        runs=tuple(runs),
        backfills={runs[-1]: backfill} if len(runs) > 1 and draw.happens(0.15) else {},
        refused={draw.choice(refusable[:3]): 403} if draw.happens(0.08) else {},
        refused_at_last={draw.choice(refusable): 403} if len(runs) > 1 and draw.happens(0.08) else {},
        has_wrong_key_at_last=len(runs) > 1 and draw.happens(0.06),
    )


def options(draw: Draw, founded: date) -> CompanyOptions:
    return CompanyOptions(
        seed=draw.randint(1, 10**6),
        seats=draw.randint(4, 25),
        events_per_day=draw.randint(5, 60),
        founded=founded,
        cycle_day=draw.choice([draw.randint(1, 31), 28, 29, 30, 31]),
        cycle_time=draw.instant_of_day(),
        included_field=draw.choice(["overall", "overall", "included", "neither", "mixed"]),
        spend_cents=draw.choice(["float", "float", "integer"]),
        unattributed_spend=draw.choice(["rows", "omitted"]),
        removed_members=draw.choice(["flagged", "vanish"]),
        removed_listed_days=draw.randint(5, 120),
        numeric_ids=draw.happens(0.3),
        lists_second_user_id=draw.happens(0.3),
        daily_zero_rows=draw.choice(["all", "some", "none"]),
        retention_days=draw.choice([None, None, None, draw.randint(5, 60)]),
        quirks=quirks(draw),
    )


def quirks(draw: Draw) -> Quirks:
    def sometimes(probability: float, most: float) -> float:
        return draw.random() * most if draw.happens(probability) else 0.0

    return Quirks(
        twins=sometimes(0.7, 0.05),
        same_millisecond=sometimes(0.7, 0.05),
        late=sometimes(0.7, 0.1),
        restated=sometimes(0.8, 0.3),
        request_priced=sometimes(0.5, 0.2),
        without_token_usage=sometimes(0.5, 0.1),
        partial_token_usage=sometimes(0.5, 0.1),
        without_charged_cents=sometimes(0.5, 0.1),
        float_tail=sometimes(0.8, 0.5),
        tiny=sometimes(0.5, 0.1),
        discounted=sometimes(0.5, 0.3),
        kind_as_enum=sometimes(0.5, 0.3),
        kind_short=sometimes(0.5, 0.2),
        kind_label=sometimes(0.3, 0.1),
        credit=sometimes(0.6, 0.1),
        errored=sometimes(0.8, 0.1),
        aborted=sometimes(0.8, 0.1),
        unknown_kind=sometimes(0.2, 0.03),
        unknown_kind_with_cost=draw.happens(0.5),
        unpriced_requests=sometimes(0.15, 0.1),
        negative_amounts=sometimes(0.3, 0.05),
        days_without_row=sometimes(0.6, 0.2),
        midnight_events=draw.happens(0.7),
    )


# --- what their administrators wrote down -----------------------------------------------------------------------------


def configured_for(team: Team, company: Company) -> Configured | None:
    """Facts about half of the teams; figures of dashboard and invoice are what the events say, or near, or far off."""
    draw = Draw(f"{SEED} configured {team.team_id}")
    today = as_of(team)
    if today is None or draw.happens(0.5):
        return None
    emails = sorted(email for email in {*current_members(team), *people_with_usage(team)} if "@" in email)
    facts = Configured(
        seat_prices=prices(draw, today) if draw.happens(0.7) else (),
        seat_types=tuple(
            SeatTypeFrom(spelled(draw, email), kind, since)
            for email in draw.some(emails, 0.3)
            for since in sorted({draw.day(today - timedelta(days=90), today) for _ in range(draw.randint(1, 2))})
            for kind in [draw.choice(["premium", "premium", "standard", "unpaid_admin"])]
        ),
        exclusions=tuple(
            Exclusion(email, "on leave", draw.choice([None, today + timedelta(days=draw.randint(-2, 2))]))
            for email in draw.some(emails, 0.2)
        ),
        join_dates={email: draw.day(today - timedelta(days=80), today) for email in draw.some(emails, 0.2)},
        renewal_date=today + timedelta(days=draw.randint(-20, 60)) if draw.happens(0.5) else None,
        cost_centres=tuple(
            CostCentreFrom(spelled(draw, email), draw.choice(["R&D", "Sales", "Platform"]), since)
            for email in draw.some(emails, 0.7)
            for since in sorted({draw.day(today - timedelta(days=70), today) for _ in range(draw.randint(1, 2))})
        ),
        seat_allowances=allowances(draw, today) if draw.happens(0.7) else (),
    )
    # Figures of a cycle and of seats depend on the facts above.
    described = replace(team, configured=facts)
    return replace(facts, dashboard_totals=dashboard_totals(draw, described), invoices=invoices(draw, described))


def people_with_usage(team: Team) -> set[str]:
    return {one.email for one in closed_events(team) if one.email} | {email for email, _ in active_rows(team)}


def spelled(draw: Draw, email: str) -> str:
    return draw.choice([email, email.upper(), f" {email}"])


def prices(draw: Draw, today: date) -> tuple[SeatPrice, ...]:
    """The team's own prices from a date on, which may lie within a cycle that was loaded; before it the list's hold."""
    return tuple(
        SeatPrice(seat_type, since, draw.usd(20, 60) * (3 if seat_type == "premium" else 1), "configured")
        for seat_type in draw.some(["standard", "premium"], 0.8)
        for since in sorted({draw.day(today - timedelta(days=120), today) for _ in range(draw.randint(1, 3))})
    )


def allowances(draw: Draw, today: date) -> tuple[SeatAllowance, ...]:
    is_pooled = draw.happens(0.4)
    return tuple(
        SeatAllowance(
            seat_type,
            since,
            None if draw.happens(0.1) else draw.usd(5, 30) * (5 if seat_type == "premium" else 1),
            is_pooled,
        )
        for seat_type in draw.some(["standard", "premium"], 0.85)
        for since in sorted({draw.day(today - timedelta(days=150), today) for _ in range(draw.randint(1, 2))})
    )


def misread(draw: Draw, value: Decimal | int | None, *, is_money: bool) -> Decimal:
    """A figure as somebody writes it down: right, off by a little, or off by a lot."""
    right = Decimal(value or 0)
    read = right * draw.choice([Decimal(1), Decimal(1), Decimal("1.004"), Decimal("0.97"), Decimal("1.3")])
    return round(read, 2 if is_money else 0)


def dashboard_totals(draw: Draw, team: Team) -> tuple[DashboardTotal, ...]:
    today, days, cycle = as_of(team), window(team), open_cycle(team)
    assert today is not None
    assert days is not None
    assert cycle is not None
    read_at = max(at for at, _ in [*team.members_snapshots, *team.spend_snapshots, *EARLY])
    readings = []
    for measure in draw.some([*WINDOW_MEASURES, *CYCLE_MEASURES, "paid_seats", "monthly_seat_fee_usd"], 0.15):
        first = cycle.start_at.date() if measure in CYCLE_MEASURES else draw.choice([days[0], draw.day(days[0], today)])
        last = draw.choice([today, max(first, today - timedelta(days=draw.randint(0, 5)))])
        if measure not in {**WINDOW_MEASURES, **CYCLE_MEASURES}:
            first = last = draw.choice([today, today + timedelta(days=1)])
        if first > last:
            continue
        reading = DashboardTotal(measure, first, last, Decimal(0), read_at)
        start = dashboard_start(team, reading)
        events = [one for one in closed_events(team) if one.at >= start and one.day <= last]
        value = misread(draw, value_of(team, reading, events), is_money=measure.endswith("_usd"))
        readings.append(replace(reading, value=value))
    return tuple(readings)


EARLY = [(datetime.fromisoformat("2026-01-01"), None)]  # of a team that was never told who its members are


def invoices(draw: Draw, team: Team) -> tuple[Invoice, ...]:
    rows = expected_usage_costs(team)
    told = []
    for cycle in draw.some([cycle for cycle in cycles(team) if not cycle.is_open], 0.5)[-1:]:
        of_cycle = [row for row in rows if row["cycle_start_at"] == cycle.start_at]
        figures = {
            name: misread(draw, total(row[name] for row in of_cycle), is_money=True)
            for name in draw.some(["seat_fee_usd", "on_demand_usd"], 0.85)
        }
        told.append(
            Invoice(
                cycle.start_at.date() + timedelta(days=draw.choice([0, 0, 0, 0, 1])),
                seat_fees_usd=figures.get("seat_fee_usd"),
                on_demand_usd=figures.get("on_demand_usd"),
                credits_usd=draw.choice([None, Decimal(0), draw.usd(1, 20)]),
                tax_usd=draw.choice([None, Decimal(0), draw.usd(1, 20)]),
            )
        )
    return tuple(told)


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    scenarios = {f"company-{number:02}": scenario(number) for number in range(COMPANIES)}
    with folder_in_memory() as folder:
        yield build_companies(folder, scenarios, configured_for)


@pytest.fixture(scope="module")
def published(built: Built) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach '{built.data.published / 'marts.duckdb'}' as published (read_only)")
    return connection


@pytest.mark.parametrize("mart", sorted(MARTS))
def test_a_mart_holds_what_a_plain_computation_gives(
    built: Built, published: duckdb.DuckDBPyConnection, mart: str
) -> None:
    expected_rows, key_columns = MARTS[mart]
    told, expected_in_all = [], 0
    for team_id, team in built.teams.items():
        expected = expected_rows(team)
        expected_in_all += len(expected)
        columns = list(expected[0]) if expected else list(key_columns)
        lines = differences(expected, fetch(published, f"published.marts.{mart}", columns, team_id), key_columns)
        if lines:
            told += [f"{team_id}: {len(lines)} differences", *(f"    {line}" for line in lines[:SHOWN_LINES])]
    assert not told, "\n".join([f"{mart} differs", *told])
    assert expected_in_all >= COMPANIES // 2


def test_every_published_mart_has_an_oracle(published: duckdb.DuckDBPyConnection) -> None:
    marts = {
        mart
        for (mart,) in published.execute(
            "select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'marts'"
        ).fetchall()
    }
    assert marts - WITHOUT_ORACLE.keys() == MARTS.keys()


def test_what_the_oracle_leaves_out_of_a_mart_is_known(built: Built, published: duckdb.DuckDBPyConnection) -> None:
    """A column that nobody compares is one that anything may stand in: each has its reason."""
    left_out = {}
    for mart, (expected_rows, _) in MARTS.items():
        described = published.execute(f"describe published.marts.{mart}").fetchall()
        expected = next(rows for rows in map(expected_rows, built.teams.values()) if rows)
        if missing := {column for column, *_ in described} - expected[0].keys():
            left_out[mart] = missing
    assert left_out == {mart: set(columns) for mart, columns in COLUMNS_WITHOUT_ORACLE.items()}


def test_the_companies_cover_what_they_are_for(built: Built) -> None:
    """A comparison of nothing with nothing would pass: each case is there, in what the oracle expects."""
    teams = built.teams.values()
    gaps = [row for team in teams for row in expected_adoption_gaps(team)]
    assert {row["activity_status"] for row in gaps} == {"active", "new", "idle", "never_active", "removed"}
    assert {row["reclaim_tier"] for row in gaps} == {None, "excluded", "certain", "probable", "review"}
    totals = [row for team in teams for row in expected_verification_totals(team)]
    assert {row["reference_source"] for row in totals} == {
        None,
        "cursor_spend_api",
        "cursor_daily_usage_api",
        "dashboard",
        "invoice",
    }
    for source in ("cursor_spend_api", "dashboard", "invoice"):
        verdicts = {row["verdict"] for row in totals if row["reference_source"] == source}
        assert verdicts >= {"matched", "drift", "inconclusive"}, source
    assert any(team.refused for team in teams)
    assert any(team.error for team in teams)
    assert any(len({cycle_start(answer) for _, answer in team.spend_snapshots}) > 1 for team in teams)
    assert any(day + ONE_DAY not in team.events_by_day for team in teams for day in sorted(team.events_by_day)[:-1])
    costs = [row for team in teams for row in expected_usage_costs(team)]
    assert any(row["email"] is None and row["on_demand_usd"] > 0 for row in costs)
    assert any(row["on_demand_usd"] < 0 for row in costs)
    assert {row["seat_type"] for row in costs} >= {"standard", "premium"}
    assert any(row["seat_fee_usd"] is None for row in costs)
