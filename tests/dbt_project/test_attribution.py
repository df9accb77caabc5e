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
        member("ann@example.com", name="Ann"),
        member("twice@example.com", id="user_2"),
        member("Twice@example.com", id="user_3"),
        member("silent@example.com"),
        member("boss@example.com", role="free-owner"),
        member(None, id="user_9", name="Nameless"),
        member("robot@example.com", serviceAccountId="sa_1"),
    ]
    gone = [
        member("old@example.com", id="user_1"),
        member("left@example.com"),
        member("left_unused@example.com"),
        member("flag@example.com"),
    ]
    then = [*stay, member("new@example.com", id="user_1"), member("flag@example.com", isRemoved=True)]
    builder.add_members_snapshot("2026-10-20 06:00", [*stay, *gone], team=team)
    builder.add_members_snapshot("2026-11-10 06:00", then, team=team)
    builder.add_members_snapshot(
        "2026-11-15 06:00", [*then, member("late@example.com"), member("eve@example.com")], team=team
    )
    builder.add_daily(
        ("2026-11-05", "2026-11-14"),
        [
            daily("2026-11-05", "ann@example.com", userId="user_ann"),
            daily("2026-11-12", "new@example.com", userId="user_1"),
            daily("2026-11-05", "former@example.com", userId="user_1"),  # never listed, but the same user id
            daily("2026-11-05", "twice@example.com", userId="user_3", is_active=False),
            daily("2026-11-05", "boss@example.com"),
            daily("2026-11-14", "eve@example.com"),
            daily("2026-11-05", None, userId="user_9"),
        ],
        team=team,
    )
    # The only row of silent@example.com is older than the window.
    builder.add_daily(("2026-10-31", "2026-10-31"), [daily("2026-10-31", "silent@example.com")], team=team)
    builder.add_events(
        ("2026-10-31", "2026-11-14"),
        [
            event(AT, " Ann@example.com", "100"),
            event(AT, "ann@example.com", "9", kind="User API Key"),
            event("2026-10-31 10:00", "ann@example.com", "5000"),  # before the window
            event(AT, "old@example.com", "50"),
            event("2026-11-12 10:00", "new@example.com", "25", kind="Included"),
            event(AT, "former@example.com", "3"),
            event(AT, "twice@example.com", "8", userId="user_2"),
            event(AT, "twice@example.com", "8", userId="user_3"),
            event("2026-11-13 10:00", "left@example.com", "10"),
            event(AT, "flag@example.com", "-5"),
            event(AT, "ghost@example.com", "7"),
            event("2026-11-14 23:00", "eve@example.com", "20"),  # first listed on the next morning
            event(AT, "failed@example.com", "70", kind="Errored, Not Charged"),
            event("2026-10-31 10:00", "once@example.com", "1"),  # unknown, and not in the window
            event(AT, None, "40"),
            event(AT, "", "2"),
            event(AT, "robot@example.com", "80", serviceAccountId="sa_1"),
            event(AT, None, "11", serviceAccountId="sa_2"),
            event(AT, "ann@example.com", "600", serviceAccountId="sa_3"),
        ],
        team=team,
    )


