"""Costs of teams and cost centres, weekly changes and FOCUS charges, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.oracle import adoption, billing, changes, focus, marts, seat_history, team_costs
from tests.oracle.changes import Effects, Week, effects
from tests.oracle.compare import SOME_TEXT, TextWith
from tests.oracle.team import Configured, CostCentreFrom, SeatAllowance, SeatPrice, SeatTypeFrom
from tests.oracle.test_oracle import (
    CYCLE_START,
    EMAIL,
    INCLUDED,
    SNAPSHOT_AT,
    TOKENS,
    member,
    of,
    only,
    sent,
    spend,
    team,
)

BO, CY = "bo@example.com", "cy@example.com"
OPEN_CYCLE = [(SNAPSHOT_AT, spend())]  # 3 November 13:06:28 to 3 December
BEFORE = CYCLE_START.replace(month=10)


def now(rows):
    return of(rows, cycle_start_at=CYCLE_START)


def of_two_cycles(*events, **more):
    """Both cycles' days are loaded, and somebody looked at the members in each of them."""
    members = more.pop("members", [member(), member(BO)])
    return team(
        *events,
        loaded_from=date(2026, 10, 3),
        members_snapshots=[(datetime.fromisoformat("2026-10-04T05:00"), members), (SNAPSHOT_AT, members)],
        spend_snapshots=[(datetime.fromisoformat("2026-10-04T05:00"), spend(start=BEFORE)), *OPEN_CYCLE],
        **more,
    )


# --- the team ---------------------------------------------------------------------------------------------------------


def test_a_team_pays_seats_and_overage_and_never_the_included():
    of_team = team(
        sent(cents=300),
        sent(cents=700, kind=INCLUDED, email=BO),
        sent(cents=100, email="stranger@example.com"),
        sent(cents=50, email=""),
        sent(cents=11, kind="Free Credit"),
        sent(cents=999, kind="Errored, Not Charged", email=CY),
        members=[member(), member(BO), member(CY)],
        spend_snapshots=OPEN_CYCLE,
    )
    row = now(team_costs.expected_team_costs(of_team))
    assert (row["paid_seats"], row["seat_fee_usd"], row["seat_price_source"]) == (3, 120, "assumed_list")
    assert (row["on_demand_usd"], row["included_usage_usd"], row["cash_cost_usd"]) == (
        Decimal("4.5"),
        7,
        Decimal("124.5"),
    )
    assert (row["usage_value_usd"], row["other_usage_usd"], row["requests"]) == (Decimal("11.5"), Decimal("0.11"), 5)
    assert row["active_developers"] == 3
    assert row["cash_cost_per_active_developer_usd"] == Decimal("41.5")
    assert row["cash_cost_per_paid_seat_usd"] == Decimal("41.5")
    assert row["on_demand_share"] == pytest.approx(4.5 / 11.5)


@pytest.mark.parametrize(("cents", "per_developer"), [(100, "40.33"), (200, "40.67"), (1, "40.00"), (2, "40.01")])
def test_a_developers_part_is_rounded_to_the_cent(cents, per_developer):
    events = [sent(cents=cents), sent(cents=0, email=BO), sent(cents=0, email=CY)]
    of_team = team(*events, members=[member(), member(BO), member(CY)], spend_snapshots=OPEN_CYCLE)
    row = now(team_costs.expected_team_costs(of_team))
    assert row["cash_cost_per_active_developer_usd"] == Decimal(per_developer)


def test_nobody_active_and_nobody_paid_have_no_cost_each():
    idle = now(team_costs.expected_team_costs(team(spend_snapshots=OPEN_CYCLE)))
    assert (idle["active_developers"], idle["cash_cost_per_active_developer_usd"], idle["on_demand_share"]) == (
        0,
        None,
        None,
    )
    assert idle["cash_cost_per_paid_seat_usd"] == 40
    unpaid = team(sent(), members=[member(role="free-owner")], spend_snapshots=OPEN_CYCLE)
    row = now(team_costs.expected_team_costs(unpaid))
    assert (row["paid_seats"], row["seat_fee_usd"], row["seat_price_source"]) == (0, 0, None)
    assert (row["cash_cost_per_paid_seat_usd"], row["cash_cost_per_active_developer_usd"]) == (None, 1)
    assert (row["allowance_usd"], row["allowance_used_share"]) == (0, None)


