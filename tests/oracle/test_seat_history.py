"""Seats by day and what each day costs, worked out by hand: lists, cycles, prices, removals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.oracle import billing, marts, seat_history
from tests.oracle.money import cents_shared_out, in_cents, in_eighth_decimals
from tests.oracle.team import Configured, SeatPrice, SeatTypeFrom, Team
from tests.oracle.test_oracle import (
    CYCLE_START,
    EMAIL,
    INCLUDED,
    SNAPSHOT_AT,
    as_received,
    days,
    member,
    milliseconds,
    of,
    only,
    sent,
    spend,
    team,
)

GONE = "gone@example.com"
OPEN_CYCLE = [(SNAPSHOT_AT, spend())]  # 3 November 13:06:28 to 3 December


def listed(*lists):
    """Members lists, each taken at five in the morning."""
    return [(datetime.fromisoformat(f"{day}T05:00"), members) for day, members in lists]


def rows_of(of_team, email):
    return [row for row in seat_history.expected_seats(of_team) if row["email"] == email]


def periods(of_team, email, *columns):
    return [
        (
            row["valid_from_date"].isoformat()[5:],
            row["valid_until_date"] and row["valid_until_date"].isoformat()[5:],
            *(row[column] for column in columns),
        )
        for row in rows_of(of_team, email)
    ]


def fees(of_team, email=EMAIL, **wanted):
    return [
        row
        for row in seat_history.expected_seat_fees_daily(of_team)
        if row["email"] == email and all(row[column] == value for column, value in wanted.items())
    ]


def in_cycle_from(start, last_loaded, *lists, **more):
    """A team whose days are loaded from the cycle's start on, and whose spend names that start."""
    start = datetime.fromisoformat(start)
    loaded = days(start.date(), date.fromisoformat(last_loaded))
    return Team(
        "acme",
        members_snapshots=listed(*lists),
        spend_snapshots=[(start + timedelta(hours=1), spend(start=start))],
        events_by_day={day: [] for day in loaded},
        **more,
    )


# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "part", "whole", "cents", "exact"),
    [
        ("40", 9, 30, "12.00", "12.00000000"),
        ("0.05", 1, 2, "0.03", "0.02500000"),
        ("-0.05", 1, 2, "-0.03", "-0.02500000"),
        ("10", 1, 3, "3.33", "3.33333333"),
        ("20", 1, 3, "6.67", "6.66666667"),
        ("0.00499999", 1, 1, "0.00", "0.00499999"),
        ("0.00000001", 1, 2, "0.00", "0.00000001"),
        ("123456789012345678.12345678", 1, 1, "123456789012345678.12", "123456789012345678.12345678"),
    ],
)
def test_a_part_of_an_amount_is_rounded_once_and_away_from_zero(amount, part, whole, cents, exact):
    assert in_cents(Decimal(amount), part, whole) == Decimal(cents)
    assert in_eighth_decimals(Decimal(amount), part, whole) == Decimal(exact)


@pytest.mark.parametrize(("amount", "shared_by"), [("40", 31), ("40", 30), ("0.02", 28), ("36.505", 30), ("0", 3)])
def test_cents_of_days_sum_to_the_fee(amount, shared_by):
    shares = cents_shared_out(Decimal(amount), shared_by)
    assert len(shares) == shared_by
    assert sum(shares) == Decimal(amount)
    assert all(share == share.quantize(Decimal("0.01")) for share in shares[:-1])
    assert max(shares[:-1]) - min(shares[:-1]) <= Decimal("0.01")


def test_what_a_fee_has_below_a_cent_is_the_last_days():
    assert cents_shared_out(Decimal("36.505"), 30)[-1] == Decimal("1.225")  # 3650 less 3528 cents, and half a cent
    assert cents_shared_out(Decimal("0.02"), 4) == [0, Decimal("0.01"), 0, Decimal("0.01")]


# --- which list speaks of which day -----------------------------------------------------------------------------------


