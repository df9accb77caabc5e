"""Random sequences of runs with strikes in them, and their twins without."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

from cursor_usage.pipeline import replay
from cursor_usage.settings import DataDir
from tests.faults.child import ALL_STEPS, Run
from tests.faults.company import Restatement
from tests.faults.comparing import compare_marts, compare_raw
from tests.faults.invariants import Violation, Watch
from tests.faults.points import POINTS, How, Strike
from tests.faults.tally import Tally
from tests.faults.world import TEAMS, ApiStrike, Outcome, World

UNTIL_LOAD = ("extract", "load")
UNTIL_JUDGED_LOAD = ("extract", "judge", "load")
# Beyond what a first run fetches by itself: the open cycle of events, 30 days of daily usage.
FARTHEST_DAYS = 32

RETRIED = 0.25
TIME_PASSES = 0.3

# How often a run comes by a point, at most: strikes are drawn from as many, and those beyond the last are not counted.
REACHED = {
    "page": 16,
    "rename": 8,
    "manifest": 8,
    "run file": 1,
    "ledger": 2,
    "windows": 6,
    "query": 40,
    "after delete": 3,
    "after insert": 5,
    "commit": 8,
}
_HOWS: tuple[tuple[How, int], ...] = (("kill", 6), ("error", 2), ("disk full", 2))


def api_strikes(draw: random.Random) -> ApiStrike:
    """A fault of one team's API."""
    team = draw.choice(TEAMS)
    endpoint = draw.choice(("members", "spend", "daily_usage", "usage_events", "usage_events", "usage_events"))
    nth = draw.randint(1, 10) if endpoint == "usage_events" else 1
    name = draw.choice(
        (
            "killed_while_asking",
            "killed_while_asking",
            "status",
            "wrong_key",
            "refused_plan",
            "drop_midway",
            "cut_json",
            "html",
            "count_off",
            "rate_limited",
        )
    )
    if name == "wrong_key":
        return ApiStrike(team, name)
    if name == "refused_plan":
        params = {"code": 403, "message": "You must be a member of an enterprise team to access this resource"}
        return ApiStrike(team, "status", params=params, endpoint=endpoint)
    if name == "count_off":
        return ApiStrike(team, name, "usage_events", nth=nth)
    if name == "rate_limited":
        return ApiStrike(team, name, endpoint, nth=nth, params={"retry_after": "absurd"})
    return ApiStrike(team, name, endpoint, nth=nth)


def strike_at(draw: random.Random, point: str, most: int | None = None) -> Strike:
    """A strike at the point, of a random kind and place."""
    if most is None:
        most = next((times for word, times in REACHED.items() if word in point), 1)
    hows, weights = zip(*_HOWS, strict=True)
    how: How = draw.choices(hows, weights)[0]
    is_teams = point.startswith(("extract", "judge", "load"))
    return Strike(point, draw.randint(1, most), how, draw.choice(TEAMS) if is_teams else None)


@dataclass(frozen=True)
class Ask:
    """The days that a run is asked for; none: the daily run."""

    start: date | None = None
    end: date | None = None


