"""seats, seat_fees_daily, billing_cycles and adoption_daily: who held which seat when and what it cost, by hand.

One build serves all cases. As of 14 November 2026 unless a case says otherwise; the open cycle is that of 20 October.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, daily, event, instant, member, spend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AS_OF = date(2026, 11, 14)
MORNING_AFTER = "2026-11-15 06:00"
CYCLE_START = "2026-10-20 09:00"
LONG = ("2026-09-01", "2026-11-14")
Lists = dict[str, list[dict[str, Any]]]
Snapshot = tuple[str, str, list[dict[str, Any]]]


def add_team(
    builder: WarehouseBuilder,
    team: str,
    lists: Mapping[str, list[dict[str, Any]]],
    *,
    events: Iterable[dict[str, Any]] = (),
    window: tuple[str, str] = LONG,
    snapshots: Iterable[Snapshot] = ((MORNING_AFTER, CYCLE_START, []),),
) -> None:
    builder.add_team_run(team=team)
    builder.add_events(window, events, team=team)
    for at, members in lists.items():
        builder.add_members_snapshot(at, members, team=team)
    for at, cycle_start, rows in snapshots:
        builder.add_spend_snapshot(at, cycle_start, rows or [spend("ann@example.com")], team=team)


def address(who: str) -> str:
    return f"{who}@example.com"


def people(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [member(address(name), **more) for name in names]


def used(day: str, who: str, **more: Any) -> dict[str, Any]:
    return event(f"{day} 12:00", address(who), 100, **more)


def mornings(first: str, last: str, members: list[dict[str, Any]]) -> Lists:
    """The same list every morning at six."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return {f"{start + timedelta(days=n)} 06:00": members for n in range((end - start).days + 1)}


def add_cycles_from_the_31st(builder: WarehouseBuilder) -> None:
    for team, year in (("31st", 2026), ("31st of a leap year", 2028)):
        add_team(
            builder,
            team,
            {f"{year}-01-31 06:00": people("ann"), f"{year}-04-02 06:00": people("ann")},
            window=(f"{year}-01-31", f"{year}-04-01"),
            snapshots=[
                (f"{year}-02-01 06:00", f"{year}-01-31 10:00", [spend(address("ann"), 100, overall=300)]),
                (f"{year}-02-02 06:00", f"{year}-01-31 10:00", [spend(address("ann"), 250, overall=550)]),
                (
                    f"{year}-04-02 06:00",
                    f"{year}-03-31 10:00",
                    [spend(address("ann"), 5, overall=25), spend(address("bo"), 7)],
                ),
            ],
        )


def add_prices(builder: WarehouseBuilder) -> None:
    before_the_cycle = {"2026-10-19 06:00": people("ann"), MORNING_AFTER: people("ann")}
    add_team(builder, "price change", before_the_cycle)
    add_team(builder, "part of a cent", before_the_cycle)
    add_team(builder, "list price", before_the_cycle)
    add_team(
        builder, "joiner", {"2026-10-19 06:00": people("ann"), "2026-11-11 06:00": people("ann", "joined on the 11th")}
    )


def add_people(builder: WarehouseBuilder) -> None:
    add_team(
        builder,
        "new e-mail",
        {
            **mornings("2026-11-01", "2026-11-04", [member(address("ann.old"), id="user_1", name="Ann")]),
            **mornings("2026-11-05", "2026-11-15", [member(address("ann.new"), id="user_1", name="Ann")]),
        },
    )
    add_team(
        builder,
        "rejoined",
        {
            **mornings("2026-11-01", "2026-11-04", people("ann", "bo")),
            **mornings("2026-11-05", "2026-11-08", people("bo")),
            **mornings("2026-11-09", "2026-11-15", people("ann", "bo", name="New name")),
        },
    )
    add_team(
        builder,
        "two ids",
        {
            "2026-11-01 06:00": [
                member(address("ann"), id="user_1", isRemoved=True),
                member(" ANN@example.com", id="user_2"),
            ],
            MORNING_AFTER: [member(address("ann"), id="user_1"), member(address("ann"), id="user_2", isRemoved=True)],
        },
    )
    add_team(
        builder,
        "admin",
        {
            "2026-11-01 06:00": people("boss", role="free-owner"),
            "2026-11-05 06:00": people("boss", role="owner"),
            MORNING_AFTER: people("boss", role="owner"),
        },
    )
    add_team(
        builder,
        "robot",
        {"2026-11-01 06:00": people("ann", "runner"), MORNING_AFTER: people("ann", "runner", "name@less")},
        events=[used("2026-11-02", "runner", serviceAccountId="sa_1")],
    )