def test_a_list_speaks_of_the_day_before_and_the_newest_of_the_newest_day():
    of_team = team(members_snapshots=listed(("2026-11-10", [member()])))
    assert periods(of_team, EMAIL, "days", "is_current") == [("11-09", None, 15, True)]
    late = team(members_snapshots=listed(("2026-11-30", [member()])))
    assert periods(late, EMAIL, "days", "is_current") == [("11-23", None, 1, True)]
    at_midnight = team(members_snapshots=[(datetime.fromisoformat("2026-11-10T00:00"), [member()])])
    assert periods(at_midnight, EMAIL, "days") == [("11-09", None, 15)]


def test_the_same_state_on_many_lists_is_one_period_and_has_its_newest_name():
    names = [member(name="Ann"), member(name="Ann B."), member(name="Ann B. Example")]
    dates = ("2026-11-10", "2026-11-15", "2026-11-20")
    of_team = team(members_snapshots=listed(*[(day, [one]) for day, one in zip(dates, names, strict=True)]))
    row = only(rows_of(of_team, EMAIL))
    assert (row["name"], row["days"], row["seat_key"]) == ("Ann B. Example", 15, EMAIL)
    changed = team(members_snapshots=listed(("2026-11-10", [member()]), ("2026-11-15", [member(role="owner")])))
    assert periods(changed, EMAIL, "role", "days") == [("11-09", "11-14", "member", 5), ("11-14", None, "owner", 10)]


def test_a_joiner_has_a_seat_from_the_eve_of_the_first_list_and_pays_from_that_list_on():
    of_team = team(
        members_snapshots=listed(("2026-11-01", [member()]), ("2026-11-10", [member(), member("new@example.com")])),
        spend_snapshots=OPEN_CYCLE,
    )
    assert periods(of_team, "new@example.com", "is_paid") == [("11-09", None, True)]
    new = fees(of_team, "new@example.com")
    assert [new[0]["fee_date"], new[-1]["fee_date"], len(new)] == [date(2026, 11, 10), date(2026, 12, 2), 23]
    assert sum(row["seat_fee_usd"] for row in new) == Decimal("30.67")  # 23 of 30 days: 30.6667
    assert new[0]["seat_fee_usd"] == Decimal("1.33")


def test_who_rejoins_has_three_periods():
    bo = "bo@example.com"
    of_team = team(
        members_snapshots=listed(
            ("2026-11-01", [member(), member(bo)]),
            ("2026-11-08", [member()]),
            ("2026-11-15", [member(), member(bo)]),
        ),
        spend_snapshots=OPEN_CYCLE,
    )
    assert periods(of_team, bo, "is_paid", "is_removed", "monthly_price_usd", "days") == [
        ("10-31", "11-07", True, False, 40, 7),
        ("11-07", "11-14", False, True, None, 7),
        ("11-14", None, True, False, 40, 10),
    ]
    assert sum(row["seat_fee_usd"] for row in fees(of_team, bo, cycle_start_at=CYCLE_START)) == 40


def test_two_user_ids_of_one_address_are_one_seat():
    both = [{**member(removed=True), "id": "user_old"}, {**member(" Ann@Example.com"), "id": "user_new"}]
    of_team = team(members=both, spend_snapshots=OPEN_CYCLE)
    row = only(seat_history.expected_seats(of_team))
    assert (row["email"], row["is_paid"], row["is_removed"]) == (EMAIL, True, False)
    assert sum(row["seat_fee_usd"] for row in fees(of_team)) == 40


def test_a_member_without_an_address_is_a_person_too():
    of_team = team(members=[{"id": 17, "role": "member"}], spend_snapshots=OPEN_CYCLE)
    row = only(seat_history.expected_seats(of_team))
    assert (row["seat_key"], row["email"], row["is_paid"]) == ("user id 17", None, True)


