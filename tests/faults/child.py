"""One run of the pipeline in a process of its own, as the DAG wires its steps, with at most one strike in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Loaded once, in the server that forks the children: it takes seconds.
import great_expectations  # noqa: F401
import pytest  # noqa: F401  # a child reads the main module again, which imports it

from cursor_usage.cursor_api import CursorError
from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.conclude import conclude
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.prepare import make_data_dir, team_task_from, team_tasks
from cursor_usage.pipeline.publish import publish
from cursor_usage.pipeline.run import TeamTask
from cursor_usage.pipeline.windows import resolve_window
from cursor_usage.settings import DataDir
from tests.faults.bugs import BUGS
from tests.faults.points import Points, Strike, wrap_all
from tests.pipeline.pipeline_runner import PipelineRunner, StillClock, Team

TICKS_A_RUN = 5_000
ALL_STEPS = ("extract", "judge", "load", "build", "publish", "conclude")


@dataclass(frozen=True)
class TeamAt:
    """Where a team's API answers, and the key that is sent."""

    team_id: str
    url: str
    key: str


@dataclass(frozen=True)
class Run:
    """What a run does: ``steps`` in the order of the DAG, for the days from ``start`` to ``end`` or as the daily run.

    ``number`` tells runs of one instant apart in their clocks: each has ``TICKS_A_RUN`` microseconds of its own.
    """

    run_id: str
    number: int
    now: datetime
    teams: tuple[TeamAt, ...]
    steps: tuple[str, ...] = ALL_STEPS
    start: date | None = None
    end: date | None = None
    seeds_dir: Path | None = None
    strike: Strike | None = None
    bugs: tuple[str, ...] = ()

    def __str__(self) -> str:
        days = f" {self.start}..{self.end}" if self.start else ""
        return f"run {self.run_id}{days} [{' '.join(self.steps)}]" + (f", {self.strike}" if self.strike else "")


@dataclass(frozen=True)
class StepEnd:
    """How a step ended; ``is_clear`` says whether its error is one of those that the pipeline promises."""

    step: str
    team_id: str | None
    error: str | None = None
    is_clear: bool = True


@dataclass
class Report:
    """What a child has to say; a killed one has nothing."""

    ends: list[StepEnd] = field(default_factory=list)
    reached: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    has_struck: bool = False

    def failed(self, step: str, team_id: str | None = None) -> bool:
        return any(end.error is not None for end in self.ends if (end.step, end.team_id) == (step, team_id))

    @property
    def errors(self) -> list[StepEnd]:
        return [end for end in self.ends if end.error is not None]


class RunClock(StillClock):
    """The still clock of one run: its instants come after those of every earlier run of the same instant."""

    def __init__(self, run: Run) -> None:
        super().__init__(SimpleNamespace())  # type: ignore[arg-type]  # its now() is the only one to ask a simulator
        self._next = run.now + timedelta(microseconds=run.number * TICKS_A_RUN)

    def now(self) -> datetime:
        self._next += timedelta(microseconds=1)
        return self._next.astimezone(UTC)


def run_in_child(root: Path, run: Run, reports: Connection) -> None:
    """The child's whole life."""
    os.setpgrp()  # so that a kill takes dbt with it
    reports.send("ready")
    os.environ.pop("CURSOR_SEEDS_DIR", None)
    if run.seeds_dir is not None:
        os.environ["CURSOR_SEEDS_DIR"] = str(run.seeds_dir)
    points = Points(run.strike)
    wrap_all(points)
    for bug in run.bugs:
        BUGS[bug]()
    report = Report(reached=points.reached)
    _Steps(root, run, points, report).go()
    report.has_struck = points.has_struck
    reports.send(report)


class _Steps:
    def __init__(self, root: Path, run: Run, points: Points, report: Report) -> None:
        self.data = DataDir(root)
        self.run = run
        self.points = points
        self.report = report
        self.clock = RunClock(run)

    def go(self) -> None:
        tasks = self._tasks()
        for task, team in zip(tasks, self.run.teams, strict=True):
            runner = PipelineRunner(SimpleNamespace(url=team.url, key=team.key), self.data.root, team.team_id)  # type: ignore[arg-type]  # only where it answers is asked
            runner.clock = self.clock
            for step in ("extract", "judge", "load"):
                if step in self.run.steps and not self._do(step, getattr(runner, step), task, team_id=task.team_id):
                    break
        if "build" in self.run.steps:
            self._do("build", build, self.data, self.run.run_id, tasks, {})
        if "publish" in self.run.steps:
            # The DAG would not; somebody who clears the one task would, and it must refuse.
            self._do("publish", publish, self.data, self.run.run_id)
        if "conclude" in self.run.steps:
            self._do("conclude", conclude, self.data, self.run.run_id, tasks)

    def _tasks(self) -> list[TeamTask]:
        make_data_dir(self.data)
        window = resolve_window(now=self.run.now, start=self.run.start, end=self.run.end)
        teams = [Team(f"cursor_{team.team_id}", team.team_id, team.url) for team in self.run.teams]
        return [team_task_from(values) for values in team_tasks(self.run.run_id, window, teams)]

    def _do(self, step: str, function: Callable[..., Any], *args: Any, team_id: str | None = None) -> bool:
        with self.points.during(step, team_id):
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001  # what comes out of a step is what is judged
                is_clear = isinstance(error, CursorError | PipelineError)
                self.report.ends.append(StepEnd(step, team_id, f"{type(error).__name__}: {error}", is_clear))
                return False
        self.report.ends.append(StepEnd(step, team_id))
        return True