def add_removed(builder: WarehouseBuilder) -> None:
    gone = [{**one, "isRemoved": True} for one in people("used", "unused", "errored")]
    add_team(
        builder,
        "removed",
        {
            "2026-10-01 06:00": people("used", "unused", "errored", "vanished", "used later", "stays"),
            "2026-10-10 06:00": [*gone, *people("used later", "stays")],
            MORNING_AFTER: [*gone, *people("stays")],
        },
        events=[
            used("2026-10-05", "used"),
            used("2026-10-05", "errored", kind="Errored, Not Charged"),
            used("2026-10-12", "vanished"),
            used("2026-10-05", "used later"),
            used("2026-10-25", "used later"),
        ],
    )


def add_days(builder: WarehouseBuilder) -> None:
    """Which list speaks of which day."""
    add_team(
        builder,
        "two lists a day",
        {
            "2026-11-05 06:00": people("ann", "seen at six"),
            "2026-11-05 18:00": people("ann"),
            "2026-11-06 00:00": people("ann", "seen at midnight"),
        },
    )
    add_team(
        builder,
        "a list of today",
        {"2026-11-01 06:00": people("ann"), "2026-11-20 06:00": people("ann", "joined later")},
    )
    add_team(
        builder,
        "a cycle of this morning",
        {"2026-11-01 06:00": people("ann", "bo"), MORNING_AFTER: people("ann")},
        events=[used("2026-11-02", "bo")],
        snapshots=[
            ("2026-11-01 06:00", "2026-10-15 03:00", []),
            (MORNING_AFTER, "2026-11-15 03:00", []),
        ],
    )


def add_adoption(builder: WarehouseBuilder) -> None:
    add_team(
        builder,
        "adoption",
        {
            "2026-10-02 06:00": people("ann", "bo", "cy", "left"),
            "2026-10-04 06:00": people("ann", "bo", "cy", "left", "dee"),
            "2026-10-06 06:00": people("ann", "bo", "cy", "dee"),
        },
        events=[
            used("2026-09-29", "ann"),
            used("2026-10-05", "bo"),
            used("2026-10-05", "left"),
            used("2026-10-04", "ann", kind="Errored, Not Charged"),
        ],
        window=("2026-09-29", "2026-10-05"),
        snapshots=[("2026-10-06 06:00", "2026-09-20 09:00", [])],
    )
    builder.add_daily(
        ("2026-09-30", "2026-10-06"),
        [daily("2026-10-02", address("bo")), daily("2026-10-06", address("cy"))],
        team="adoption",
    )
    add_team(
        builder,
        "holes",
        {
            "2026-10-01 06:00": people("never", "idle", "busy"),
            MORNING_AFTER: people("never", "idle", "back", "busy", "joins"),
        },
        events=[used("2026-10-02", "idle"), used("2026-10-03", "back"), used("2026-10-04", "joins")],
        window=("2026-10-01", "2026-10-10"),
    )
    builder.add_events(
        ("2026-11-01", "2026-11-14"), [used("2026-11-02", "busy"), used("2026-11-13", "busy")], team="holes"
    )
    add_team(
        builder,
        "no hole",
        {MORNING_AFTER: people("never", "leave")},
        events=[],
        window=("2026-10-01", "2026-11-14"),
    )
    builder.add_daily(("2026-10-01", "2026-11-14"), team="no hole")
    add_team(
        builder,
        "uses",
        {MORNING_AFTER: people("ann", "bo")},
        events=[
            event("2026-10-20 08:00", address("ann"), 500),
            event("2026-10-20 10:00", address("ann"), "12.5"),
            used("2026-10-21", "ann", kind="Included"),
            used("2026-10-22", "ann", kind="Free Credit"),
        ],
    )
    builder.add_daily(
        ("2026-10-20", "2026-11-14"),
        [
            daily("2026-10-23", address("ann")),
            daily("2026-10-24", address("ann"), is_active=False, agentRequests=2, totalTabsAccepted=0),
            daily("2026-10-25", address("ann"), composerRequests=1, chatRequests=1, agentRequests=0),
            daily("2026-10-26", address("ann"), chatRequests=1, cmdkUsages=3),
            daily("2026-10-27", address("ann"), totalTabsAccepted=7, totalTabsShown=9),
            daily("2026-10-28", address("ann"), bugbotUsages=1),
        ],
        team="uses",
    )