def test_a_service_account_has_no_seat_and_an_unpaid_admin_no_fee():
    of_team = team(
        sent(email="runner@example.com", serviceAccountId="sa_1"),
        members=[member("runner@example.com"), member("it@example.com", role="free-owner"), member("boss@example.com")],
        configured=Configured(seat_types=(SeatTypeFrom("Boss@example.com", "unpaid_admin", date(2026, 1, 1)),)),
        spend_snapshots=OPEN_CYCLE,
    )
    rows = seat_history.expected_seats(of_team)
    assert {row["email"]: (row["seat_type"], row["is_paid"], row["seat_price_source"]) for row in rows} == {
        "it@example.com": ("unpaid_admin", False, None),
        "boss@example.com": ("unpaid_admin", False, None),
    }
    assert seat_history.expected_seat_fees_daily(of_team) == []


# --- removal ----------------------------------------------------------------------------------------------------------


def removed_team(*events, how="flagged", listed_on=("2026-11-01", "2026-11-10"), **more):
    there = [member(), member(GONE)]
    gone = [member(), member(GONE, role="removed", removed=True)] if how == "flagged" else [member()]
    return team(
        *events,
        members_snapshots=listed((listed_on[0], there), (listed_on[1], gone)),
        spend_snapshots=OPEN_CYCLE,
        loaded_from=date(2026, 10, 3),
        **more,
    )


@pytest.mark.parametrize("how", ["flagged", "vanished"])
def test_who_is_removed_after_use_holds_the_seat(how):
    used = removed_team(sent(at="2026-11-05T10:00:00", email=GONE), how=how)
    assert periods(used, GONE, "is_removed", "is_paid") == [
        ("10-31", "11-09", False, True),
        ("11-09", None, True, True),
    ]
    assert sum(row["seat_fee_usd"] for row in fees(used, GONE, cycle_start_at=CYCLE_START)) == 40


@pytest.mark.parametrize("how", ["flagged", "vanished"])
def test_who_is_removed_without_use_does_not(how):
    not_used = removed_team(sent(at="2026-11-03T13:06:27", email=GONE), how=how)  # a second before the cycle
    assert periods(not_used, GONE, "is_removed", "is_paid", "monthly_price_usd") == [
        ("10-31", "11-09", False, True, 40),
        ("11-09", None, True, False, None),
    ]
    assert fees(not_used, GONE, cycle_start_at=CYCLE_START) == []


def test_what_was_not_charged_is_no_use():
    not_used = removed_team(sent(at="2026-11-05T10:00:00", email=GONE, kind="Errored, Not Charged"))
    assert [row["is_paid"] for row in rows_of(not_used, GONE)] == [True, False]


def test_a_removed_persons_use_counts_from_its_day_on():
    later = removed_team(sent(at="2026-11-12T10:00:00", email=GONE))
    assert periods(later, GONE, "is_removed", "is_paid") == [
        ("10-31", "11-09", False, True),
        ("11-09", "11-12", True, False),
        ("11-12", None, True, True),
    ]


def test_a_removed_persons_seat_ends_with_the_cycle():
    of_team = removed_team(sent(at="2026-10-21T10:00:00", email=GONE), listed_on=("2026-10-20", "2026-10-26"))
    assert periods(of_team, GONE, "is_removed", "is_paid") == [
        ("10-19", "10-25", False, True),
        ("10-25", "11-03", True, True),  # the cycle began on 3 November: that day ends in it
        ("11-03", None, True, False),
    ]


def test_the_newest_day_is_told_of_the_open_cycle_even_if_that_began_a_minute_ago():
    start = datetime.fromisoformat("2026-11-24T05:29:00")
    spent = [(start - timedelta(days=1), spend(start=CYCLE_START.replace(month=10))), (SNAPSHOT_AT, spend(start=start))]
    there, gone = [member(), member(GONE)], [member(), member(GONE, removed=True)]
    of_team = team(
        sent(at="2026-11-20T10:00:00", email=GONE),
        members_snapshots=[*listed(("2026-11-20", there)), (SNAPSHOT_AT, gone)],
        spend_snapshots=spent,
    )
    assert periods(of_team, GONE, "is_removed", "is_paid") == [
        ("11-19", "11-23", False, True),
        ("11-23", None, True, False),
    ]
    assert [row["email"] for row in marts.expected_adoption_gaps(of_team)] == [EMAIL]


