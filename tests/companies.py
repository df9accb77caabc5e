"""Simulated companies as teams of one warehouse: fetched over HTTP, loaded, built and published by the real steps.

A scenario says which company, when it was fetched and what went wrong; what comes of it is the published marts, and
each team as its landing tells it, which is what tests/oracle works with.
"""

from __future__ import annotations

import asyncio
import csv
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from cursor_usage.cursor_api import CursorAdminClient, CursorAuthError
from cursor_usage.pipeline.build import DBT_PROJECT, build
from cursor_usage.pipeline.extract import extract
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.load import load
from cursor_usage.pipeline.prepare import make_data_dir
from cursor_usage.pipeline.publish import publish
from cursor_usage.pipeline.run import TeamTask
from cursor_usage.pipeline.windows import resolve_window
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import _open
from tests.cursor_api_simulator import Access, Company, CompanyOptions, Simulator
from tests.cursor_api_simulator.clock import to_datetime
from tests.oracle.from_landing import team_of
from tests.oracle.team import Configured, Team

LAST_RUN = "2026-11-24T05:30:00Z"
TICK = timedelta(milliseconds=20)
ENOUGH_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Scenario:
    """A company, when it was fetched, and what went wrong."""

    options: CompanyOptions
    runs: tuple[str, ...] = (LAST_RUN,)
    backfills: Mapping[str, tuple[date, date]] = field(default_factory=dict)  # by the run's instant
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_at_last: Mapping[str, int] = field(default_factory=dict)
    has_wrong_key_at_last: bool = False
    is_judged: bool = False  # takes seconds, and changes no figure

    @property
    def company(self) -> Company:
        return Company(self.options)

    @property
    def refused_in_newest_run(self) -> Mapping[str, int]:
        return {**self.refused, **self.refused_at_last}


@dataclass(frozen=True)
class Built:
    data: DataDir
    teams: dict[str, Team]
    companies: dict[str, Company]


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A temporary folder, where possible in memory: a load syncs every window it replaces, and here are thousands."""
    in_memory = Path("/dev/shm")  # noqa: S108  a temporary folder of its own is made below it
    is_large = in_memory.is_dir() and os.access(in_memory, os.W_OK) and disk_usage(in_memory).free > ENOUGH_BYTES
    with TemporaryDirectory(prefix="cursor_usage_", dir=in_memory if is_large else None) as folder:
        yield Path(folder)


def build_companies(
    folder: Path, scenarios: Mapping[str, Scenario], configured_for: Callable[[Team, Company], Configured | None]
) -> Built:
    """All scenarios' companies as teams of one warehouse, whose marts were built and published once.

    ``configured_for`` says what an administrator wrote down of a team by the time of its newest run, None: nothing.
    """
    data = DataDir(folder / "data")
    make_data_dir(data)
    companies = {team_id: scenario.company for team_id, scenario in scenarios.items()}
    tasks = [run_all(data, team_id, scenario, companies[team_id]) for team_id, scenario in scenarios.items()]
    teams = {}
    for team_id, scenario in scenarios.items():
        team = team_of(
            data.landing,
            team_id,
            refused=frozenset(scenario.refused_in_newest_run),
            error="The key is wrong." if scenario.has_wrong_key_at_last else None,
        )
        configured = configured_for(team, companies[team_id])
        teams[team_id] = team if configured is None else replace(team, configured=configured)
    write_seeds(folder / "seeds", {team_id: team.configured for team_id, team in teams.items()})
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CURSOR_SEEDS_DIR", str(folder / "seeds"))
        build(data, "last", tasks, {})
        publish(data, "last")
    return Built(data, teams, companies)


# --- the runs ---------------------------------------------------------------------------------------------------------


class CompanyTime:
    """The simulator's clock as the client's: it goes on a little whenever the client looks at it."""

    def __init__(self, simulator: Simulator) -> None:
        self._clock = simulator.clock

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        self._clock.advance(TICK)
        return to_datetime(self._clock.now_ms())

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)


class CompanyDatetime:
    """Stands for the class ``datetime`` where only its ``now`` is asked for."""

    def __init__(self, simulator: Simulator) -> None:
        self._time = CompanyTime(simulator)

    def now(self, zone: tzinfo) -> datetime:
        return self._time.now().astimezone(zone)


def run_all(data: DataDir, team_id: str, scenario: Scenario, company: Company) -> TeamTask:
    """The team's runs, one after the other; the newest is run `last`."""
    with Simulator(company, clock=scenario.runs[0]) as simulator:
        for number, at in enumerate(scenario.runs, start=1):
            is_last = number == len(scenario.runs)
            simulator.clock.set(at)
            has_wrong_key = is_last and scenario.has_wrong_key_at_last
            refused = scenario.refused_in_newest_run if is_last else scenario.refused
            simulator.access = Access(key="key_changed" if has_wrong_key else "key_right", refused=refused)
            client = CursorAdminClient(
                "key_right", base_url=simulator.url, requests_per_minute=100_000, clock=CompanyTime(simulator)
            )
            start, end = scenario.backfills.get(at, (None, None))
            task = TeamTask(
                run_id="last" if is_last else f"run-{number}",
                connection_id=f"connection_of_{team_id}",
                team_id=team_id,
                host=client.host,
                window=resolve_window(now=datetime.fromisoformat(at), start=start, end=end),
            )
            if has_wrong_key:
                with pytest.raises(CursorAuthError):
                    fetch(data, task, client, simulator)
                continue
            fetch(data, task, client, simulator)
            if scenario.is_judged and is_last:
                judge(data, team_id, task.run_id)
            with pytest.MonkeyPatch.context() as patched:
                # A load is dated by the machine's clock, and the newest run is the one that ended last.
                patched.setattr("cursor_usage.pipeline.load.datetime", CompanyDatetime(simulator))
                patched.setattr("cursor_usage.warehouse.connection._open", open_on_one_thread)
                load(data, team_id, task.run_id)
    return task


