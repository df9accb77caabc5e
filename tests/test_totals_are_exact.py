"""The marts equal a plain computation over what the API said, to the eighth decimal.

Simulated companies are fetched over HTTP, judged, loaded, built with dbt and published by the pipeline's own steps.
What landed is compared with the companies' own data, so that a record that is lost on the way is noticed; then every
mart is compared, cell by cell, with what tests/oracle works out of the landed records.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.companies import LAST_RUN, TICK, Built, Scenario, build_companies, naive
from tests.cursor_api_simulator import Company, CompanyOptions, Quirks
from tests.cursor_api_simulator.clock import to_datetime
from tests.oracle import marts
from tests.oracle.compare import assert_mart_equals
from tests.oracle.from_landing import Fetch, fetches
from tests.oracle.registry import MAIN_JOB
from tests.oracle.team import Configured, DashboardTotal, Exclusion, SeatPrice, SeatTypeFrom, Team
from tests.oracle.usage import event

CLEAN = Quirks(unknown_kind=0, unpriced_requests=0)


def moment_before_usage(options: CompanyOptions, day: str) -> str:
    """A moment from which on something is used while a run is between its spend snapshot and the open day."""
    events = Company(options).events(f"{day}T08:00:00Z", f"{day}T20:00:00Z", f"{day}T23:00:00Z")
    costly = next(event for event in events if event.get("chargedCents", 0) > 1 and "Usage-based" in event.values())
    return (to_datetime(int(costly["timestamp"])) - 15 * TICK).isoformat()


BUSY = CompanyOptions(
    seed=37, seats=20, events_per_day=2_000, quirks=Quirks(unknown_kind=0, unpriced_requests=0, late=0, restated=0)
)
SCENARIOS = {
    "first-run": Scenario(CompanyOptions(seed=7, events_per_day=500, quirks=CLEAN), is_judged=True),
    # Three weeks of runs, some days left out, over a rollover: joiners, leavers that vanish, restatements, late events.
    "grown": Scenario(
        CompanyOptions(
            seed=2,
            seats=50,
            events_per_day=150,
            removed_members="vanish",
            included_field="mixed",
            numeric_ids=True,
            quirks=Quirks(twins=0.02, same_millisecond=0.02, negative_amounts=0.01, tiny=0.01, partial_token_usage=0.1),
        ),
        runs=(
            "2026-10-20T05:30:00Z",
            "2026-10-29T17:00:00Z",
            "2026-11-03T05:30:00Z",
            "2026-11-03T13:30:00Z",
            "2026-11-04T05:30:00Z",
            "2026-11-15T23:59:00Z",
            "2026-11-23T05:30:00Z",
            LAST_RUN,
        ),
    ),
    # A cycle of the 31st, seats removed and flagged, a second user id on some addresses.
    "end-of-month": Scenario(
        CompanyOptions(
            seed=3, seats=30, events_per_day=80, cycle_day=31, lists_second_user_id=True, included_field="included"
        ),
        runs=("2026-09-28T06:00:00Z", "2026-10-15T06:00:00Z", "2026-11-01T06:00:00Z", "2026-11-30T06:00:00Z"),
    ),
    "unpriced": Scenario(
        CompanyOptions(
            seed=5,
            seats=20,
            events_per_day=60,
            daily_zero_rows="none",
            included_field="neither",
            quirks=Quirks(unknown_kind=0.05, unknown_kind_with_cost=True, unpriced_requests=0.3),
        ),
    ),
    "not-in-spend": Scenario(
        CompanyOptions(seed=13, seats=20, events_per_day=60, unattributed_spend="omitted", spend_cents="integer"),
    ),
    "without-spend": Scenario(CompanyOptions(seed=17, seats=20, events_per_day=60), refused={"spend": 403}),
    "without-daily-usage": Scenario(CompanyOptions(seed=19, seats=20, events_per_day=60), refused={"daily_usage": 403}),
    "without-members": Scenario(CompanyOptions(seed=23, seats=20, events_per_day=60), refused={"members": 403}),
    "failed": Scenario(
        CompanyOptions(seed=29, seats=20, events_per_day=60, quirks=CLEAN),
        runs=("2026-11-23T05:30:00Z", LAST_RUN),
        has_wrong_key_at_last=True,
    ),
    # Usage between the spend snapshot and the open day, and a cycle that begins there.
    "in-between": Scenario(BUSY, runs=(moment_before_usage(BUSY, "2026-11-24"),)),
    "rollover": Scenario(
        CompanyOptions(seed=41, seats=20, events_per_day=60, quirks=CLEAN),
        runs=("2026-10-30T05:30:00Z", "2026-11-03T13:06:27.900+00:00"),
    ),
    "configured": Scenario(
        CompanyOptions(seed=31, seats=30, events_per_day=100, quirks=CLEAN),
        runs=("2026-11-10T05:30:00Z", LAST_RUN),
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All scenarios' companies as teams of one warehouse, whose marts were built and published once."""

    def configured(team: Team, company: Company) -> Configured | None:
        return configured_for(company) if team.team_id == "configured" else None

    return build_companies(tmp_path_factory.mktemp("exact"), SCENARIOS, configured)