# --- fees by day ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "last_day", "number", "first_fee", "second_fee"),
    [
        ("2027-01-31T13:00", "2027-02-27", 28, "1.42", "1.43"),  # 4000 ÷ 28 = 142.86 cents
        ("2028-01-31T13:00", "2028-02-28", 29, "1.37", "1.38"),  # a leap year: 137.93
        ("2028-02-29T13:00", "2028-03-28", 29, "1.37", "1.38"),  # of the 29th, where no 31st was seen
        ("2026-10-31T13:00", "2026-11-29", 30, "1.33", "1.33"),
        ("2026-12-31T13:00", "2027-01-30", 31, "1.29", "1.29"),
    ],
)
def test_a_cycle_from_the_end_of_a_month_has_the_fee_of_a_month(start, last_day, number, first_fee, second_fee):
    first = start[:10]
    of_team = in_cycle_from(start, first, (first, [member()]))
    found = fees(of_team, cycle_start_at=datetime.fromisoformat(start))
    assert (found[0]["fee_date"].isoformat(), found[-1]["fee_date"].isoformat(), len(found)) == (
        first,
        last_day,
        number,
    )
    assert sum(row["seat_fee_usd"] for row in found) == 40
    assert [row["seat_fee_usd"] for row in found[:2]] == [Decimal(first_fee), Decimal(second_fee)]


def test_the_cycle_after_a_short_month_goes_back_to_the_31st():
    of_team = in_cycle_from("2027-01-31T13:00", "2027-03-02", ("2027-02-01", [member()]))
    found = [(row["cycle_end_at"].day, row["cycle_days"]) for row in billing.expected_billing_cycles(of_team)]
    assert found == [(31, 31), (28, 28), (31, 31)]
    assert [row["fee_date"] for row in fees(of_team)] == days(date(2027, 1, 31), date(2027, 3, 30))


def test_fees_accrue_up_to_the_newest_loaded_day():
    found = fees(team(spend_snapshots=OPEN_CYCLE), cycle_start_at=CYCLE_START)
    assert [row["fee_date"] for row in found if row["is_accrued"]] == days(date(2026, 11, 3), date(2026, 11, 23))
    assert sum(row["seat_fee_usd"] for row in found if row["is_accrued"]) == 28  # 21 of 30 days


def test_a_price_that_changes_within_a_cycle_is_the_list_price_of_the_day_and_the_fee_of_the_next_cycle():
    configured = Configured(
        seat_prices=(
            SeatPrice("standard", date(2026, 1, 1), Decimal(40), "assumed_list"),
            SeatPrice("standard", date(2026, 11, 10), Decimal(50), "configured"),
        )
    )
    of_team = team(
        members_snapshots=listed(("2026-11-01", [member()])), spend_snapshots=OPEN_CYCLE, configured=configured
    )
    assert periods(of_team, EMAIL, "monthly_price_usd", "seat_price_source") == [
        ("10-31", "11-10", 40, "assumed_list"),
        ("11-10", None, 50, "configured"),
    ]
    found = fees(of_team, cycle_start_at=CYCLE_START)
    assert sum(row["seat_fee_usd"] for row in found) == 40
    assert {row["seat_price_source"] for row in found} == {"assumed_list"}