def open_on_one_thread(path: Path, *, read_only: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """So few rows cost a third less when one thread reads them, and half where other tests run beside it."""
    connection = _open(path, read_only=read_only, wait_seconds=wait_seconds)
    connection.execute("set threads = 1")
    return connection


def fetch(data: DataDir, task: TeamTask, client: CursorAdminClient, simulator: Simulator) -> None:
    extract(lambda: client, task, data, clock=CompanyTime(simulator).now)


# --- what the API does not know ---------------------------------------------------------------------------------------


def naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def write_seeds(folder: Path, configured_of: Mapping[str, Configured]) -> None:
    """The same as CSV files; the project's own rows stay, as they hold for the other teams."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for team_id, configured in configured_of.items():
        for name, told in seed_rows(configured).items():
            rows.setdefault(name, []).extend({"team_id": team_id, **row} for row in told)
    folder.mkdir()
    for name, added in rows.items():
        project_file = DBT_PROJECT / "seeds" / f"{name}.csv"
        with project_file.open(newline="") as ours, (folder / project_file.name).open("w", newline="") as theirs:
            reader = csv.DictReader(ours)
            writer = csv.DictWriter(theirs, reader.fieldnames or [])
            writer.writeheader()
            writer.writerows(reader)
            writer.writerows(added)


def seed_rows(configured: Configured) -> dict[str, Iterable[dict[str, Any]]]:
    """One team's rows by the name of the seed; a column left out is empty."""
    return {
        "seat_prices": map(vars, configured.seat_prices),
        "seat_types": map(vars, configured.seat_types),
        "reclaim_exclusions": map(vars, configured.exclusions),
        "join_dates": [{"email": email, "join_date": day} for email, day in configured.join_dates.items()],
        "dashboard_totals": map(vars, configured.dashboard_totals),
        "renewal_dates": [{"renewal_date": configured.renewal_date}] if configured.renewal_date else [],
        "cost_centres": map(vars, configured.cost_centres),
        "seat_allowances": map(vars, configured.seat_allowances),
        "invoices": map(vars, configured.invoices),
    }
