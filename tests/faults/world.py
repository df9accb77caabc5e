"""Two teams' APIs at one still clock, and data directories whose runs are children that may be struck."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from tests.cursor_api_simulator import Access, Clock, Simulator
from tests.cursor_api_simulator.options import Quirks
from tests.faults.child import Report, Run, TeamAt, run_in_child
from tests.faults.company import ChangingCompany

_CHILDREN = multiprocessing.get_context("forkserver")
_CHILDREN.set_forkserver_preload(["tests.faults.child"])
START = "2026-11-24T05:30:00Z"
TEAMS = ("acme", "globex")
# Late and restated events are the rule here, not the exception: each day that passes changes the days before it.
QUIRKS = Quirks(late=0.1, restated=0.4, twins=0.02, same_millisecond=0.02)
RUN_SECONDS = 240


@dataclass(frozen=True)
class ApiStrike:
    """A fault of the API: a named one of the simulator, a wrong key, or the run dying while a request is under way."""

    team_id: str
    name: str
    endpoint: str | None = None
    nth: int = 1
    times: int | None = None  # until the run ends
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def point(self) -> str:
        return f"extract: {self.name.replace('_', ' ')}" + (f", {self.endpoint}" if self.endpoint else "")

    def __str__(self) -> str:
        return f"{self.name} of {self.endpoint} #{self.nth} of {self.team_id}"


class World:
    """The APIs of the teams; the same for all data directories that are compared."""

    def __init__(self, seed: int, *, seats: int = 6, events_per_day: int = 24) -> None:
        self.clock = Clock(START)
        self.companies = {
            team: ChangingCompany(seed=seed + at, seats=seats + at, events_per_day=events_per_day, quirks=QUIRKS)
            for at, team in enumerate(TEAMS)
        }
        self.simulators = {
            team: Simulator(company, clock=self.clock, access=Access(key=f"key_made_up_for_{team}_0123456789"))
            for team, company in self.companies.items()
        }
        self._running = ExitStack()
        self.runs = 0

    def __enter__(self) -> Self:
        for simulator in self.simulators.values():
            self._running.enter_context(simulator)
        return self

    def __exit__(self, *error: object) -> None:
        self._running.close()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)

    @property
    def newest_closed_date(self) -> date:
        return self.now.date() - timedelta(days=1)

    def keys(self) -> list[str]:
        return [simulator.key for simulator in self.simulators.values()] + [WRONG_KEY]

    def teams(self) -> tuple[TeamAt, ...]:
        return tuple(TeamAt(team, simulator.url, simulator.key) for team, simulator in self.simulators.items())

    def run(self, root: Path, run: Run, api_strike: ApiStrike | None = None) -> Outcome:
        """Runs it in a child and waits for its end."""
        self.runs += 1
        run = replace(run, number=self.runs, now=self.now, teams=run.teams or self.teams())
        if api_strike is not None and api_strike.name == "wrong_key":
            run = replace(run, teams=tuple(_with_wrong_key(team, api_strike.team_id) for team in run.teams))
        here, there = _CHILDREN.Pipe()
        child = _CHILDREN.Process(target=run_in_child, args=(root, run, there), daemon=True)
        child.start()
        there.close()
        outcome = self._outcome(run, child, here, api_strike)
        here.close()
        return outcome

    def _outcome(self, run: Run, child: Any, reports: Connection, api_strike: ApiStrike | None) -> Outcome:
        report = None
        try:
            if not reports.poll(RUN_SECONDS):
                raise TimeoutError(f"the process of {run} did not start")
            reports.recv()
            fault = self._arm(api_strike, child.pid) if api_strike is not None else None
            if not reports.poll(RUN_SECONDS):
                os.killpg(child.pid, signal.SIGKILL)
                raise TimeoutError(f"{run} did not end within {RUN_SECONDS} s")
            report = reports.recv()
        except EOFError:
            pass
        finally:
            for simulator in self.simulators.values():
                simulator.faults.clear()
        child.join(10)
        if report is None and child.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"the process of {run} ended with {child.exitcode} and without a report")
        has_struck = report is None or report.has_struck
        if run.seeds_dir is not None and report is not None:
            has_struck = report.failed("build")
        if api_strike is not None:
            has_struck = has_struck or api_strike.name == "wrong_key" or (fault is not None and fault.struck > 0)
        return Outcome(run, report, has_struck, api_strike)

    def _arm(self, strike: ApiStrike, pid: int) -> Any:
        if strike.name == "wrong_key":
            return None
        faults = self.simulators[strike.team_id].faults
        if strike.name != "killed_while_asking":
            return faults.add(strike.name, strike.endpoint, nth=strike.nth, times=strike.times, **strike.params)
        return faults.add("call", strike.endpoint, nth=strike.nth, function=lambda request: _kill(pid))


WRONG_KEY = "key_that_is_wrong_0123456789"


@dataclass(frozen=True)
class Outcome:
    """What became of a run: no report where it was killed."""

    run: Run
    report: Report | None
    has_struck: bool
    api_strike: ApiStrike | None = None

    @property
    def was_killed(self) -> bool:
        return self.report is None

    @property
    def point(self) -> str:
        if self.api_strike is not None:
            return self.api_strike.point
        if self.run.seeds_dir is not None:
            return "build: a data test fails"
        strike = self.run.strike
        return f"{strike.point}, {strike.how}" if strike is not None else "none"

    @property
    def reached(self) -> Counter[tuple[str | None, str]]:
        return self.report.reached if self.report else Counter()

    def __str__(self) -> str:
        return str(self.run) + (f", {self.api_strike}" if self.api_strike else "")


def _with_wrong_key(team: TeamAt, team_id: str) -> TeamAt:
    return replace(team, key=WRONG_KEY) if team.team_id == team_id else team


def _kill(pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)