def test_a_type_that_changes_is_another_period_at_another_price():
    configured = Configured(seat_types=(SeatTypeFrom(EMAIL, "premium", date(2026, 11, 20)),))
    of_team = team(
        members_snapshots=listed(("2026-11-01", [member()])), spend_snapshots=OPEN_CYCLE, configured=configured
    )
    assert periods(of_team, EMAIL, "seat_type", "monthly_price_usd") == [
        ("10-31", "11-20", "standard", 40),
        ("11-20", None, "premium", 120),
    ]
    assert {row["seat_type"] for row in fees(of_team)} == {"standard"}


@pytest.mark.parametrize(("before", "after"), [("unpaid_admin", "standard"), ("standard", "unpaid_admin")])
def test_between_paid_and_unpaid_the_cycles_start_decides(before, after):
    told = (SeatTypeFrom(EMAIL, before, date(2026, 1, 1)), SeatTypeFrom(EMAIL, after, date(2026, 10, 20)))
    of_team = team(
        members_snapshots=listed(("2026-10-10", [member()])),
        spend_snapshots=OPEN_CYCLE,
        loaded_from=date(2026, 10, 3),
        configured=Configured(seat_types=told),
    )
    assert periods(of_team, EMAIL, "seat_type", "is_paid") == [
        ("10-09", "11-03", before, before == "standard"),
        ("11-03", None, after, after == "standard"),
    ]
    assert len(marts.expected_adoption_gaps(of_team)) == (after == "standard")


def test_who_joins_within_a_cycle_has_the_type_of_that_day():
    def type_in_first_cycle(joined):
        told = (SeatTypeFrom(EMAIL, "premium", date(2026, 10, 9)),)
        of_team = team(
            members_snapshots=listed(("2026-10-20", [member()])),
            spend_snapshots=OPEN_CYCLE,
            loaded_from=date(2026, 10, 3),
            configured=Configured(seat_types=told, join_dates={EMAIL: date.fromisoformat(joined)}),
        )
        rows = marts.expected_usage_costs(of_team)
        return of(rows, cycle_start_at=CYCLE_START.replace(month=10))["seat_type"]

    assert type_in_first_cycle("2026-10-10") == "premium"
    assert type_in_first_cycle("2026-10-08") == "standard"


def test_a_fee_without_a_price_is_unknown_on_each_day():
    configured = Configured(seat_types=(SeatTypeFrom(EMAIL, "enterprise", date(2026, 1, 1)),))
    of_team = team(spend_snapshots=OPEN_CYCLE, configured=configured)
    assert [row["seat_fee_usd"] for row in fees(of_team, cycle_start_at=CYCLE_START)] == [None] * 30
    assert [row["seat_price_source"] for row in rows_of(of_team, EMAIL)] == [None]


def test_before_a_teams_own_price_the_list_holds():
    own = Configured(seat_prices=(SeatPrice("standard", date(2026, 11, 4), Decimal(35), "configured"),))
    of_team = team(spend_snapshots=OPEN_CYCLE, configured=own)
    assert sum(row["seat_fee_usd"] for row in fees(of_team, cycle_start_at=CYCLE_START)) == 40
    assert periods(of_team, EMAIL, "monthly_price_usd") == [("11-23", None, 35)]


def test_a_joiners_price_is_not_cut_to_the_cent_before_it_is_shared():
    own = Configured(
        seat_prices=(SeatPrice("standard", date(2026, 1, 1), Decimal("119.99999999"), "configured"),),
        join_dates={EMAIL: date(2026, 11, 4)},
    )
    found = fees(team(spend_snapshots=OPEN_CYCLE, configured=own))
    assert sum(row["seat_fee_usd"] for row in found) == 116  # 29 of 30 days


def test_days_of_fees_sum_to_usage_costs():
    of_team = removed_team(
        sent(at="2026-11-05T10:00:00", email=GONE), configured=Configured(join_dates={EMAIL: date(2026, 11, 17)})
    )
    for costs in marts.expected_usage_costs(of_team):
        by_day = [row["seat_fee_usd"] for row in fees(of_team, costs["email"], cycle_start_at=costs["cycle_start_at"])]
        if costs["seat_fee_usd"] is not None:
            assert sum(by_day) == costs["seat_fee_usd"]
    assert sum(row["seat_fee_usd"] for row in fees(of_team)) == Decimal("21.33")  # 16 of 30 days
    assert {row["cycle_start_at"] for row in fees(of_team)} == {CYCLE_START}


