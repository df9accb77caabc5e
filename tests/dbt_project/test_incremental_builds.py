"""A warehouse that was built day by day equals one that was built in full, whatever happened in between.

One build costs seconds and a team nothing: each of the teams lives through a random sequence of its own.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt_project.warehouse_builder import Row, WarehouseBuilder, daily, event, instant, member, spend

pytestmark = pytest.mark.timeout(900)  # a dozen builds

FIRST_DAY = date(2026, 9, 25)
TEAMS = [f"team_{number}" for number in range(12)]
KINDS = ["Usage-based", "Included in Business", "Errored, Not Charged", "Free Credit", "Something New"]
MODELS = ["gpt-5", "claude-4.5-opus", "composer-1"]
SEEDS: list[dict[str, list[Row]]] = [
    {},
    {
        "cursor_kinds": [
            {"kind": "Something New", "category": "on_demand"},
            {"kind": "Usage-based", "category": "credit"},
        ]
    },
    {"model_tiers": [{"model": "gpt-5", "model_tier": "premium", "valid_from": "2026-09-28"}]},
]
VARIABLES: list[dict[str, Any]] = [{}, {"simple_max_output_tokens": 40}]
# How far a build came that died: dbt's selectors of what it still built.
DIED_AFTER = ["staging", "+int_usage_events_by_day", "+int_usage_daily", "+model_mix_daily"]
# How far a row was built, and which days are new since the last build that passed: what building in parts is about.
COLUMNS_LEFT_OUT = ("built_to_load_number", "built_at")
TABLES_LEFT_OUT = ("int_days_since_last_passed_build",)


@dataclass
class Team:
    """What one team's random sequence needs to remember."""

    name: str
    draws: random.Random
    last_day: date = FIRST_DAY
    loads: int = 0
    cycle_starts: list[datetime] = field(default_factory=list)

    def live(self, builder: WarehouseBuilder) -> None:
        """One to three things happen."""
        for _ in range(self.draws.randint(1, 3)):
            self.draws.choice([self.next_day, self.restate, self.restate, self.empty, self.border, self.range])(builder)

    def next_day(self, builder: WarehouseBuilder) -> None:
        self.last_day += timedelta(days=1)
        self.load(builder, self.last_day, self.last_day)
        builder.add_daily((self.last_day, self.last_day), [daily(self.last_day, "b@example.com")], team=self.name)

    def restate(self, builder: WarehouseBuilder) -> None:
        day = self.any_day()
        self.load(builder, day, day)

    def empty(self, builder: WarehouseBuilder) -> None:
        day = self.any_day()
        builder.add_events((day, day), [], team=self.name, fetched_at=self.fetched_at())

    def range(self, builder: WarehouseBuilder) -> None:
        first, last = sorted([self.any_day(), self.any_day()])
        self.load(builder, first, last)

    def border(self, builder: WarehouseBuilder) -> None:
        """A spend snapshot tells that a cycle began within a day that is loaded already."""
        start = datetime.combine(self.any_day(), time(self.draws.randint(0, 23), 30))
        if all(abs(start - other) > timedelta(days=20) for other in self.cycle_starts):
            self.cycle_starts.append(start)
        newest = self.draws.choice(self.cycle_starts)
        builder.add_spend_snapshot(
            self.fetched_at(), newest, [spend("a@example.com", 100, overall=150)], team=self.name
        )

    def load(self, builder: WarehouseBuilder, first: date, last: date) -> None:
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        events = [self.event(day) for day in days for _ in range(self.draws.randint(0, 5))]
        builder.add_events((first, last), events, team=self.name, fetched_at=self.fetched_at())

    def event(self, day: date) -> Row:
        draw = self.draws
        at = datetime.combine(day, time(draw.randint(0, 23), draw.choice([0, 30]), 0))
        who: dict[str, Any] = {} if draw.random() < 0.8 else {"serviceAccountId": "sa_1"}
        return event(
            at,
            draw.choice(["a@example.com", " B@Example.com", "robot@example.com", None]),
            draw.choice([None, 0, 0.6, 1.25, -3]),
            kind=draw.choice(KINDS),
            model=draw.choice(MODELS),
            tokens=draw.choice([None, (10, 30, 0, 0), (10, 300, 0, 0), (30_000, 30, 0, 0)]),
            maxMode=draw.random() < 0.2,
            **who,
        )

    def any_day(self) -> date:
        return FIRST_DAY + timedelta(days=self.draws.randint(0, (self.last_day - FIRST_DAY).days))

    def fetched_at(self) -> datetime:
        self.loads += 1
        return instant("2026-11-01 06:00") + timedelta(minutes=self.loads)


@dataclass(frozen=True)
class Step:
    """One run of the pipeline as dbt sees it: seeds and vars, and which builds died before the one that passed."""

    seeds: dict[str, list[Row]]
    variables: dict[str, Any]
    died_after: list[str]