def add_refused(builder: WarehouseBuilder) -> None:
    """Events were refused after 10 October; daily usage was not."""
    add_team(
        builder,
        "events refused since",
        {"2026-10-11 06:00": people("never", "idle", "busy since")},
        window=("2026-09-20", "2026-10-10"),
        snapshots=[("2026-10-11 06:00", "2026-09-20 09:00", [])],
    )
    builder.add_daily(
        ("2026-09-20", "2026-11-14"),
        [daily("2026-09-25", address("idle")), daily("2026-11-01", address("busy since"))],
        team="events refused since",
    )


PRICES: list[dict[str, Any]] = [
    {"team_id": "*", "seat_type": "standard", "monthly_price_usd": 40, "price_source": "assumed_list"},
    {"team_id": "price change", "seat_type": "standard", "monthly_price_usd": 31},
    {"team_id": "price change", "seat_type": "standard", "valid_from": "2026-11-05", "monthly_price_usd": 62},
    {"team_id": "part of a cent", "seat_type": "standard", "monthly_price_usd": "12.905"},
]
CASES = (add_cycles_from_the_31st, add_prices, add_people, add_removed, add_days, add_adoption, add_refused)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    builder = WarehouseBuilder(tmp_path_factory.mktemp("seat_history"))
    for add in CASES:
        add(builder)
    builder.build(
        seeds={
            "seat_prices": PRICES,
            "join_dates": [
                {"team_id": "adoption", "email": address("ann"), "join_date": "2026-09-20"},
                {"team_id": "holes", "email": address("back"), "join_date": "2026-10-09"},
                {"team_id": "holes", "email": address("joins"), "join_date": "2026-11-20"},
            ],
            "seat_types": [
                {
                    "team_id": "joiner",
                    "email": "Ann@example.com",
                    "seat_type": "unpaid_admin",
                    "valid_from": "2026-11-01",
                },
            ],
            "reclaim_exclusions": [{"team_id": "no hole", "email": address("leave"), "reason": "parental leave"}],
        }
    )
    return builder


def short(key: str) -> str:
    return key.removesuffix("@example.com")


def periods(warehouse: WarehouseBuilder, team: str, columns: str) -> list[tuple[Any, ...]]:
    """Who, from, until (months and days only) and what else is asked for."""
    found = warehouse.query(
        f"select seat_key, valid_from_date, valid_until_date, {columns} from marts.seats "
        "where team_id = ? order by all",
        team,
    )
    return [(short(row.pop("seat_key")), day(row.pop("valid_from_date")), *map(day, row.values())) for row in found]


def day(value: Any) -> Any:
    return f"{value:%m-%d}" if isinstance(value, date) else value


def fees(warehouse: WarehouseBuilder, team: str, who: str = "ann") -> dict[str, dict[str, Decimal]]:
    """What each day costs, by the month and day on which its cycle starts."""
    found = warehouse.query(
        "select cycle_start_at, fee_date, seat_fee_usd from marts.seat_fees_daily "
        "where team_id = ? and seat_key = ? order by all",
        team,
        address(who),
    )
    cycles: dict[str, dict[str, Decimal]] = {}
    for row in found:
        cycles.setdefault(day(row["cycle_start_at"]), {})[day(row["fee_date"])] = row["seat_fee_usd"]
    return cycles