# --- what the API does not know ---------------------------------------------------------------------------------------


def configured_for(company: Company) -> Configured:
    """Prices, types, exclusions, join dates and dashboard figures of some of the company's people."""
    at = datetime.fromisoformat(LAST_RUN)
    emails = sorted({row["email"].strip().lower() for row in company.members(at) if row["role"] == "member"})
    return Configured(
        seat_prices=(
            SeatPrice("standard", date(2026, 1, 1), Decimal("36.5"), "configured"),
            SeatPrice("standard", date(2026, 11, 10), Decimal(39), "configured"),
            SeatPrice("premium", date(2026, 1, 1), Decimal(110), "configured"),
        ),
        seat_types=(
            SeatTypeFrom(emails[0], "premium", date(2026, 10, 1)),
            SeatTypeFrom(emails[1].upper(), "premium", date(2026, 11, 20)),
            SeatTypeFrom(emails[2], "unpaid_admin", date(2026, 10, 1)),
        ),
        exclusions=tuple(
            Exclusion(email, "on leave", expires_on)
            for email, expires_on in zip(emails[3::3], [None, date(2026, 11, 23), date(2026, 11, 22)] * 9, strict=False)
        ),
        join_dates={emails[4]: date(2026, 11, 12), emails[7]: date(2026, 11, 20), emails[10]: date(2026, 3, 1)},
        dashboard_totals=(
            DashboardTotal("requests", date(2026, 11, 12), date(2026, 11, 18), Decimal(700), naive(at)),
            DashboardTotal("on_demand_usd", date(2026, 11, 14), date(2026, 11, 14), Decimal("12.34"), naive(at)),
            DashboardTotal("usage_value_usd", date(2026, 10, 1), date(2026, 11, 2), Decimal("12.34"), naive(at)),
            DashboardTotal("cycle_on_demand_usd", date(2026, 11, 3), date(2026, 11, 20), Decimal("12.34"), naive(at)),
            DashboardTotal("paid_seats", date(2026, 11, 24), date(2026, 11, 24), Decimal(30), naive(at)),
        ),
        renewal_date=date(2026, 12, 24),
    )


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("team_id", SCENARIOS)
def test_what_landed_is_what_the_company_says(built: Built, team_id: str) -> None:
    company = built.companies[team_id]
    landed = fetches(built.data.landing, team_id)
    assert {fetch.endpoint for fetch in landed} == {"members", "spend", "daily_usage", "usage_events"} - set(
        SCENARIOS[team_id].refused
    )
    for fetch in landed:
        assert as_counter(fetch.records) == as_counter(said_by(company, fetch)), f"{fetch.endpoint} of {fetch.days}"


