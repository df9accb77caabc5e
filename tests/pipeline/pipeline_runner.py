"""Runs the steps of the pipeline, as the DAG does, against a simulator whose clock stands still."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from cursor_usage.cursor_api import CursorAdminClient
from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.conclude import conclude
from cursor_usage.pipeline.extract import extract
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.load import load
from cursor_usage.pipeline.prepare import make_data_dir, team_task_from, team_tasks
from cursor_usage.pipeline.publish import publish
from cursor_usage.pipeline.run import TeamRunFile, TeamTask, read_run_file
from cursor_usage.pipeline.windows import resolve_window
from cursor_usage.settings import PROJECT_DIR, DataDir
from tests.cursor_api_simulator import Simulator


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """Runs Python text in a process of its own, from which the project and its tests can be imported."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=PROJECT_DIR,
        env={**os.environ, "PYTHONPATH": f"{PROJECT_DIR}:{PROJECT_DIR / 'plugins'}"},
        capture_output=True,
        text=True,
        check=False,
    )


def half_landed(data: DataDir) -> list[Path]:
    """Fetches and files in landing that never got their name."""
    return [path for path in data.landing.rglob("*") if path.name.endswith((".unfinished", ".partial"))]


class StillClock:
    """The client's time: the simulator's instant, in which no two fetches begin at once. Sleeping takes no time.

    Each clock counts its own askings: with one count for all, instants would hang on the tests that ran before.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.asked = 0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)

    def now(self) -> datetime:
        self.asked += 1
        instant = datetime.fromtimestamp(self._simulator.clock.now_ms() / 1000, UTC)
        return instant + timedelta(microseconds=self.asked)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass(frozen=True)
class Team:
    connection_id: str
    team_id: str
    host: str


class PipelineRunner:
    """One team's pipeline over one data directory."""

    def __init__(self, simulator: Simulator, root: Path, team_id: str = "acme") -> None:
        self.simulator = simulator
        self.data = DataDir(root)
        self.team = Team(f"cursor_{team_id}", team_id, simulator.url)
        self.clock = StillClock(simulator)
        self.key = simulator.key
        self.runs = 0

    def task(self, start: date | None = None, end: date | None = None) -> TeamTask:
        self.runs += 1
        window = resolve_window(now=self.clock.now(), start=start, end=end)
        return team_task_from(team_tasks(f"{self.team.team_id}-{self.runs}", window, [self.team])[0])

    def open_client(self) -> CursorAdminClient:
        return CursorAdminClient(self.key, base_url=self.team.host, requests_per_minute=1_000_000, clock=self.clock)

    def extract(self, task: TeamTask, open_client: Callable[[], CursorAdminClient] | None = None) -> TeamRunFile:
        make_data_dir(self.data)
        return extract(open_client or self.open_client, task, self.data, clock=self.clock.now, sleep=self.clock.sleep)

    def judge(self, task: TeamTask) -> TeamRunFile:
        return judge(self.data, task.team_id, task.run_id)

    def load(self, task: TeamTask) -> TeamRunFile:
        return load(self.data, task.team_id, task.run_id)

    def until_load(self, start: date | None = None, end: date | None = None) -> TeamRunFile:
        """Extract and load, without judging: for tests that are about neither judging nor marts."""
        task = self.task(start, end)
        self.extract(task)
        return self.load(task)

    def run(
        self, start: date | None = None, end: date | None = None, variables: Mapping[str, object] | None = None
    ) -> TeamTask:
        """All steps of one run; ``variables`` are dbt's."""
        task = self.task(start, end)
        self.extract(task)
        self.judge(task)
        self.load(task)
        build(self.data, task.run_id, [task], variables or {})
        publish(self.data, task.run_id)
        conclude(self.data, task.run_id, [task])
        return task

    def run_file(self, task: TeamTask) -> TeamRunFile:
        found = read_run_file(self.data.landing, task.team_id, task.run_id)
        assert found is not None
        return found

    def raw(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.data.warehouse), read_only=True) as warehouse:
            return warehouse.execute(query).fetchall()

    def mart(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as session:
            session.execute(f"attach '{self.data.published / 'marts.duckdb'}' as published (read_only)")
            session.execute("use published.marts")
            return session.execute(query).fetchall()

    def raw_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything of the team that raw holds of closed days, without the load it came with."""
        return {
            table: self.raw(
                f"select * exclude (load_id) from raw.{table} where team_id = '{self.team.team_id}' order by all"
            )
            for table in ("cursor_usage_events", "cursor_daily_usage")
        }

    def requests(self, endpoint: str) -> list[dict[str, Any]]:
        return [request.body for request in self.simulator.requests if request.endpoint == endpoint]


def landed_text(runner: PipelineRunner) -> str:
    """Every text file below the data directory, to search for what must not be there."""
    texts = [
        path.read_bytes().decode("utf-8", "replace")
        for path in runner.data.root.rglob("*")
        if path.is_file() and path.suffix in {".json", ".html", ".log", ".holder", ".csv", ".yml", ".sql"}
    ]
    return json.dumps(texts)