# --- cycles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("team", "year", "last"), [("31st", 2026, 28), ("31st of a leap year", 2028, 29)])
def test_a_cycle_from_the_31st_is_clamped_to_february_and_comes_back(
    warehouse: WarehouseBuilder, team: str, year: int, last: int
) -> None:
    found = warehouse.query(
        "select cycle_start_at, cycle_end_at, start_source, end_source, is_open_cycle, cycle_days, loaded_days "
        "from marts.billing_cycles where team_id = ? and cycle_start_at >= ? order by all",
        team,
        instant(f"{year}-01-31"),
    )
    assert [tuple(row.values()) for row in found] == [
        (
            instant(f"{year}-01-31 10:00"),
            instant(f"{year}-02-{last} 10:00"),
            *("observed", "inferred", False, last, last),
        ),
        (
            instant(f"{year}-02-{last} 10:00"),
            instant(f"{year}-03-31 10:00"),
            *("inferred", "observed", False, 31, 31),
        ),
        (instant(f"{year}-03-31 10:00"), instant(f"{year}-04-30 10:00"), "observed", "inferred", True, 30, 2),
    ]


def test_the_fee_of_a_short_cycle_sums_to_the_price(warehouse: WarehouseBuilder) -> None:
    cycles = fees(warehouse, "31st of a leap year")
    assert (len(cycles["01-31"]), sum(cycles["01-31"].values())) == (29, 40)
    assert (min(cycles["01-31"]), max(cycles["01-31"])) == ("01-31", "02-28")
    assert (len(cycles["02-29"]), sum(cycles["02-29"].values())) == (31, 40)
    assert (min(cycles["02-29"]), max(cycles["02-29"])) == ("02-29", "03-30")
    cycles = fees(warehouse, "31st")
    assert (len(cycles["01-31"]), sum(cycles["01-31"].values())) == (28, 40)
    # 4000 cents ÷ 28 are 142.86: floors of 142.86, 285.71, 428.57 …
    assert [*cycles["01-31"].values()][:3] == [Decimal("1.42"), Decimal("1.43"), Decimal("1.43")]


def test_the_closing_record_is_the_last_snapshot_and_no_sum(warehouse: WarehouseBuilder) -> None:
    found = warehouse.query(
        "select closing_snapshot_at, closing_members, closing_on_demand_usd, closing_included_usage_usd, "
        "closing_usage_value_usd from marts.billing_cycles where team_id = '31st' and cycle_start_at >= '2026-01-31' "
        "order by cycle_start_at"
    )
    assert [tuple(row.values()) for row in found] == [
        (instant("2026-02-02 06:00"), 1, Decimal("2.5"), 3, Decimal("5.5")),
        (None, None, None, None, None),
        (instant("2026-04-02 06:00"), 2, Decimal("0.12"), None, None),
    ]


# --- prices and fees -------------------------------------------------------------------------------------------------


def test_a_price_change_within_a_cycle_shows_in_seats_and_not_in_the_fee(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "price change", "monthly_price_usd, seat_price_source, days") == [
        ("ann", "10-18", "11-05", 31, "configured", 18),
        ("ann", "11-05", None, 62, "configured", 10),
    ]
    cycle = fees(warehouse, "price change")["10-20"]
    assert set(cycle.values()) == {1}
    assert (len(cycle), sum(cycle.values())) == (31, 31)


def test_forty_dollars_over_31_days_are_forty_dollars(warehouse: WarehouseBuilder) -> None:
    cycle = fees(warehouse, "list price")["10-20"]
    assert (len(cycle), sum(cycle.values())) == (31, 40)
    assert set(cycle.values()) == {Decimal("1.29"), Decimal("1.30")}
    assert (cycle["10-20"], cycle["11-19"]) == (Decimal("1.29"), Decimal("1.30"))


def test_what_a_price_has_below_a_cent_is_on_the_last_day(warehouse: WarehouseBuilder) -> None:
    cycle = fees(warehouse, "part of a cent")["10-20"]
    assert sum(cycle.values()) == Decimal("12.905")
    assert cycle.pop("11-19") == Decimal("0.425")
    assert set(cycle.values()) == {Decimal("0.41"), Decimal("0.42")}


