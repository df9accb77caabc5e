"""The largest resident size of each task, in a process of its own, with few and with many events in one window.

.venv/bin/python -m benchmarks.memory --few 10000 --many 300000
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure, arguments, report
from benchmarks.page_server import Serving, served
from benchmarks.steps import Bench, Cost, run_apart

MOST_MB = 800


def peaks(events: int) -> dict[str, Cost]:
    what = Serving(events)
    with served(what) as server, tempfile.TemporaryDirectory() as name:
        bench = Bench.of(server, Path(name) / "data")
        return run_apart(bench, bench.task("bench", what.first_day, what.last_day))


def measure(few: int, many: int) -> list[Figure]:
    of_few, of_many = peaks(few), peaks(many)
    return [
        Figure(
            f"{step}: peak memory at {many:,} events",
            of_many[step].peak_mb,
            "MB",
            most=MOST_MB,
            note=f"{of_few[step].peak_mb:,.0f} MB at {few:,}; took {of_many[step].seconds:,.1f} s",
        )
        for step in of_many
    ]


def main() -> None:
    options = arguments(__doc__, few=100_000, many=5_000_000)
    report(measure(options.few, options.many), options.json)


if __name__ == "__main__":
    main()
