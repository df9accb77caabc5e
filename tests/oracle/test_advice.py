"""Which seat is the cheapest, rule by rule, worked out by hand: standard $40, premium $120, so $80 more."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.oracle import advice, seats
from tests.oracle.team import Configured, SeatAllowance, SeatPrice, SeatTypeFrom
from tests.oracle.test_oracle import EMAIL, INCLUDED, SNAPSHOT_AT, member, of, sent, spend, team

BO = "bo@example.com"
STARTS = [datetime.fromisoformat(f"2026-{month:02}-03T13:06:28") for month in (7, 8, 9, 10, 11)]
# The open cycle is November's; August to October are the newest three that are over, July is a fourth.
ALLOWANCE = {"seat_allowances": (SeatAllowance("standard", date(2026, 1, 1), Decimal(20), is_pooled=False),)}
PREMIUM = {"seat_types": (SeatTypeFrom(EMAIL, "premium", date(2026, 1, 1)),)}


def used(month, dollars, email=EMAIL, kind="Usage-based"):
    """In the cycle that begins in the month."""
    return sent(at=f"2026-{month:02}-20T10:00:00", cents=dollars * 100, kind=kind, email=email)


def in_each(on_demand, included, email=EMAIL, months=(8, 9, 10)):
    return [
        record
        for month in months
        for record in (used(month, on_demand, email), used(month, included, email, kind=INCLUDED))
    ]


def active(email=EMAIL):
    return sent(at="2026-11-20T10:00:00", cents=0, email=email)


def history(*events, loaded_from=date(2026, 7, 3), members=None, lists=None, **configured):
    members = [member(), member(BO)] if members is None else members
    return team(
        *events,
        loaded_from=loaded_from,
        members_snapshots=lists or [(datetime.fromisoformat("2026-07-03T14:00"), members), (SNAPSHOT_AT, members)],
        spend_snapshots=[*[(start, spend(start=start)) for start in STARTS[:-1]], (SNAPSHOT_AT, spend())],
        configured=Configured(**configured),
    )


def row_of(of_team, email=EMAIL):
    return of(advice.advice_rows(of_team), email=email)


def advised(of_team, email=EMAIL):
    row = row_of(of_team, email)
    return row["advised_seat_type"], row["monthly_saving_usd"]


def test_a_seat_that_nobody_uses_is_given_back():
    assert advised(history(active())) == (None, None)
    of_team = history(active(), members=[member(), member("idle@example.com")])
    assert advised(of_team, "idle@example.com") == ("none", 40)
    probable = history(active(), sent(at="2026-10-01T10:00:00", cents=0, email=BO))
    assert advised(probable, BO) == ("none", 40)
    review = history(active(), sent(at="2026-11-05T10:00:00", cents=0, email=BO))
    assert advised(review, BO) == (None, None)  # idle, but who knows


def test_a_seat_to_give_back_has_no_saving_where_it_has_no_price(monkeypatch):
    monkeypatch.setattr(seats, "LIST_PRICES", (SeatPrice("premium", date(2026, 1, 1), Decimal(120), "assumed_list"),))
    of_team = history(active(), members=[member(), member("idle@example.com")])
    row = row_of(of_team, "idle@example.com")
    assert (row["advised_seat_type"], row["monthly_saving_usd"], row["break_even_on_demand_usd"]) == (
        "none",
        None,
        None,
    )


def test_a_premium_seat_for_whom_a_standard_one_costs_more_on_top():
    """$180 on top of $20 each month; with premium's $100 that would be $100 on top: $80 less, and not more than $80."""
    even = history(active(), *in_each(180, 20), **ALLOWANCE)
    assert advised(even) == ("standard", 0)
    better = history(active(), *in_each(81, 19), **ALLOWANCE)
    assert advised(better) == ("premium", 1)
    row = row_of(better)
    assert (row["cycles_used"], row["average_on_demand_usd"], row["average_included_usage_usd"]) == (3, 81, 19)
    assert (row["allowance_usd"], row["allowance_source"]) == (20, "configured")
    assert row["break_even_on_demand_usd"] == 80


def test_what_premium_does_not_include_either_is_not_spared():
    """$90 and $20: $10 beyond premium's $100, so $80 spared; in $95 and $5 all of $95 is."""
    assert advised(history(active(), *in_each(90, 20), **ALLOWANCE)) == ("standard", 0)
    assert advised(history(active(), *in_each(95, 5), **ALLOWANCE)) == ("premium", 15)


def test_one_cheap_cycle_is_enough_to_stay():
    events = [*in_each(95, 5, months=(9, 10)), *in_each(80, 5, months=(8,))]
    assert advised(history(active(), *events, **ALLOWANCE)) == ("standard", 0)


def test_the_saving_is_an_average_in_whole_cents_half_up():
    events = [used(8, 81), used(9, 81.01), used(10, 81.01)]
    assert advised(history(active(), *events, **ALLOWANCE)) == ("premium", Decimal("1.01"))  # 1.00666…
    events = [used(9, 81), used(10, 81.01)]
    of_team = history(active(), *events, loaded_from=date(2026, 9, 3), **ALLOWANCE)
    assert row_of(of_team)["cycles_used"] == 2
    assert advised(of_team) == ("premium", Decimal("1.01"))  # 1.005
    assert row_of(of_team)["average_on_demand_usd"] == Decimal("81.01")


def test_only_the_newest_three_cycles_count():
    assert advised(history(active(), *in_each(95, 5), used(7, 0), **ALLOWANCE)) == ("premium", 15)
    assert row_of(history(active(), *in_each(95, 5), **ALLOWANCE))["cycles_used"] == 3


