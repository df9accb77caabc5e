"""Whose usage it is, state by state, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.oracle import attribution
from tests.oracle.team import Configured
from tests.oracle.test_oracle import EMAIL, INCLUDED, SNAPSHOT_AT, days, member, of, sent, team

BO = "bo@example.com"
EARLIER = datetime.fromisoformat("2026-11-01T05:30")
RUNNER = {"email": "runner@example.com", "serviceAccountId": "sa_1"}


def told_of(of_team, person):
    return of(attribution.by_developer_rows(of_team), seat_key=person)


def state(of_team, person=EMAIL):
    return told_of(of_team, person)["state"]


def listed(earlier, newest):
    return {"members_snapshots": [(EARLIER, earlier), (SNAPSHOT_AT, newest)]}


def rows_of_all(*emails):
    return {date(2026, 11, 20): [{"userId": f"user_{email}", "email": email, "isActive": False} for email in emails]}


def test_a_member_with_a_daily_row_is_attributed():
    of_team = team(sent(cents=200), sent(cents=30, kind="Free Credit"), daily_usage_rows=rows_of_all(EMAIL))
    row = told_of(of_team, EMAIL)
    assert (row["state"], row["is_member"], row["alias_of"]) == ("attributed", True, None)
    assert (row["requests"], row["usage_value_usd"], row["other_usage_usd"]) == (2, 2, Decimal("0.3"))
    assert row["last_active_date"] == date(2026, 11, 20)


def test_a_member_without_a_daily_row_is_told_only_where_daily_usage_is_loaded():
    assert state(team(sent(), daily_usage_rows=rows_of_all(BO))) == "no_daily_row"
    assert state(team(sent())) == "attributed"
    before_the_window = {date(2026, 11, 9): rows_of_all(EMAIL)[date(2026, 11, 20)]}
    assert state(team(sent(), daily_usage_rows=before_the_window)) == "attributed"
    assert state(team(sent(), daily_usage_rows=before_the_window | {date(2026, 11, 10): []})) == "no_daily_row"


def test_usage_in_the_window_counts_and_older_activity_is_only_dated():
    of_team = team(sent(at="2026-11-09T23:59:59", email=BO), members=[member(), member(BO)])
    row = told_of(of_team, BO)
    assert (row["requests"], row["usage_value_usd"], row["last_active_date"]) == (0, 0, date(2026, 11, 9))


def test_what_was_not_charged_makes_a_row_without_requests():
    row = told_of(team(sent(email=BO, kind="Errored, Not Charged")), BO)
    assert (row["state"], row["requests"], row["usage_value_usd"]) == ("unknown_person", 0, 0)


@pytest.mark.parametrize("newest", [[], [member(BO, removed=True)], [member(BO, "removed")]])
def test_who_was_listed_and_has_gone_is_removed_with_usage_or_without(newest):
    lists = listed([member(), member(BO)], [member(), *newest])
    used = told_of(team(sent(email=BO), **lists), BO)
    assert (used["state"], used["is_member"], used["requests"]) == ("removed_person", False, 1)
    assert used["name"] == BO
    assert told_of(team(**lists), BO)["requests"] == 0


def test_who_was_never_listed_is_unknown():
    row = told_of(team(sent(email="stranger@example.com")), "stranger@example.com")
    assert (row["state"], row["name"], row["email"]) == ("unknown_person", None, "stranger@example.com")


def test_who_joined_after_the_window_has_joined_after_it():
    new = listed([member()], [member(), member(BO)])  # the list of 24 November; the window ends on the 23rd
    assert state(team(**new), BO) == "joined_after_window"
    assert state(team(sent(email=BO), **new), BO) == "attributed"  # used before any list had them
    assert state(team(**new, configured=Configured(join_dates={BO: date(2026, 11, 23)})), BO) == "attributed"
    assert state(team(members=[member(), member(BO)]), BO) == "attributed"  # there on the first list: nobody knows


def test_an_old_address_of_somebody_who_is_listed_under_another():
    moved = listed([member("old@example.com", id="u1")], [member("new@example.com", id="u1")])
    row = told_of(team(sent(email="old@example.com"), **moved), "old@example.com")
    assert (row["state"], row["alias_of"], row["is_member"]) == ("alias_of_another_address", "new@example.com", False)
    assert told_of(team(**moved), "new@example.com")["alias_of"] is None


def test_a_daily_row_tells_an_alias_too_and_ids_may_be_numbers():
    rows = {date(2026, 11, 20): [{"userId": "17", "email": "Private@example.com", "isActive": True}]}
    of_team = team(sent(email="private@example.com"), members=[member(id=17)], daily_usage_rows=rows)
    row = told_of(of_team, "private@example.com")
    assert (row["state"], row["alias_of"]) == ("alias_of_another_address", EMAIL)
    both_members = team(members=[member(id=17), member("private@example.com")], daily_usage_rows=rows)
    assert told_of(both_members, "private@example.com")["alias_of"] is None


def test_nobodys_usage_has_a_row_for_each_of_its_two_sorts():
    of_team = team(
        sent(cents=7, email=""),
        sent(cents=20, **RUNNER),
        sent(cents=1, serviceAccountId="sa_2", email=""),
        members=[member(), member(RUNNER["email"])],
    )
    rows = {row["state"]: row for row in attribution.by_developer_rows(of_team) if row["seat_key"] is None}
    assert {name: row["usage_value_usd"] for name, row in rows.items()} == {
        "no_email": Decimal("0.07"),
        "service_account": Decimal("0.21"),
    }
    assert all(row["email"] is None and row["is_member"] is False for row in rows.values())
    assert RUNNER["email"] not in {row["seat_key"] for row in attribution.by_developer_rows(of_team)}
    assert [row for row in attribution.by_developer_rows(team(sent())) if row["seat_key"] is None] == []


def test_a_member_without_an_address_is_a_person_by_the_id():
    of_team = team(
        members=[{"id": 5, "name": "Di", "email": ""}],
        daily_usage_rows={date(2026, 11, 20): [{"userId": 5, "email": "", "isActive": True}]},
    )
    row = told_of(of_team, "user id 5")
    assert (row["email"], row["name"], row["state"]) == (None, "Di", "attributed")


def test_every_state_has_a_row_and_the_states_sum_to_the_window():
    of_team = team(
        sent(cents=300),
        sent(cents=100, kind=INCLUDED, email=BO),
        sent(cents=100, email=""),
        sent(cents=50, kind="Free Credit", email="stranger@example.com"),
        members=[member(), member(BO), member("idle@example.com")],
        daily_usage_rows=rows_of_all(EMAIL, "idle@example.com"),
    )
    rows = {row["state"]: row for row in attribution.by_state_rows(of_team)}
    assert tuple(rows) == attribution.STATES
    told = {
        name: (row["people"], row["members"], row["requests"], row["usage_value_usd"]) for name, row in rows.items()
    }
    assert told == {
        "service_account": (0, 0, 0, 0),
        "no_email": (0, 0, 1, 1),
        "alias_of_another_address": (0, 0, 0, 0),
        "removed_person": (0, 0, 0, 0),
        "unknown_person": (1, 0, 1, 0),
        "joined_after_window": (0, 0, 0, 0),
        "no_daily_row": (1, 1, 1, 1),
        "attributed": (2, 2, 1, 3),
    }
    assert rows["attributed"]["usage_value_share"] == pytest.approx(0.6)
    assert rows["unknown_person"]["other_usage_usd"] == Decimal("0.5")
    assert (rows["no_email"]["window_start_date"], rows["no_email"]["window_end_date"]) == (
        date(2026, 11, 10),
        date(2026, 11, 23),
    )


def test_shares_are_null_where_nothing_was_used():
    assert {row["usage_value_share"] for row in attribution.by_state_rows(team())} == {None}


def test_without_a_loaded_day_there_are_people_and_no_window():
    of_team = team(events_by_day={}, fetched_at={}, daily_usage_rows={day: [] for day in days(date(2026, 11, 20))})
    rows = {row["state"]: row for row in attribution.by_state_rows(of_team)}
    assert (rows["attributed"]["people"], rows["attributed"]["window_start_date"]) == (1, None)