def random_steps(draws: random.Random, count: int) -> list[Step]:
    return [
        Step(
            seeds=draws.choice(SEEDS),
            variables=draws.choice(VARIABLES),
            died_after=draws.sample(DIED_AFTER, draws.choice([0, 0, 1, 2])),
        )
        for _ in range(count)
    ]


def tables(path: Path) -> dict[str, Counter[tuple[Any, ...]]]:
    """Every table and view that dbt built, as a multiset of its rows."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('intermediate', 'marts') and table_name not in ?",
            [TABLES_LEFT_OUT],
        ).fetchall()
        left_out = ", ".join(f"'{name}'" for name in COLUMNS_LEFT_OUT)
        return {
            name: Counter(connection.execute(f"select columns(c -> c not in ({left_out})) from {name}").fetchall())
            for (name,) in names
        }


def built_in_full(builder: WarehouseBuilder, folder: Path, step: Step) -> Path:
    """A copy of raw, and everything built anew from it."""
    twin = WarehouseBuilder(folder)
    folder.mkdir()
    shutil.copy(builder.path, twin.path)
    with duckdb.connect(str(twin.path)) as connection:
        for schema in ("staging", "intermediate", "marts", "seeds"):
            connection.execute(f"drop schema if exists {schema} cascade")
    arguments = ["build", "--resource-type", "model", "--resource-type", "seed", "--vars", json.dumps(step.variables)]
    result = twin.dbt(*arguments, seeds=step.seeds)
    assert result.is_green, result.output
    return twin.path


@pytest.mark.parametrize("seed", [1, 2])
def test_built_day_by_day_equals_built_in_full(tmp_path: Path, seed: int) -> None:
    draws = random.Random(seed)  # noqa: S311  # a test that can be repeated
    builder = WarehouseBuilder(tmp_path / "warehouse")
    teams = [Team(name, random.Random(draws.random())) for name in TEAMS]  # noqa: S311  # the same
    for team in teams:
        builder.add_members_snapshot(
            "2026-11-01 05:00", [member("a@example.com"), member("b@example.com")], team=team.name
        )
        team.load(builder, FIRST_DAY, FIRST_DAY)
    for number, step in enumerate(random_steps(draws, 3)):
        for team in teams:
            team.live(builder)
        for select in step.died_after:
            builder.build(seeds=step.seeds, variables=step.variables, select=select, must_be_green=False)
            for team in draws.sample(teams, 4):
                team.live(builder)
        builder.build(seeds=step.seeds, variables=step.variables)
        built = tables(builder.path)
        assert len(built["intermediate.int_usage_events_by_day"]) > 0
        wanted = tables(built_in_full(builder, tmp_path / f"twin_{number}", step))
        assert {name for name in wanted if built[name] != wanted[name]} == set()
        builder.note_passed_build()


def test_only_days_that_changed_are_built(tmp_path: Path) -> None:
    """What makes a daily build cost what a day costs: all other rows carry the number of an older load."""
    builder = WarehouseBuilder(tmp_path)
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        builder.add_events((day, day), [event(f"{day} 10:00", "a@example.com", 5)])
    builder.build(select="+int_usage_events_by_day", must_be_green=False)
    builder.add_events(("2026-11-02", "2026-11-02"), [event("2026-11-02 10:00", "a@example.com", 7)])
    builder.add_events(("2026-11-03", "2026-11-03"), [])
    builder.build(select="+int_usage_events_by_day", must_be_green=False)
    found = builder.query(
        "select usage_date, amount_usd, built_to_load_number from intermediate.int_usage_events_by_day order by 1"
    )
    assert [tuple(row.values()) for row in found] == [
        (date(2026, 11, 1), Decimal("0.05"), 3),
        (date(2026, 11, 2), Decimal("0.07"), 5),
    ]


def test_events_are_tested_on_the_days_since_the_last_build_that_passed(tmp_path: Path) -> None:
    builder = WarehouseBuilder(tmp_path)
    for day in ("2026-11-01", "2026-11-02"):
        builder.add_events((day, day), [event(f"{day} 10:00", "a@example.com", 5)])
    builder.build()
    builder.note_passed_build()
    builder.add_events(("2026-11-02", "2026-11-02"), [])
    builder.add_events(("2026-11-03", "2026-11-03"), [event("2026-11-03 10:00", "a@example.com", 5)])
    builder.build()
    days = [row["usage_date"] for row in builder.query("select * from intermediate.int_days_since_last_passed_build")]
    assert sorted(days) == [date(2026, 11, 2), date(2026, 11, 3)]


def test_a_day_that_was_not_rebuilt_fails_the_build(tmp_path: Path) -> None:
    builder = WarehouseBuilder(tmp_path)
    builder.add_events(("2026-11-01", "2026-11-01"), [event("2026-11-01 10:00", "a@example.com", 5)])
    builder.build()
    with duckdb.connect(str(builder.path)) as connection:
        connection.execute("update intermediate.int_usage_events_by_day set events = 2")
    result = builder.build(must_be_green=False)
    assert result.statuses()["the_day_grain_conserves_the_events"] == "fail"