def test_only_days_that_are_over_are_accrued(warehouse: WarehouseBuilder) -> None:
    found = warehouse.query(
        "select is_accrued, min(fee_date) as first, max(fee_date) as last, sum(seat_fee_usd) as usd "
        "from marts.seat_fees_daily where team_id = 'list price' and cycle_start_at = ? group by all order by all desc",
        instant(CYCLE_START),
    )
    assert [tuple(row.values()) for row in found] == [
        (True, date(2026, 10, 20), AS_OF, Decimal("33.54")),
        (False, date(2026, 11, 15), date(2026, 11, 19), Decimal("6.46")),
    ]


def test_a_joiner_pays_from_the_first_list_on(warehouse: WarehouseBuilder) -> None:
    cycle = fees(warehouse, "joiner", "joined on the 11th")["10-20"]
    assert (min(cycle), max(cycle), len(cycle)) == ("11-11", "11-19", 9)
    assert sum(cycle.values()) == Decimal("11.61")
    assert set(cycle.values()) == {Decimal("1.29")}


# --- people ----------------------------------------------------------------------------------------------------------


def test_who_changes_the_e_mail_is_an_old_seat_removed_and_a_new_one_joined(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "new e-mail", "name, is_paid, is_removed, days") == [
        ("ann.new", "11-04", None, "Ann", True, False, 11),
        ("ann.old", "10-31", "11-04", "Ann", True, False, 4),
        ("ann.old", "11-04", None, "Ann", False, True, 11),
    ]
    assert min(fees(warehouse, "new e-mail", "ann.new")["10-20"]) == "11-05"


def test_who_rejoins_has_a_period_without_a_seat(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "rejoined", "name, is_paid, is_removed, monthly_price_usd, is_current") == [
        ("ann", "10-31", "11-04", address("ann"), True, False, 40, False),
        ("ann", "11-04", "11-08", address("ann"), False, True, None, False),
        ("ann", "11-08", None, "New name", True, False, 40, True),
        # a name is no state: one period, with the name of its last day
        ("bo", "10-31", None, "New name", True, False, 40, True),
    ]


def test_two_user_ids_on_one_e_mail_are_one_seat_that_the_unremoved_one_keeps(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "two ids", "email, is_paid, is_removed") == [
        ("ann", "10-31", None, address("ann"), True, False)
    ]


def test_an_unpaid_admin_becomes_a_paid_member_with_the_list(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "admin", "role, seat_type, is_paid, monthly_price_usd, seat_price_source") == [
        ("boss", "10-31", "11-04", "free-owner", "unpaid_admin", False, None, None),
        ("boss", "11-04", None, "owner", "standard", True, 40, "assumed_list"),
    ]


def test_an_unpaid_admin_by_the_seed_becomes_one_with_the_cycle(warehouse: WarehouseBuilder) -> None:
    found = periods(warehouse, "joiner", "seat_type, is_paid")
    assert [row for row in found if row[0] == "ann"] == [("ann", "10-18", None, "standard", True)]


def test_service_accounts_have_no_seat(warehouse: WarehouseBuilder) -> None:
    assert [row[0] for row in periods(warehouse, "robot", "is_paid")] == ["ann", "name@less"]


def test_a_removed_seat_is_paid_to_the_cycles_end_where_it_was_used(warehouse: WarehouseBuilder) -> None:
    """Cycles of 20 September and 20 October; the list of 10 October speaks of the 9th on."""
    assert periods(warehouse, "removed", "is_paid, is_removed") == [
        ("errored", "09-30", "10-09", True, False),
        ("errored", "10-09", None, False, True),
        ("stays", "09-30", None, True, False),
        ("unused", "09-30", "10-09", True, False),
        ("unused", "10-09", None, False, True),
        # in the list of 10 October, and so until the next one speaks
        ("used later", "09-30", "11-14", True, False),
        ("used later", "11-14", None, True, True),
        ("used", "09-30", "10-09", True, False),
        ("used", "10-09", "10-20", True, True),
        ("used", "10-20", None, False, True),
        # absent from the list of 10 October and used only after it
        ("vanished", "09-30", "10-09", True, False),
        ("vanished", "10-09", "10-12", False, True),
        ("vanished", "10-12", "10-20", True, True),
        ("vanished", "10-20", None, False, True),
    ]
    last_fee_dates = warehouse.query(
        "select seat_key, max(fee_date) as fee_date from marts.seat_fees_daily "
        "where team_id = 'removed' and cycle_start_at = '2026-09-20 09:00' group by all order by all"
    )
    assert {short(row["seat_key"]): day(row["fee_date"]) for row in last_fee_dates} == dict.fromkeys(
        ("stays", "used", "used later", "vanished"), "10-19"
    )
    assert [*fees(warehouse, "removed", "used later")] == ["09-20", "10-20"]
    assert "10-20" not in fees(warehouse, "removed", "used")