def test_each_person_has_the_first_state_that_holds(warehouse: WarehouseBuilder) -> None:
    columns = "email, seat_key, state, alias_of, requests, usage_value_usd, other_usage_usd, is_member"
    none = Decimal(0)
    assert people(warehouse, "people", columns) == [
        ("ann@example.com", "ann@example.com", "attributed", None, 2, Decimal(1), Decimal("0.09"), True),
        ("boss@example.com", "boss@example.com", "attributed", None, 0, none, none, True),
        ("eve@example.com", "eve@example.com", "attributed", None, 1, Decimal("0.2"), none, True),
        ("failed@example.com", "failed@example.com", "unknown_person", None, 0, none, none, False),
        ("flag@example.com", "flag@example.com", "removed_person", None, 1, Decimal("-0.05"), none, False),
        (
            "former@example.com",
            "former@example.com",
            "alias_of_another_address",
            "new@example.com",
            1,
            Decimal("0.03"),
            none,
            False,
        ),
        ("ghost@example.com", "ghost@example.com", "unknown_person", None, 1, Decimal("0.07"), none, False),
        ("late@example.com", "late@example.com", "joined_after_window", None, 0, none, none, True),
        ("left@example.com", "left@example.com", "removed_person", None, 1, Decimal("0.1"), none, False),
        ("left_unused@example.com", "left_unused@example.com", "removed_person", None, 0, none, none, False),
        ("new@example.com", "new@example.com", "attributed", None, 1, Decimal("0.25"), none, True),
        (
            "old@example.com",
            "old@example.com",
            "alias_of_another_address",
            "new@example.com",
            1,
            Decimal("0.5"),
            none,
            False,
        ),
        ("silent@example.com", "silent@example.com", "no_daily_row", None, 0, none, none, True),
        ("twice@example.com", "twice@example.com", "attributed", None, 2, Decimal("0.16"), none, True),
        (None, "user id user_9", "attributed", None, 0, none, none, True),
        (None, None, "no_email", None, 2, Decimal("0.42"), none, False),
        (None, None, "service_account", None, 3, Decimal("6.91"), none, False),
    ]


def test_name_and_last_activity_are_those_of_all_history(warehouse: WarehouseBuilder) -> None:
    found = {row[0]: row[1:] for row in people(warehouse, "people", "seat_key, name, last_active_date")}
    assert found["ann@example.com"] == ("Ann", date(2026, 11, 5))
    assert found["user id user_9"] == ("Nameless", None)
    assert found["silent@example.com"] == ("silent@example.com", date(2026, 10, 31))
    assert found["twice@example.com"][1] == date(2026, 11, 2)
    assert found["failed@example.com"] == (None, None)
    assert found["left_unused@example.com"] == ("left_unused@example.com", None)


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
    builder.add_members_snapshot("2026-11-15 06:00", [member("silent@example.com")], team="no daily")
    builder.add_events(WINDOW, [event(AT, "silent@example.com", "-1")], team="no daily")


def add_team_with_old_daily_usage(builder: WarehouseBuilder) -> None:
    builder.add_members_snapshot("2026-11-15 06:00", [member("silent@example.com")], team="old daily")
    builder.add_daily(("2026-10-30", "2026-10-31"), [], team="old daily")
    builder.add_events(WINDOW, [], team="old daily")


@pytest.mark.parametrize(("team", "requests"), [("no daily", 1), ("old daily", 0)])
def test_without_daily_usage_of_the_window_nobody_is_missed_in_it(
    warehouse: WarehouseBuilder, team: str, requests: int
) -> None:
    assert people(warehouse, team, "email, state, requests") == [("silent@example.com", "attributed", requests)]
    shares = states(warehouse, team, "usage_value_share")
    assert set(shares.values()) == {(None,)}, "no share of what is not positive"


def add_teams_without_events(builder: WarehouseBuilder) -> None:
    builder.add_team_run(team="never loaded", status="failed", error="Wrong key.")
    builder.add_members_snapshot("2026-11-15 06:00", [member("ann@example.com")], team="no events")
    builder.add_daily(WINDOW, [], team="no events")


@pytest.mark.parametrize("team", ["never loaded", "no events"])
def test_a_team_without_a_window_has_all_states_and_no_usage(warehouse: WarehouseBuilder, team: str) -> None:
    found = states(warehouse, team, "window_start_date, window_end_date, requests, usage_value_usd, usage_value_share")
    assert found == dict.fromkeys(STATES, (None, None, 0, Decimal(0), None))
    members = [("ann@example.com", "attributed")] if team == "no events" else []
    assert people(warehouse, team, "email, state") == members
