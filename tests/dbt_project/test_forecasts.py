"""What the forecasts are worth: those of 50 made companies, by the project's own SQL, against what came.

The day grain of each company is loaded as events, one a person, day and kind; the backtest says on each day of each
closed cycle what the method would have said. The companies are seeds 1 to 50; the spreads and the half-life were chosen
on others (1000 to 1049 and 2000 to 2049), and the figures of docs/forecasts.md are those of this test.
"""

from __future__ import annotations

import statistics
import sys
from datetime import datetime, time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder
from tests.forecasts.companies import Company, Doubles, make_company

pytestmark = pytest.mark.timeout(900)  # 800,000 events, and a year's build of fifty teams

SEEDS = range(1, 51)
NEWEST_CYCLES = 3
MARTS = ("+overage_forecasts", "+forecast_backtest", "+usage_costs")
FIGURES = (
    "count(*) as outcomes, median(absolute_error_share) as error, "
    "median(run_rate_absolute_error_share) as run_rate_error, avg(cast(is_within_range as integer)) as within"
)
NEWEST = f"""
    select * from marts.forecast_backtest
    qualify dense_rank() over (partition by team_id order by cycle_start_at desc) <= {NEWEST_CYCLES}
"""


@pytest.fixture(scope="module")
def companies() -> list[Company]:
    return [make_company(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory, companies: list[Company]) -> WarehouseBuilder:
    builder = WarehouseBuilder(tmp_path_factory.mktemp("companies"))
    for company in companies:
        _add(builder, company)
    builder.write()
    with duckdb.connect(str(builder.path)) as connection:
        for company in companies:
            _insert_events(connection, company)
    result = builder.dbt(
        *("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious", "--select"), *MARTS
    )
    assert result.is_green, result.output
    return builder


def _team(company: Company) -> str:
    return f"company_{company.seed}"


def _add(builder: WarehouseBuilder, company: Company) -> None:
    """The loads: all days in one, and a spend snapshot at each cycle's start."""
    last_day = company.cycles[-1][1]
    builder.add_events((company.first_date, company.day(last_day - 1)), team=_team(company))
    for start in [*(first for first, _ in company.cycles), last_day]:
        at = datetime.combine(company.day(start), time())
        builder.add_spend_snapshot(at.replace(hour=6), at, [], team=_team(company))


def _insert_events(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    for kind, dollars in (("Included in Business", company.included), ("Usage-based", company.on_demand)):
        events = _events(dollars)
        connection.execute(
            "insert into raw.cursor_usage_events by name select ? as team_id, 'load' as load_id, 'gpt-5' as model, "
            "false as is_max_mode, ? as kind, cast(? as date) + day as usage_date, "
            "cast(usage_date as timestamp) + interval 12 hour as event_at, "
            "'p' || person || '@example.com' as user_email, "
            "cast(cast(dollars as decimal(18, 4)) * 100 as varchar) as charged_cents from events",
            [_team(company), kind, company.first_date],
        )
        del events


def _events(dollars: Doubles) -> pd.DataFrame:
    person, day = np.nonzero(dollars)
    return pd.DataFrame({"person": person, "day": day.astype(np.int32), "dollars": dollars[person, day]})


def test_the_mid_forecast_at_day_15_is_good_to_ten_percent_and_beats_the_run_rate(
    builder: WarehouseBuilder, companies: list[Company], capsys: pytest.CaptureFixture[str]
) -> None:
    by_day = builder.query(
        f"select cycle_day, {FIGURES} from ({NEWEST}) where actual_on_demand_usd > 0 "
        "group by cycle_day order by cycle_day"
    )
    lines = [
        f"  day {row['cycle_day']:2}: {row['error']:6.1%}, of the run rate {row['run_rate_error']:6.1%}, "
        f"within low and high {row['within']:6.1%} ({row['outcomes']} outcomes)"
        for row in by_day
    ]
    with capsys.disabled():
        sys.stdout.write(f"\nMedian error of {len(companies)} companies' mid forecasts by cycle day:\n")
        sys.stdout.write("\n".join(lines) + "\n")
    (day_15,) = (row for row in by_day if row["cycle_day"] == 15)
    assert day_15["outcomes"] >= 140
    assert day_15["error"] <= 0.10
    assert day_15["error"] < day_15["run_rate_error"]
    assert day_15["within"] >= 0.80


def test_what_came_is_what_the_companies_were_made_to_use(builder: WarehouseBuilder, companies: list[Company]) -> None:
    found = builder.query(
        "select team_id, cast(cycle_start_at as date) as start, max(actual_on_demand_usd) as usd, count(*) as days "
        "from marts.forecast_backtest group by all"
    )
    made = {
        (_team(company), company.day(start)): (round(float(company.on_demand[:, start:end].sum()), 4), end - start)
        for company in companies
        for start, end in company.cycles
    }
    assert {(row["team_id"], row["start"]): (round(float(row["usd"]), 4), row["days"]) for row in found} == made


def test_each_company_has_one_forecast_of_the_cycle_that_has_just_begun(
    builder: WarehouseBuilder, companies: list[Company]
) -> None:
    """On its day 0 there is no run rate, but a forecast, which is near what came of the cycle before."""
    found = builder.query(
        "select forecast.forecast_mid_usd / nullif(last.actual_on_demand_usd, 0) as ratio "
        "from marts.overage_forecasts as forecast "
        "inner join marts.forecast_backtest as last on last.team_id = forecast.team_id and last.cycle_day = 1 "
        "where forecast.scope = 'team' and forecast.cycle_day = 0 and forecast.run_rate_usd is null "
        "qualify row_number() over (partition by forecast.team_id order by last.cycle_start_at desc) = 1"
    )
    assert len(found) == len(companies)
    assert 0.7 < statistics.median(float(row["ratio"]) for row in found if row["ratio"] is not None) < 1.3


def test_the_made_companies_are_the_same_every_time(tmp_path: Path) -> None:
    first, second = make_company(7), make_company(7)
    assert (first.changes, first.cycles) == (second.changes, second.cycles)
    assert np.array_equal(first.value, second.value)
    assert np.array_equal(first.on_demand, second.on_demand)
