"""What a daily run costs on a long history, and what the marts of a very long one cost to build and to query.

First the same daily run (a new day, the look-back's others again) of the whole pipeline, on a long and on a short
history. Then dbt alone on a year of many events: in full, and after a daily load; and the README's queries on what is
published of it.

    .venv/bin/python -m benchmarks.history --events-a-day 2000 --long 60 --big-days 20 --big-events-a-day 10000
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.figures import Figure, arguments, report
from benchmarks.made_history import History, make, replace_days
from benchmarks.page_server import Served, Serving, served
from benchmarks.steps import Bench, Cost, apart, run_apart, timed
from cursor_usage.pipeline.windows import LOOK_BACK_DAYS
from cursor_usage.settings import PROJECT_DIR, DataDir

SHORT_DAYS = 14
DEVELOPERS, BIG_DEVELOPERS = 400, 5_000
FULL_BUILD_MB = 8_000
_SQL_BLOCK = re.compile(r"```sql\n(.*?)```", re.DOTALL)


def daily_run(server: Served, what: Serving, days: int, events_a_day: int, folder: Path) -> dict[str, Cost]:
    """The costs of a daily run, by step, on a history of so many days that was built before."""
    bench = Bench.of(server, folder)
    task = bench.task("daily")
    # The newest day is what the run is to bring.
    make(bench.data, History(what.last_day - timedelta(days=1), days, events_a_day, DEVELOPERS, what.cycle_day))
    bench.do("build", bench.task("history"))
    return run_apart(bench, task)


def compare_daily_runs(long: int, events_a_day: int, rounds: int) -> list[Figure]:
    what = Serving(events_a_day * LOOK_BACK_DAYS, days=LOOK_BACK_DAYS, seats=DEVELOPERS)
    runs: dict[int, list[dict[str, Cost]]] = {SHORT_DAYS: [], long: []}
    with served(what) as server, tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for days, of_days in runs.items():
                of_days.append(daily_run(server, what, days, events_a_day, Path(folder) / f"{days}-{number}"))
    best = {days: min(of_days, key=_seconds) for days, of_days in runs.items()}
    return [
        *(
            Figure(f"daily run on {days} days of history", _seconds(run), "s", note=_by_step(run))
            for days, run in best.items()
        ),
        Figure(
            f"daily run on {long} days ÷ on {SHORT_DAYS}",
            _seconds(best[long]) / _seconds(best[SHORT_DAYS]),
            "times",
            most=1.2,
            note=f"{events_a_day:,} events a day; the best of {rounds} each",
        ),
    ]


def _seconds(run: dict[str, Cost]) -> float:
    return sum(cost.seconds for cost in run.values())


def _by_step(run: dict[str, Cost]) -> str:
    return ", ".join(f"{step} {cost.seconds:.1f} s" for step, cost in run.items())


def big_history(days: int, events_a_day: int) -> list[Figure]:
    size = f"{days * events_a_day / 1e6:,.1f} million events"
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench("http://127.0.0.1", "-", Path(folder))
        make_task = bench.task("history")
        what = Serving(0)
        history = History(what.last_day - timedelta(days=1), days, events_a_day, BIG_DEVELOPERS, what.cycle_day)
        make(bench.data, history)
        full = apart(bench.do, "build", make_task)
        grown = replace(history, last_day=what.last_day, days=days + 1)
        replace_days(bench.data, grown, LOOK_BACK_DAYS + 1, "daily")
        daily = apart(bench.do, "build", bench.task("daily"))
        publish = apart(bench.do, "publish", bench.task("daily"))
        slowest = max(query_times(bench.data).items(), key=lambda item: item[1])
        raw_bytes = bench.data.warehouse.stat().st_size
    return [
        Figure("full dbt build", full.seconds, "s", note=size),
        Figure("full dbt build, peak memory", full.peak_mb, "MB", most=FULL_BUILD_MB, note=size),
        Figure("dbt build of a daily run", daily.seconds, "s", most=40, note=f"{size}; 3 days replaced, 1 new"),
        Figure("dbt build of a daily run, peak memory", daily.peak_mb, "MB"),
        Figure("publish", publish.seconds, "s", note=f"peak memory {publish.peak_mb:,.0f} MB"),
        Figure("slowest query of the README", slowest[1] * 1000, "ms", most=100, note=slowest[0]),
        Figure("warehouse with its marts", raw_bytes / (days * events_a_day), "bytes an event"),
    ]


def query_times(data: DataDir) -> dict[str, float]:
    """Seconds of each query of the README on the published file, the best of three."""
    blocks = _SQL_BLOCK.findall((PROJECT_DIR / "README.md").read_text("utf-8"))
    statements = [statement.strip() for block in blocks for statement in re.sub(r"--.*", "", block).split(";")]
    queries = [statement for statement in statements if statement.lower().startswith(("select", "with", "from"))]
    with duckdb.connect() as session:
        session.execute(f"attach '{data.published / 'marts.duckdb'}' as cursor (read_only)")

        def answer(query: str) -> None:
            session.execute(query).fetchall()

        return {query: min(timed(partial(answer, query)) for _ in range(3)) for query in queries}


def main() -> None:
    options = arguments(__doc__, events_a_day=20_000, long=365, big_days=365, big_events_a_day=274_000, rounds=2)
    figures = compare_daily_runs(options.long, options.events_a_day, options.rounds)
    report([*figures, *big_history(options.big_days, options.big_events_a_day)], options.json)


if __name__ == "__main__":
    main()