# --- which list speaks of a day --------------------------------------------------------------------------------------


def test_of_a_days_lists_the_last_one_speaks_and_midnight_is_the_next_day(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "two lists a day", "is_paid, is_removed") == [
        ("ann", "11-04", None, True, False),
        ("seen at midnight", "11-05", None, True, False),
        # listed in the morning, gone in the evening: known, and removed on every day that a list speaks of
        ("seen at six", "11-04", None, False, True),
    ]


def test_the_newest_list_of_all_speaks_of_the_as_of_day(warehouse: WarehouseBuilder) -> None:
    assert periods(warehouse, "a list of today", "is_paid, is_current, days") == [
        ("ann", "10-31", None, True, True, 15),
        ("joined later", "11-14", None, True, True, 1),
    ]


def test_the_as_of_day_is_judged_by_the_open_cycle_also_where_it_began_this_morning(
    warehouse: WarehouseBuilder,
) -> None:
    """Somebody used a seat in the cycle that ended this morning, and is gone in the list of this morning."""
    assert [row for row in periods(warehouse, "a cycle of this morning", "is_paid, is_removed") if row[0] == "bo"] == [
        ("bo", "10-31", "11-14", True, False),
        ("bo", "11-14", None, False, True),
    ]
    found = warehouse.query("select email from marts.adoption_gaps where team_id = 'a cycle of this morning'")
    assert found == [{"email": address("ann")}]


# --- adoption --------------------------------------------------------------------------------------------------------


def test_each_observed_day_is_judged_by_what_was_so_on_it(warehouse: WarehouseBuilder) -> None:
    """ann: used on 29 September. bo: active on 2 October. cy: after the as-of day. dee: joined. left: removed, used."""
    found = warehouse.query(
        "select usage_date, paid_seats, active_seats, new_seats, idle_seats, never_active_seats, removed_seats, "
        "seats_active_on_day, utilisation_share, observed_days from marts.adoption_daily "
        "where team_id = 'adoption' order by usage_date"
    )
    assert [(day(row.pop("usage_date")), *row.values()) for row in found] == [
        ("10-01", 4, 1, 0, 0, 3, 0, 0, 0.25, 3),
        ("10-02", 4, 2, 0, 0, 2, 0, 1, 0.5, 4),
        ("10-03", 5, 2, 1, 0, 2, 0, 0, 0.4, 5),
        ("10-04", 5, 2, 1, 0, 2, 0, 0, 0.4, 6),
        ("10-05", 5, 3, 1, 0, 0, 1, 2, 0.6, 7),
    ]


def test_a_day_that_was_not_observed_is_no_row_and_a_seat_falls_idle_on_the_14th_day(
    warehouse: WarehouseBuilder,
) -> None:
    found = warehouse.query(
        "select usage_date, paid_seats, active_seats, idle_seats, never_active_seats "
        "from marts.adoption_daily where team_id = 'holes' order by usage_date"
    )
    days_seen = {day(row["usage_date"]): [*row.values()][1:] for row in found}
    assert "10-11" not in days_seen
    assert len(days_seen) == 24
    assert days_seen["10-01"] == [3, 0, 0, 3]
    assert days_seen["10-02"] == [3, 1, 0, 2]
    assert days_seen["11-01"] == [3, 0, 1, 2]
    assert days_seen["11-02"] == [3, 1, 1, 1]