def said_by(company: Company, fetch: Fetch) -> list[dict[str, Any]]:
    at = fetch.started_at.replace(tzinfo=UTC)
    if fetch.endpoint == "members":
        return company.members(at)
    if fetch.endpoint == "spend":
        answer = company.spend(at)
        assert fetch.cycle_start_at == naive(to_datetime(answer["subscriptionCycleStart"]))
        return list(answer["teamMemberSpend"])
    assert fetch.first_day is not None
    assert fetch.last_day is not None
    if fetch.endpoint == "daily_usage":
        return company.daily_usage(fetch.first_day, fetch.last_day, at)
    end_at = fetch.end_at.replace(tzinfo=UTC) if fetch.end_at is not None else at
    return company.events(fetch.first_day, end_at, at)


def as_counter(records: list[dict[str, Any]]) -> Counter[str]:
    """Records as a bag: equal twins are two."""
    return Counter(repr(sorted(flat(record).items())) for record in records)


def flat(record: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value.items()) if isinstance(value, dict) else value for key, value in record.items()}


@pytest.mark.parametrize("team_id", SCENARIOS)
def test_every_day_that_was_due_is_loaded(built: Built, team_id: str) -> None:
    """From the first run on: 14 days or the cycle's start, whichever is longer, then without a gap to the last run."""
    scenario, loaded = SCENARIOS[team_id], built.teams[team_id].events_by_day
    runs = scenario.runs[:-1] if scenario.has_wrong_key_at_last else scenario.runs
    first_run, last_run = (datetime.fromisoformat(at) for at in (runs[0], runs[-1]))
    first = first_run.date() - timedelta(days=14)
    if "spend" not in scenario.refused:
        start_ms = scenario.options.cycle_start_ms(int(first_run.timestamp() * 1000))
        first = min(first, to_datetime(start_ms).date())
    days = (last_run.date() - first).days
    assert sorted(loaded) == [first + timedelta(days=n) for n in range(days)]


@pytest.mark.parametrize("mart", MAIN_JOB)
@pytest.mark.parametrize("team_id", SCENARIOS)
def test_the_mart_is_exact(built: Built, team_id: str, mart: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.data.published / 'marts.duckdb'}' as published (read_only)")
        expected = MAIN_JOB[mart](built.teams[team_id])
        assert_mart_equals(connection, f"published.marts.{mart}", expected, marts.KEYS[mart], team_id=team_id)


def test_the_scenarios_cover_what_they_are_for(built: Built) -> None:
    """A comparison of nothing with nothing would pass: each case is there, in what the oracle expects."""
    gaps = {team_id: marts.expected_adoption_gaps(team) for team_id, team in built.teams.items()}
    statuses = {row["activity_status"] for rows in gaps.values() for row in rows}
    assert statuses == {"active", "new", "idle", "never_active", "removed"}
    assert {row["reclaim_tier"] for rows in gaps.values() for row in rows} == {
        None,
        "excluded",
        "certain",
        "probable",
        "review",
    }
    verdicts = {
        team_id: {row["measure"]: row["verdict"] for row in marts.expected_verification_totals(team)}
        for team_id, team in built.teams.items()
    }
    assert verdicts["first-run"]["cycle_on_demand_usd"] == "matched"
    assert {verdict for rows in verdicts.values() for verdict in rows.values()} >= {
        "matched",
        "drift",
        "inconclusive",
        "not_compared",
    }
    snapshot = marts.expected_verdict(built.teams["in-between"])[0]["snapshot_at"]
    open_day = built.teams["in-between"].open_day
    assert open_day is not None
    assert any(event(record).at > snapshot for record in open_day[0])
    starts = {answer["subscriptionCycleStart"] for _, answer in built.teams["rollover"].spend_snapshots[-3:]}
    assert len(starts) == 2
    costs = [row for team in built.teams.values() for row in marts.expected_usage_costs(team)]
    assert any(row["seat_fee_usd"] is None for row in costs)
    assert any(row["seat_fee_usd"] not in {None, 0, 40, 110, Decimal("36.5"), 39} for row in costs)
    assert any(row["email"] is None and row["on_demand_usd"] > 0 for row in costs)
    assert any(row["simple_premium_model_requests"] for row in marts.expected_model_mix(built.teams["first-run"]))
