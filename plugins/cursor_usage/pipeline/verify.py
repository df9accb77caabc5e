"""What an administrator reads off the dashboard now, beside the warehouse: the marts built again, without the API.

The figures go into the user's seed ``dashboard_totals`` with their dates, and stay there: each later run compares them
again, so that what moves after it was verified is seen.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from cursor_usage.landing import team_ids
from cursor_usage.pipeline.build import DBT_PROJECT, build_marts
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.ledger import note_in_ledger
from cursor_usage.pipeline.publish import MARTS_NAME, publish, published_run
from cursor_usage.pipeline.run import read_run_file
from cursor_usage.pipeline.seeds import added_seed_rows
from cursor_usage.settings import DataDir
from cursor_usage.sql_text import literal
from cursor_usage.warehouse.connection import connected, writer

log = logging.getLogger(__name__)

# What a figure's dates are: the open cycle up to now, the window, or, of seats, the day that a list of now speaks of.
CYCLE_MEASURES = ("cycle_on_demand_usd", "cycle_included_usage_usd", "cycle_usage_value_usd")
WINDOW_MEASURES = ("requests",)


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure as the dashboard shows it, in its measure's unit, and the UTC days that it is of."""

    measure: str
    value: Decimal
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True)
class Verified:
    """What was written where, and published by which run's name."""

    team_id: str
    readings: tuple[Reading, ...]
    seed: Path
    run_id: str


@dataclass(frozen=True, slots=True)
class _Published:
    """A team's dates in the published marts; None where nothing is loaded."""

    window: tuple[date, date] | None
    cycle_start_date: date | None
    cycle_end_at: datetime | None


def verify(data: DataDir, team_id: str | None, values: Mapping[str, Decimal], read_at: datetime) -> Verified:
    """Writes the figures with their dates, builds the marts again and publishes them.

    Raises:
        PipelineError: nothing is published, the team is not known or not named among several, or its dates are not.
        SeedError: the user's seeds cannot be used.
        BuildError: the marts did not pass their tests; the user's file is as it was, as is what is published.
        WarehouseError: the warehouse is held by another process.
        PublishError: another build came in between and failed.
    """
    run_id = published_run(data.published)
    if run_id is None:
        raise PipelineError(
            f"There is nothing to verify: nothing is published in {data.published}. `make run` loads and publishes; "
            f"if that was done elsewhere, set CURSOR_DATA_DIR to its folder."
        )
    if not data.warehouse.exists():
        raise PipelineError(f"The warehouse {data.warehouse} is gone. `make replay` builds it again from landing.")
    with writer(data.warehouse, purpose="verifying against the dashboard"):
        team_id, known = _team(data, team_id)
        readings = tuple(_dated(team_id, known, measure, value, read_at) for measure, value in values.items())
        rows = [
            {
                "team_id": team_id,
                "measure": reading.measure,
                "start_date": reading.start_date,
                "end_date": reading.end_date,
                "value": f"{reading.value:f}",
                "read_at": f"{read_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            }
            for reading in readings
        ]
        with added_seed_rows(DBT_PROJECT / "seeds", data.seeds, "dashboard_totals", rows) as seed:
            log.info("building and testing the marts with dbt, with %d figures in %s", len(rows), seed)
            build_marts(data, run_id, _variables(data, run_id))
        with connected(data.warehouse) as warehouse:
            note_in_ledger(data.landing, warehouse)
    publish(data, run_id)
    return Verified(team_id, readings, seed, run_id)


def _variables(data: DataDir, run_id: str) -> Mapping[str, object]:
    """As the run built that is published."""
    runs = (read_run_file(data.landing, team_id, run_id) for team_id in team_ids(data.landing))
    return next((run.variables for run in runs if run is not None and run.variables), {})


def _team(data: DataDir, team_id: str | None) -> tuple[str, _Published]:
    with duckdb.connect() as session:
        session.execute(f"attach {literal(data.published / MARTS_NAME)} as published (read_only)")
        rows = session.execute(
            """
            select
                verdicts.team_id,
                any_value(daily_usage.window_start_date), any_value(daily_usage.window_end_date),
                any_value(spend.window_start_date), any_value(open_cycles.cycle_end_at)
            from published.marts.verification_verdicts as verdicts
            -- each team has both of these rows, whatever else was read off the dashboard
            left join published.marts.verification_totals as daily_usage
                on verdicts.team_id = daily_usage.team_id
                and daily_usage.measure = 'active_developers'
                and daily_usage.reference_source = 'cursor_daily_usage_api'
            left join published.marts.verification_totals as spend
                on verdicts.team_id = spend.team_id
                and spend.measure = 'cycle_on_demand_usd' and spend.reference_source = 'cursor_spend_api'
            left join published.marts.billing_cycles as open_cycles
                on verdicts.team_id = open_cycles.team_id and open_cycles.is_open_cycle
            group by 1 order by 1
            """
        ).fetchall()
    teams = {
        team: _Published((window_start, window_end) if window_end else None, cycle_start, cycle_end_at)
        for team, window_start, window_end, cycle_start, cycle_end_at in rows
    }
    names = ", ".join(teams)
    if team_id is None and len(teams) == 1:
        (team_id,) = teams
    if team_id is None:
        raise PipelineError(f"There are {len(teams)} teams: say of which one the figures are, TEAM= one of {names}.")
    if team_id not in teams:
        raise PipelineError(f"There is no team {team_id!r} in what is published: TEAM= is one of {names}.")
    return team_id, teams[team_id]


def _dated(team_id: str, known: _Published, measure: str, value: Decimal, read_at: datetime) -> Reading:
    today = read_at.astimezone(UTC).date()
    if measure in CYCLE_MEASURES:
        if known.cycle_start_date is None:
            raise PipelineError(
                f"No spend snapshot tells when the open billing cycle of team {team_id!r} started, so that no figure "
                f"of the cycle can be compared. `make check` says what the key may read."
            )
        if known.cycle_end_at is not None and read_at >= known.cycle_end_at.replace(tzinfo=UTC):
            raise PipelineError(
                f"The billing cycle that is loaded of team {team_id!r} ended at {known.cycle_end_at:%Y-%m-%d %H:%M} "
                f"UTC, and the dashboard speaks of the next one: `make run`, then read and verify again."
            )
        return Reading(measure, value, known.cycle_start_date, today)
    if known.window is None:
        raise PipelineError(f"No day of team {team_id!r} is loaded yet, so that there is nothing to compare with.")
    if measure in WINDOW_MEASURES:
        return Reading(measure, value, *known.window)
    yesterday = today - timedelta(days=1)
    return Reading(measure, value, yesterday, yesterday)