def gaps(warehouse: WarehouseBuilder, team: str) -> dict[str, dict[str, Any]]:
    found = warehouse.query("select * from marts.adoption_gaps where team_id = ?", team)
    return {short(row["email"]): row for row in found}


def test_holes_in_the_observed_days_keep_a_tier_less_certain_and_are_named(warehouse: WarehouseBuilder) -> None:
    seats = gaps(warehouse, "holes")
    holes = ("first_observed_date", "observed_days", "unobserved_days", "unobserved_days_since_activity")
    first = date(2026, 10, 1)
    assert {who: tuple(seat[name] for name in holes) for who, seat in seats.items()} == {
        "never": (first, 24, 21, 21),
        "idle": (first, 24, 21, 21),
        "busy": (first, 24, 21, 0),
        "back": (date(2026, 10, 9), 16, 21, 21),
        "joins": (None, 0, 0, 0),
    }
    assert seats["never"]["reclaim_tier"] == "review"
    assert seats["never"]["reason"].startswith(
        "No request and no active day in 24 observed days. 21 days were not observed."
    )
    assert seats["idle"]["reclaim_tier"] == "review"
    assert seats["busy"]["activity_status"] == "active"
    assert "not observed" not in seats["busy"]["reason"]
    seats = gaps(warehouse, "no hole")
    assert (seats["never"]["reclaim_tier"], seats["never"]["unobserved_days"]) == ("certain", 0)
    assert "not observed" not in seats["never"]["reason"]


def test_days_after_the_as_of_day_were_not_observed_as_of_it(warehouse: WarehouseBuilder) -> None:
    """As of 10 October: 15 days since the 25th, not 50; newer activity that is known counts all the same."""
    seats = gaps(warehouse, "events refused since")
    names = ("activity_status", "reclaim_tier", "observed_days", "days_since_last_activity", "unobserved_days")
    assert {who: tuple(seat[name] for name in names) for who, seat in seats.items()} == {
        "never": ("never_active", "review", 21, None, 0),
        "idle": ("idle", "review", 21, 15, 0),
        "busy since": ("active", None, 21, 0, 0),
    }
    last = warehouse.query(
        "select usage_date, active_seats, idle_seats, never_active_seats, observed_days from marts.adoption_daily "
        "where team_id = 'events refused since' order by usage_date desc limit 1"
    )
    assert [*last[0].values()] == [date(2026, 10, 10), 1, 1, 1, 21]


def test_three_amounts_of_a_gap_are_told_apart(warehouse: WarehouseBuilder) -> None:
    names = ("fee_exposed_usd", "reassignable_now_usd", "saved_at_next_renewal_usd")
    seats = gaps(warehouse, "no hole")
    # five of the cycle's 31 days are left: 15 to 19 November
    assert [seats["never"][name] for name in names] == [40, Decimal("6.45"), 40]
    assert [seats["leave"][name] for name in names] == [40, 0, 0]
    assert [gaps(warehouse, "holes")["busy"][name] for name in names] == [0, 0, 0]
    # the open cycle begins with the next day: all of it is left
    assert [gaps(warehouse, "a cycle of this morning")["ann"][name] for name in names] == [40, 40, 40]


def test_the_last_day_of_each_kind_of_use_and_the_usage_of_the_open_cycle(warehouse: WarehouseBuilder) -> None:
    seats = gaps(warehouse, "uses")
    kinds = ("active", "request", "daily_active", "agent", "composer", "chat", "cmdk", "tab", "bugbot")
    assert [day(seats["ann"][f"last_{kind}_date"]) for kind in kinds] == [
        *("10-28", "10-22", "10-28", "10-24", "10-25", "10-26", "10-26", "10-27", "10-28"),
    ]
    assert [seats["bo"][f"last_{kind}_date"] for kind in kinds] == [None] * 9
    amounts = ("open_cycle_usage_value_usd", "open_cycle_on_demand_usd")
    assert [seats["ann"][name] for name in amounts] == [Decimal("1.125"), Decimal("0.125")]
    assert [seats["bo"][name] for name in amounts] == [0, 0]
    assert (seats["ann"]["tenure_days"], gaps(warehouse, "holes")["back"]["tenure_days"]) == (None, 36)
