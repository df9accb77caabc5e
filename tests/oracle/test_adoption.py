"""Adoption, worked out by hand: the evidence beside each gap, the three amounts, and the seats of each day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.oracle import adoption, marts
from tests.oracle.compare import SOME_TEXT, TextWith
from tests.oracle.team import Configured, Exclusion, SeatPrice, SeatTypeFrom
from tests.oracle.test_oracle import EMAIL, INCLUDED, SNAPSHOT_AT, TODAY, days, gap, member, of, sent, spend, team

OPEN_CYCLE = [(SNAPSHOT_AT, spend())]  # 3 November 13:06:28 to 3 December
NEW, GONE = "new@example.com", "gone@example.com"


def active(**counters):
    return {"email": " Ann@example.com", "isActive": False, **counters}


def last_dates(row):
    return {name: found.day for name, found in row.items() if name.startswith("last_") and found is not None}


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_the_last_day_of_each_kind_of_work():
    rows = {
        date(2026, 11, 10): [active(agentRequests=3, composerRequests=1, bugbotUsages=1)],
        date(2026, 11, 11): [active(agentRequests=0, composerRequests="", chatRequests=2), active(cmdkUsages=1)],
        date(2026, 11, 12): [active(agentRequests=None, totalTabsAccepted=5, totalTabsShown=9)],
        date(2026, 11, 13): [{**active(), "isActive": True}],
    }
    row = gap(team(sent(at="2026-11-14T10:00:00"), sent(kind="Errored, Not Charged"), daily_usage_rows=rows))
    assert last_dates(row) == {
        "last_agent_date": 10,
        "last_composer_date": 10,
        "last_bugbot_date": 10,
        "last_chat_date": 11,
        "last_cmdk_date": 11,
        "last_tab_date": 12,
        "last_daily_active_date": 13,
        "last_request_date": 14,
        "last_active_date": 14,
    }


def test_daily_usage_that_is_newer_than_the_events_is_activity_but_no_observed_day():
    later = {date(2026, 11, 25): [{**active(agentRequests=9), "isActive": True}], date(2026, 11, 26): []}
    of_team = team(daily_usage_rows=later)
    row = gap(of_team)
    assert (row["activity_status"], row["last_active_date"], row["days_since_last_activity"]) == (
        "active",
        date(2026, 11, 25),
        0,
    )
    assert (row["last_agent_date"], row["observed_days"], row["unobserved_days"]) == (date(2026, 11, 25), 30, 0)
    assert counts(by_day(of_team)[TODAY]) == [1, 0, 0, 0, 0]
    assert by_day(of_team)[TODAY]["seats_active_on_day"] == 0


def test_usage_in_the_open_cycle_begins_at_its_instant():
    row = gap(
        team(
            sent(at="2026-11-03T13:06:27", cents=5000),
            sent(at="2026-11-03T13:06:28", cents=100),
            sent(cents=250, kind=INCLUDED),
            sent(cents=999, kind="Free Credit"),
            sent(cents=77, email="bo@example.com"),
            spend_snapshots=OPEN_CYCLE,
        )
    )
    assert (row["open_cycle_usage_value_usd"], row["open_cycle_on_demand_usd"]) == (Decimal("3.5"), 1)


def team_with_holes(*events, missing, **more):
    whole = team(*events, **more)
    return team(
        *events,
        events_by_day={day: found for day, found in whole.events_by_day.items() if day.day not in missing},
        **more,
    )


def test_days_that_nobody_looked_at_are_counted_and_named():
    row = gap(team_with_holes(missing=(1, 15, 16)))
    assert (row["first_observed_date"], row["observed_days"]) == (date(2026, 10, 25), 27)
    assert (row["unobserved_days"], row["unobserved_days_since_activity"]) == (3, 3)
    assert row["reason"] == TextWith("not observed")
    after = gap(team_with_holes(sent(at="2026-11-08T10:00:00"), missing=(1, 15, 16)))
    assert (after["unobserved_days"], after["unobserved_days_since_activity"]) == (3, 2)
    whole = gap(team())
    assert (whole["unobserved_days"], whole["unobserved_days_since_activity"], whole["reason"]) == (0, 0, SOME_TEXT)


def test_a_day_of_daily_usage_is_looked_at():
    row = gap(team_with_holes(missing=(15, 16), daily_usage_rows={date(2026, 11, 15): [], date(2026, 10, 20): []}))
    assert row["first_observed_date"] == date(2026, 10, 20)
    assert row["unobserved_days"] == 5  # 21 to 24 October, 16 November


@pytest.mark.parametrize(
    ("joined", "tenure", "first", "observed"),
    [
        ("2026-11-10", 13, "2026-11-10", 14),
        ("2026-10-01", 53, "2026-10-25", 30),
        ("2026-11-23", 0, "2026-11-23", 1),
        ("2026-11-24", 0, None, 0),
    ],
)
def test_only_days_of_a_known_tenure_count(joined, tenure, first, observed):
    row = gap(team(configured=Configured(join_dates={EMAIL: date.fromisoformat(joined)})))
    assert row["tenure_days"] == tenure
    assert row["first_observed_date"] == (first and date.fromisoformat(first))
    assert (row["observed_days"], row["unobserved_days"]) == (observed, 0)


def test_an_unknown_tenure_is_null():
    assert gap(team())["tenure_days"] is None


# --- the three amounts ------------------------------------------------------------------------------------------------


def amounts(of_team):
    row = gap(of_team)
    return row["fee_exposed_usd"], row["reassignable_now_usd"], row["saved_at_next_renewal_usd"]


def test_the_three_amounts_of_a_gap():
    assert amounts(team(spend_snapshots=OPEN_CYCLE)) == (40, 12, 40)  # 24 November to 2 December: 9 of 30 days
    odd = (SeatPrice("standard", date(2026, 1, 1), Decimal("36.50"), "configured"),)
    assert amounts(team(spend_snapshots=OPEN_CYCLE, configured=Configured(seat_prices=odd)))[1] == Decimal("10.95")


def test_who_is_no_gap_exposes_nothing_and_who_is_excluded_frees_nothing():
    assert amounts(team(sent(), spend_snapshots=OPEN_CYCLE)) == (0, 0, 0)
    excluded = Configured(exclusions=(Exclusion(EMAIL, "on leave", None),))
    assert amounts(team(spend_snapshots=OPEN_CYCLE, configured=excluded)) == (40, 0, 0)


def test_without_a_price_the_amounts_of_a_gap_are_unknown():
    unpriced = Configured(seat_types=(SeatTypeFrom(EMAIL, "enterprise", date(2026, 1, 1)),))
    assert amounts(team(spend_snapshots=OPEN_CYCLE, configured=unpriced)) == (None, None, None)
    assert amounts(team(sent(), spend_snapshots=OPEN_CYCLE, configured=unpriced)) == (0, 0, 0)


def test_no_more_is_freed_than_the_fee_of_the_cycle():
    start = datetime.fromisoformat("2026-11-24T05:00")
    before = (SNAPSHOT_AT, spend(start=start))
    assert amounts(team(spend_snapshots=[before])) == (40, 40, 40)  # all 30 days are still to come
    long_ago = team(
        spend_snapshots=[before], events_by_day={day: [] for day in days(date(2026, 11, 1), date(2026, 11, 9))}
    )
    assert amounts(long_ago)[1] == 40


# --- the seats of each day --------------------------------------------------------------------------------------------


def by_day(of_team):
    return {row["usage_date"]: row for row in adoption.expected_adoption_daily(of_team)}


def counts(row):
    return [row[f"{status}_seats"] for status in adoption.STATUSES]  # active, new, idle, never active, removed


def listed(*lists):
    return [(datetime.fromisoformat(f"{day}T05:00"), members) for day, members in lists]


def grown_team():
    everybody = [member(), member(NEW), member(GONE)]
    return team(
        sent(at="2026-11-03T14:00:00", email=GONE),
        sent(at="2026-11-04T10:00:00"),
        members_snapshots=listed(
            ("2026-11-02", [member(), member(GONE)]),
            ("2026-11-06", everybody),
            ("2026-11-09", [member(), member(NEW), member(GONE, removed=True)]),
        ),
        spend_snapshots=OPEN_CYCLE,
    )


def test_each_days_seats_are_told_as_that_evening_knew_them():
    rows = by_day(grown_team())
    assert min(rows) == date(2026, 11, 1)
    assert counts(rows[date(2026, 11, 2)]) == [0, 0, 0, 2, 0]
    assert counts(rows[date(2026, 11, 3)]) == [1, 0, 0, 1, 0]
    assert counts(rows[date(2026, 11, 4)]) == [2, 0, 0, 0, 0]
    assert counts(rows[date(2026, 11, 5)]) == [2, 1, 0, 0, 0]
    assert counts(rows[date(2026, 11, 8)]) == [1, 1, 0, 0, 1]
    assert counts(rows[date(2026, 11, 17)]) == [1, 1, 0, 0, 1]  # 13 days after the last request
    assert counts(rows[date(2026, 11, 18)]) == [0, 1, 1, 0, 1]
    assert counts(rows[date(2026, 11, 19)]) == [0, 1, 1, 0, 1]  # the newcomer of the 6th, 13 days later
    assert counts(rows[date(2026, 11, 20)]) == [0, 0, 1, 1, 1]
    assert all(sum(counts(row)) == row["paid_seats"] for row in rows.values())


def test_who_worked_on_the_day_and_which_share_is_in_use():
    rows = by_day(grown_team())
    assert [rows[date(2026, 11, day)]["seats_active_on_day"] for day in (2, 3, 4, 5)] == [0, 1, 1, 0]
    assert rows[date(2026, 11, 5)]["utilisation_share"] == pytest.approx(2 / 3)
    assert rows[date(2026, 11, 5)]["observed_days"] == 12  # since 25 October


def test_a_day_that_nobody_looked_at_has_no_row():
    rows = by_day(team_with_holes(missing=(20,), members_snapshots=listed(("2026-11-19", [member()]))))
    assert [(day.day, row["observed_days"]) for day, row in rows.items()] == [
        (18, 25),
        (19, 26),
        (21, 27),
        (22, 28),
        (23, 29),
    ]


def test_before_anybody_was_listed_a_day_has_no_row():
    told = listed(("2026-11-19", []), ("2026-11-22", [member()]))
    assert min(by_day(team(members_snapshots=told))) == date(2026, 11, 21)


def test_a_team_without_paid_seats_has_no_share():
    row = by_day(team(members=[member(role="free-owner")]))[TODAY]
    assert (row["paid_seats"], row["utilisation_share"]) == (0, None)


def test_without_any_events_adoption_is_told_as_of_the_newest_daily_usage():
    rows = {date(2026, 11, 20): [{**active(), "isActive": True}], date(2026, 11, 21): []}
    of_team = team(events_by_day={}, daily_usage_rows=rows)
    row = gap(of_team)
    assert (row["activity_status"], row["days_since_last_activity"], row["observed_days"]) == ("active", 1, 2)
    assert {day: counts(row) for day, row in by_day(of_team).items()} == {date(2026, 11, 21): [1, 0, 0, 0, 0]}


def test_the_newest_days_seats_are_those_of_adoption_gaps():
    of_team = grown_team()
    gaps = [row["activity_status"] for row in marts.expected_adoption_gaps(of_team)]
    assert counts(of(adoption.expected_adoption_daily(of_team), usage_date=TODAY)) == [
        gaps.count(status) for status in adoption.STATUSES
    ]
    assert len(gaps) == 3