# --- billing cycles ---------------------------------------------------------------------------------------------------


def test_a_cycles_closing_record_is_the_last_snapshot_that_names_its_start():
    before, after = CYCLE_START.replace(month=10), SNAPSHOT_AT
    told = [
        (datetime.fromisoformat("2026-11-01T05:00"), spend((EMAIL, 100, 300), start=before)),
        (datetime.fromisoformat("2026-11-03T05:00"), spend((EMAIL, 150.5, 400.25), (GONE, 50, 50), start=before)),
        (datetime.fromisoformat("2026-11-03T14:00"), spend((EMAIL, 1, 2))),
        (after, spend((EMAIL, 10, 30))),
    ]
    rows = billing.expected_billing_cycles(team(spend_snapshots=told, loaded_from=date(2026, 9, 30)))
    assert [row["closing_snapshot_at"] for row in rows] == [None, told[1][0], after]
    assert [row["closing_members"] for row in rows] == [None, 2, 1]
    assert [row["closing_on_demand_usd"] for row in rows] == [None, Decimal("2.005"), Decimal("0.1")]
    assert [row["closing_included_usage_usd"] for row in rows] == [None, Decimal("2.4975"), Decimal("0.2")]
    assert [row["closing_usage_value_usd"] for row in rows] == [None, Decimal("4.5025"), Decimal("0.3")]
    assert [(row["start_source"], row["end_source"]) for row in rows] == [
        ("inferred", "observed"),
        ("observed", "observed"),
        ("observed", "inferred"),
    ]
    assert [row["is_open_cycle"] for row in rows] == [False, False, True]
    assert [row["is_fully_covered"] for row in rows] == [False, True, True]
    assert [(row["loaded_days"], row["cycle_days"]) for row in rows] == [(3, 30), (31, 31), (21, 30)]


def test_what_a_row_does_not_say_is_not_nothing():
    answer = as_received(
        {
            "teamMemberSpend": [
                {"email": EMAIL, "spendCents": 100},
                {"email": "bo@example.com", "spendCents": 0, "includedSpendCents": 5},
            ],
            "subscriptionCycleStart": milliseconds(CYCLE_START),
        }
    )
    row = of(billing.expected_billing_cycles(team(spend_snapshots=[(SNAPSHOT_AT, answer)])), is_open_cycle=True)
    assert (row["closing_on_demand_usd"], row["closing_included_usage_usd"], row["closing_usage_value_usd"]) == (
        1,
        None,
        None,
    )


def test_a_closing_record_without_rows_has_no_amounts():
    row = of(billing.expected_billing_cycles(team(spend_snapshots=OPEN_CYCLE)), is_open_cycle=True)
    assert (row["closing_snapshot_at"], row["closing_members"], row["closing_on_demand_usd"]) == (SNAPSHOT_AT, 0, None)


def test_without_spend_cycles_are_months():
    rows = billing.expected_billing_cycles(team(sent(kind=INCLUDED)))
    assert [(row["cycle_start_at"].month, row["start_source"], row["end_source"]) for row in rows] == [
        (10, "calendar_month", "inferred"),
        (11, "calendar_month", "inferred"),
    ]
    assert rows[1]["closing_snapshot_at"] is None


def test_a_cycle_of_which_only_daily_usage_was_loaded_was_seen_too():
    of_team = team(daily_usage_rows={date(2026, 9, 30): []})
    rows = billing.expected_billing_cycles(of_team)
    assert [(row["cycle_start_at"].month, row["loaded_days"], row["is_fully_covered"]) for row in rows] == [
        (9, 0, False),
        (10, 7, False),
        (11, 23, True),
    ]
