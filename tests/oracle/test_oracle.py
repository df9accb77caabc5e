"""The oracle's figures, worked out by hand: above all the cases of cursor-api.md, section 10, about figures."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.oracle import marts, seats, tables
from tests.oracle.cycles import Cycle, cycles, months_later, open_cycle
from tests.oracle.team import Configured, DashboardTotal, Exclusion, SeatPrice, SeatTypeFrom, Team
from tests.oracle.usage import amount_of, event, usd
from tests.oracle.verification import Comparison, spend_parts, verdict

ON_DEMAND, INCLUDED = "Usage-based", "Included in Business"
TODAY = date(2026, 11, 23)  # the newest closed day
SNAPSHOT_AT = datetime.fromisoformat("2026-11-24T05:30:10")
CYCLE_START = datetime.fromisoformat("2026-11-03T13:06:28")
TOKENS = {"inputTokens": 1000, "outputTokens": 100, "cacheWriteTokens": 10, "cacheReadTokens": 1}
EMAIL = "ann@example.com"
DAILY_USAGE_OF_30_DAYS: dict[date, list[Any]] = {TODAY - timedelta(days=n): [] for n in range(30)}


def as_received(value):
    """As an answer is parsed: numbers keep the digits that the text shows."""
    return json.loads(json.dumps(value), parse_float=Decimal, parse_int=int)


def milliseconds(at):
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (at - datetime.fromisoformat("1970-01-01")) // timedelta(milliseconds=1)


def sent(at="2026-11-20T10:00:00", cents=100, kind=ON_DEMAND, email=EMAIL, tokens=TOKENS, **more):
    record = {"timestamp": str(milliseconds(at)), "userEmail": email, "model": "gpt-5", "kind": kind, **more}
    if cents is not None:
        record["chargedCents"] = cents
    if tokens is not None:
        record["tokenUsage"] = tokens
    return as_received(record)


def member(email=EMAIL, role="member", *, removed=False, **more):
    return {"id": f"user_{email}", "name": email, "email": email, "role": role, "isRemoved": removed, **more}


def spend(*members, start=CYCLE_START):
    rows = [{"email": email, "spendCents": on_demand, "overallSpendCents": both} for email, on_demand, both in members]
    return as_received({"teamMemberSpend": rows, "subscriptionCycleStart": milliseconds(start)})


def days(first, last=TODAY):
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def team(*events, loaded_from=date(2026, 10, 25), members=None, open_day=(), fetched="2026-12-24", **more):
    """A team of one snapshot with all days loaded and settled; the keywords replace its parts."""
    by_day: dict[date, list[Any]] = {day: [] for day in days(loaded_from)}
    for record in events:
        by_day[event(record).day].append(record)
    given = {
        "members_snapshots": [(SNAPSHOT_AT, [member()] if members is None else members)],
        "events_by_day": by_day,
        "open_day": None if open_day is None else (list(open_day), SNAPSHOT_AT + timedelta(seconds=5)),
        "fetched_at": dict.fromkeys(by_day, datetime.fromisoformat(fetched)),
        **more,
    }
    return Team("acme", **given)


def figures(of_team):
    return {
        row["measure"]: row["warehouse_value"]
        for row in marts.expected_verification_totals(of_team)
        if row["reference_source"] != "dashboard"
    }


def verdicts(of_team):
    return {row["measure"]: row["verdict"] for row in marts.expected_verification_totals(of_team)}


def only(rows):
    assert len(rows) == 1
    return rows[0]


def of(rows, **wanted):
    return only([row for row in rows if all(row[column] == value for column, value in wanted.items())])


def joiner(price, first_snapshot_at):
    return seats.Seat(
        person=EMAIL,
        email=EMAIL,
        name=None,
        role="member",
        is_removed=False,
        seat_type="standard",
        price=price,
        first_snapshot_at=first_snapshot_at,
        joined_date=first_snapshot_at.date(),
    )


def gap(of_team, email=EMAIL):
    return of(marts.expected_adoption_gaps(of_team), email=email)


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("37.33", "0.37330000"),
        ("8", "0.08000000"),
        ("0.6", "0.00600000"),
        ("5e-07", "0.00000001"),  # half away from zero at the eighth decimal
        ("4.9e-07", "0.00000000"),
        ("-5e-07", "-0.00000001"),
        ("0.12345650000000001", "0.00123457"),
        ("0.1234565", "0.00123457"),
        ("0.12345649999999999", "0.00123456"),
        ("1234567890123456789.123456789", "12345678901234567.89123457"),
    ],
)
def test_an_amount_is_the_decimal_that_the_text_shows_rounded_once(text, dollars):
    record = json.loads(f'{{"chargedCents": {text}}}', parse_float=Decimal, parse_int=int)
    assert amount_of(record) == Decimal(dollars)
    assert f"{usd(record['chargedCents']):f}" == dollars


def test_three_events_of_six_tenths_of_a_cent_are_two_cents_when_rounded_once():
    exact = figures(team(*[sent(cents=0.6)] * 3))["on_demand_usd"]
    assert exact == Decimal("0.018")
    assert round(exact, 2) == Decimal("0.02")


def test_the_token_fee_is_in_the_charged_cents_already():
    record = sent(cents=37.33, tokens={**TOKENS, "totalCents": 40.167, "discountPercentOff": 10}, cursorTokenFee=1.18)
    assert amount_of(record) == Decimal("0.37330000")


def test_without_charged_cents_the_price_is_that_of_the_tokens_less_the_discount_and_the_fee():
    tokens = {**TOKENS, "totalCents": 40.167, "discountPercentOff": 10}
    assert amount_of(sent(cents=None, tokens=tokens, cursorTokenFee=1.18)) == Decimal("0.37330300")  # 36.1503 + 1.18
    assert amount_of(sent(cents=None, tokens={"totalCents": 40.167})) == Decimal("0.40167000")


def test_an_event_without_any_price_is_unpriced_and_not_nothing():
    found = figures(team(sent(cents=None), sent(cents=None, tokens=None), sent(cents=0)))
    assert found["unpriced_requests"] == 2
    assert found["requests"] == 3
    assert found["on_demand_usd"] == 0


def test_a_negative_amount_stays():
    assert figures(team(sent(cents=250), sent(cents=-100)))["on_demand_usd"] == Decimal("1.5")


# --- events ----------------------------------------------------------------------------------------------------------


def test_two_equal_events_both_count():
    found = figures(team(sent(), sent()))
    assert found["requests"] == 2
    assert found["on_demand_usd"] == Decimal(2)


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("Usage-based", "on_demand_usd"),
        ("USAGE_EVENT_KIND_USAGE_BASED", "on_demand_usd"),
        ("On-Demand", "on_demand_usd"),
        ("Included in Business", "included_usage_usd"),
        ("USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS", "included_usage_usd"),
        ("Included", "included_usage_usd"),
        ("Included in Pro", "included_usage_usd"),
        ("Free Credit", "credit_usd"),
        ("Free", "credit_usd"),
        ("User API Key", "own_key_usd"),
        ("Errored, Not Charged", "not_charged_usd"),
        ("USAGE_EVENT_KIND_ABORTED_NOT_CHARGED", "not_charged_usd"),
        ("Custom Subscription", "unknown_kind_usd"),
        ("Promotional Bundle", "unknown_kind_usd"),
        ("", "unknown_kind_usd"),
    ],
)
def test_every_kind_ends_in_exactly_one_figure(kind, measure):
    found = figures(team(sent(kind=kind)))
    assert found[measure] == 1
    measures = (
        "on_demand_usd",
        "included_usage_usd",
        "credit_usd",
        "own_key_usd",
        "not_charged_usd",
        "unknown_kind_usd",
    )
    assert sum(found[name] for name in measures) == 1
    assert found["requests"] == (0 if measure == "not_charged_usd" else 1)
    assert found["usage_value_usd"] == (1 if measure in ("on_demand_usd", "included_usage_usd") else 0)


def test_a_kind_of_2025_stood_under_another_key():
    record = sent(kindLabel="Usage-based")
    del record["kind"]
    assert figures(team(record))["on_demand_usd"] == 1


def test_what_was_not_charged_has_no_tokens_and_no_developer():
    found = figures(team(sent(kind="Errored, Not Charged")))
    assert (found["input_tokens"], found["active_developers"], found["unpriced_requests"]) == (0, 0, 0)


@pytest.mark.parametrize(
    "tokens", [None, {}, {"inputTokens": 1000}, {**TOKENS, "cacheReadTokens": None}, {"totalCents": 3}]
)
def test_a_missing_token_count_adds_nothing_and_is_counted(tokens):
    found = figures(team(sent(tokens=tokens), sent()))
    assert found["requests_without_tokens"] == 1
    assert found["cache_read_tokens"] == 1
    assert found["on_demand_usd"] == 2


@pytest.mark.parametrize("email", ["", None, "  "])
def test_an_event_without_an_email_is_kept_as_unattributed(email):
    of_team = team(sent(email=email), sent(kind=INCLUDED, email=email), sent(kind="Free Credit", email=email))
    found = figures(of_team)
    assert found["unattributed_usage_usd"] == 2
    assert found["active_developers"] == 0
    costs = of(marts.expected_usage_costs(of_team), email=None, is_open_cycle=True)
    assert (costs["on_demand_usd"], costs["included_usage_usd"], costs["other_usage_usd"]) == (1, 1, 1)
    assert costs["seat_fee_usd"] == 0


def test_a_service_account_is_unattributed_whatever_address_it_carries_and_the_text_null_is_none():
    found = figures(team(sent(serviceAccountId="sa_1"), sent(serviceAccountId="null")))
    assert found["unattributed_usage_usd"] == 1
    assert found["active_developers"] == 1


def test_an_address_is_trimmed_and_lower_case_everywhere():
    of_team = team(sent(email=" Ann@Example.com"), sent(email="ann@example.com "), members=[member("ANN@example.com")])
    assert figures(of_team)["active_developers"] == 1
    assert gap(of_team)["activity_status"] == "active"
    assert of(marts.expected_usage_costs(of_team), is_open_cycle=True)["requests"] == 2


def test_the_last_millisecond_of_a_day_is_in_it_and_the_next_one_is_not():
    of_team = team(sent(at="2026-11-20T23:59:59.999"), sent(at="2026-11-21T00:00:00"))
    assert {row["usage_date"] for row in marts.expected_model_mix_daily(of_team)} == {
        date(2026, 11, 20),
        date(2026, 11, 21),
    }


def test_the_window_is_fourteen_days_up_to_the_newest_loaded_day():
    of_team = team(sent(at="2026-11-09T23:59:59.999"), sent(at="2026-11-10T00:00:00"), sent(at="2026-11-23T23:59:59"))
    assert figures(of_team)["requests"] == 2
    row = of(marts.expected_verification_totals(of_team), measure="requests")
    assert (row["window_start_date"], row["window_end_date"]) == (date(2026, 11, 10), date(2026, 11, 23))


def test_the_open_day_is_in_the_open_cycle_and_nowhere_else():
    of_team = team(
        sent(), open_day=[sent(at="2026-11-24T03:00:00")], spend_snapshots=[(SNAPSHOT_AT, spend((EMAIL, 200, 200)))]
    )
    found = figures(of_team)
    assert found["on_demand_usd"] == 1
    assert found["cycle_on_demand_usd"] == 2
    assert of(marts.expected_usage_costs(of_team), is_open_cycle=True)["on_demand_usd"] == 1
    assert verdicts(of_team)["cycle_on_demand_usd"] == "matched"


# --- model mix -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "tier"),
    [
        ("claude-4.5-sonnet", "standard"),
        ("claude-4.5-sonnet-thinking", "standard"),
        ("claude-4.6-opus-high-thinking", "premium"),
        ("claude-4.6-opus-fast", "premium"),
        ("gpt-5-fast", "premium"),  # listed itself, at twice the price
        ("gpt-5-high", "standard"),
        ("gpt-5.3-codex-high", "standard"),
        ("gpt-5-mini", "entry"),
        ("claude-4.5-haiku", "standard"),
        ("grok-4-fast", "entry"),
        ("default", "standard"),
        ("composer-2.5-fast", "unknown"),
        ("Cursor Grok 4.6 (Auto Balanced)", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_suffix_is_only_taken_off_where_the_exact_name_is_not_listed(model, tier):
    assert tables.model_tier(model) == tier


@pytest.mark.parametrize(
    ("change", "simple"),
    [
        ({}, 1),
        ({"model": "gpt-5"}, 0),
        ({"maxMode": True}, 0),
        ({"tokens": {**TOKENS, "outputTokens": 500}}, 1),
        ({"tokens": {**TOKENS, "outputTokens": 501}}, 0),
        ({"tokens": {**TOKENS, "inputTokens": 19_989}}, 1),  # 19,989 + 10 + 1 = 20,000
        ({"tokens": {**TOKENS, "inputTokens": 19_990}}, 0),
        ({"tokens": {**TOKENS, "cacheReadTokens": 20_000}}, 0),
        ({"tokens": None}, 0),
        ({"tokens": {"outputTokens": 1}}, 0),
        ({"kind": "Errored, Not Charged"}, None),
    ],
)
def test_simple_work_on_a_premium_model(change, simple):
    rows = marts.expected_model_mix(team(sent(**{"model": "claude-4.5-opus", **change})))
    assert [row["simple_premium_model_requests"] for row in rows] == ([] if simple is None else [simple])


def test_shares_are_within_the_developer():
    rows = marts.expected_model_mix(
        team(
            sent(cents=300),
            sent(cents=100, model="gpt-5.5"),
            sent(cents=0, model="gpt-5.5"),
            sent(email="bo@example.com", cents=0),
        )
    )
    ann = of(rows, email=EMAIL, model="gpt-5.5")
    assert (ann["request_share"], ann["usage_value_share"]) == (pytest.approx(2 / 3), 0.25)
    assert of(rows, email="bo@example.com")["usage_value_share"] is None


# --- cost ------------------------------------------------------------------------------------------------------------


def test_included_usage_is_never_cash():
    costs = of(marts.expected_usage_costs(team(sent(kind=INCLUDED, cents=8))), is_open_cycle=True)
    assert costs["included_usage_usd"] == Decimal("0.08")
    assert costs["cash_cost_usd"] == costs["seat_fee_usd"] == Decimal(40)


def test_two_user_ids_on_one_address_cost_one_seat():
    of_team = team(
        members=[member(), member() | {"id": "user_old", "isRemoved": True}, member() | {"id": "user_other"}]
    )
    assert only(marts.expected_usage_costs(of_team))["seat_fee_usd"] == 40
    assert figures(of_team)["paid_seats"] == 1


def test_an_unpaid_admin_is_no_paid_seat_and_still_has_a_seat():
    of_team = team(sent(email="boss@example.com"), members=[member(), member("boss@example.com", "free-owner")])
    found = figures(of_team)
    assert (found["paid_seats"], found["monthly_seat_fee_usd"], found["developers_without_seat"]) == (1, 40, 0)
    assert of(marts.expected_usage_costs(of_team), email="boss@example.com", is_open_cycle=True)["seat_fee_usd"] == 0


def test_cycles_are_observed_or_inferred_and_follow_each_other():
    starts = [datetime.fromisoformat(f"2026-{text}T13:00:00") for text in ("01-31", "02-28")]
    of_team = team(
        loaded_from=date(2025, 12, 30),
        spend_snapshots=[(start + timedelta(hours=9), spend(start=start)) for start in starts],
        open_day=(),
    )
    found = cycles(of_team)
    assert [cycle.start_at.date().isoformat() for cycle in found][:5] == [
        "2025-11-30",  # of a 31st
        "2025-12-31",
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
    ]
    assert all(one.end_at == other.start_at for one, other in pairwise(found))


def test_a_cycle_that_nobody_saw_start_is_filled_in():
    starts = [datetime.fromisoformat(text) for text in ("2026-08-05T10:00", "2026-11-05T10:00")]
    of_team = team(
        spend_snapshots=[(start + timedelta(days=1), spend(start=start)) for start in starts],
        loaded_from=date(2026, 8, 6),
    )
    assert [cycle.start_at.month for cycle in cycles(of_team)] == [8, 9, 10, 11]
    assert [cycle.is_open for cycle in cycles(of_team)] == [False, False, False, True]


def test_without_a_spend_snapshot_a_cycle_is_a_calendar_month():
    cycle = open_cycle(team())
    assert cycle == Cycle(datetime.fromisoformat("2026-11-01"), datetime.fromisoformat("2026-12-01"), is_open=True)


@pytest.mark.parametrize(
    ("months", "found"), [(1, "2027-02-28"), (2, "2027-03-31"), (-2, "2026-11-30"), (13, "2028-02-29")]
)
def test_the_anchor_day_is_clamped_to_short_months(months, found):
    assert months_later(datetime.fromisoformat("2027-01-31"), months, 31).date().isoformat() == found


def test_a_seat_of_forty_dollars_over_31_days_sums_to_forty_dollars():
    """However a 31-day cycle is cut between somebody who left and who came, the parts are cents and none is lost."""
    cycle = Cycle(datetime.fromisoformat("2026-10-03T13:00"), datetime.fromisoformat("2026-11-03T13:00"), is_open=False)
    assert cycle.days == 31
    of_team = team(
        loaded_from=date(2026, 10, 3),
        members_snapshots=[
            (datetime.fromisoformat("2026-10-03T14:00"), [member()]),
            (datetime.fromisoformat("2026-10-20T14:00"), [member(), member("new@example.com")]),
        ],
        spend_snapshots=[(datetime.fromisoformat("2026-10-20T14:00"), spend(start=cycle.start_at))],
    )
    fees = {row["email"]: row["seat_fee_usd"] for row in marts.expected_usage_costs(of_team) if row["is_open_cycle"]}
    assert fees == {EMAIL: Decimal(40), "new@example.com": Decimal("18.06")}  # 14 of 31 days: 18.0645
    next_fees = [
        row["seat_fee_usd"] for row in marts.expected_usage_costs(of_team) if row["cycle_start_at"] == cycle.end_at
    ]
    assert next_fees == [40, 40]


@pytest.mark.parametrize(("day", "fee"), [("04", "38.71"), ("18", "20.65"), ("02", "40"), ("31", "3.87")])
def test_a_joiner_pays_whole_cents_half_up(day, fee):
    start = datetime.fromisoformat("2026-10-03T13:00")
    cycle = Cycle(start, start + timedelta(days=31), is_open=True)
    joined = datetime.fromisoformat(f"2026-10-{day}T14:00")
    assert seats.cycle_fee(joiner(tables.LIST_PRICES[0], joined), cycle) == Decimal(fee)


@pytest.mark.parametrize(("price", "fee"), [("0.31", "0.05"), ("0.03", "0.01"), ("0.02", "0.00")])
def test_half_a_cent_goes_up(price, fee):
    """Five of thirty days: 5.17 cents, half a cent, a third of a cent."""
    start = datetime.fromisoformat("2026-06-01")
    cycle = Cycle(start, start + timedelta(days=30), is_open=True)
    seat_price = SeatPrice("standard", date(2026, 1, 1), Decimal(price), "configured")
    assert seats.cycle_fee(joiner(seat_price, start + timedelta(days=25)), cycle) == Decimal(fee)


def test_the_fee_is_unknown_in_a_cycle_that_ended_before_the_first_snapshot():
    of_team = team(sent(at="2026-11-01T10:00:00"), spend_snapshots=[(SNAPSHOT_AT, spend())])
    rows = marts.expected_usage_costs(of_team)
    before = of(rows, cycle_end_at=CYCLE_START)
    assert (before["seat_fee_usd"], before["cash_cost_usd"], before["on_demand_usd"]) == (None, None, 1)
    assert before["is_fully_covered"] is False
    now = of(rows, cycle_start_at=CYCLE_START)
    assert (now["seat_fee_usd"], now["is_fully_covered"], now["requests"]) == (40, True, 0)


def test_an_event_belongs_to_the_cycle_of_its_instant():
    of_team = team(
        sent(at="2026-11-03T13:06:27.999", cents=1),
        sent(at="2026-11-03T13:06:28", cents=2),
        spend_snapshots=[(SNAPSHOT_AT, spend())],
    )
    assert [row["on_demand_usd"] for row in marts.expected_usage_costs(of_team)] == [Decimal("0.01"), Decimal("0.02")]


def test_the_price_in_force_at_the_cycles_start_counts_and_a_seat_type_can_be_told():
    configured = Configured(
        seat_prices=(
            SeatPrice("standard", date(2026, 1, 1), Decimal(40), "configured"),
            SeatPrice("standard", date(2026, 11, 10), Decimal(50), "configured"),
            SeatPrice("premium", date(2026, 1, 1), Decimal(120), "configured"),
        ),
        seat_types=(SeatTypeFrom("BO@example.com", "premium", date(2026, 11, 1)),),
    )
    of_team = team(
        members=[member(), member("bo@example.com")], spend_snapshots=[(SNAPSHOT_AT, spend())], configured=configured
    )
    assert {row["email"]: row["seat_fee_usd"] for row in marts.expected_usage_costs(of_team)} == {
        EMAIL: 40,
        "bo@example.com": 120,
    }
    assert figures(of_team)["seat_price_usd"] is None
    assert figures(of_team)["monthly_seat_fee_usd"] == 160


def test_an_active_day_without_priced_events_has_null_cost():
    of_team = team(
        sent(at="2026-11-21T10:00:00", cents=None),
        sent(at="2026-11-22T10:00:00", cents=None),
        sent(at="2026-11-22T10:00:00", cents=5),
        daily_usage_rows={
            date(2026, 11, 20): [{"email": EMAIL, "isActive": True}],
            date(2026, 11, 19): [{"email": EMAIL, "isActive": False}],
        },
    )
    rows = {row["usage_date"].day: row for row in marts.expected_usage_costs_daily(of_team)}
    assert rows.keys() == {20, 21, 22}
    assert (rows[20]["usage_value_usd"], rows[20]["requests"]) == (None, None)
    assert (rows[21]["usage_value_usd"], rows[21]["requests"]) == (None, 1)
    assert (rows[22]["usage_value_usd"], rows[22]["requests"]) == (Decimal("0.05"), 2)


def test_a_day_is_settled_48_hours_after_its_end():
    of_team = team(sent(at="2026-11-20T10:00:00"), sent(at="2026-11-21T10:00:00"), fetched="2026-11-23T00:00:00")
    rows = {row["usage_date"].day: row["is_settled"] for row in marts.expected_usage_costs_daily(of_team)}
    assert rows == {20: True, 21: False}


# --- adoption --------------------------------------------------------------------------------------------------------


def test_a_seat_whose_activity_is_unknown_is_the_strongest_candidate():
    row = gap(team(loaded_from=date(2026, 10, 25), daily_usage_rows=DAILY_USAGE_OF_30_DAYS))
    assert row["observed_days"] == 30
    assert (row["activity_status"], row["is_adoption_gap"], row["reclaim_tier"]) == ("never_active", True, "certain")
    assert (row["last_active_date"], row["days_since_last_activity"]) == (None, None)
    assert row["monthly_saving_usd"] == 40
    assert row["earliest_saving_date"] == date(2026, 11, 24)
    assert gap(team(loaded_from=date(2026, 10, 26)))["reclaim_tier"] == "review"


def test_silence_is_certain_only_where_daily_usage_of_enough_days_was_looked_at():
    assert gap(team(loaded_from=date(2026, 10, 1)))["reclaim_tier"] == "probable"
    of_29_days: dict[date, list[Any]] = {day: [] for day in DAILY_USAGE_OF_30_DAYS if day > date(2026, 10, 25)}
    assert gap(team(loaded_from=date(2026, 10, 1), daily_usage_rows=of_29_days))["reclaim_tier"] == "probable"


def test_a_seat_without_an_email_is_asked_about_first():
    of_team = team(members=[member("", id="user_9")], daily_usage_rows=DAILY_USAGE_OF_30_DAYS)
    row = only(marts.expected_adoption_gaps(of_team))
    assert (row["email"], row["activity_status"], row["reclaim_tier"]) == (None, "never_active", "review")


@pytest.mark.parametrize(
    ("last_active", "status", "tier"),
    [
        ("2026-11-23", "active", None),
        ("2026-11-10", "active", None),  # the window's first day
        ("2026-11-09", "idle", "review"),
        ("2026-10-25", "idle", "review"),  # 29 days ago
        ("2026-10-24", "idle", "probable"),
    ],
)
def test_how_long_nobody_was_there(last_active, status, tier):
    row = gap(team(sent(at=f"{last_active}T10:00:00"), loaded_from=date(2026, 10, 1)))
    assert (row["activity_status"], row["reclaim_tier"]) == (status, tier)
    assert row["last_active_date"] == date.fromisoformat(last_active)


def test_an_active_row_without_an_event_is_activity():
    rows = {
        date(2026, 11, 22): [
            {"email": "Ann@example.com", "isActive": False},
            {"email": "ann@Example.com ", "isActive": True},
        ]
    }
    assert gap(team(daily_usage_rows=rows))["activity_status"] == "active"


def test_the_saving_begins_at_the_cycles_end_where_something_was_used_in_it():
    used = gap(team(sent(at="2026-11-03T14:00:00"), spend_snapshots=[(SNAPSHOT_AT, spend())]))
    assert (used["activity_status"], used["earliest_saving_date"]) == ("idle", date(2026, 12, 3))
    not_used = gap(team(sent(at="2026-11-03T13:00:00"), spend_snapshots=[(SNAPSHOT_AT, spend())]))
    assert not_used["earliest_saving_date"] == date(2026, 11, 24)
    renewal = Configured(renewal_date=date(2027, 3, 1))
    assert gap(team(configured=renewal))["earliest_saving_date"] == date(2027, 3, 1)


def test_a_new_seat_in_its_grace_period_is_no_gap_and_nobody_is_new_on_the_first_run():
    first = datetime.fromisoformat("2026-11-01T05:00")
    told = [(first, [member()]), (datetime.fromisoformat("2026-11-10T05:00"), [member(), member("new@example.com")])]
    of_team = team(members_snapshots=told)
    new = gap(of_team, "new@example.com")
    assert (new["is_tenure_known"], new["activity_status"], new["is_adoption_gap"]) == (True, "new", False)
    assert new["first_seen_date"] == date(2026, 11, 10)
    assert new["reclaim_tier"] is None
    assert new["earliest_saving_date"] is None
    assert gap(of_team)["is_tenure_known"] is False
    assert gap(of_team)["activity_status"] == "never_active"
    earlier = [(first, [member()]), (datetime.fromisoformat("2026-11-09T05:00"), [member(), member("new@example.com")])]
    over = gap(team(members_snapshots=earlier), "new@example.com")
    assert (over["activity_status"], over["observed_days"], over["reclaim_tier"]) == ("never_active", 15, "review")


def test_who_is_excluded_saves_nothing_until_the_exclusion_expires():
    until = Configured(exclusions=(Exclusion("Ann@example.com", "on leave", TODAY),))
    assert (gap(team(configured=until))["reclaim_tier"], gap(team(configured=until))["monthly_saving_usd"]) == (
        "excluded",
        0,
    )
    over = Configured(exclusions=(Exclusion(EMAIL, "on leave", TODAY - timedelta(days=1)),))
    assert gap(team(configured=over, daily_usage_rows=DAILY_USAGE_OF_30_DAYS))["reclaim_tier"] == "certain"


@pytest.mark.parametrize("how", ["flagged", "vanished"])
@pytest.mark.parametrize(("at", "holds"), [("2026-11-03T13:06:28", True), ("2026-11-03T13:06:27", False)])
def test_a_seat_removed_after_use_stays_billed_to_the_cycles_end(how, at, holds):
    gone = [member("gone@example.com", removed=True)] if how == "flagged" else []
    of_team = team(
        sent(at=at, email="gone@example.com"),
        members_snapshots=[
            (datetime.fromisoformat("2026-11-01T05:00"), [member(), member("gone@example.com")]),
            (SNAPSHOT_AT, [member(), *gone]),
        ],
        spend_snapshots=[(SNAPSHOT_AT, spend())],
    )
    rows = [row for row in marts.expected_adoption_gaps(of_team) if row["email"] == "gone@example.com"]
    assert [(row["activity_status"], row["is_adoption_gap"]) for row in rows] == ([("removed", False)] if holds else [])
    assert figures(of_team)["paid_seats"] == (2 if holds else 1)
    fees = [
        row["seat_fee_usd"]
        for row in marts.expected_usage_costs(of_team)
        if row["email"] == "gone@example.com" and row["is_open_cycle"]
    ]
    assert fees == ([40] if holds else [])


def test_a_removed_members_events_still_count():
    of_team = team(sent(email="gone@example.com"), members=[member(), member("gone@example.com", removed=True)])
    found = figures(of_team)
    assert (found["active_developers"], found["on_demand_usd"], found["unattributed_usage_usd"]) == (1, 1, 0)


def test_who_used_cursor_without_a_seat_is_counted():
    of_team = team(sent(email="stranger@example.com"), sent())
    assert figures(of_team)["developers_without_seat"] == 1


# --- verdicts --------------------------------------------------------------------------------------------------------


def compare(ours, theirs, **more):
    ours, theirs = (None if value is None else Decimal(value) for value in (ours, theirs))
    more["differences_by_email"] = tuple((Decimal(a), Decimal(b)) for a, b in more.get("differences_by_email", ()))
    return verdict(
        Comparison(**{"is_money": True, "warehouse_value": ours, "reference_value": theirs, **more}),
        Decimal("0.01"),
        Decimal("0.05"),
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "more", "decided"),
    [
        ("100.004", "100.0049", {}, "matched"),
        ("100.005", "100.0049", {}, "matched_within_tolerance"),
        ("101", "100", {}, "matched_within_tolerance"),
        ("101.00000001", "100", {}, "drift"),
        ("1.05", "1.00", {}, "matched_within_tolerance"),
        ("151", "150", {"is_money": False}, "matched_within_tolerance"),
        ("151.2", "150", {"is_money": False}, "drift"),  # of 150 one may be missing, not one and a half
        ("1.06", "1.00", {}, "drift"),
        ("-101", "-100", {}, "matched_within_tolerance"),
        ("0", "0", {}, "matched"),
        ("1", None, {}, "inconclusive"),
        ("100", "100", {"is_reference_refused": True}, "inconclusive"),
        ("100", "100", {"is_reference_partial": True}, "inconclusive"),
        ("100", "100", {"is_any_day_missing": True}, "inconclusive"),
        ("100", "100", {"has_unknown_or_unpriced": True}, "inconclusive"),
        ("100", "100", {"is_snapshot_after_cycle": True}, "inconclusive"),
        ("100", "100", {"unsettled_value": Decimal(50)}, "matched"),
        ("111", "100", {"unsettled_value": Decimal(10)}, "inconclusive"),
        ("111.00000001", "100", {"unsettled_value": Decimal(10)}, "drift"),
        ("100", "100", {"differences_by_email": [("60", "60"), ("40", "40")]}, "matched"),
        ("100", "100", {"differences_by_email": [("60.5", "60"), ("39.5", "40")]}, "matched_within_tolerance"),
        ("100", "100", {"differences_by_email": [("60.51", "60"), ("39.5", "40")]}, "drift"),
        ("1000", "1000", {"is_money": False}, "matched"),
        ("1001", "1000", {"is_money": False}, "matched_within_tolerance"),
        ("1", "0", {"is_money": False}, "drift"),
    ],
)
def test_the_first_rule_that_holds_decides(ours, theirs, more, decided):
    assert compare(ours, theirs, **more) == decided


def tied(*events, members=((EMAIL, 200, 300),), **more):
    return team(*events, spend_snapshots=[(SNAPSHOT_AT, spend(*members))], **more)


def test_the_open_cycle_ties_to_the_spend_snapshot():
    of_team = tied(sent(cents=200), sent(cents=100, kind=INCLUDED), sent(at="2026-11-03T13:06:27", cents=999))
    assert verdicts(of_team)["cycle_included_usage_usd"] == "matched"
    assert verdicts(of_team)["cycle_on_demand_usd"] == "matched"
    assert verdicts(of_team)["cycle_usage_value_usd"] == "matched"
    row = of(marts.expected_verification_totals(of_team), measure="cycle_on_demand_usd")
    assert (row["window_start_date"], row["window_end_date"]) == (date(2026, 11, 3), date(2026, 11, 24))
    assert (row["warehouse_value"], row["reference_value"], row["difference"]) == (2, 2, 0)
    verdict_row = only(marts.expected_verdict(of_team))
    assert (verdict_row["verdict"], verdict_row["matched_count"], verdict_row["snapshot_at"]) == (
        "matched",
        3,
        SNAPSHOT_AT,
    )


def test_overage_is_spend_cents_and_never_less_the_included_part():
    parts = spend_parts(spend((EMAIL, 2450.125487, 4434.125487)), "cycle_on_demand_usd")
    assert parts == [(EMAIL, Decimal("24.50125487"))]
    assert spend_parts(spend((EMAIL, 2450.125487, 4434.125487)), "cycle_included_usage_usd") == [
        (EMAIL, Decimal("19.84"))
    ]


def test_an_included_part_that_is_not_told_is_null_and_not_nothing():
    answer = {
        "teamMemberSpend": [
            {"email": EMAIL, "spendCents": 100},
            {"email": "bo@x", "spendCents": 0, "includedSpendCents": 5},
        ]
    }
    assert spend_parts(answer, "cycle_included_usage_usd") == [(EMAIL, None), ("bo@x", Decimal("0.05"))]
    assert spend_parts(answer, "cycle_usage_value_usd") == [(EMAIL, None), ("bo@x", Decimal("0.05"))]
    partial = tied(sent(), members=[(EMAIL, 100, None), ("bo@example.com", 0, 0)])
    assert verdicts(partial)["cycle_included_usage_usd"] == "inconclusive"
    assert verdicts(partial)["cycle_on_demand_usd"] == "matched"


def test_spend_snapshots_are_not_summed_and_the_newest_that_events_reach_counts():
    earlier, too_late = SNAPSHOT_AT - timedelta(hours=1), SNAPSHOT_AT + timedelta(minutes=1)
    of_team = team(
        sent(cents=300),
        spend_snapshots=[
            (too_late, spend((EMAIL, 999, 999))),
            (earlier, spend((EMAIL, 150, 150))),
            (SNAPSHOT_AT, spend((EMAIL, 300, 300))),
        ],
    )
    row = of(marts.expected_verification_totals(of_team), measure="cycle_on_demand_usd")
    assert (row["reference_value"], row["verdict"]) == (3, "matched")


def test_a_rollover_is_not_a_refund():
    start = datetime.fromisoformat("2026-11-24T05:00")
    of_team = team(
        sent(cents=5000),
        open_day=[sent(at="2026-11-24T05:10:00", cents=7)],
        spend_snapshots=[
            (
                SNAPSHOT_AT - timedelta(days=1),
                spend((EMAIL, 5000, 5000), start=datetime.fromisoformat("2026-10-24T05:00")),
            ),
            (SNAPSHOT_AT, spend((EMAIL, 7, 7), start=start)),
        ],
    )
    assert figures(of_team)["cycle_on_demand_usd"] == Decimal("0.07")
    assert verdicts(of_team)["cycle_on_demand_usd"] == "matched"
    assert [row["on_demand_usd"] for row in marts.expected_usage_costs(of_team) if row["email"] == EMAIL] == [50, 0]


@pytest.mark.parametrize(
    "case",
    ["no open day", "day missing", "start not covered", "refused", "events refused", "unpriced", "unknown", "late"],
)
def test_what_makes_the_cycle_inconclusive(case):
    events = [sent(cents=200), sent(cents=100, kind=INCLUDED)]
    more: dict[str, Any] = {}
    if case == "no open day":
        more["open_day"] = None
    elif case == "day missing":
        whole = tied(*events)
        more["events_by_day"] = {day: rows for day, rows in whole.events_by_day.items() if day != date(2026, 11, 12)}
    elif case == "start not covered":
        more["loaded_from"] = date(2026, 11, 4)
    elif case == "refused":
        more["refused"] = frozenset({"spend"})
    elif case == "events refused":
        more["refused"] = frozenset({"usage_events"})
    elif case == "unpriced":
        events.append(sent(cents=None))
    elif case == "unknown":
        events.append(sent(kind="Promotional Bundle", cents=1))
    else:
        more["spend_snapshots"] = [(SNAPSHOT_AT, spend((EMAIL, 200, 300), start=datetime.fromisoformat("2026-10-20")))]
        more["loaded_from"] = date(2026, 10, 20)
    of_team = team(*events, **{"spend_snapshots": [(SNAPSHOT_AT, spend((EMAIL, 200, 300)))], **more})
    assert verdicts(of_team)["cycle_on_demand_usd"] == "inconclusive"
    assert only(marts.expected_verdict(of_team))["verdict"] == "inconclusive"


def test_an_unknown_kind_without_cost_does_not_stand_in_the_way():
    of_team = tied(sent(cents=200), sent(cents=100, kind=INCLUDED), sent(kind="Promotional Bundle", cents=0))
    assert verdicts(of_team)["cycle_on_demand_usd"] == "matched"


def test_what_is_not_settled_may_explain_an_excess():
    recent = sent(at="2026-11-23T10:00:00", cents=40)
    settled = tied(sent(cents=200), recent, sent(cents=100, kind=INCLUDED))
    assert verdicts(settled)["cycle_on_demand_usd"] == "drift"
    unsettled = tied(sent(cents=200), recent, sent(cents=100, kind=INCLUDED), fetched="2026-11-24T05:30:00")
    assert verdicts(unsettled)["cycle_on_demand_usd"] == "inconclusive"
    too_little = tied(
        sent(cents=260),
        sent(cents=100, kind=INCLUDED),
        sent(at="2026-11-23T10:00:00", cents=4),
        fetched="2026-11-24T05:30:00",
    )
    assert verdicts(too_little)["cycle_on_demand_usd"] == "drift"


def test_two_people_whose_amounts_are_exchanged_are_no_match():
    of_team = tied(
        sent(cents=300),
        sent(cents=100, email="bo@example.com"),
        members=[(EMAIL, 100, 100), ("bo@example.com", 300, 300)],
    )
    assert verdicts(of_team)["cycle_on_demand_usd"] == "drift"


def test_unattributed_usage_ties_to_spend_rows_of_nobody():
    of_team = tied(
        sent(cents=150, email="runner@example.com", serviceAccountId="sa_1"),
        sent(cents=50, email=""),
        members=[("", 50, 50), ("runner@example.com", 150, 150)],
    )
    assert verdicts(of_team)["cycle_on_demand_usd"] == "matched"


def test_daily_usage_is_information_and_decides_nothing():
    rows = {day: [{"email": "only-tab@example.com", "isActive": True}] for day in days(date(2026, 11, 10))}
    of_team = tied(sent(cents=200), sent(cents=100, kind=INCLUDED), daily_usage_rows=rows)
    row = of(marts.expected_verification_totals(of_team), measure="active_developer_days")
    assert (row["warehouse_value"], row["reference_value"], row["difference"]) == (1, 14, -13)
    assert only(marts.expected_verdict(of_team))["verdict"] == "matched"


def test_a_figure_of_the_dashboard_is_compared_over_its_own_dates():
    reading = DashboardTotal("on_demand_usd", date(2026, 11, 1), date(2026, 11, 5), Decimal(3), SNAPSHOT_AT)
    of_team = tied(
        sent(at="2026-11-01T00:00:00", cents=100),
        sent(at="2026-11-05T23:59:59.999", cents=200),
        sent(cents=1),
        configured=Configured(dashboard_totals=(reading,)),
    )
    row = of(marts.expected_verification_totals(of_team), measure="on_demand_usd")
    assert (row["reference_source"], row["warehouse_value"], row["verdict"]) == ("dashboard", 3, "matched")
    assert (row["window_start_date"], row["window_end_date"]) == (date(2026, 11, 1), date(2026, 11, 5))


def test_a_past_days_seats_have_the_fee_of_their_cycle():
    """A price and a type that changed since the cycle began come with the next; a joiner has the type of that day."""
    day = date(2026, 11, 20)
    configured = Configured(
        seat_prices=(
            SeatPrice("standard", date(2026, 6, 1), Decimal(32), "configured"),
            SeatPrice("standard", date(2026, 11, 10), Decimal(50), "configured"),
            SeatPrice("premium", date(2026, 6, 1), Decimal(100), "configured"),
        ),
        seat_types=(
            SeatTypeFrom(EMAIL, "premium", date(2026, 11, 10)),
            SeatTypeFrom("new@example.com", "premium", date(2026, 11, 12)),
        ),
        dashboard_totals=tuple(
            DashboardTotal(measure, on, on, Decimal(value), SNAPSHOT_AT)
            for measure, on, value in (
                ("monthly_seat_fee_usd", day, 132),
                ("paid_seats", date(2026, 11, 10), 1),
                ("seat_price_usd", date(2026, 11, 9), 32),
                ("paid_seats", date(2026, 11, 2), 9),
                ("paid_seats_without_activity", day, 2),
            )
        ),
    )
    joiners = [member(), member("new@example.com")]
    told = [(datetime.fromisoformat(at), joiners[:count]) for at, count in (("2026-11-05", 1), ("2026-11-12", 2))]
    of_team = tied(sent(cents=100), members_snapshots=told, configured=configured)
    rows = {
        (row["measure"], row["window_end_date"].day): (row["warehouse_value"], row["verdict"])
        for row in marts.expected_verification_totals(of_team)
        if row["reference_source"] == "dashboard"
    }
    assert rows == {
        ("monthly_seat_fee_usd", 20): (132, "matched"),
        ("paid_seats", 10): (1, "matched"),
        ("seat_price_usd", 9): (32, "matched"),
        ("paid_seats", 2): (None, "inconclusive"),
        ("paid_seats_without_activity", 20): (None, "inconclusive"),
    }


def test_a_figure_of_a_day_on_which_two_cycles_start_is_of_the_one_that_goes_on():
    reading = DashboardTotal("cycle_on_demand_usd", CYCLE_START.date(), TODAY, Decimal(1), SNAPSHOT_AT)
    earlier = spend(start=datetime.fromisoformat("2026-11-03T09:00:00"))
    of_team = team(
        sent(at="2026-11-03T10:00:00", cents=700),
        sent(cents=100),
        spend_snapshots=[(datetime.fromisoformat("2026-11-03T12:00:00"), earlier), (SNAPSHOT_AT, spend())],
        configured=Configured(dashboard_totals=(reading,)),
    )
    row = of(marts.expected_verification_totals(of_team), measure="cycle_on_demand_usd", reference_source="dashboard")
    assert (row["warehouse_value"], row["verdict"]) == (1, "matched")


def test_the_worst_verdict_is_the_teams_and_a_failed_run_is_inconclusive():
    drifting = tied(sent(cents=900), sent(cents=100, kind=INCLUDED))
    assert only(marts.expected_verdict(drifting))["verdict"] == "drift"
    failed = tied(sent(cents=200), sent(cents=100, kind=INCLUDED), error="The key is wrong.")
    row = only(marts.expected_verdict(failed))
    assert (row["verdict"], row["matched_count"]) == ("inconclusive", 3)


PROMISED_COLUMNS = {
    "expected_verification_totals": """team_id window_start_date window_end_date measure unit warehouse_value
        reference_source reference_value difference tolerance_share verdict explanation""",
    "expected_verdict": """team_id verdict matched_count matched_within_tolerance_count drift_count
        inconclusive_count not_compared_count sentence newest_loaded_date snapshot_at""",
    "expected_adoption_gaps": """team_id email name role seat_type monthly_seat_fee_usd seat_price_source seat_key
        as_of_date first_seen_date is_tenure_known last_active_date days_since_last_activity observed_days
        activity_status is_adoption_gap reclaim_tier reason earliest_saving_date monthly_saving_usd
        last_request_date last_daily_active_date last_agent_date last_composer_date last_chat_date last_cmdk_date
        last_tab_date last_bugbot_date tenure_days open_cycle_usage_value_usd open_cycle_on_demand_usd
        first_observed_date unobserved_days unobserved_days_since_activity fee_exposed_usd reassignable_now_usd
        saved_at_next_renewal_usd""",
    "expected_model_mix": """team_id window_start_date window_end_date email model model_tier requests request_share
        input_tokens output_tokens cache_write_tokens cache_read_tokens usage_value_usd other_usage_usd
        usage_value_share max_mode_requests simple_premium_model_requests""",
    "expected_model_mix_daily": """team_id usage_date email model model_tier requests input_tokens output_tokens
        cache_write_tokens cache_read_tokens usage_value_usd other_usage_usd max_mode_requests
        simple_premium_model_requests""",
    "expected_usage_costs": """team_id cycle_start_at cycle_end_at is_open_cycle is_fully_covered email seat_type
        seat_fee_usd seat_price_source included_usage_usd on_demand_usd cash_cost_usd usage_value_usd other_usage_usd
        on_demand_share requests input_tokens output_tokens cache_write_tokens cache_read_tokens""",
    "expected_usage_costs_daily": """team_id usage_date email included_usage_usd on_demand_usd usage_value_usd
        other_usage_usd requests input_tokens output_tokens cache_write_tokens cache_read_tokens is_settled""",
}


@pytest.mark.parametrize("function", PROMISED_COLUMNS)
def test_every_promised_column_is_there_and_no_other(function):
    rows = getattr(marts, function)(tied(sent()))
    assert rows
    assert all(row.keys() == set(PROMISED_COLUMNS[function].split()) for row in rows)


def test_a_cycle_that_is_over_is_covered_when_the_day_of_its_end_is_loaded_too():
    start = datetime.fromisoformat("2026-11-24T05:00")
    of_team = team(
        sent(),
        spend_snapshots=[
            (SNAPSHOT_AT - timedelta(days=1), spend(start=datetime.fromisoformat("2026-10-25T00:00"))),
            (SNAPSHOT_AT, spend(start=start)),
        ],
    )
    over = of(marts.expected_usage_costs(of_team), cycle_end_at=start, email=EMAIL)
    assert (over["is_open_cycle"], over["is_fully_covered"]) == (False, False)