def test_where_nobody_knows_who_held_a_seat_cash_is_unknown():
    row = of(
        team_costs.expected_team_costs(team(sent(at="2026-11-01T10:00:00"), spend_snapshots=OPEN_CYCLE)),
        cycle_end_at=CYCLE_START,
    )
    assert (row["paid_seats"], row["seat_fee_usd"], row["cash_cost_usd"], row["on_demand_usd"]) == (None, None, None, 1)
    assert (row["allowance_usd"], row["allowance_note"]) == (None, SOME_TEXT)
    assert row["cash_cost_per_active_developer_usd"] is None


def test_one_unknown_fee_makes_the_teams_unknown_and_one_assumed_price_the_teams_assumed():
    standard = SeatPrice("standard", date(2026, 1, 1), Decimal(40), "configured")
    members = {"members": [member(), member(BO)], "spend_snapshots": OPEN_CYCLE}
    enterprise = SeatTypeFrom(BO, "enterprise", date(2026, 1, 1))
    unknown = team(configured=Configured(seat_prices=(standard,), seat_types=(enterprise,)), **members)
    row = now(team_costs.expected_team_costs(unknown))
    assert (row["seat_fee_usd"], row["cash_cost_usd"], row["paid_seats"]) == (None, None, 2)
    premium = SeatTypeFrom(BO, "premium", date(2026, 1, 1))
    both = team(configured=Configured(seat_prices=(standard,), seat_types=(premium,)), **members)
    row = now(team_costs.expected_team_costs(both))
    assert (row["seat_fee_usd"], row["seat_price_source"]) == (160, "assumed_list")
    only_standard = team(configured=Configured(seat_prices=(standard,)), **members)
    assert now(team_costs.expected_team_costs(only_standard))["seat_price_source"] == "configured"


def test_a_team_is_the_sum_of_its_people():
    of_team = of_two_cycles(
        sent(), sent(at="2026-10-20T10:00:00", cents=12.345, email=BO), sent(email="", kind=INCLUDED)
    )
    people = marts.expected_usage_costs(of_team)
    for row in team_costs.expected_team_costs(of_team):
        ours = [one for one in people if one["cycle_start_at"] == row["cycle_start_at"]]
        for column in ("seat_fee_usd", "included_usage_usd", "on_demand_usd", "cash_cost_usd", "requests"):
            assert sum(one[column] for one in ours) == row[column]


# --- the allowance ----------------------------------------------------------------------------------------------------


def allowances(*rows):
    told = [
        SeatAllowance(kind, date(2026, 1, 1), amount and Decimal(amount), is_pooled) for kind, amount, is_pooled in rows
    ]
    return Configured(seat_allowances=tuple(told), seat_types=(SeatTypeFrom(BO, "premium", date(2026, 1, 1)),))


def allowance_of_october(configured, **more):
    of_team = of_two_cycles(
        sent(at="2026-10-20T10:00:00", cents=2500, kind=INCLUDED),
        sent(at="2026-10-20T10:00:00", cents=500, kind=INCLUDED, email=BO),
        sent(at="2026-10-20T10:00:00", cents=300, kind=INCLUDED, email=""),
        sent(at="2026-10-20T10:00:00", cents=9999),
        configured=configured,
        **more,
    )
    row = of(team_costs.expected_team_costs(of_team), cycle_start_at=BEFORE)
    names = ("allowance_usd", "allowance_used_usd", "allowance_forfeited_usd", "allowance_used_share")
    return tuple(row[name] for name in names), row["allowance_note"]


def test_an_allowance_is_each_seats_own():
    amounts, _ = allowance_of_october(allowances(("standard", 20, False), ("premium", 100, False)))
    assert amounts == (120, 25, 95, pytest.approx(25 / 120))  # 20 of the 25 used, and 5 of 100


def test_a_pooled_allowance_is_everybodys():
    amounts, note = allowance_of_october(allowances(("standard", 20, True), ("premium", 100, True)))
    assert amounts == (120, 33, 87, pytest.approx(33 / 120))
    assert note is SOME_TEXT
    amounts, _ = allowance_of_october(allowances(("standard", 10, True), ("premium", 10, True)))
    assert amounts == (20, 20, 0, 1)


