"""usage_attribution and usage_attribution_by_developer: whose the window's usage is, person by person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, daily, event, member

WINDOW = ("2026-11-01", "2026-11-14")
AT = "2026-11-02 10:00"
STATES = (
    "service_account",
    "no_email",
    "alias_of_another_address",
    "removed_person",
    "unknown_person",
    "joined_after_window",
    "no_daily_row",
    "attributed",
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    """One build for all: each case has a team of its own."""
    builder = WarehouseBuilder(tmp_path_factory.mktemp("attribution"))
    for add in (add_people, add_team_without_daily_usage, add_team_with_old_daily_usage, add_teams_without_events):
        add(builder)
    builder.build()
    return builder


def people(warehouse: WarehouseBuilder, team: str, columns: str) -> list[tuple[Any, ...]]:
    found = warehouse.query(
        f"select {columns} from marts.usage_attribution_by_developer where team_id = ? order by email, state", team
    )
    return [tuple(row.values()) for row in found]


def states(warehouse: WarehouseBuilder, team: str, columns: str) -> dict[str, tuple[Any, ...]]:
    found = warehouse.query(f"select state, {columns} from marts.usage_attribution where team_id = ?", team)
    return {state: tuple(values) for state, *values in (row.values() for row in found)}


def add_people(builder: WarehouseBuilder) -> None:
    """Three lists: user_1 changes the address between the first and the second, and people come and go."""
    team = "people"
    stay = [
        member("ann@x.com", name="Ann"),
        member("twice@x.com", id="user_2"),
        member("Twice@x.com", id="user_3"),
        member("silent@x.com"),
        member("boss@x.com", role="free-owner"),
        member(None, id="user_9", name="Nameless"),
        member("robot@x.com", serviceAccountId="sa_1"),
    ]
    gone = [member("old@x.com", id="user_1"), member("left@x.com"), member("left_unused@x.com"), member("flag@x.com")]
    then = [*stay, member("new@x.com", id="user_1"), member("flag@x.com", isRemoved=True)]
    builder.add_members_snapshot("2026-10-20 06:00", [*stay, *gone], team=team)
    builder.add_members_snapshot("2026-11-10 06:00", then, team=team)
    builder.add_members_snapshot("2026-11-15 06:00", [*then, member("late@x.com"), member("eve@x.com")], team=team)
    builder.add_daily(
        ("2026-11-05", "2026-11-14"),
        [
            daily("2026-11-05", "ann@x.com", userId="user_ann"),
            daily("2026-11-12", "new@x.com", userId="user_1"),
            daily("2026-11-05", "former@x.com", userId="user_1"),  # never listed, but the same user id
            daily("2026-11-05", "twice@x.com", userId="user_3", is_active=False),
            daily("2026-11-05", "boss@x.com"),
            daily("2026-11-14", "eve@x.com"),
            daily("2026-11-05", None, userId="user_9"),
        ],
        team=team,
    )
    # The only row of silent@x.com is older than the window.
    builder.add_daily(("2026-10-31", "2026-10-31"), [daily("2026-10-31", "silent@x.com")], team=team)
    builder.add_events(
        ("2026-10-31", "2026-11-14"),
        [
            event(AT, " Ann@x.com", "100"),
            event(AT, "ann@x.com", "9", kind="User API Key"),
            event("2026-10-31 10:00", "ann@x.com", "5000"),  # before the window
            event(AT, "old@x.com", "50"),
            event("2026-11-12 10:00", "new@x.com", "25", kind="Included"),
            event(AT, "former@x.com", "3"),
            event(AT, "twice@x.com", "8", userId="user_2"),
            event(AT, "twice@x.com", "8", userId="user_3"),
            event("2026-11-13 10:00", "left@x.com", "10"),
            event(AT, "flag@x.com", "-5"),
            event(AT, "ghost@x.com", "7"),
            event("2026-11-14 23:00", "eve@x.com", "20"),  # first listed on the next morning
            event(AT, "failed@x.com", "70", kind="Errored, Not Charged"),
            event("2026-10-31 10:00", "once@x.com", "1"),  # unknown, and not in the window
            event(AT, None, "40"),
            event(AT, "", "2"),
            event(AT, "robot@x.com", "80", serviceAccountId="sa_1"),
            event(AT, None, "11", serviceAccountId="sa_2"),
            event(AT, "ann@x.com", "600", serviceAccountId="sa_3"),
        ],
        team=team,
    )


def test_each_person_has_the_first_state_that_holds(warehouse: WarehouseBuilder) -> None:
    columns = "email, seat_key, state, alias_of, requests, usage_value_usd, other_usage_usd, is_member"
    none = Decimal(0)
    assert people(warehouse, "people", columns) == [
        ("ann@x.com", "ann@x.com", "attributed", None, 2, Decimal(1), Decimal("0.09"), True),
        ("boss@x.com", "boss@x.com", "attributed", None, 0, none, none, True),
        ("eve@x.com", "eve@x.com", "attributed", None, 1, Decimal("0.2"), none, True),
        ("failed@x.com", "failed@x.com", "unknown_person", None, 0, none, none, False),
        ("flag@x.com", "flag@x.com", "removed_person", None, 1, Decimal("-0.05"), none, False),
        ("former@x.com", "former@x.com", "alias_of_another_address", "new@x.com", 1, Decimal("0.03"), none, False),
        ("ghost@x.com", "ghost@x.com", "unknown_person", None, 1, Decimal("0.07"), none, False),
        ("late@x.com", "late@x.com", "joined_after_window", None, 0, none, none, True),
        ("left@x.com", "left@x.com", "removed_person", None, 1, Decimal("0.1"), none, False),
        ("left_unused@x.com", "left_unused@x.com", "removed_person", None, 0, none, none, False),
        ("new@x.com", "new@x.com", "attributed", None, 1, Decimal("0.25"), none, True),
        ("old@x.com", "old@x.com", "alias_of_another_address", "new@x.com", 1, Decimal("0.5"), none, False),
        ("silent@x.com", "silent@x.com", "no_daily_row", None, 0, none, none, True),
        ("twice@x.com", "twice@x.com", "attributed", None, 2, Decimal("0.16"), none, True),
        (None, "user id user_9", "attributed", None, 0, none, none, True),
        (None, None, "no_email", None, 2, Decimal("0.42"), none, False),
        (None, None, "service_account", None, 3, Decimal("6.91"), none, False),
    ]


def test_name_and_last_activity_are_those_of_all_history(warehouse: WarehouseBuilder) -> None:
    found = {row[0]: row[1:] for row in people(warehouse, "people", "seat_key, name, last_active_date")}
    assert found["ann@x.com"] == ("Ann", date(2026, 11, 5))
    assert found["user id user_9"] == ("Nameless", None)
    assert found["silent@x.com"] == ("silent@x.com", date(2026, 10, 31))
    assert found["twice@x.com"][1] == date(2026, 11, 2)
    assert found["failed@x.com"] == (None, None)
    assert found["left_unused@x.com"] == ("left_unused@x.com", None)


def test_states_sum_to_the_window(warehouse: WarehouseBuilder) -> None:
    none, whole = Decimal(0), 9.59
    assert states(warehouse, "people", "people, members, requests, usage_value_usd, other_usage_usd") == {
        "service_account": (0, 0, 3, Decimal("6.91"), none),
        "no_email": (0, 0, 2, Decimal("0.42"), none),
        "alias_of_another_address": (2, 0, 2, Decimal("0.53"), none),
        "removed_person": (3, 0, 2, Decimal("0.05"), none),
        "unknown_person": (2, 0, 1, Decimal("0.07"), none),
        "joined_after_window": (1, 1, 0, none, none),
        "no_daily_row": (1, 1, 0, none, none),
        "attributed": (6, 6, 6, Decimal("1.61"), Decimal("0.09")),
    }
    shares = states(warehouse, "people", "usage_value_share, window_start_date, window_end_date")
    assert shares["service_account"] == (pytest.approx(6.91 / whole), date(2026, 11, 1), date(2026, 11, 14))
    assert sum(share for share, *_ in shares.values()) == pytest.approx(1)


def add_team_without_daily_usage(builder: WarehouseBuilder) -> None:
    builder.add_members_snapshot("2026-11-15 06:00", [member("silent@x.com")], team="no daily")
    builder.add_events(WINDOW, [event(AT, "silent@x.com", "-1")], team="no daily")


def add_team_with_old_daily_usage(builder: WarehouseBuilder) -> None:
    builder.add_members_snapshot("2026-11-15 06:00", [member("silent@x.com")], team="old daily")
    builder.add_daily(("2026-10-30", "2026-10-31"), [], team="old daily")
    builder.add_events(WINDOW, [], team="old daily")


@pytest.mark.parametrize(("team", "requests"), [("no daily", 1), ("old daily", 0)])
def test_without_daily_usage_of_the_window_nobody_is_missed_in_it(
    warehouse: WarehouseBuilder, team: str, requests: int
) -> None:
    assert people(warehouse, team, "email, state, requests") == [("silent@x.com", "attributed", requests)]
    shares = states(warehouse, team, "usage_value_share")
    assert set(shares.values()) == {(None,)}, "no share of what is not positive"


def add_teams_without_events(builder: WarehouseBuilder) -> None:
    builder.add_team_run(team="never loaded", status="failed", error="Wrong key.")
    builder.add_members_snapshot("2026-11-15 06:00", [member("ann@x.com")], team="no events")
    builder.add_daily(WINDOW, [], team="no events")


@pytest.mark.parametrize("team", ["never loaded", "no events"])
def test_a_team_without_a_window_has_all_states_and_no_usage(warehouse: WarehouseBuilder, team: str) -> None:
    found = states(warehouse, team, "window_start_date, window_end_date, requests, usage_value_usd, usage_value_share")
    assert found == dict.fromkeys(STATES, (None, None, 0, Decimal(0), None))
    members = [("ann@x.com", "attributed")] if team == "no events" else []
    assert people(warehouse, team, "email, state") == members
