"""Of a table in parts a build writes only the parts that came out otherwise, and all of those."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, event

OCTOBER, NOVEMBER = "2026-10-20", "2026-11-10"
pytestmark = pytest.mark.timeout(300)  # a handful of builds


@pytest.fixture
def builder(tmp_path: Path) -> WarehouseBuilder:
    """A day of October and one of November, built."""
    builder = WarehouseBuilder(tmp_path)
    load(builder, OCTOBER, 100)
    load(builder, NOVEMBER, 100)
    build(builder)
    return builder


def load(builder: WarehouseBuilder, day: str, *cents: int) -> None:
    builder.add_events((day, day), [event(f"{day} 10:00", "a@example.com", each) for each in cents])


def build(builder: WarehouseBuilder) -> None:
    builder.build(select="+usage_costs_daily", must_be_green=False)


def costs(builder: WarehouseBuilder) -> dict[date, Decimal]:
    rows = builder.query("select usage_date, usage_value_usd from marts.usage_costs_daily")
    return {row["usage_date"]: row["usage_value_usd"] for row in rows}


def places(builder: WarehouseBuilder) -> dict[date, int]:
    """Where rows lie in their table: a new table counts from 0, what is added to one counts on."""
    return {
        row["usage_date"]: row["rowid"]
        for row in builder.query("select usage_date, rowid from marts.usage_costs_daily")
    }


def test_a_part_that_is_as_before_is_not_written(builder: WarehouseBuilder) -> None:
    before = places(builder)
    load(builder, NOVEMBER, 250)
    build(builder)
    assert costs(builder) == {date(2026, 10, 20): Decimal(1), date(2026, 11, 10): Decimal("2.5")}
    assert places(builder) == {date(2026, 10, 20): before[date(2026, 10, 20)], date(2026, 11, 10): 2}


def test_a_new_part_is_added_and_one_that_came_back_empty_goes(builder: WarehouseBuilder) -> None:
    before = places(builder)
    load(builder, NOVEMBER)
    load(builder, "2026-12-01", 300)
    build(builder)
    assert costs(builder) == {date(2026, 10, 20): Decimal(1), date(2026, 12, 1): Decimal(3)}
    assert places(builder) == {date(2026, 10, 20): before[date(2026, 10, 20)], date(2026, 12, 1): 2}


def test_rows_that_were_changed_by_hand_are_put_right(builder: WarehouseBuilder) -> None:
    with duckdb.connect(str(builder.path)) as connection:
        connection.execute(f"update marts.usage_costs_daily set requests = 7 where usage_date = '{OCTOBER}'")
        # the same sum, another number of rows
        connection.execute(
            f"insert into marts.usage_costs_daily from marts.usage_costs_daily where usage_date = '{NOVEMBER}'"
        )
    load(builder, "2026-12-01", 300)
    build(builder)
    assert costs(builder) == dict.fromkeys([date(2026, 10, 20), date(2026, 11, 10)], Decimal(1)) | {
        date(2026, 12, 1): Decimal(3)
    }
    assert builder.query("select count(*) as row_count, sum(requests) as requests from marts.usage_costs_daily") == [
        {"row_count": 3, "requests": 3}
    ]


def test_where_every_part_changed_the_table_is_made_anew(builder: WarehouseBuilder) -> None:
    load(builder, OCTOBER, 500)
    load(builder, NOVEMBER, 600)
    build(builder)
    assert costs(builder) == {date(2026, 10, 20): Decimal(5), date(2026, 11, 10): Decimal(6)}
    assert sorted(places(builder).values()) == [0, 1]


def test_a_part_keeps_the_constraints_of_its_mart(builder: WarehouseBuilder) -> None:
    with duckdb.connect(str(builder.path)) as connection, pytest.raises(duckdb.ConstraintException):
        connection.execute("update marts.usage_costs_daily set usage_date = null")