def test_of_seats_with_and_without_a_pool_the_pool_is_for_what_the_others_did_not_use():
    amounts, _ = allowance_of_october(allowances(("standard", 20, False), ("premium", 100, True)))
    assert amounts == (120, 28, 92, pytest.approx(28 / 120))  # 20 alone, and 5 + 3 out of the pool


def test_a_joiner_has_the_whole_allowance():
    joined = Configured(
        seat_allowances=(SeatAllowance("standard", date(2026, 1, 1), Decimal(20), is_pooled=False),),
        join_dates={EMAIL: date(2026, 10, 19)},
    )
    assert allowance_of_october(joined, members=[member()])[0] == (20, 20, 0, 1)


@pytest.mark.parametrize("rows", [[("standard", 20, False)], [("standard", 20, False), ("premium", None, False)]])
def test_an_allowance_is_known_of_all_seats_or_of_none(rows):
    amounts, note = allowance_of_october(allowances(*rows))  # what is not told is the list's, which says nothing
    assert amounts == (None, None, None, None)
    assert note is SOME_TEXT


def test_nothing_is_forfeited_before_the_cycle_is_over():
    configured = allowances(("standard", 20, False), ("premium", 20, False))
    row = now(team_costs.expected_team_costs(of_two_cycles(sent(cents=100, kind=INCLUDED), configured=configured)))
    assert (row["allowance_usd"], row["allowance_used_usd"], row["allowance_forfeited_usd"]) == (40, 1, None)
    assert row["allowance_note"] is SOME_TEXT


def test_before_a_teams_own_allowance_the_published_one_holds():
    own = SeatAllowance("standard", date(2026, 3, 1), Decimal(5), is_pooled=False)
    of_team = team(configured=Configured(seat_allowances=(own,)))
    amounts = [team_costs.allowance(of_team, "standard", date(2026, month, 1)) for month in (2, 3, 7)]
    assert [one and one.monthly_allowance_usd for one in amounts] == [20, 5, 5]
    assert team_costs.allowance(of_team, "premium", date(2026, 7, 1)) is None


@pytest.mark.parametrize(
    ("kind", "on", "amount"),
    [
        ("standard", "2025-09-30", None),
        ("standard", "2025-10-01", 20),
        ("standard", "2026-05-31", 20),
        ("standard", "2026-06-01", None),
        ("premium", "2026-06-01", None),
    ],
)
def test_the_allowance_that_was_published(kind, on, amount):
    told = team_costs.allowance(team(), kind, date.fromisoformat(on))
    assert (told and told.monthly_allowance_usd) == amount


# --- cost centres -----------------------------------------------------------------------------------------------------


def centres(of_team, start=CYCLE_START):
    rows = team_costs.expected_cost_centre_costs(of_team)
    return {row["cost_centre"]: row for row in rows if row["cycle_start_at"] == start}


def test_who_changes_the_cost_centre_within_a_cycle_is_paid_by_both():
    told = (
        CostCentreFrom(" Ann@Example.com", "Web", date(2026, 1, 1)),
        CostCentreFrom(EMAIL, "Data", date(2026, 11, 15)),
    )
    of_team = team(
        sent(at="2026-11-14T23:59:59.999", cents=100),
        sent(at="2026-11-15T00:00:00", cents=200),
        sent(at="2026-11-15T00:00:00", cents=1000, kind=INCLUDED),
        sent(cents=50, email=BO),
        spend_snapshots=OPEN_CYCLE,
        configured=Configured(cost_centres=told),
    )
    rows = centres(of_team)
    assert {name: (row["seat_fee_usd"], row["on_demand_usd"], row["cash_cost_usd"]) for name, row in rows.items()} == {
        "Web": (16, 1, 17),  # 12 of 30 days
        "Data": (24, 2, 26),
        "unassigned": (0, Decimal("0.5"), Decimal("0.5")),
    }
    assert {name: (row["developers"], row["requests"], row["usage_value_usd"]) for name, row in rows.items()} == {
        "Web": (1, 1, 1),
        "Data": (1, 2, 12),
        "unassigned": (1, 1, Decimal("0.5")),
    }