def test_two_cycles_are_enough_and_one_is_not():
    two = history(active(), *in_each(95, 5, months=(9, 10)), loaded_from=date(2026, 9, 3), **ALLOWANCE)
    assert advised(two) == ("premium", 15)
    one = history(active(), *in_each(95, 5, months=(10,)), loaded_from=date(2026, 10, 3), **ALLOWANCE)
    assert (advised(one), row_of(one)["cycles_used"]) == ((None, None), 1)


def test_a_cycle_counts_only_whole():
    """Who joined on 5 September has October's cycle only; who joined on its first day has September's too."""

    def joined(day):
        lists = [
            (datetime.fromisoformat("2026-07-03T14:00"), [member()]),
            (datetime.fromisoformat(f"2026-{day}T14:00"), [member(), member(BO)]),
            (SNAPSHOT_AT, [member(), member(BO)]),
        ]
        return row_of(history(active(BO), lists=lists, **ALLOWANCE), BO)

    assert joined("09-05")["cycles_used"] == 1
    assert joined("09-03")["cycles_used"] == 2
    assert joined("10-05")["average_on_demand_usd"] is None


def test_the_most_that_was_included_for_who_paid_on_top_is_the_allowance_that_was_seen():
    events = [*in_each(95, 15, months=(8, 9)), *in_each(95, 25, months=(10,)), *in_each(0, 70, BO)]
    of_team = history(active(), active(BO), *events)
    row = row_of(of_team)
    assert (row["allowance_usd"], row["allowance_source"]) == (25, "observed")
    assert row["advised_seat_type"] == "premium"  # $120 is less than five times $25: all of $95 is spared
    assert row["monthly_saving_usd"] == 15
    unseen = row_of(of_team, BO)  # who never paid on top never saw where it ends
    assert (unseen["allowance_usd"], unseen["allowance_source"], unseen["advised_seat_type"]) == (None, None, None)


def test_what_was_included_in_a_premium_seat_is_no_standard_allowance():
    types = (SeatTypeFrom(EMAIL, "premium", date(2026, 1, 1)), SeatTypeFrom(EMAIL, "standard", date(2026, 10, 1)))
    events = [*in_each(95, 90, months=(8, 9)), *in_each(5, 15, months=(10,))]
    row = row_of(history(active(), *events, seat_types=types))
    assert (row["cycles_used"], row["allowance_usd"], row["allowance_source"]) == (1, 15, "observed")


def test_cycles_with_another_type_of_seat_say_nothing_of_this_one():
    """Premium covered $100 of $200 in August and September; in October a standard seat covered $20 of $200."""
    types = (SeatTypeFrom(EMAIL, "premium", date(2026, 1, 1)), SeatTypeFrom(EMAIL, "standard", date(2026, 10, 1)))
    events = [*in_each(100, 100, months=(8, 9)), *in_each(180, 20, months=(10,))]
    of_team = history(active(), *events, **ALLOWANCE, seat_types=types)
    assert (advised(of_team), row_of(of_team)["cycles_used"]) == ((None, None), 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((20, 0), ("standard", 80)),
        ((99, 0), ("standard", 1)),  # $79 would be on top
        ((100, 0), ("premium", 0)),  # $80 on top: no less than $80
        ((60, 60), ("standard", 40)),  # $40 on top of the $60 that are on top anyway
        ((100, 500), ("premium", 0)),
    ],
)
def test_a_standard_seat_for_whom_a_premium_one_includes_too_much(value, expected):
    included, on_demand = value
    of_team = history(active(), *in_each(on_demand, included), **ALLOWANCE, **PREMIUM)
    assert advised(of_team) == expected
    row = row_of(of_team)
    assert (row["seat_type"], row["monthly_seat_fee_usd"], row["allowance_usd"]) == ("premium", 120, 20)


def test_a_premium_seat_is_kept_undecided_where_the_allowance_was_only_seen():
    of_team = history(active(), active(BO), *in_each(0, 1), *in_each(5, 15, BO), **PREMIUM)
    row = row_of(of_team)
    assert (row["advised_seat_type"], row["allowance_usd"], row["allowance_source"]) == (None, None, None)
    assert row_of(of_team, BO)["allowance_source"] == "observed"


def test_a_premium_allowance_that_somebody_wrote_down_counts_instead_of_the_multiple():
    """$90 on top of $20 where premium includes $110: all of $90 is spared."""
    rows = (*ALLOWANCE["seat_allowances"], SeatAllowance("premium", date(2026, 1, 1), Decimal(110), is_pooled=False))
    assert advised(history(active(), *in_each(90, 20), seat_allowances=rows)) == ("premium", 10)


def test_an_allowance_of_the_whole_team_decides_nothing_of_one_seat():
    pooled = (SeatAllowance("standard", date(2026, 1, 1), Decimal(20), is_pooled=True),)
    assert advised(history(active(), *in_each(95, 5), seat_allowances=pooled)) == (None, None)


def test_who_has_gone_needs_no_advice():
    members = [member(), member(BO, removed=True)]
    lists = [(datetime.fromisoformat("2026-07-03T14:00"), [member(), member(BO)]), (SNAPSHOT_AT, members)]
    of_team = history(active(), active(BO), *in_each(95, 5, BO), lists=lists, **ALLOWANCE)
    assert advised(of_team, BO) == (None, None)


def test_without_a_premium_price_nothing_is_advised(monkeypatch):
    monkeypatch.setattr(seats, "LIST_PRICES", (SeatPrice("standard", date(2026, 1, 1), Decimal(40), "assumed_list"),))
    row = row_of(history(active(), *in_each(95, 5), **ALLOWANCE))
    assert (row["advised_seat_type"], row["break_even_on_demand_usd"], row["cycles_used"]) == (None, None, 3)