class Sequence:
    """One data directory that is struck, its twin, and what happens to both. Everything follows from the seed."""

    def __init__(self, world: World, root: Path, seed: int, tally: Tally) -> None:
        self.world = world
        self.seed = seed
        self.draw = random.Random(seed)
        self.tally = tally
        self.struck, self.twin = root / "struck", root / "twin"
        self.watch = Watch(self.struck, world.keys())
        self.story: list[str] = []
        self._numbers = 0

    def strike_raw(self, faults: int, *, moments: int, points: list[str], bugs: tuple[str, ...] = ()) -> None:
        """Runs until loading, struck; after each moment's good runs raw equals the twin's, with its history."""
        self._good(Ask())
        for moment in range(moments):
            if moment:
                self._let_time_pass()
            asks = [Ask(), self._some_days()]
            for _ in range(faults // moments):
                self._struck_run(points, asks, bugs)
            # The range first: the daily run then fetches what lies between it and the days that were loaded before.
            self._good(asks[1], bugs)
            self._good(asks[0], bugs)
            self._compare(lambda: compare_raw(self.struck, self.twin))
        self._replay()
        self._compare(lambda: compare_raw(self.struck, self.twin))

    def _replay(self) -> None:
        """Raw again from what was landed and noted under all these faults; dbt has no part in it."""
        with mock.patch.multiple(replay, build_marts=lambda *_: None, publish=lambda *_: None):
            replay.replay(DataDir(self.struck))
        self.story.append("replayed")
        self.watch.check()

    def strike_each(self, points: list[str], hows: tuple[How, ...] = ("kill", "error")) -> None:
        """Each point once in each way, for the team whose steps come last. One that is not reached is an error."""
        oldest = self.world.newest_closed_date - timedelta(days=FARTHEST_DAYS + 1)
        self._good(Ask())
        for point in points:
            for how in hows:
                if how == hows[0]:
                    self._let_time_pass()
                steps = UNTIL_JUDGED_LOAD if point.startswith("judge") else UNTIL_LOAD
                run = replace(self._run(Ask(), steps), strike=Strike(point, how=how, team_id=TEAMS[-1]))
                if not self.go(run).has_struck:
                    raise self._told(
                        Violation(f"no run comes by {point!r} any more: mend the wrapper in tests/faults/points.py")
                    )
        self._good(Ask(oldest, self.world.newest_closed_date))
        self._compare(lambda: compare_raw(self.struck, self.twin, same_history=False))

    def strike_while_time_passes(self, faults: int, points: list[str], bugs: tuple[str, ...] = ()) -> None:
        """Time and the past move on between struck runs and retries; raw ends as in a twin that saw only the end."""
        oldest = self.world.newest_closed_date - timedelta(days=FARTHEST_DAYS + 1)
        for _ in range(faults):
            self._struck_run(points, [Ask(), self._some_days()], bugs)
            if self.draw.random() < TIME_PASSES:
                self._let_time_pass()
        self._good(Ask(oldest, self.world.newest_closed_date), bugs)
        self._compare(lambda: compare_raw(self.struck, self.twin, same_history=False))

    def strike_whole_runs(self, strikes: list[Strike | ApiStrike | Path], *, moments: int = 1) -> None:
        """Whole runs, dbt and publishing included, each with one of the strikes; a path is a folder of bad seeds.

        The twin loads what the good runs load and is built and published once, at the end.
        """
        self._good(Ask(), steps=ALL_STEPS, twin_steps=UNTIL_JUDGED_LOAD)
        shares = [strikes[at::moments] for at in range(moments)]
        for at, share in enumerate(shares):
            self._let_time_pass()
            for strike in share:
                self._whole_run(strike)
            is_last = at == moments - 1
            self._good(Ask(), steps=ALL_STEPS, twin_steps=ALL_STEPS if is_last else UNTIL_JUDGED_LOAD)
        self._compare(lambda: compare_raw(self.struck, self.twin))
        self._compare(lambda: compare_marts(self.struck, self.twin))

    def _whole_run(self, strike: Strike | ApiStrike | Path) -> Outcome:
        run = self._run(Ask(), ALL_STEPS)
        if isinstance(strike, ApiStrike):
            return self.go(run, strike)
        if isinstance(strike, Path):
            return self.go(replace(run, seeds_dir=strike))
        return self.go(replace(run, strike=strike))

    def _struck_run(self, points: list[str], asks: list[Ask], bugs: tuple[str, ...]) -> None:
        ask = self.draw.choice(asks)
        if self.draw.random() < 0.3:
            run, api_strike = self._run(ask, UNTIL_LOAD), api_strikes(self.draw)
        else:
            strike = strike_at(self.draw, self.draw.choice(points))
            steps = UNTIL_JUDGED_LOAD if strike.point.startswith("judge") else UNTIL_LOAD
            run, api_strike = replace(self._run(ask, steps), strike=strike), None
        outcome = self.go(replace(run, bugs=bugs), api_strike)
        if self.draw.random() < RETRIED:
            # Airflow tries the same task again; some other time it is the next run that finds what was left.
            again = replace(run, strike=None, bugs=bugs, steps=self._steps_again(outcome))
            retried = self.go(again)
            if again.steps == UNTIL_LOAD:
                self._must_have_succeeded(retried)

    def _steps_again(self, outcome: Outcome) -> tuple[str, ...]:
        if outcome.was_killed and outcome.point.startswith("load") and self.draw.random() < 0.5:
            return ("load",)
        return UNTIL_LOAD

    def load_well(self) -> None:
        """The daily run until loading, in both directories, without a strike."""
        self._good(Ask())

    def go(self, run: Run, api_strike: ApiStrike | None = None) -> Outcome:
        """One run of the struck directory, and what must hold after it."""
        outcome = self.world.run(self.struck, run, api_strike)
        self.tally.runs += 1
        self.story.append(f"{self.world.now:%d %H:%M} {outcome}: " + _ends(outcome))
        if outcome.point != "none":
            self.tally.add(outcome.point, has_struck=outcome.has_struck)
        try:
            self.watch.check()
        except Violation as violation:
            raise self._told(violation) from None
        return outcome

    def _good(
        self,
        ask: Ask,
        bugs: tuple[str, ...] = (),
        steps: tuple[str, ...] = UNTIL_LOAD,
        twin_steps: tuple[str, ...] | None = None,
    ) -> None:
        """A run without a strike, in both directories, which must succeed."""
        run = self._run(ask, steps)
        self._must_have_succeeded(self.go(replace(run, bugs=bugs)))
        self._must_have_succeeded(self.world.run(self.twin, replace(run, steps=twin_steps or steps)))

    def _must_have_succeeded(self, outcome: Outcome) -> None:
        if outcome.report is None or outcome.report.errors:
            errors = outcome.report.errors if outcome.report else "killed"
            raise self._told(Violation(f"{outcome} found nothing in its way and failed: {errors}"))

    def _compare(self, compare: Callable[[], None]) -> None:
        try:
            compare()
        except Violation as violation:
            raise self._told(violation) from None

    def _run(self, ask: Ask, steps: tuple[str, ...]) -> Run:
        self._numbers += 1
        return Run(f"run-{self._numbers}", 0, datetime.now(UTC), (), steps, ask.start, ask.end)

    def _some_days(self) -> Ask:
        newest = self.world.newest_closed_date
        start = newest - timedelta(days=self.draw.randint(0, FARTHEST_DAYS))
        return Ask(start, min(start + timedelta(days=self.draw.randint(0, 8)), newest))

    def _let_time_pass(self) -> None:
        """Some hours or a day: late events arrive, amounts change by themselves, and some days change at a stroke."""
        self.world.clock.advance(timedelta(hours=self.draw.choice((1, 5, 24, 24, 30))))
        for company in self.world.companies.values():
            for _ in range(self.draw.randint(0, 2)):
                day = self.world.newest_closed_date - timedelta(days=self.draw.randint(0, 4))
                company.restatements[day] = Restatement(
                    percent=self.draw.choice((0, 50, 80, 100, 130, 300)), kept_of_ten=self.draw.choice((0, 5, 9, 10))
                )

    def _told(self, violation: Violation) -> Violation:
        story = "\n  ".join(self.story[-12:])
        return Violation(f"seed {self.seed}: {violation}\nThe last runs were:\n  {story}")


def points_of(*steps: str) -> list[str]:
    return [point for point in POINTS if point.split(":")[0] in steps]


def _ends(outcome: Outcome) -> str:
    if outcome.report is None:
        return "killed"
    return "; ".join(f"{e.step} {e.team_id or ''}: {e.error[:120]}" for e in outcome.report.errors if e.error) or "ok"