def test_before_the_first_known_date_and_without_a_name_nobody_pays():
    told = (CostCentreFrom(EMAIL, "Data", date(2026, 11, 23)), CostCentreFrom(BO, "  ", date(2026, 1, 1)))
    of_team = team(members=[member(), member(BO)], spend_snapshots=OPEN_CYCLE, configured=Configured(cost_centres=told))
    assert {name: row["seat_fee_usd"] for name, row in centres(of_team).items()} == {
        "Data": Decimal("13.34"),  # the last 10 of 30 days: 4000 less the 2666 cents of the first 20
        "unassigned": Decimal("66.66"),
    }


def test_the_unassigned_are_always_shown():
    of_team = team(
        spend_snapshots=OPEN_CYCLE,
        configured=Configured(cost_centres=(CostCentreFrom(EMAIL, "Web", date(2026, 1, 1)),)),
    )
    rows = centres(of_team)
    assert {name: (row["seat_fee_usd"], row["requests"]) for name, row in rows.items()} == {
        "Web": (40, 0),
        "unassigned": (0, 0),
    }


def test_a_centres_fee_is_unknown_where_the_seats_are():
    of_team = team(sent(at="2026-11-01T10:00:00"), spend_snapshots=OPEN_CYCLE)
    row = only(list(centres(of_team, BEFORE).values()))
    assert (row["seat_fee_usd"], row["cash_cost_usd"], row["on_demand_usd"]) == (None, None, 1)


def test_centres_sum_to_the_team():
    told = [CostCentreFrom(BO, "Web", date(2026, 10, 10)), CostCentreFrom(BO, "Data", date(2026, 10, 27))]
    of_team = of_two_cycles(
        sent(at="2026-10-30T10:00:00", cents=33.3, email=BO),
        sent(email=""),
        configured=Configured(cost_centres=tuple(told)),
    )
    for row in team_costs.expected_team_costs(of_team):
        ours = centres(of_team, row["cycle_start_at"]).values()
        for column in ("seat_fee_usd", "cash_cost_usd", "usage_value_usd", "requests"):
            assert sum(one[column] for one in ours) == row[column]


# --- what changed -----------------------------------------------------------------------------------------------------


def weeks(**models):
    return {name: Week(requests, Decimal(value)) for name, (requests, value) in models.items()}


@pytest.mark.parametrize(
    ("before", "after", "volume", "mix", "price"),
    [
        # 15 requests for $30 become 25 for $42: ten more at $2 each; of what both weeks had, 20 of a cost $10 more than
        # at the old price, and 5 of b $8 less.
        (weeks(a=(10, "10"), b=(5, "20")), weeks(a=(20, "30"), b=(5, "12")), "20", "-10", "2"),
        (weeks(a=(3, "10")), weeks(a=(1, "3")), "-6.66666667", "0", "-0.33333333"),
        (weeks(a=(1, "1")), weeks(b=(1, "5")), "0", "4", "0"),
        (weeks(), weeks(a=(2, "5")), "5", "0", "0"),
        (weeks(a=(2, "5")), weeks(), "-5", "0", "0"),
        (weeks(a=(2, "0")), weeks(a=(4, "8")), "0", "0", "8"),
        (weeks(a=(2, "-3")), weeks(a=(3, "-3")), "-1.5", "0", "1.5"),
    ],
)
def test_effects_sum_to_the_change(before, after, volume, mix, price):
    found = effects(before, after)
    assert found == Effects(Decimal(volume), Decimal(mix), Decimal(price))
    assert sum(found) == changes.sum_of(after).value - changes.sum_of(before).value


def in_week(day, number=1, cents=100, model="gpt-5", **more):
    return [sent(at=f"2026-11-{day:02}T10:00:00", cents=cents, model=model, **more)] * number


