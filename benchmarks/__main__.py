"""Runs all benchmarks, each in a process of its own with a time limit, and writes README.md beside this file.

.venv/bin/python -m benchmarks   half an hour to an hour on two cores
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure, read_report

HERE = Path(__file__).parent
_GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class Benchmark:
    """A script of this folder; ``method`` is what README.md says of it, ``minutes`` when it is stopped.

    Machines of the same name differ by more than half, which is why there is room in the minutes.
    """

    name: str
    title: str
    minutes: int
    method: str


BENCHMARKS = (
    Benchmark(
        "ingest",
        "One window of a million events, from the API to raw",
        10,
        "The simulator's pages are made before and served as bytes to everybody, without limit or latency. The floor "
        "fetches them, splits them into records, lands them compressed and lets DuckDB read them with declared types; "
        "dlt (`rest_api` source, parquet loader files, workers as many as cores) runs in an environment of its own. "
        "Imports are not counted; all in one run.",
    ),
    Benchmark(
        "limited",
        "Under a rate limit",
        6,
        "600 requests a minute and 300 ms from request to answer, over three minutes; pages of 20 events, so that "
        "it is requests that are waited for.",
    ),
    Benchmark(
        "memory",
        "Memory",
        18,
        "Each task in a process of its own as Airflow runs it; the largest resident size of it and of what it starts.",
    ),
    Benchmark(
        "history",
        "A long history",
        45,
        "History is made by SQL as the loader would have left it (events, loads, and a snapshot of each day). The "
        "daily run is the whole pipeline against the simulator, each step in a process of its own. The very long "
        "history is for dbt alone: in full, then with three days replaced and one new.",
    ),
    Benchmark(
        "disk",
        "Bytes on disk",
        6,
        "The data directory after one window, and what the same fetch adds when it is done again. Conversations have "
        "random ids, as real ones have.",
    ),
    Benchmark(
        "page",
        "The Cursor page",
        12,
        "A published file of a large company's year is made by SQL; the page is asked for over HTTP, made "
        "of the file and rendered anew each time; the median of five. Without the browser, and without Airflow's auth.",
    ),
)


def run(benchmark: Benchmark, file: Path) -> str:
    """Leaves its figures in the file; says what went wrong, or nothing."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark.name}", "--json", str(file)]
    print(f"-- {benchmark.title} (at most {benchmark.minutes} minutes)", flush=True)
    with subprocess.Popen(command, cwd=HERE.parent, start_new_session=True) as process:  # noqa: S603  # a script of this folder
        try:
            code = process.wait(benchmark.minutes * 60)
        except subprocess.TimeoutExpired:
            # With the steps that it has started: they would share the cores with the next one.
            os.killpg(process.pid, signal.SIGKILL)
            return f"stopped after {benchmark.minutes} minutes"
    return "" if code == 0 else f"ended with code {code}; its own output says why"


def readme(figures: Mapping[str, Sequence[Figure]], failures: Mapping[str, str]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "`make bench` runs them all and writes this page; `.venv/bin/python -m benchmarks.ingest --events 100000` runs",
        "one alone and small. All figures come from one run on one machine: ratios hold elsewhere too.",
        "",
        machine(),
        "",
    ]
    for benchmark in BENCHMARKS:
        lines += [f"## {benchmark.title}", "", benchmark.method, ""]
        if benchmark.name in failures:
            lines += [f"**Not measured:** {failures[benchmark.name]}.", ""]
        else:
            lines += [
                "| Figure | Value | Target | | |",
                "|---|---:|---|---|---|",
                *map(_row, figures[benchmark.name]),
                "",
            ]
    return "\n".join(lines) + (HERE / "notes.md").read_text("utf-8")


def _row(figure: Figure) -> str:
    verdict = f"**{figure.verdict}**" if figure.verdict == "short" else figure.verdict
    return f"| {figure.name} | {figure.text} | {figure.target} | {verdict} | {figure.note} |"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIGABYTE
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "dbt-core", "great-expectations"))
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of "
        f"memory, {platform.system()}, Python {platform.python_version()}, {packages}."
    )


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run all benchmarks, half an hour to an hour, and write benchmarks/README.md.",
    ).parse_args()
    figures: dict[str, list[Figure]] = {}
    failures: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for benchmark in BENCHMARKS:
            file = Path(folder) / f"{benchmark.name}.json"
            if why := run(benchmark, file):
                failures[benchmark.name] = why
            else:
                figures[benchmark.name] = read_report(file)
    (HERE / "README.md").write_text(readme(figures, failures), "utf-8")
    print(f"Written: {HERE / 'README.md'}")
    sys.exit(f"Failed: {', '.join(failures)}." if failures else None)


if __name__ == "__main__":
    main()
