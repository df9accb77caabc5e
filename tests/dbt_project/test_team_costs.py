"""team_costs, cost_centre_costs, cost_changes and focus_costs on raw rows: seeds, cycles and weeks as they come."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, event, instant, member

PROMISED = {
    "team_costs": {
        "team_id": "VARCHAR",
        "cycle_start_at": "TIMESTAMP",
        "cycle_end_at": "TIMESTAMP",
        "is_open_cycle": "BOOLEAN",
        "is_fully_covered": "BOOLEAN",
        "paid_seats": "BIGINT",
        "seat_fee_usd": "DECIMAL(38,8)",
        "seat_price_source": "VARCHAR",
        "included_usage_usd": "DECIMAL(38,8)",
        "on_demand_usd": "DECIMAL(38,8)",
        "cash_cost_usd": "DECIMAL(38,8)",
        "usage_value_usd": "DECIMAL(38,8)",
        "other_usage_usd": "DECIMAL(38,8)",
        "requests": "BIGINT",
        "active_developers": "BIGINT",
        "cash_cost_per_active_developer_usd": "DECIMAL(38,8)",
        "cash_cost_per_paid_seat_usd": "DECIMAL(38,8)",
        "on_demand_share": "DOUBLE",
        "allowance_usd": "DECIMAL(38,8)",
        "allowance_used_usd": "DECIMAL(38,8)",
        "allowance_used_share": "DOUBLE",
        "allowance_forfeited_usd": "DECIMAL(38,8)",
        "allowance_note": "VARCHAR",
    },
    "cost_centre_costs": {
        "team_id": "VARCHAR",
        "cycle_start_at": "TIMESTAMP",
        "cost_centre": "VARCHAR",
        "developers": "BIGINT",
        "seat_fee_usd": "DECIMAL(38,8)",
        "included_usage_usd": "DECIMAL(38,8)",
        "on_demand_usd": "DECIMAL(38,8)",
        "cash_cost_usd": "DECIMAL(38,8)",
        "usage_value_usd": "DECIMAL(38,8)",
        "other_usage_usd": "DECIMAL(38,8)",
        "requests": "BIGINT",
    },
    "cost_changes": {
        "team_id": "VARCHAR",
        "week_start_date": "DATE",
        "scope": "VARCHAR",
        "email": "VARCHAR",
        "previous_usage_value_usd": "DECIMAL(38,8)",
        "usage_value_usd": "DECIMAL(38,8)",
        "change_usd": "DECIMAL(38,8)",
        "volume_effect_usd": "DECIMAL(38,8)",
        "mix_effect_usd": "DECIMAL(38,8)",
        "price_effect_usd": "DECIMAL(38,8)",
        "previous_requests": "BIGINT",
        "requests": "BIGINT",
        "previous_on_demand_usd": "DECIMAL(38,8)",
        "on_demand_usd": "DECIMAL(38,8)",
        "change_in_on_demand_usd": "DECIMAL(38,8)",
        "biggest_contributor": "VARCHAR",
    },
}
OCTOBER = instant("2026-10-05 10:00")
NOVEMBER = instant("2026-11-05 10:00")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    """One build for all: each test has a team of its own."""
    builder = WarehouseBuilder(tmp_path_factory.mktemp("team_costs"))
    for add in (add_centres, add_early, add_weeks):
        add(builder)
    builder.build(
        seeds={
            "cost_centres": [
                {"team_id": "centres", "email": " Ann@example.com", "cost_centre": " Platform "},
                {
                    "team_id": "centres",
                    "email": "ann@example.com",
                    "cost_centre": "Research",
                    "valid_from": "2026-10-15",
                },
                {"team_id": "*", "email": "bo@example.com", "cost_centre": "Ops"},
                {"team_id": "*", "email": "ann@example.com", "cost_centre": "Elsewhere"},
                {"team_id": "centres", "email": "cy@example.com", "cost_centre": "Ops"},
                {"team_id": "centres", "email": "cy@example.com", "valid_from": "2026-10-10"},
            ],
            "seat_allowances": [
                {"team_id": "centres", "seat_type": "standard", "valid_from": "2026-10-01", "monthly_allowance_usd": 2},
            ],
        }
    )
    return builder


def rows(warehouse: WarehouseBuilder, mart: str, team: str, columns: str) -> list[tuple[Any, ...]]:
    found = warehouse.query(f"select {columns} from marts.{mart} where team_id = ? order by all", team)
    return [tuple(row.values()) for row in found]


def usd(*amounts: str | None) -> tuple[Decimal | None, ...]:
    return tuple(None if amount is None else Decimal(amount) for amount in amounts)


@pytest.mark.parametrize("mart", sorted(PROMISED))
def test_mart_has_the_promised_columns_and_types(warehouse: WarehouseBuilder, mart: str) -> None:
    found = warehouse.query(f"describe marts.{mart}")
    assert PROMISED[mart].items() <= {row["column_name"]: row["column_type"] for row in found}.items()


# A closed cycle with a joiner, a move between cost centres, and all seats known


def add_centres(builder: WarehouseBuilder) -> None:
    """31 days of a cycle from 5 October 10:00; Late joins on the 20th, Ann moves on the 15th."""
    people = [member("ann@example.com"), member("bo@example.com"), member("cy@example.com", role="free-owner")]
    builder.add_members_snapshot("2026-10-04 06:00", people, team="centres")
    builder.add_members_snapshot("2026-10-20 06:00", [*people, member("late@example.com")], team="centres")
    builder.add_spend_snapshot("2026-10-20 06:00", OCTOBER, [], team="centres")
    builder.add_spend_snapshot("2026-11-07 06:00", NOVEMBER, [], team="centres")
    builder.add_events(
        ("2026-10-05", "2026-11-06"),
        [
            event("2026-10-05 09:59:59", "ann@example.com", "12800"),
            event("2026-10-05 10:00", "ann@example.com", "100"),
            event("2026-10-14 23:59:59", "ann@example.com", "200"),
            event("2026-10-15 00:00", "ann@example.com", "400", kind="Included in Business"),
            event("2026-10-09 12:00", "cy@example.com", "800"),
            event("2026-10-10 12:00", "cy@example.com", "1600"),
            event("2026-10-10 12:00", None, "50", kind="Included in Business"),
            event("2026-10-11 12:00", "bo@example.com", "-25"),
            event("2026-10-11 12:00", "bo@example.com", "3200", kind="Free Credit"),
            event("2026-11-05 09:59:59", "late@example.com", "6400"),
            event("2026-11-05 10:00", "late@example.com", "1"),
        ],
        team="centres",
    )


def test_a_cycle_goes_from_instant_to_instant_and_sums_seats_and_usage(warehouse: WarehouseBuilder) -> None:
    columns = "cycle_start_at, paid_seats, seat_fee_usd, on_demand_usd, cash_cost_usd, active_developers, requests"
    october = next(row for row in rows(warehouse, "team_costs", "centres", columns) if row[0] == OCTOBER)
    assert october == (OCTOBER, 3, *usd("100.65", "90.75", "191.40"), 4, 9)


def test_cash_is_divided_among_active_developers_and_seats(warehouse: WarehouseBuilder) -> None:
    columns = "cycle_start_at, cash_cost_per_active_developer_usd, cash_cost_per_paid_seat_usd"
    october = next(row for row in rows(warehouse, "team_costs", "centres", columns) if row[0] == OCTOBER)
    assert october == (OCTOBER, *usd("47.85", "63.80"))


def test_an_allowance_is_used_by_its_seat_and_forfeited_when_the_cycle_ends(warehouse: WarehouseBuilder) -> None:
    columns = "cycle_start_at, allowance_usd, allowance_used_usd, allowance_forfeited_usd, allowance_used_share"
    found = {row[0]: row[1:] for row in rows(warehouse, "team_costs", "centres", columns)}
    assert found[OCTOBER] == (*usd("6", "2", "4"), pytest.approx(1 / 3))
    assert found[NOVEMBER] == (*usd("6", "0", None), 0.0)


def test_usage_and_fees_stay_with_the_centre_of_their_day(warehouse: WarehouseBuilder) -> None:
    amounts = "seat_fee_usd, included_usage_usd, on_demand_usd, other_usage_usd"
    columns = f"cycle_start_at, cost_centre, developers, {amounts}"
    found = [row[1:] for row in rows(warehouse, "cost_centre_costs", "centres", columns) if row[0] == OCTOBER]
    assert found == [
        ("Ops", 2, *usd("40", "0", "7.75", "32")),
        ("Platform", 1, *usd("12.90", "0", "3", "0")),
        ("Research", 1, *usd("27.10", "4", "0", "0")),
        ("unassigned", 2, *usd("20.65", "0.50", "80", "0")),
    ]


def test_a_seat_is_billed_once_a_cycle_and_effective_on_each_of_its_days(warehouse: WarehouseBuilder) -> None:
    found = warehouse.query(
        'select "x_SeatKey" as seat, "ChargeCategory" as category, count(*) as charges, sum("BilledCost") as billed, '
        'sum("EffectiveCost") as effective, min("ChargePeriodStart") as first_at, max("ChargePeriodEnd") as last_at '
        'from marts.focus_costs where team_id = ? and "BillingPeriodStart" = ? and "x_SeatKey" is not null '
        "group by all order by all",
        "centres",
        OCTOBER,
    )
    fees = {"ann@example.com": "40", "bo@example.com": "40", "late@example.com": "20.65"}
    days = {"ann@example.com": 31, "bo@example.com": 31, "late@example.com": 16}
    first_days = {"ann@example.com": "2026-10-05", "bo@example.com": "2026-10-05", "late@example.com": "2026-10-20"}
    expected: list[tuple[Any, ...]] = []
    for seat, fee in fees.items():
        expected += [
            (seat, "Purchase", 1, *usd(fee, "0"), OCTOBER, NOVEMBER),
            (seat, "Usage", days[seat], *usd("0", fee), instant(first_days[seat]), instant("2026-11-05")),
        ]
    assert [tuple(row.values()) for row in found] == expected


# A cycle that ended before the first members list


def add_early(builder: WarehouseBuilder) -> None:
    builder.add_members_snapshot("2026-11-07 06:00", [member("ann@example.com")], team="early")
    builder.add_spend_snapshot("2026-11-07 06:00", NOVEMBER, [], team="early")
    builder.add_events(
        ("2026-10-05", "2026-11-06"), [event("2026-10-20 12:00", "ann@example.com", "300", tokens=None)], team="early"
    )


def test_without_known_seats_there_is_no_known_cash_and_no_purchase(warehouse: WarehouseBuilder) -> None:
    costs = "cycle_start_at, paid_seats, seat_fee_usd, cash_cost_usd, on_demand_usd, allowance_usd, allowance_note"
    note = "Nobody knows who held a seat: the cycle ended before the first members list."
    assert rows(warehouse, "team_costs", "early", costs)[0] == (OCTOBER, None, *usd(None, None, "3", None), note)
    centres = "cycle_start_at, cost_centre, seat_fee_usd, cash_cost_usd, on_demand_usd"
    found = [row for row in rows(warehouse, "cost_centre_costs", "early", centres) if row[0] == OCTOBER]
    assert found == [
        (OCTOBER, "Elsewhere", *usd(None, None, "3")),
        (OCTOBER, "unassigned", *usd(None, None, "0")),
    ]
    charges = warehouse.query(
        'select "ChargeCategory" as category, "EffectiveCost" as effective, "ConsumedQuantity" as quantity, '
        '"ConsumedUnit" as unit from marts.focus_costs where team_id = ? and "BillingPeriodStart" = ?',
        "early",
        OCTOBER,
    )
    assert [tuple(row.values()) for row in charges] == [("Usage", *usd("3", "1"), "Requests")]


def test_an_allowance_that_nobody_published_is_null_and_said(warehouse: WarehouseBuilder) -> None:
    note = (
        "What the fee of a standard seat covers is not known: Cursor publishes no amount, and seat_allowances.csv has "
        "none for the cycle's start."
    )
    november = rows(warehouse, "team_costs", "early", "cycle_start_at, paid_seats, allowance_usd, allowance_note")[1]
    assert november == (NOVEMBER, 1, None, note)


# Weeks


def add_weeks(builder: WarehouseBuilder) -> None:
    """2 to 22 November are three whole weeks but for the last Sunday; 2 November is a Monday."""
    builder.add_events(
        ("2026-11-02", "2026-11-21"),
        [
            event("2026-11-02 00:00", "ann@example.com", "100", model="opus"),
            event("2026-11-08 23:59:59", "ann@example.com", "100", model="opus"),
            event("2026-11-09 00:00", "ann@example.com", "150", model="opus"),
            event("2026-11-15 23:59:59", "ann@example.com", "150", model="opus", kind="Included in Business"),
            event("2026-11-12 12:00", "ann@example.com", "25", model="mini"),
            event("2026-11-12 12:00", None, "-400", model="mini"),
            event("2026-11-12 12:00", "bo@example.com", "9900", kind="Free Credit"),
            event("2026-11-18 12:00", "ann@example.com", "9900"),
        ],
        team="weeks",
    )


def test_whole_weeks_are_compared_from_monday_to_sunday(warehouse: WarehouseBuilder) -> None:
    columns = (
        "week_start_date, scope, email, previous_usage_value_usd, usage_value_usd, change_usd, volume_effect_usd, "
        "mix_effect_usd, price_effect_usd, previous_requests, requests, change_in_on_demand_usd, biggest_contributor"
    )
    week = date(2026, 11, 9)
    assert rows(warehouse, "cost_changes", "weeks", columns) == [
        (
            *(week, "developer", "ann@example.com", *usd("2", "3.25", "1.25", "1", "-0.75", "1"), 2, 3),
            *(*usd("-0.25"), "opus: up $1.00, from $2.00 to $3.00."),
        ),
        (
            *(week, "developer", None, *usd("0", "-4", "-4", "-4", "0", "0"), 0, 1),
            *(*usd("-4"), "mini: down $4.00, from $0.00 to -$4.00."),
        ),
        (
            *(week, "team", None, *usd("2", "-0.75", "-2.75", "2", "-5.75", "1"), 2, 4),
            *(*usd("-4.25"), "Unattributed usage: down $4.00, from $0.00 to -$4.00."),
        ),
    ]