def test_a_week_is_held_against_the_week_before():
    of_team = team(
        *in_week(9, 10, 100),
        *in_week(15, 5, 400, model="claude-4.5-opus", email=BO),
        *in_week(16, 20, 150),
        *in_week(22, 5, 240, model="claude-4.5-opus", kind=INCLUDED, email=BO),
        *in_week(22, 3, 77, kind="Free Credit", email=CY),
        *in_week(23, 1, 9999),  # of a week that is not over
    )
    rows = [row for row in changes.expected_cost_changes(of_team) if row["week_start_date"] == date(2026, 11, 16)]
    whole = of(rows, scope="team")
    assert (whole["previous_usage_value_usd"], whole["usage_value_usd"], whole["change_usd"]) == (30, 42, 12)
    assert (whole["volume_effect_usd"], whole["mix_effect_usd"], whole["price_effect_usd"]) == (20, -10, 2)
    assert (whole["previous_requests"], whole["requests"]) == (15, 25)
    assert (whole["previous_on_demand_usd"], whole["on_demand_usd"], whole["change_in_on_demand_usd"]) == (30, 30, 0)
    assert whole["biggest_contributor"] == TextWith(EMAIL)
    assert {row["email"] for row in rows if row["scope"] == "developer"} == {EMAIL, BO}
    bo = of(rows, email=BO)
    assert (bo["change_usd"], bo["price_effect_usd"], bo["volume_effect_usd"]) == (-8, -8, 0)
    assert bo["biggest_contributor"] == TextWith("claude-4.5-opus")
    assert {row["week_start_date"] for row in changes.expected_cost_changes(of_team)} == {
        date(2026, 11, 9),
        date(2026, 11, 16),
    }


def test_the_unattributed_are_a_developer_without_a_name():
    rows = changes.expected_cost_changes(team(*in_week(16, email="")))
    assert [(row["scope"], row["email"], row["biggest_contributor"]) for row in rows] == [
        ("team", None, SOME_TEXT),
        ("developer", None, TextWith("gpt-5")),
    ]


def test_of_equal_contributors_the_first_by_name_is_named():
    rows = changes.expected_cost_changes(
        team(*in_week(16, email=""), *in_week(16, email=BO), *in_week(9, email=EMAIL), *in_week(16, email=CY))
    )
    assert of(rows, scope="team", week_start_date=date(2026, 11, 16))["biggest_contributor"] == TextWith(EMAIL)
    unmoved = changes.expected_cost_changes(team(*in_week(9), *in_week(16)))
    assert of(unmoved, scope="team", week_start_date=date(2026, 11, 16))["biggest_contributor"] is SOME_TEXT


def test_a_day_that_is_missing_makes_two_weeks_incomparable():
    whole = team(*in_week(9), *in_week(16))
    holed = team(events_by_day={day: found for day, found in whole.events_by_day.items() if day != date(2026, 11, 12)})
    assert len(changes.expected_cost_changes(whole)) == 4
    assert changes.expected_cost_changes(holed) == []


# --- FOCUS ------------------------------------------------------------------------------------------------------------


def test_a_charge_for_each_seat_and_each_kind_of_usage_of_a_day():
    of_team = team(
        sent(at="2026-11-03T13:00:00", cents=100),  # of the cycle that ended on this day
        sent(at="2026-11-03T13:06:28", cents=200),
        sent(at="2026-11-03T23:00:00", cents=25),
        sent(at="2026-11-03T14:00:00", cents=700, kind=INCLUDED),
        sent(at="2026-11-03T14:00:00", cents=9, kind="User API Key", email="", model=None),
        sent(at="2026-11-03T14:00:00", cents=5, kind="Errored, Not Charged"),
        spend_snapshots=OPEN_CYCLE,
    )
    rows = [row for row in focus.expected_focus_costs(of_team) if row["BillingPeriodStart"] == CYCLE_START]
    seat = of(rows, ChargeCategory="Purchase")
    assert (seat["x_SeatKey"], seat["BilledCost"], seat["EffectiveCost"], seat["x_Requests"]) == (EMAIL, 40, 0, None)
    assert (seat["ChargePeriodStart"], seat["ChargePeriodEnd"]) == (CYCLE_START, CYCLE_START.replace(month=12))
    usage = {row["x_UsageCategory"]: row for row in rows if row["ChargeFrequency"] == "Usage-Based"}
    assert usage.keys() == {"on_demand", "included", "own_key"}
    assert {
        name: (row["BilledCost"], row["x_IncludedUsageValue"], row["x_OtherUsageValue"], row["x_Requests"])
        for name, row in usage.items()
    } == {
        "on_demand": (Decimal("2.25"), 0, 0, 2),
        "included": (0, 7, 0, 1),
        "own_key": (0, 0, Decimal("0.09"), 1),
    }
    assert usage["on_demand"]["x_InputTokens"] == 2 * TOKENS["inputTokens"]
    assert (usage["own_key"]["x_Email"], usage["own_key"]["x_Model"]) == (None, None)
    assert usage["on_demand"]["ChargePeriodStart"] == datetime.fromisoformat("2026-11-03T00:00")
    assert usage["on_demand"]["ChargePeriodEnd"] == datetime.fromisoformat("2026-11-04T00:00")


