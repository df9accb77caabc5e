"""Random histories of two teams, for what has to hold whatever happened."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cursor_usage.pipeline.load import team_run
from cursor_usage.warehouse import load as warehouse_load
from cursor_usage.warehouse.connection import connected
from cursor_usage.warehouse.runs import begin_build, record_team_run
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner


class KilledError(Exception):
    """Stands for a SIGKILL where the process has to live on."""


class History:
    """Two teams of one data directory, their runs in random order, and what goes wrong with some."""

    def __init__(self, simulator: Simulator, root: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.simulator = simulator
        self.teams = [PipelineRunner(simulator, root, team_id) for team_id in ("acme", "globex")]
        self.data = self.teams[0].data
        self.draw = random.Random(seed)  # noqa: S311  # a random history, not cryptography
        self.monkeypatch = monkeypatch
        self.waiting: list[tuple[PipelineRunner, Any]] = []
        self.done: list[str] = []
        self.is_never_tried_again = False

    def go(self, steps: int) -> None:
        self.loads()
        for _ in range(steps):
            step = self.draw.choice(
                (self.loads, self.loads, self.time_passes, self.loads_later, self.is_refused, self.dies_in_load)
            )
            step()
            self.done.append(step.__name__)
        for team, task in self.waiting:
            team.load(task)

    def loads(self) -> None:
        team, start, end = self._asked()
        team.until_load(start, end)

    def loads_later(self) -> None:
        """Fetched now, loaded after others that are fetched later: an older answer does not replace a newer one."""
        team, start, end = self._asked()
        task = team.task(start, end)
        team.extract(task)
        self.waiting.append((team, task))
        if len(self.waiting) > 1:
            waiting_team, waiting_task = self.waiting.pop(self.draw.randrange(len(self.waiting)))
            waiting_team.load(waiting_task)

    def is_refused(self) -> None:
        """The checks fail: landed, never loaded; the build of another team's run notes it."""
        team, start, end = self._asked()
        task = team.task(start, end)
        self.simulator.faults.add("unknown_field", endpoint="usage_events", times=None, value=str(len(self.done)))
        run = team.extract(task)
        self.simulator.faults.clear()
        run.errors["judge"] = "What the API answered did not pass."
        with connected(self.data.warehouse) as warehouse:
            record_team_run(warehouse, team_run(run))
            begin_build(warehouse, task.run_id, "project")

    def dies_in_load(self) -> None:
        """Between two windows of its load; the same run is tried again, or never."""
        team, start, end = self._asked()
        task = team.task(start, end)
        team.extract(task)
        calls, real = [0], warehouse_load.load

        def dying(*arguments: Any) -> Any:
            calls[0] += 1
            if calls[0] == 3:
                raise KilledError
            return real(*arguments)

        with self.monkeypatch.context() as patch:
            patch.setattr(warehouse_load, "load", dying)
            with pytest.raises(KilledError):
                team.load(task)
        if not self.is_never_tried_again and self.draw.random() < 0.5:
            team.load(task)

    def time_passes(self) -> None:
        self.simulator.clock.advance(timedelta(hours=self.draw.choice((1, 7, 24))))

    def _asked(self) -> tuple[PipelineRunner, date | None, date | None]:
        team = self.draw.choice(self.teams)
        if self.draw.random() < 0.4:
            return team, None, None
        newest = datetime.fromtimestamp(self.simulator.clock.now_ms() / 1000, UTC).date() - timedelta(days=1)
        end = newest - timedelta(days=self.draw.randrange(6))
        return team, end - timedelta(days=self.draw.randrange(9)), end


def raw_of(runner: PipelineRunner) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that raw holds but its builds: a replay is one of its own."""
    tables = runner.raw("select table_name from duckdb_tables() where schema_name = 'raw' and table_name <> 'builds'")
    return {table: runner.raw(f"select * from raw.{table} order by all") for (table,) in tables}