def test_a_seats_fee_is_billed_once_and_spread_over_its_days():
    rows = [
        row for row in focus.expected_focus_costs(team(spend_snapshots=OPEN_CYCLE)) if row["x_UsageCategory"] == "seat"
    ]
    assert [row["ChargePeriodStart"].day for row in rows] == [*range(3, 31), 1, 2]
    assert {row["BilledCost"] for row in rows} == {0}
    assert (rows[0]["EffectiveCost"], sum(row["EffectiveCost"] for row in rows)) == (Decimal("1.33"), 40)
    assert sum(row["x_IsAccrued"] for row in rows) == 21


def test_effective_costs_sum_to_cash():
    of_team = of_two_cycles(
        sent(), sent(kind=INCLUDED), sent(at="2026-10-20T10:00:00", cents=1.234, email=BO), sent(email="", cents=-20)
    )
    charges = focus.expected_focus_costs(of_team)
    for row in team_costs.expected_team_costs(of_team):
        ours = [one for one in charges if one["BillingPeriodStart"] == row["cycle_start_at"]]
        assert sum(one["EffectiveCost"] for one in ours) == row["cash_cost_usd"]
        assert sum(one["BilledCost"] for one in ours) == row["cash_cost_usd"]


# --- columns ----------------------------------------------------------------------------------------------------------


COLUMNS = {
    "seats": """team_id seat_key email name role seat_type is_paid is_removed monthly_price_usd seat_price_source
        valid_from_date valid_until_date is_current days""",
    "seat_fees_daily": """team_id fee_date cycle_start_at seat_key email seat_type seat_fee_usd seat_price_source
        is_accrued""",
    "billing_cycles": """team_id cycle_start_at cycle_end_at start_source end_source is_open_cycle is_fully_covered
        cycle_days loaded_days closing_snapshot_at closing_members closing_on_demand_usd closing_included_usage_usd
        closing_usage_value_usd""",
    "adoption_daily": """team_id usage_date paid_seats active_seats new_seats idle_seats never_active_seats
        removed_seats seats_active_on_day utilisation_share observed_days""",
    "team_costs": """team_id cycle_start_at cycle_end_at is_open_cycle is_fully_covered paid_seats seat_fee_usd
        seat_price_source included_usage_usd on_demand_usd cash_cost_usd usage_value_usd other_usage_usd requests
        active_developers cash_cost_per_active_developer_usd cash_cost_per_paid_seat_usd on_demand_share allowance_usd
        allowance_used_usd allowance_used_share allowance_forfeited_usd allowance_note""",
    "cost_centre_costs": """team_id cycle_start_at cost_centre developers seat_fee_usd included_usage_usd on_demand_usd
        cash_cost_usd usage_value_usd other_usage_usd requests""",
    "cost_changes": """team_id week_start_date scope email previous_usage_value_usd usage_value_usd change_usd
        volume_effect_usd mix_effect_usd price_effect_usd previous_requests requests previous_on_demand_usd
        on_demand_usd change_in_on_demand_usd biggest_contributor""",
}


@pytest.mark.parametrize("mart", COLUMNS)
def test_every_column_is_there_and_no_other(mart):
    listed = {**seat_history.MARTS, **billing.MARTS, **adoption.MARTS, **team_costs.MARTS, **changes.MARTS}
    rows = listed[mart].rows(of_two_cycles(sent()))
    assert rows
    assert all(row.keys() == set(COLUMNS[mart].split()) for row in rows)
    assert set(listed[mart].key_columns) <= rows[0].keys()


def test_all_charges_have_the_same_columns():
    rows = focus.expected_focus_costs(of_two_cycles(sent()))
    assert {row["ChargeCategory"] for row in rows} == {"Purchase", "Usage"}
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert len({tuple(row[column] for column in focus.KEY) for row in rows}) == len(rows)
